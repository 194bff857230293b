"""MFCC as SyncNet hears: python_speech_features 0.6 with its defaults, in numpy.

Features only; windows are those of `judge.syncnet` and `judge.slim`, scores `judge.lse`'s.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from w2l_studio.terms import Doubles, Floats
from w2l_studio.terms.sound import SAMPLE_RATE

_WINDOW, _HOP, _FFT = 400, 160, 512
_FILTERS, _CEPSTRA, _LIFTER, _PRE_EMPHASIS = 26, 13, 22, 0.97
_EPS = np.finfo(np.float64).eps


def pcm(samples: Floats) -> npt.NDArray[np.int16]:
    """Return samples -1..1 as 16-bit ones, which SyncNet hears.

    >>> pcm(np.array([-1, 0, 0.5, 1], np.float32)).tolist()
    [-32768, 0, 16384, 32767]
    """
    return np.asarray(np.clip(np.rint(samples * 2.0**15), -(2**15), 2**15 - 1), np.int16)


def mfcc(samples: npt.NDArray[np.int16]) -> Doubles:
    """Return 13 cepstral coefficients each 10 ms, the first replaced by the log energy.

    25 ms rectangular windows, pre-emphasis 0.97, 26 HTK mel filters from 0 to 8 kHz, orthonormal
    DCT-II, lifter 22.

    Args:
        samples: ``int16[S]``, 16 kHz mono, S >= 1.

    Returns:
        ``float64[max(1, 1 + ceil((S - 400) / 160)), 13]``.
    """
    signal = samples.astype(np.float64)
    signal = np.append(signal[0], signal[1:] - _PRE_EMPHASIS * signal[:-1])
    count = 1 + max(0, -(-(len(signal) - _WINDOW) // _HOP))
    signal = np.pad(signal, (0, max(0, (count - 1) * _HOP + _WINDOW - len(signal))))
    frames = np.lib.stride_tricks.sliding_window_view(signal, _WINDOW)[::_HOP][:count]
    power = np.abs(np.fft.rfft(frames, _FFT, axis=1)) ** 2 / _FFT
    bands = power @ _filters().T
    cepstra = np.log(np.where(bands == 0, _EPS, bands)) @ _cosines().T
    cepstra *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(_CEPSTRA) / _LIFTER)
    energy = power.sum(1)
    cepstra[:, 0] = np.log(np.where(energy == 0, _EPS, energy))
    return np.asarray(cepstra, np.float64)


def _filters() -> Doubles:
    highest = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, highest, _FILTERS + 2) / 2595) - 1)
    corners = np.floor((_FFT + 1) * hertz / SAMPLE_RATE)
    bins = np.arange(_FFT // 2 + 1)
    left, middle, right = (corners[i : i + _FILTERS, None] for i in range(3))
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    inside = (bins >= left) & (bins < right)
    return np.where(inside, np.where(bins < middle, rising, falling), 0.0)


def _cosines() -> Doubles:
    k, n = np.arange(_CEPSTRA)[:, None], np.arange(_FILTERS)
    basis = np.cos(np.pi * k * (2 * n + 1) / (2 * _FILTERS)) * np.sqrt(2 / _FILTERS)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float64)
