"""The audio front end against figures of the published one."""

import numpy as np

from w2l_studio.sound import mel


def test_spectrogram(rule):
    wanted = rule.arrays("mel")
    ours = mel.spectrogram(wanted["pcm"].astype(np.float32) / 32768)
    assert ours.shape == wanted["mel_reflect"].shape
    assert ours.dtype == np.float32
    assert np.abs(ours - wanted["mel_reflect"]).max() < 1e-6


def test_bank(rule):
    assert np.abs(mel.bank() - rule.arrays("mel")["mel_basis"]).max() < 1e-8
