"""Curves between light and the values that stand for it: sRGB's, and those of HDR (BT.2100-2).

Pure functions of arrays; light is 1 where a diffuse white surface is.
"""

from __future__ import annotations

import numpy as np

from w2l_studio.terms.arrays import Doubles

#: H.273 code points of transfer characteristics.
PQ, HLG = 16, 18
#: Candelas per square metre of HDR's reference white, and what of HLG's scene light it is: 75 % of the signal
#: (BT.2408-7, 2.2).
_WHITE, _HLG_WHITE = 203.0, 0.26496
_PEAK = 10_000.0
#: BT.2100-2 table 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
#: BT.2100-2 table 5: the curve, and the gamma of a display of 1,000 candelas.
_A, _B, _C, _GAMMA = 0.17883277, 0.28466892, 0.55991073, 1.2


def srgb(light: Doubles) -> Doubles:
    """Return sRGB's values (IEC 61966-2-1) of light; below 0 mirrored, above 1 by the same power."""
    size = np.abs(light)
    return np.copysign(np.where(size <= 0.0031308, size * 12.92, 1.055 * size ** (1 / 2.4) - 0.055), light)


def light_of_srgb(value: Doubles) -> Doubles:
    """Return the light of sRGB's values; the inverse of `srgb`."""
    size = np.abs(value)
    return np.copysign(np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4), value)


def light_of_pq(value: Doubles) -> Doubles:
    """Return the light of PQ's values, 0..1; beyond them that of the nearest."""
    root = np.clip(value, 0, 1) ** (1 / _M2)
    return _PEAK / _WHITE * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def light_of_hlg(value: Doubles) -> Doubles:
    """Return the light of HLG's values, 0..1, on its reference display; beyond them that of the nearest.

    The display's gamma is taken channel by channel, which is off for colours and right for greys.
    """
    inside = np.clip(value, 0, 1)
    scene = np.where(inside <= 0.5, inside**2 / 3, (np.exp((inside - _C) / _A) + _B) / 12)
    return (scene / _HLG_WHITE) ** _GAMMA
