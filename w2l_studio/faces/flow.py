"""Carries points from picture to picture by optical flow.

Pyramidal Lucas-Kanade with a check that the way back leads to where it began; keeps no history.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms import Bools, Floats, Plane

#: Window and levels that follow a face best.
_WINDOW_PX, _REDUCTIONS = 31, 3
_UNTIL = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)
#: A point is lost when the way back misses its beginning by more than this, in pixels and in parts of the
#: eye-mouth distance.
_MISS_PX, _MISS = 0.7, 0.03
#: So many of the five points must be held.
_HELD = 3


def carry(before: Plane, after: Plane, points: Floats) -> tuple[Floats, bool]:
    """Return where five points of a face went.

    Args:
        before, after: grey pictures ``uint8[H, W]``.
        points: ``float32[5, 2]``.

    Returns:
        The points in ``after`` ``float32[5, 2]`` and whether they can be trusted; a lost point goes with
        the middle of the others.
    """
    start = np.ascontiguousarray(points, np.float32).reshape(-1, 1, 2)
    there, found = _follow(before, after, start)
    back, returned = _follow(after, before, there)
    miss = np.linalg.norm((back - start)[:, 0], axis=1)
    length = float(np.linalg.norm(points[3:].mean(0) - points[:2].mean(0)))
    held = found & returned & (miss <= max(_MISS_PX, _MISS * length))
    if held.sum() < _HELD:
        return np.asarray(points, np.float32), False
    moved = (there - start)[:, 0]
    middle = np.median(moved[held], 0)
    # One point that runs away from the others sits on something else (a hand, the background).
    held &= np.linalg.norm(moved - middle, axis=1) <= 0.25 * length + _MISS_PX
    moved[~held] = middle
    return np.asarray(points + moved, np.float32), bool(held.sum() >= _HELD)


def _follow(before: Plane, after: Plane, points: Floats) -> tuple[Floats, Bools]:
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, None, winSize=(_WINDOW_PX, _WINDOW_PX), maxLevel=_REDUCTIONS, criteria=_UNTIL
    )
    return there, found.ravel() > 0
