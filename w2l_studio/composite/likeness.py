"""Finds the plate's picture whose lips look most like new ones, lays it over them, gives them its texture.

A generator's lips and teeth are soft; somewhere in the shot the same actor mostly has such lips. Works on
crops, which lie over each other by the eyes, in the mouth's own colour; knows no planes.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from w2l_studio.composite import texture, warp
from w2l_studio.terms import Floats, FramesBGR, Ints

#: Lips are compared in so many pixels a side, of crops without what is finer than this part of their side.
_SIDE, _AT_LARGE = 48, 1 / 64
#: Levels that a difference in opening counts as, per mouth's width: soft lips look less open than they are.
_LEVELS_OPEN = 100.0
#: As `texture.HALF_AT_LARGE`; more is borne by lips that are the most alike.
_HALF = 15.0
#: Flow is looked for between drawn lips and filmed ones made as soft; it is evened out, and no longer than
#: this: in parts of the crop's side.
_SOFT, _SOFTER, _EVEN, _FARTHEST = 1 / 192, 2.5 / 192, 1 / 96, 10 / 192


def looks(pictures: Iterable[FramesBGR | Floats], openings: Floats, lips: Floats) -> Floats:
    """Return what lips look like at large, for `nearest`.

    Args:
        pictures: T times ``[P, P, 3]`` BGR, in one colour with those that they are compared with.
        openings: ``float32[T]``, how far their lips are open, in parts of the mouth's width.
        lips: ``float32[P, P]`` as from `matte.lips`.

    Returns:
        ``float32[T, F]``; the difference of two rows is that of the pictures, in levels, by the lips' mask.
    """
    weight = np.sqrt(cv2.resize(lips, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))
    inside = weight > 0
    found = []
    for picture in pictures:
        soft = cv2.GaussianBlur(_grey(picture), (0, 0), len(lips) * _AT_LARGE)
        found.append((cv2.resize(soft, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) * weight)[inside])
    opened = np.asarray(openings, np.float32)[:, None] * (_LEVELS_OPEN * np.linalg.norm(weight))
    return np.hstack([np.array(found, np.float32).reshape(len(opened), -1), opened.astype(np.float32)])


def nearest(new: Floats, plate: Floats) -> Ints:
    """Return for each row of ``float32[T, F]`` the row of ``float32[N, F]`` that is most like it."""
    apart = np.square(plate).sum(1) - 2 * new @ plate.T
    return np.asarray(apart.argmin(1), np.int64)


def laid_over(like: Floats, mouth: FramesBGR | Floats) -> Floats:
    """Return a picture moved so that its lips lie where a mouth's do (optical flow, cv2 DIS, ECCV 2016).

    Args:
        like: ``float32[H, W, 3]`` BGR 0..255.
        mouth: of the same size, softer.
    """
    side = mouth.shape[1]
    wanted, there = (
        cv2.GaussianBlur(_grey(picture).clip(0, 255).astype(np.uint8), (0, 0), side * sigma)
        for picture, sigma in ((mouth, _SOFT), (like, _SOFTER))
    )
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(wanted, there, None)
    flow = cv2.GaussianBlur(flow, (0, 0), side * _EVEN)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    flow *= np.minimum(1, side * _FARTHEST / np.maximum(length, 1e-6))
    rows, columns = np.indices(flow.shape[:2], np.float32)
    at = np.dstack([columns + flow[..., 0], rows + flow[..., 1]])
    moved = cv2.remap(like, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def textured(mouth: FramesBGR, like: Floats, lips: Floats) -> FramesBGR:
    """Return a mouth with another picture's texture in its lips, where both show the same at large.

    Args:
        mouth: ``uint8[P, P, 3]`` BGR.
        like: ``float32[P, P, 3]`` BGR, in the mouth's colour (`ColourMatch.undone`).
        lips: ``float32[P, P]`` as from `matte.lips`; nothing changes elsewhere.
    """
    size = len(lips)
    covered = warp.region(lips)
    if covered is None:
        return mouth
    left, top, right, bottom = warp.bordered(covered, size)
    part = np.s_[top:bottom, left:right]
    share = texture.alike(_grey(mouth[part]) - _grey(like[part]), size, _HALF) * lips[part]
    out = mouth.copy()
    for channel in range(3):
        new, old = (
            np.ascontiguousarray(picture[part][..., channel], np.float32) for picture in (mouth, like)
        )
        out[part][..., channel] = np.rint(texture.regained(new, old, share, size)).clip(0, 255)
    return out


def _grey(picture: FramesBGR | Floats) -> Floats:
    return np.asarray(cv2.cvtColor(np.asarray(picture, np.float32), cv2.COLOR_BGR2GRAY), np.float32)
