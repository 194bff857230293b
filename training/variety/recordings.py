"""Changes to sound that keep it in sync: other voices, rooms, recordings.

Works on mel spectrograms; draws all chance from the generator it is handed, so that a step can be repeated.
"""

from __future__ import annotations

import numpy as np

from w2l_studio.terms import Doubles, Floats
from w2l_studio.terms.sound import BANDS, MEL_RANGE, SILENCE

#: Mel values below this are counted as a pause (of -4..4).
_PAUSE = -1.3
#: A step of the mel spectrogram (12.5 dB) as a natural logarithm of power.
_NEPERS = 1.25 * np.log(10)
#: Share of what is no clean stem that has noise behind it, and how far that lies under the loudest: 25 to
#: 56 dB.
_BACKGROUND, _FAINTER = 0.3, (2.0, 4.5)


def voice(random: np.random.Generator, mel: Floats, bands: int = 6) -> Floats:
    """Make another voice and room of a spectrogram: pitch, level, noise floor, a lost band.

    Args:
        mel: ``float32[80, M]``.
        bands: how far the bands are moved at most, up or down.

    Returns:
        ``float32[80, M]`` in -4..4; the time of nothing changes.
    """
    shift = int(random.integers(-bands, bands + 1))
    moved = mel[np.clip(np.arange(BANDS) - shift, 0, BANDS - 1)] + random.uniform(-0.6, 0.6)
    if random.random() < 0.4:
        moved = np.maximum(moved, SILENCE + random.normal(0, 1, moved.shape) * random.uniform(0, 0.6))
    if random.random() < 0.3:
        first = int(random.integers(0, BANDS - 8))
        moved[first : first + 8] = SILENCE
    return np.asarray(np.clip(moved, SILENCE, MEL_RANGE), np.float32)


def recording(random: np.random.Generator, mel: Floats, clean: float) -> Floats:
    """Make another recording of a spectrogram: another `voice`, in a clean stem or before some background.

    Args:
        mel: ``float32[80, M]``.
        clean: share of the recordings whose pauses are digitally silent, as a stem's are.

    Returns:
        ``float32[80, M]`` in -4..4.
    """
    spectrum = voice(random, mel)
    where = random.random()
    if where < clean:
        spectrum[:, mel.max(0) < _PAUSE] = SILENCE
    elif where < clean + (1 - clean) * _BACKGROUND:
        loud = spectrum.max() - random.uniform(*_FAINTER)
        bands = np.linspace(-0.5, 0.5, BANDS)[:, None]
        noise = loud + random.normal(0, 0.8) * bands + random.normal(0, 0.25, mel.shape)
        spectrum = np.clip(mixed(spectrum, noise), SILENCE, MEL_RANGE).astype(np.float32)
    return spectrum


def mixed(one: Floats | Doubles, other: Doubles) -> Doubles:
    """Add two sounds' powers in mel steps."""
    return np.asarray(np.logaddexp(one * _NEPERS, other * _NEPERS) / _NEPERS)
