"""Other voices, rooms and lines: they change what is heard and never when."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from training.performers import voice

RATE = 16000
BEATS_S = np.array([0.3, 0.75, 1.1, 1.8, 2.3])


@pytest.fixture(scope="module")
def beats():
    """A voice that says five short vowels: a buzz of 120 Hz through two formants."""
    time = np.arange(3 * RATE) / RATE
    buzz = sum(
        np.sin(2 * np.pi * 120 * n * time)
        * (np.exp(-(((120 * n - 600) / 150) ** 2)) + 0.6 * np.exp(-(((120 * n - 1500) / 200) ** 2)))
        for n in range(1, 40)
    )
    loud = sum(np.exp(-(((time - at) / 0.04) ** 2)) for at in BEATS_S)
    return (0.2 * buzz * loud).astype(np.float32)


def heard_at(audio):
    """Return when each beat is loudest, in seconds."""
    loud = np.convolve(np.abs(audio), np.hanning(800), mode="same")
    top = (loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:]) & (loud[1:-1] > 0.4 * loud.max())
    near = np.flatnonzero(top)
    merged = [near[0], *(b for a, b in pairwise(near) if b - a > RATE // 10)]
    return np.array(merged) / RATE


def pitch(audio):
    spectrum = np.abs(np.fft.rfft(audio[int(0.2 * RATE) : int(0.4 * RATE)] * np.hanning(int(0.2 * RATE))))
    correlation = np.fft.irfft(spectrum**2)
    lag = np.argmax(correlation[60:300]) + 60
    return RATE / lag


def centroid(audio):
    spectrum = np.abs(np.fft.rfft(audio))
    return (np.arange(len(spectrum)) * spectrum).sum() / spectrum.sum()


@pytest.mark.parametrize("tempo", [0.88, 0.95, 1.05, 1.12])
def test_tempo_moves_the_times_and_leaves_the_pitch(beats, tempo):
    changed = voice.at_tempo(beats, tempo)
    assert len(changed) == round(len(beats) / tempo)
    np.testing.assert_allclose(heard_at(changed), BEATS_S / tempo, atol=0.012)
    assert pitch(changed) == pytest.approx(pitch(beats), rel=0.03)


@pytest.mark.parametrize("longer", [0.9, 1.1])
def test_another_throat_moves_formants_alone(beats, longer):
    changed = voice.with_throat(beats, longer)
    assert len(changed) == len(beats)
    np.testing.assert_allclose(heard_at(changed), BEATS_S, atol=0.004)
    assert pitch(changed) == pytest.approx(pitch(beats), rel=0.01)
    assert (centroid(changed) < centroid(beats)) == (longer > 1)


@pytest.mark.parametrize("line", voice._LINES, ids=lambda line: line[0])
def test_lines_are_in_time(beats, line):
    codec, rate, bits = line
    changed = voice.on_a_line(beats, codec, rate, bits[0])
    assert len(changed) == len(beats)
    np.testing.assert_allclose(heard_at(changed), BEATS_S, atol=0.006)
    assert np.abs(changed - beats).max() > 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_rooms_and_noise_are_in_time_and_repeat(beats, seed):
    room = voice.in_a_room(np.random.default_rng(seed), beats)
    noisy = voice.beside_noise(np.random.default_rng(seed), beats)
    for changed in (room, noisy):
        assert changed.shape == beats.shape
        apart = np.abs(heard_at(changed)[:, None] - BEATS_S).min(0)
        assert apart.max() < 0.03
        assert np.abs(changed - beats).max() > 1e-3
    np.testing.assert_array_equal(room, voice.in_a_room(np.random.default_rng(seed), beats))


def test_voices_differ_and_keep_their_place(beats):
    tempo = 1.07
    changed = [voice.another(np.random.default_rng(seed), beats, tempo) for seed in range(6)]
    for one in changed:
        assert abs(len(one) - len(beats) / tempo) <= 2
        np.testing.assert_allclose(heard_at(one), BEATS_S / tempo, atol=0.012)
    assert np.ptp([pitch(one) for one in changed]) > 5
    placed = [voice.placed(np.random.default_rng(seed), beats) for seed in range(6)]
    assert len({one.tobytes() for one in placed}) >= 4
    assert all(np.abs(one).max() <= 1 and one.shape == beats.shape for one in placed)
