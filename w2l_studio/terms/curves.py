"""Curves between light and the values that stand for it: sRGB's, those of HDR (BT.2100-2) and of cameras.

Pure functions of arrays; light is 1 where a diffuse white surface is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Log:
    """A camera's curve: a logarithm, and in the dark a straight line.

    Light of a value is ``(10 ** ((value - anchor) / decade) - black) / gain`` above `cut`, else
    ``(value - zero) / slope``.

    Args:
        as_code: values are the maker's 10-bit codes over 1023; else they fill the file's range.
    """

    gain: float
    black: float
    decade: float
    anchor: float
    slope: float
    zero: float
    cut: float
    as_code: bool = False

    def light(self, value: Doubles) -> Doubles:
        """Return the light of values, 0..1; a grey card's is 0.18."""
        bright = (10 ** ((np.maximum(value, self.cut) - self.anchor) / self.decade) - self.black) / self.gain
        return np.where(value > self.cut, bright, (value - self.zero) / self.slope)


#: A doubling of light, in decades.
_STOP = math.log10(2)
_CINEON_BLACK = 10 ** ((95 - 685) / 300)
#: By the makers' own papers, under their names on the command line.
LOGS = {
    "acescct": Log(1, 0, 1 / (17.52 * _STOP), 9.72 / 17.52, 10.5402377417, 0.0729055342, 0.1552511416),
    "arri-logc3": Log(5.555556, 0.052272, 0.247190, 0.385537, 5.367655, 0.092809, 0.149658),
    "arri-logc4": Log(2231.826309068, 64, 0.2152457249, -0.2959083927, 8.8030332103, 0.1589563365, 0),
    "bmd-film5": Log(1, 0.005494072432, 0.2001608684, 0.5300133392, 8.2836059324, 0.0924657534, 0.1338837831),
    "canon-log3": Log(
        14.98325 / 0.9, 1, 0.36726845, 0.12240537, 1.9754798 / 0.9, 0.12512219, 0.15277891, as_code=True
    ),
    "cineon": Log(1 - _CINEON_BLACK, _CINEON_BLACK, 300 / 1023, 685 / 1023, 1, 0, -1),
    "davinci": Log(1, 0.0075, 0.07329248 / _STOP, 0.51304736, 10.44426855, 0, 0.02740668),
    "red-log3g10": Log(155.975327, 2.55975327, 0.224282, 0, 15.1927, 0.151927, 0),
    "s-log3": Log(
        1 / 0.19, 1 / 19, 261.5 / 1023, 420 / 1023, 6.6219437118, 95 / 1023, 0.1673609919, as_code=True
    ),
    "v-log": Log(1, 0.00873, 0.241514, 0.598206, 5.6, 0.125, 0.181, as_code=True),
}
