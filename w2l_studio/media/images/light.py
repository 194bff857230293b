"""Scene-linear light to code values that networks and pasting understand, and back.

Pure tables; which files hold light and which hold code values is known to `still`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from w2l_studio.terms import Floats
from w2l_studio.terms.curves import light_of_srgb, srgb
from w2l_studio.terms.pixels import BLACK, LUMA_SPAN

Codes = npt.NDArray[np.uint16]

#: Limited range at 16 bits: 0 and 1 of the light lie where black and white do, so what is brighter than white
#: or below black has room beyond them and is left alone by whoever draws within the range.
_BLACK, _WHITE = BLACK << 8, (BLACK + LUMA_SPAN) << 8
_TOP = 65535
#: Stops between white and the brightest half float.
_STOPS = 16.0
_BRIGHTEST = 65504.0


def to_codes(light: npt.NDArray[Any]) -> Codes:
    """Return 16-bit limited-range code values of scene-linear light.

    From 0 to 1 by sRGB's curve (IEC 61966-2-1), in which grey cards and faces look as on a display; above it
    by its logarithm; a little below 0 mirrored. Finer than a half float nothing is told apart.

    Args:
        light: ``float16`` or ``float32``, any value; what is no number counts as black.
    """
    with np.errstate(over="ignore"):
        halves = np.ascontiguousarray(light, np.float16)
    # Numpy takes four times as long as OpenCV to look values up.
    return np.asarray(cv2.LUT(halves.view(np.uint16), _of_halves()), np.uint16)


def to_light(codes: Codes) -> Floats:
    """Return the light of 16-bit limited-range code values, ``float32``."""
    return np.take(_of_codes(), codes)


@lru_cache(maxsize=1)
def _of_halves() -> Codes:
    """Return the code value of each of the 65,536 half floats."""
    with np.errstate(invalid="ignore"):
        light = np.nan_to_num(np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64))
    within = srgb(np.clip(light, -1, 1)) * (_WHITE - _BLACK) + _BLACK
    beyond = _WHITE + np.log2(np.maximum(light, 1)) * (_TOP - _WHITE) / _STOPS
    return np.clip(np.rint(np.where(light > 1, beyond, within)), 0, _TOP).astype(np.uint16)


@lru_cache(maxsize=1)
def _of_codes() -> Floats:
    codes = np.arange(1 << 16, dtype=np.float64)
    within = light_of_srgb((codes - _BLACK) / (_WHITE - _BLACK))
    beyond = np.minimum(np.exp2((codes - _WHITE) * _STOPS / (_TOP - _WHITE)), _BRIGHTEST)
    return np.where(codes > _WHITE, beyond, within).astype(np.float32)
