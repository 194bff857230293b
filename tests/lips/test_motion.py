"""Lip motion from scripted curves: exact frames at any rate, exact closures, rest in silence."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from w2l_studio.mouths import lips
from w2l_studio.nets.lips import SOUNDS, UNITS, Heard, Lips, levelled

RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(60),
    Fraction(100),
]


class Still(nn.Module):
    """Hears nothing."""

    def at_columns(self, samples, start, stop, louder):
        return torch.zeros(1, stop - start)


class Scripted(nn.Module):
    """Says that the jaw follows the mel's lowest band, and lips shut where the highest one is loud."""

    def __init__(self):
        super().__init__()
        self.ear = Still()

    def joined(self, mel, rows):
        return mel

    def told(self, mel):
        units = torch.zeros(1, len(UNITS), mel.shape[2])
        units[:, UNITS.index("jawOpen")] = mel[:, 0]
        units[:, UNITS.index("mouthLowerDown")] = 0.5
        sounds = torch.zeros(1, len(SOUNDS), mel.shape[2])
        sounds[:, SOUNDS.index("AA")] = 20
        return Heard(units, mel[:, 79] * 100, sounds)


def sound(mel, voiced):
    """A sound whose mel spectrogram is known, and of which nobody knows the samples."""
    return lips.Sound(mel, np.zeros(mel.shape[1] * 200, np.float32), voiced)


@pytest.fixture
def script(monkeypatch):
    """Return ``move(jaw, shut, voiced, rate, frames)`` with curves of 80 values a second."""
    monkeypatch.setattr(lips, "levelled", lambda mel: mel)

    def move(jaw, rate, frames, shut=(), voiced=None):
        mel = np.zeros((80, len(jaw)), np.float32)
        mel[0] = jaw
        mel[79] = -1
        for first, last in shut:
            mel[79, first : last + 1] = 1
        heard = np.ones(len(jaw), np.bool_) if voiced is None else voiced
        return lips.move(Scripted(), sound(mel, heard), rate, frames)

    return move


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_frame_shows_the_middle_of_its_time_after_two_hours_too(script, rate):
    """A ramp is read back as time; half a column after two hours would be seen."""
    frames = int(40 * rate)
    ramp = np.arange(3300, dtype=np.float32) / 3300
    jaw = script(ramp, rate, frames).channels["jawOpen"]
    for i in (0, 1, frames // 2, frames - 1):
        middle_s = (Fraction(2 * i + 1, 2)) / rate
        assert jaw[i] * 3300 / 80 == pytest.approx(float(middle_s), abs=1e-4)
    below, beyond = lips._middles(int(7200 * rate), rate)
    exact = (Fraction(2 * len(below) - 1) * 40) / rate
    assert int(below[-1]) == exact.__floor__()
    assert float(beyond[-1]) == pytest.approx(float(exact % 1), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RATES), st.integers(20, 280), st.integers(0, 12))
def test_every_closure_has_a_frame_and_no_more_than_its_time(rate, first, length):
    frames = int(4 * rate)
    closed = lips._closed_frames(np.array([[first, first + length]]), rate, frames)
    found = np.flatnonzero(closed)
    assert len(found) >= 1
    assert (np.diff(found) == 1).all()
    assert found[0] / rate <= Fraction(first + length, 80)
    assert (found[-1] + 1) / rate >= Fraction(first, 80)
    assert len(found) <= max(1, float(Fraction(length, 80) * rate) + 1)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_lips_touch_in_a_closure_and_are_apart_beside_it(script, rate):
    moved = script(np.full(320, 0.4, np.float32), rate, int(4 * rate), shut=[(160, 166)])
    shut = np.flatnonzero(moved.closure)
    assert len(shut)
    assert (moved.opening[shut] == 0).all()
    assert (moved.channels["jawOpen"][shut] == 0).all()
    assert (moved.channels["mouthPressLeft"][shut] >= 0.3 - 1e-6).all()
    far = np.abs((np.arange(len(moved.opening)) + 0.5) / float(rate) - 163 / 80) > 0.15
    assert (moved.opening[far] > 0.2).all()


def test_a_closure_lasts_while_it_is_likely_and_a_mere_maybe_is_none():
    shut = np.array([0.1, 0.4, 0.45, 0.1, 0.45, 0.6, 0.45, 0.2, 0.9], np.float32)
    assert lips._closures(shut).tolist() == [[4, 6], [8, 8]]
    assert lips._closures(shut[:4]).shape == (0, 2)


def test_lips_rest_where_nobody_speaks(script):
    voiced = np.zeros(800, np.bool_)
    voiced[300:400] = True
    moved = script(np.full(800, 0.4, np.float32), Fraction(25), 250, shut=[(700, 720)], voiced=voiced)
    still = np.r_[0:85, 135:250]
    for values in (*moved.channels.values(), moved.opening, moved.closure):
        assert not values[still].any()
    assert (moved.width[still] == 1).all()
    assert moved.opening[95:124].min() > 0.2
    assert (moved.confidence[still] == 1).all()


def test_silence_alone_is_still():
    torch.manual_seed(0)
    mel = np.full((80, 200), -4, np.float32)
    moved = lips.move(Lips().eval(), sound(mel, np.zeros(200, np.bool_)), Fraction(24), 60)
    assert not any(values.any() for values in moved.channels.values())
    assert not moved.opening.any()


def test_blocks_leave_no_seam(monkeypatch):
    """Where Moonshine says the same of each column; its own pieces are looked at in tests/nets."""
    torch.manual_seed(0)
    mel = np.random.default_rng(0).uniform(-4, 4, (80, 500)).astype(np.float32)
    net = Lips().eval()
    rows = torch.randn(288, 500)
    monkeypatch.setattr(net.ear, "at_columns", lambda samples, start, stop, louder: rows[:, start:stop])
    heard = sound(mel, np.ones(500, np.bool_))
    whole = lips.move(net, heard, Fraction(100), 620)
    monkeypatch.setattr(lips, "_BLOCK", 90)
    parted = lips.move(net, heard, Fraction(100), 620)
    np.testing.assert_allclose(parted.channels["jawOpen"], whole.channels["jawOpen"], atol=1e-5)
    np.testing.assert_allclose(parted.confidence, whole.confidence, atol=1e-4)


def test_a_stems_level_changes_nothing():
    torch.manual_seed(0)
    mel = np.random.default_rng(0).uniform(-2, 2, (80, 300)).astype(np.float32)
    net, voiced = Lips().eval(), np.ones(300, np.bool_)
    loud, low = (lips.move(net, sound(mel + gain, voiced), Fraction(25), 90) for gain in (0, -1.5))
    np.testing.assert_allclose(low.opening, loud.opening, atol=1e-5)


def test_the_heads_measures_are_those_of_the_performers_head():
    """The numbers in the engine are the neutral head's: measured anew where its data are installed."""
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    from training.performers import mesh, motion
    from w2l_studio.errors import UsageError

    try:
        mesh.data_folder()
    except UsageError as error:
        pytest.skip(str(error))
    random = np.random.default_rng(0)
    units = random.uniform(0, 0.5, (11, 40)).astype(np.float32)
    units[0] = random.uniform(0.1, 0.6, 40)
    moved = lips.measured(Fraction(25), units, np.zeros(40, np.bool_), np.ones(40))
    names = tuple(moved.channels)
    opening, width = motion.measured(np.stack([moved.channels[name] for name in names], 1), names)
    rest = motion.measured(np.zeros((1, len(names)), np.float32), names)[1]
    np.testing.assert_allclose(moved.opening, opening, atol=0.04)
    np.testing.assert_allclose(moved.width, width / rest, atol=0.06)


def test_what_is_thought_of_a_sound_has_a_column_for_each_of_its_spectrogram(monkeypatch):
    """In blocks as in one piece, to a column; of nothing, nothing is thought."""
    torch.manual_seed(0)
    net = Lips().eval()
    random = np.random.default_rng(0)
    samples = random.normal(0, 0.1, 301 * 200).astype(np.float32)
    mel = random.uniform(-4, 4, (80, 301)).astype(np.float32)
    whole = lips.thought(net, mel, samples)
    assert (whole.dtype, whole.shape) == (np.float32, (112, 301))
    assert np.array_equal(whole[:, :300:2], whole[:, 1:300:2])
    heard = net.joined(torch.from_numpy(levelled(mel)[None]), torch.zeros(1, 288, 301))
    assert net.thought(heard).shape == (1, 151, 112)
    monkeypatch.setattr(lips, "_BLOCK", 128)
    np.testing.assert_allclose(lips.thought(net, mel, samples), whole, atol=1e-4)
    assert lips.thought(net, mel[:, :0], samples[:0]).shape == (112, 0)
