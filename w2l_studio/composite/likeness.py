"""Finds the plate's picture whose lips look most like new ones, and gives these its texture.

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
#: As `texture.HALF_AT_LARGE`; more is borne by lips that are the most alike.
_HALF = 15.0


def looks(pictures: Iterable[FramesBGR | Floats], lips: Floats) -> Floats:
    """Return what lips look like at large, for `nearest`.

    Args:
        pictures: T times ``[P, P, 3]`` BGR, in one colour with those that they are compared with.
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
    return np.array(found, np.float32)


def nearest(new: Floats, plate: Floats) -> Ints:
    """Return for each row of ``float32[T, F]`` the row of ``float32[N, F]`` that is most like it."""
    apart = np.square(plate).sum(1) - 2 * new @ plate.T
    return np.asarray(apart.argmin(1), np.int64)


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
