"""Steadies the windows of one face over time, in float, without lag.

Local straight-line fits with a bell of several widths, widest first; where a narrower one disagrees by
more than noise would, the face really moved and the narrower one is taken. Centred, so that time reversed
gives the result reversed. Knows nothing of pictures.

What is steadied hangs on the eyes, and its side is a matter of seconds: the corners of the mouth go down with
the jaw, and a window that went with them would tell a network how far the plate's lips are open.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from w2l_studio.faces import crop
from w2l_studio.terms import Bools, Doubles, Floats
from w2l_studio.terms.arrays import runs

#: Widths (standard deviations, seconds) of the bells, widest first; 0 = the values as they are.
_PLACE_S = (0.24, 0.08, 0.03, 0.0)
_SIDE_S = (2.0, 0.5, 0.1)
#: Disagreement that counts as motion, in parts of the eye-mouth distance, and at least in pixels.
_MOTION, _MOTION_PX = 0.02, 0.75
#: Eyes and mouth part by some per cent as the jaw falls or the head nods: only more than this is a zoom.
_ZOOM = 0.1


def windows(points: Floats | Doubles, present: Bools, rate: Fraction) -> Doubles:
    """Return the calm windows by which a face is cut, in training as in use.

    Args:
        points: ``float[T, 5, 2]`` as for `crop.windows`.
        present, rate: as for `steady_windows`.

    Returns:
        ``float64[T, 4]`` as from `crop.windows`.
    """
    return steady_windows(crop.windows(points), present, rate)


def steady_windows(window: Doubles, present: Bools, rate: Fraction) -> Doubles:
    """Steady the windows of `crop.windows`: the eyes and the roll, and the side much more.

    Args:
        window: ``float64[T, 4]`` centre x, centre y, side in pixels, roll in radians.
        present: ``bool[T]``; runs are steadied one by one, rows without a face stay as they are.
        rate: pictures per second.

    Returns:
        ``float64[T, 4]``; the roll is continuous within a run.
    """
    out = np.array(window, np.float64)
    for run in itertools.starmap(slice, runs(present)):
        part = out[run]
        side = float(np.median(part[:, 2]))
        limit = max(_MOTION_PX, _MOTION * side / crop.SIDE)
        # The roll moves the rim of the window: half a side is its lever.
        rim = np.unwrap(part[:, 3]) * side / 2
        eyes = part[:, :2] - _below_eyes(part[:, 2], part[:, 3])
        place = _adaptive(np.column_stack([eyes, rim]), rate, _PLACE_S, limit)
        size = np.exp(_adaptive(np.log(part[:, 2:3]), rate, _SIDE_S, _ZOOM))[:, 0]
        roll = place[:, 2] * 2 / side
        out[run] = np.column_stack([place[:, :2] + _below_eyes(size, roll), size, roll])
    return out


def _below_eyes(side: Doubles, roll: Doubles) -> Doubles:
    """Return the way from the middle of the eyes to that of the window, ``float64[T, 2]``."""
    return np.column_stack([-np.sin(roll), np.cos(roll)]) * (crop.CENTRE / crop.SIDE * side)[:, None]


def _adaptive(values: Doubles, rate: Fraction, widths_s: tuple[float, ...], limit: float) -> Doubles:
    """Blend bells of several widths, ``float64[T, K]``; K values move together."""
    out = _bell(values, widths_s[0] * float(rate))
    for width in widths_s[1:]:
        finer = _bell(values, width * float(rate))
        apart = np.sqrt(np.mean((finer - out) ** 2, 1, keepdims=True)) / limit
        share = apart**4 / (1 + apart**4)
        out = out + share * (finer - out)
    return out


def _bell(values: Doubles, width: float) -> Doubles:
    """Fit a straight line at every row, weighted by a Gauss bell of ``width`` rows."""
    count = len(values)
    if width < 0.3 or count < 3:
        return values
    reach = min(count - 1, int(np.ceil(3 * width)))
    moments = np.zeros((3, count))
    sums = np.zeros((2, *values.shape))
    for step in range(-reach, reach + 1):
        weight = np.exp(-0.5 * (step / width) ** 2)
        rows = slice(max(0, -step), count - max(0, step))
        other = slice(max(0, step), count - max(0, -step))
        for power in range(3):
            moments[power, rows] += weight * step**power
        sums[0, rows] += weight * values[other]
        sums[1, rows] += weight * step * values[other]
    whole = moments[0] * moments[2] - moments[1] ** 2
    return np.asarray((moments[2, :, None] * sums[0] - moments[1, :, None] * sums[1]) / whole[:, None])
