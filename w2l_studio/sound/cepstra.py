"""The features that CMU Sphinx's acoustic models hear: mel cepstra without steady noise, 100 a second.

Front end of pocketsphinx 5 with the parameters of its `en-us` model (``feat.params``); noise is removed after
Kim and Stern (2012), "Power-normalized cepstral coefficients". Knows no model.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from w2l_studio.sound.mel import SAMPLE_RATE
from w2l_studio.terms import Doubles, Floats

_HOP, _WINDOW, _FFT = 160, 410, 512
_PRE_EMPHASIS = 0.97
_LOWEST_HZ, _HIGHEST_HZ, _BANDS = 130.0, 6800.0, 25
_CEPSTRA, _LIFTER = 13, 22
#: Sound is brought to this peak, in steps of 16 bits; the log's floor counts in these steps.
_PEAK, _LOG_FLOOR = 29000.0, 1e-4
_BLOCK = 1024
#: Of the noise's removal: smoothing of power, rise and fall of the lower envelope, what a peak masks and for
#: how long, limits of the gain, and over how many neighbouring bands it is averaged.
_SMOOTH, _RISE, _FALL = 0.7, 0.995, 0.5
_MASK_DECAY, _MASKED = 0.85, 0.2
_GAIN, _NEIGHBOURS = 20.0, 4


def features(samples: Floats) -> Floats:
    """Return cepstra, their slopes and the slopes' slopes, the mean of what is not silence taken out.

    Args:
        samples: ``float32[S]``, 16 kHz mono, of any loudness.

    Returns:
        ``float32[T, 3, 13]``, 100 rows a second, at least one; row i lies around sample 205 + 160 i.
    """
    found = cepstra(samples)
    heard = found[found[:, 0] >= 0]
    centred = found - heard.mean(0) if len(heard) else found
    padded = np.pad(centred, ((3, 3), (0, 0)), mode="edge")

    def at(late: int) -> Floats:
        return padded[3 + late : 3 + late + len(found)]

    return np.stack([centred, at(2) - at(-2), at(3) - at(-1) - at(1) + at(-3)], 1).astype(np.float32)


def cepstra(samples: Floats) -> Floats:
    """Return mel cepstra ``float32[T, 13]`` of a sound as in `features`."""
    quiet = _without_noise(_power(samples))
    return (np.log(quiet + _LOG_FLOOR) @ _transform()).astype(np.float32)


def _power(samples: Floats) -> Doubles:
    """Return the power in each band, ``float64[T, 25]``; the last window may reach beyond the end."""
    peak = float(np.abs(samples).max(initial=0))
    scale = _PEAK / max(peak, 1e-3)
    rows = max(0, -(-(len(samples) - _WINDOW) // _HOP)) + 1
    window = np.hamming(_WINDOW)
    power = np.empty((rows, _BANDS))
    for start in range(0, rows, _BLOCK):
        stop = min(start + _BLOCK, rows)
        begin, end = start * _HOP, (stop - 1) * _HOP + _WINDOW
        piece = samples[max(begin - 1, 0) : end].astype(np.float64) * scale
        before = 0 if begin else 1
        piece = np.pad(piece, (before, end - begin + 1 - before - len(piece)))
        emphasised = piece[1:] - _PRE_EMPHASIS * piece[:-1]
        frames = np.lib.stride_tricks.sliding_window_view(emphasised, _WINDOW)[::_HOP]
        spectrum = np.fft.rfft(frames * window, _FFT, axis=1)
        power[start:stop] = (spectrum.real**2 + spectrum.imag**2) @ _filters().T
    return power


def _without_noise(power: Doubles) -> Doubles:
    """Weigh bands by how far they stand out of their own lower envelope."""
    smooth, noise, floor = power[0].copy(), power[0] / _GAIN, power[0] / _GAIN
    peak = np.zeros(_BANDS)
    gains = np.empty_like(power)
    for row, now in enumerate(power):
        smooth = _SMOOTH * smooth + (1 - _SMOOTH) * now
        noise = _lower_envelope(smooth, noise)
        signal = np.maximum(smooth - noise, 1.0)
        floor = _lower_envelope(signal, floor)
        peak = peak * _MASK_DECAY
        masked = np.where(signal < _MASK_DECAY * peak, peak * _MASKED, signal)
        peak = np.maximum(peak, signal)
        gains[row] = np.maximum(masked, floor) / np.maximum(smooth, 1e-30)
    cleaned: Doubles = power * (gains.clip(1 / _GAIN, _GAIN) @ _average())
    return cleaned


def _lower_envelope(now: Doubles, envelope: Doubles) -> Doubles:
    keep = np.where(now >= envelope, _RISE, _FALL)
    return keep * envelope + (1 - keep) * now


@cache
def _average() -> Doubles:
    """Return the matrix that averages over a band's neighbours: ``float64[25, 25]``, columns add up to 1."""
    bands = np.arange(_BANDS)
    near = np.abs(bands[:, None] - bands) <= _NEIGHBOURS
    average: Doubles = near / near.sum(0)
    return average


@cache
def _filters() -> Doubles:
    """Return mel filters ``float64[25, 257]`` of unit area, corners on bins of the transform."""
    step = SAMPLE_RATE / _FFT
    low, high = 2595 * np.log10(1 + np.array([_LOWEST_HZ, _HIGHEST_HZ]) / 700)
    hertz = 700 * (10 ** (np.linspace(low, high, _BANDS + 2) / 2595) - 1)
    corners = np.floor(hertz / step + 0.5) * step
    bins = np.arange(_FFT // 2 + 1) * step
    left, middle, right = (corners[i : i + _BANDS, None] for i in range(3))
    triangles = np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle))
    filters: Doubles = np.maximum(triangles, 0) * 2 / (right - left)
    return filters


@cache
def _transform() -> Doubles:
    """Return the cosine transform with its lifter, ``float64[25, 13]``."""
    order = np.arange(_CEPSTRA)
    cosines = np.cos(np.pi / _BANDS * (np.arange(_BANDS)[:, None] + 0.5) * order) * np.sqrt(2 / _BANDS)
    cosines[:, 0] *= np.sqrt(0.5)
    transform: Doubles = cosines * (1 + _LIFTER / 2 * np.sin(np.pi * order / _LIFTER))
    return transform
