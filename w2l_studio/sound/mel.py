"""The one audio front end: 16 kHz samples to the mel spectrogram that the paper's networks read.

Knows nothing of pictures or rates; `sound.windows` cuts what each picture hears.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from w2l_studio.errors import StemError
from w2l_studio.terms import Doubles, Floats, Ints
from w2l_studio.terms.sound import BANDS, HOP, MEL_RANGE, SAMPLE_RATE, SILENCE

#: Samples under one column's window (50 ms).
WINDOW = 800
_PRE_EMPHASIS = 0.97
_LOWEST_HZ, _HIGHEST_HZ = 55.0, 7600.0
_FLOOR = 1e-5
_REFERENCE_DB, _RANGE_DB = 20.0, 100.0
#: Columns per pass: 8 MB of work however long the sound is.
_BLOCK = 1024


def spectrogram(samples: Floats) -> Floats:
    """Return the mel spectrogram as published (Wav2Lip audio.py, hparams.py).

    Pre-emphasis 0.97, centred 800-sample periodic Hann windows each 200 samples, reflected ends,
    magnitude, 80 Slaney bands from 55 to 7600 Hz, dB above 1e-5 less 20, scaled to -4..4. Compute it
    on a whole stem: at a cut the two columns next to it would differ.

    Args:
        samples: ``float32[S]``, 16 kHz mono, -1..1.

    Returns:
        ``float32[80, 1 + S // 200]`` in -4..4; column j is centred at 12.5 j ms.

    Raises:
        StemError: a sample is not a finite number.
    """
    if not np.isfinite(samples).all():
        raise StemError("the sound holds samples that are not numbers", hint="export it again as 24-bit PCM")
    columns = 1 + len(samples) // HOP
    mel = np.full((BANDS, columns), SILENCE, np.float32)
    if len(samples) == 0:
        return mel
    hann = np.hanning(WINDOW + 1)[:-1]
    for start in range(0, columns, _BLOCK):
        stop = min(start + _BLOCK, columns)
        signal = _emphasised(samples, start * HOP - WINDOW // 2, (stop - 1) * HOP + WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP]
        magnitude = np.abs(np.fft.rfft(frames * hann, axis=1))
        mel[:, start:stop] = _scaled(magnitude @ bank().T).T
    return mel


@cache
def bank() -> Doubles:
    """Return the mel filters ``float64[80, 401]``: Slaney's scale, each triangle of unit area."""
    low, high = _mel(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    corners = _hertz(np.linspace(low, high, BANDS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    left, middle, right = (corners[i : i + BANDS, None] for i in range(3))
    triangles = np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle))
    filters: Doubles = np.maximum(triangles, 0) * 2 / (right - left)
    return filters


def _emphasised(samples: Floats, start: int, stop: int) -> Doubles:
    """Return pre-emphasised samples ``start..stop - 1``, reflected beyond the ends."""
    index = _reflected(np.arange(start, stop), len(samples))
    before = np.where(index > 0, samples[np.maximum(index - 1, 0)], 0)
    return samples[index].astype(np.float64) - _PRE_EMPHASIS * before.astype(np.float64)


def _reflected(index: Ints, length: int) -> Ints:
    """Fold indices into ``0..length - 1``; the end itself is not repeated."""
    if length == 1:
        return np.zeros_like(index)
    period = 2 * (length - 1)
    folded = index % period
    return np.minimum(folded, period - folded)


def _scaled(energy: Doubles) -> Doubles:
    decibel = 20 * np.log10(np.maximum(_FLOOR, energy)) - _REFERENCE_DB
    return np.clip(2 * MEL_RANGE * (decibel + _RANGE_DB) / _RANGE_DB - MEL_RANGE, -MEL_RANGE, MEL_RANGE)


def _mel(hertz: Doubles) -> Doubles:
    """Slaney's scale (Auditory Toolbox): linear below 1 kHz, logarithmic above."""
    above = 15 + np.log(np.maximum(hertz, 1000) / 1000) * 27 / np.log(6.4)
    return np.where(hertz < 1000, 3 * hertz / 200, above)


def _hertz(mel: Doubles) -> Doubles:
    above = 1000 * np.exp(np.log(6.4) / 27 * (np.maximum(mel, 15) - 15))
    return np.where(mel < 15, 200 * mel / 3, above)
