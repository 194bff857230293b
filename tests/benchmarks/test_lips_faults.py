"""What the list of faults measures in the sound, on sound of which everything is known."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import lips_faults
from training.performers.act import Source
from w2l_studio.nets import weights

RATE = 16000
PHONES = [("SIL", 0, 0.2), ("AA", 0.2, 0.5), ("P", 0.5, 0.6), ("AA", 0.6, 0.9), ("SIL", 0.9, 1.1)]


def _sound(late_s=0.0):
    """Noise where the vowels are, 40 dB less where the p is, nothing in the pauses."""
    at = np.arange(int(1.1 * RATE)) / RATE
    loud = np.where((at >= 0.5 + late_s) & (at < 0.6 + late_s), 0.001, 0.1) * ((at > 0.2) & (at < 0.9))
    audio = np.random.default_rng(0).normal(0, 1, len(at)) * loud
    return Source("xx_me_00", "me", "heldout", "CC0", audio.astype(np.float32), phones=PHONES)


def test_a_dip_is_told_in_decibels():
    assert lips_faults.dip_db(_sound(), 2) == pytest.approx(42, abs=3)
    assert lips_faults.dip_db(_sound(), 1) < 6


@pytest.mark.parametrize("late_ms", [-20, 0, 30])
def test_labels_that_are_off_are_told_by_how_much(late_ms):
    assert lips_faults.least_at_ms([_sound(late_ms / 1000)], ("P", "B")) == late_ms


def test_a_p_that_nobody_can_hear_is_missed():
    net = weights.load_lips(weights.find("w2l-lips", "lips").path)
    silent = replace(_sound(), audio=np.zeros(int(1.1 * RATE), np.float32))
    told = list(lips_faults.faults(net, silent))
    assert [(fault.kind, fault.at, fault.heard) for fault in told] == [("missed", 2, "SIL")]
    assert told[0].probability < 0.5
