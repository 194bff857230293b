import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.errors import StemError
from w2l_studio.sound import mel
from w2l_studio.terms.sound import SILENCE


def noise(samples, seed=0):
    return (0.3 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1300))
def test_any_length_has_a_column_each_200_samples(samples):
    out = mel.spectrogram(noise(samples))
    assert out.shape == (80, 1 + samples // 200)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert out.min() >= -4
    assert out.max() <= 4


def test_silence_is_minus_four():
    assert (mel.spectrogram(np.zeros(5000, np.float32)) == SILENCE).all()


def test_blocks_leave_no_trace(monkeypatch):
    samples = noise(16000)
    whole = mel.spectrogram(samples)
    monkeypatch.setattr(mel, "_BLOCK", 7)
    assert np.abs(mel.spectrogram(samples) - whole).max() < 1e-6


def test_columns_do_not_depend_on_what_is_far_away():
    """Context of 400 samples is enough, so a stem may be read in parts."""
    samples = noise(16000)
    part = mel.spectrogram(samples[4000:12000])
    whole = mel.spectrogram(samples)[:, 20:61]
    assert np.abs(part[:, 3:-3] - whole[:, 3:-3]).max() < 1e-6
    assert np.abs(part[:, 0] - whole[:, 0]).max() > 1e-3


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers(value):
    samples = noise(2000)
    samples[7] = value
    with pytest.raises(StemError, match="not numbers"):
        mel.spectrogram(samples)
