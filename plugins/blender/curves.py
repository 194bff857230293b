"""Curves with as few keys as their shape allows.

Arrays in, arrays out; knows no Blender data.
"""

from __future__ import annotations

import numpy as np

from .lips import Curve

#: Largest difference between a simplified curve and its values, in parts of the curve's range 0..1.
TOLERANCE = 0.004
#: From here on the lips are shut: these frames keep their keys.
_SHUT = 0.5


def simplify(values: Curve, keep: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    """Return the frames at which keys stand: Ramer, Douglas and Peucker's, joined by straight lines.

    Args:
        values: ``float64[N]``, one per frame.
        keep: ``int64[K]``: frames that get a key in any case.
        tolerance: the most that a frame may differ from the line that replaces it.

    Returns:
        ``int64[M]``, ascending; first and last frame are among them.

    >>> simplify(np.array([0, 1, 2, 3, 2, 1, 0.0]), np.array([], int)).tolist()
    [0, 3, 6]
    """
    last = len(values) - 1
    fixed = np.unique(np.concatenate([[0], keep, [last]])).astype(np.int64)
    kept = set(fixed.tolist())
    spans = list(zip(fixed[:-1].tolist(), fixed[1:].tolist()))
    while spans:
        a, b = spans.pop()
        if b - a < 2:
            continue
        line = np.linspace(values[a], values[b], b - a + 1)
        away = np.abs(values[a : b + 1] - line)
        worst = int(away.argmax())
        if away[worst] > tolerance:
            kept.add(a + worst)
            spans += [(a, a + worst), (a + worst, b)]
    return np.array(sorted(kept), np.int64)


def shut(closure: Curve) -> np.ndarray:
    """Return the frames ``int64[K]`` at which lips are most shut: they are never simplified away.

    >>> shut(np.array([0, 0.2, 0.9, 1, 0.4, 0, 0.1])).tolist()
    [3]
    """
    padded = np.concatenate([[0.0], closure, [0.0]])
    middle = padded[1:-1]
    peak = (middle >= _SHUT) & (middle >= padded[:-2]) & (middle >= padded[2:])
    return np.flatnonzero(peak)
