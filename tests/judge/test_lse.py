"""LSE arithmetic against the published loop, and what it means."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.judge.lse import SHIFT, lse
from w2l_studio.judge.mfcc import mfcc


def published(lips, audio):
    """SyncNetInstance_calc_scores.py, calc_pdist and what follows it, on torch."""
    lips, audio = torch.from_numpy(lips), torch.from_numpy(audio)
    padded = torch.nn.functional.pad(audio, (0, 0, SHIFT, SHIFT))
    rows = [
        torch.nn.functional.pairwise_distance(
            lips[[i]].repeat(2 * SHIFT + 1, 1), padded[i : i + 2 * SHIFT + 1]
        )
        for i in range(len(lips))
    ]
    mean = torch.stack(rows, 1).mean(1)
    value, index = mean.min(0)
    return float(value), float(mean.median() - value), SHIFT - int(index)


@settings(max_examples=25, deadline=None)
@given(count=st.integers(9, 60), seed=st.integers(0, 999))
def test_it_is_the_published_arithmetic(count, seed):
    rng = np.random.default_rng(seed)
    lips, audio = (rng.normal(0, 1, (count, 64)).astype(np.float32) for _ in range(2))
    scores, (distance, confidence, offset) = lse(lips, audio), published(lips, audio)
    assert scores.lse_d == pytest.approx(distance, abs=1e-4)
    assert scores.lse_c == pytest.approx(confidence, abs=1e-4)
    assert scores.offset_frames == offset


@given(shift=st.integers(-12, 12))
def test_sound_that_leads_has_a_positive_offset(shift):
    rng = np.random.default_rng(0)
    both = rng.normal(0, 1, (140, 64)).astype(np.float32)
    lips = both[30:110]
    sound_early = both[30 + shift : 110 + shift]  # row i holds what the lips do `shift` rows later
    assert lse(lips, sound_early).offset_frames == shift


def test_confidence_is_high_in_sync_and_low_for_strangers():
    rng = np.random.default_rng(1)
    lips, stranger = (rng.normal(0, 1, (80, 64)).astype(np.float32) for _ in range(2))
    assert lse(lips, lips).lse_d < 1e-3
    assert lse(lips, lips).lse_c > 20 * lse(lips, stranger).lse_c


@pytest.mark.parametrize(("samples", "rows"), [(1, 1), (400, 1), (401, 2), (560, 2), (561, 3), (16000, 99)])
def test_mfcc_has_a_row_each_ten_milliseconds(samples, rows):
    sound = np.random.default_rng(0).integers(-999, 999, samples).astype(np.int16)
    found = mfcc(sound)
    assert found.shape == (rows, 13)
    assert np.isfinite(found).all()


def test_mfcc_of_silence_is_a_number():
    assert np.isfinite(mfcc(np.zeros(1600, np.int16))).all()
