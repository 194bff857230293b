"""Soft masks in crop space, drawn from where a face lies in its crop (the pose prior).

Never drawn from the moving lips: a matte that opened with the plate's mouth would tell the old words.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from w2l_studio.terms import Floats, Matte

#: All in parts of the crop's side. The crop has its mouth at 0.66, a closed chin near 0.92.
_CENTRE_Y = 0.75
_HALF_WIDTH = 0.36
_HALF_HEIGHT = 0.245
#: Between an ellipse (2) and a box: cheeks to chin without corners.
_ROUNDNESS = 2.6
#: How far the matte takes to rise from 0 to 1, inwards.
_FEATHER = 0.075
#: The silhouette on the far side comes nearer to the mouth by this part of sin(yaw).
_YAW_NARROWING = 0.8
_MOUTH_Y = 0.66
_CHIN_Y = 0.92
_LIPS_HALF_WIDTH = 0.21
_LIPS_HALF_HEIGHT = 0.125
#: Lips reach beyond the corners' distance by these factors of half of it, across and down.
_LIPS_ACROSS, _LIPS_DOWN = 1.35, 0.8
#: How much lower the lower lip of an open mouth lies, in parts of the opening.
_LIPS_OPEN = 0.25
#: Pictures to either side over which openings are evened out.
_CALM = 2
#: Where the lips' mask has fallen to 0, in radii of its ellipse.
_LIPS_END = 1.5


@lru_cache(maxsize=128)
def mouth(size_px: int, yaw_deg: float = 0.0) -> Matte:
    """Return the matte of the lower face: cheeks to chin, below the nose's tip.

    It is 0 on the crop's border and up to the last row that the generator keeps, so that neither
    shows; it is feathered in parts of the face's size and narrower on the far side of a turned head.

    Args:
        size_px: side P of the crop; rows P/2..P-1 are generated.
        yaw_deg: how far the face is turned, > 0 towards the right of the picture.
    """
    x, y = _grid(size_px)
    turn = float(np.sin(np.radians(np.clip(yaw_deg, -90.0, 90.0))))
    far = np.where((x > 0.5) == (turn > 0), 1 - _YAW_NARROWING * abs(turn), 1.0)
    across = np.abs(x - 0.5) / (_HALF_WIDTH * far)
    down = np.abs(y - _CENTRE_Y) / _HALF_HEIGHT
    radius = (across**_ROUNDNESS + down**_ROUNDNESS) ** (1 / _ROUNDNESS)
    alpha = smoothstep((1 - radius) * _HALF_HEIGHT / _FEATHER)
    alpha[: size_px // 2 + 1] = 0
    alpha[-1] = alpha[:, 0] = alpha[:, -1] = 0
    return Matte(_frozen(alpha))


def lips(size_px: int, corners: Floats | None = None, opening: float = 0.0) -> Floats:
    """Return where old or new lips may be: a soft ellipse that keeps old lips' texture out of new ones.

    Args:
        size_px: side P of the crop.
        corners: ``float32[2, 2]`` x, y of the left and right mouth corner in crop pixels; None = where
            they lie in a frontal face.
        opening: how far lips are open, in parts of the mouth's width: the ellipse reaches further down.

    Returns:
        ``float32[P, P]``, 1 inside to 0 outside.
    """
    x, y = _grid(size_px)
    if corners is None:
        centre, half = np.array([0.5, _MOUTH_Y]), np.array([_LIPS_HALF_WIDTH, _LIPS_HALF_HEIGHT])
        reach = _LIPS_HALF_WIDTH / _LIPS_ACROSS
    else:
        points = np.asarray(corners, np.float64) / (size_px - 1)
        centre = points.mean(0)
        reach = float(np.hypot(*(points[1] - points[0]))) / 2
        # In profile the corners meet; the mouth is still as high as ever.
        half = np.array([_LIPS_ACROSS * reach, max(_LIPS_DOWN * reach, _LIPS_HALF_HEIGHT)])
    half = np.maximum(half, 1 / size_px)
    lower = half[1] + _LIPS_OPEN * opening * 2 * reach
    radius = np.hypot((x - centre[0]) / half[0], (y - centre[1]) / np.where(y > centre[1], lower, half[1]))
    return _frozen(smoothstep((_LIPS_END - radius) / (_LIPS_END - 1)))


def calm(openings: Floats) -> Floats:
    """Return openings ``float32[T]`` for `lips` of consecutive pictures: never smaller, and without jumps."""
    if not len(openings):
        return openings
    around = np.pad(openings, _CALM, "edge")
    widest = sliding_window_view(around, 2 * _CALM + 1).max(1)
    even = sliding_window_view(np.pad(widest, _CALM, "edge"), 2 * _CALM + 1).mean(1)
    return np.asarray(np.maximum(even, openings), np.float32)


@lru_cache(maxsize=8)
def skin(size_px: int) -> Floats:
    """Return where crop and mouth show the same skin: generated cheeks and the matte's ring, not the lips.

    Args:
        size_px: side P of the crop.

    Returns:
        ``float32[P, P]`` weights in 0..1, for `colour.measure`.
    """
    x, y = _grid(size_px)
    # Beside the jaw and below the chin lie neck, collar and background, which come and go with it.
    on_face = smoothstep((_HALF_WIDTH - np.abs(x - 0.5)) / 0.08) * smoothstep((_CHIN_Y - y) / 0.08)
    weight = on_face * (1 - lips(size_px))
    weight[: size_px // 2 + 2] = 0
    return _frozen(weight)


def _grid(size_px: int) -> tuple[Floats, Floats]:
    """Return x and y of every pixel in parts of the crop, ``float32[P, P]`` each."""
    steps = np.arange(size_px, dtype=np.float32) / (size_px - 1)
    shape = (size_px, size_px)
    return np.broadcast_to(steps, shape), np.broadcast_to(steps[:, None], shape)


def smoothstep(ramp: Floats) -> Floats:
    """Ease a ramp in and out (smoothstep), so that its ends are invisible."""
    t = np.clip(ramp, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _frozen(mask: Floats) -> Floats:
    out = np.ascontiguousarray(mask, np.float32)
    out.setflags(write=False)
    return out
