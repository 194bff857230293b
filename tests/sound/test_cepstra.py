"""Cepstra against pocketsphinx's own numbers, and what its model relies on: level, length, silence."""

import numpy as np
import pytest

from w2l_studio.sound import cepstra

#: Rows 4, 15, 26, 37, 48 of `speechlike`, as pocketsphinx 5.1.1 wrote them (``mfclogdir``, model en-us).
ROWS = slice(4, None, 11)
POCKETSPHINX = [
    [78.80, 33.65, -39.93, 31.63, -10.85, -11.71, 27.78, -30.46, 21.12, -5.08, -10.28, 18.13, -16.58],
    [77.52, 27.45, -32.74, 26.59, -10.79, -6.16, 17.81, -19.27, 11.97, -0.77, -9.08, 12.84, -9.87],
    [77.52, -31.02, -11.44, -19.29, -13.77, -11.09, 9.89, 21.53, 18.30, -11.74, -14.26, 0.72, 18.16],
    [64.42, -19.50, -6.13, -12.88, -14.99, -16.32, 5.63, 34.05, 23.66, -4.88, -22.88, -0.24, 21.03],
    [81.72, 33.45, -39.65, 32.16, -11.65, -11.94, 29.85, -33.69, 24.13, -6.51, -10.74, 19.72, -18.48],
]  # fmt: skip


def speechlike():
    """A buzz and a hiss by turns over a faint hiss, 0.6 s, in steps of 16 bits."""
    time = np.arange(9600) / 16000
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 30))
    hiss = np.sin(np.cumsum(np.arange(9600) % 97 * 0.37))
    turn = np.sin(2 * np.pi * 2.5 * time)
    sound = buzz * turn.clip(0, 1) + 0.3 * hiss * (-turn).clip(0, 1) + 0.002 * hiss
    return (sound / np.abs(sound).max() * 29000).round().astype(np.float32)


def test_cepstra_are_those_of_pocketsphinx():
    found = cepstra.cepstra(speechlike())
    assert found.shape == (59, 13)
    np.testing.assert_allclose(found[ROWS], POCKETSPHINX, atol=0.1)


def test_level_changes_nothing():
    loud = speechlike()
    np.testing.assert_allclose(cepstra.features(loud * 1e-5), cepstra.features(loud), atol=1e-2)


def test_blocks_leave_no_seam(monkeypatch):
    sound = speechlike()
    whole = cepstra.cepstra(sound)
    monkeypatch.setattr(cepstra, "_BLOCK", 7)
    np.testing.assert_allclose(cepstra.cepstra(sound), whole, atol=1e-4)


@pytest.mark.parametrize("samples", [0, 1, 409, 410, 411, 570, 571, 16000])
def test_any_length_gives_rows_and_silence_is_finite(samples):
    found = cepstra.features(np.zeros(samples, np.float32))
    assert len(found) == max(0, -(-(samples - 410) // 160)) + 1
    assert found.shape[1:] == (3, 13)
    assert np.isfinite(found).all()


def test_silence_does_not_shift_what_is_heard():
    sound = speechlike()
    alone = cepstra.features(sound)
    padded = cepstra.features(np.concatenate([sound, np.zeros(32000, np.float32)]))
    np.testing.assert_allclose(padded[:55], alone[:55], atol=0.5)


def test_slopes_look_two_and_three_rows_to_both_sides(monkeypatch):
    rows = np.random.default_rng(0).uniform(1, 2, (20, 13)).astype(np.float32)
    monkeypatch.setattr(cepstra, "cepstra", lambda samples: rows)
    found = cepstra.features(np.zeros(1, np.float32))
    np.testing.assert_allclose(found[:, 0], rows - rows.mean(0), atol=1e-5)
    np.testing.assert_allclose(found[9, 1], rows[11] - rows[7], atol=1e-5)
    np.testing.assert_allclose(found[9, 2], rows[12] - rows[8] - rows[10] + rows[6], atol=1e-5)
