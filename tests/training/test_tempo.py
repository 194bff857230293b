"""Windows at another tempo: what is seen and what is heard keep the same moment."""

from dataclasses import replace

import numpy as np
import pytest

from training.experts import expert, judge
from training.experts.expert import MomentSource
from training.experts.judge import WholeMoments
from training.packs.data import Sampler, begins, hear, read_pack
from training.run import feed
from training.run.machine import Machine
from training.variety import tempo
from w2l_studio.judge import slim

TEMPOS = [0.9, 0.97, 1.0, 1.04, 1.1]


@pytest.fixture(scope="module")
def clip(pack):
    return read_pack([pack])[0]


def ruler(columns, per_second):
    """A spectrogram that says when it is: its value is the time in seconds."""
    return np.tile(np.arange(columns, dtype=np.float32) / per_second, (80, 1))


def test_tempo_1_is_what_is_heard_without_it(clip):
    at = np.array([0, 1, 7, 50, 55])
    for lead_ms in (0, -75):
        assert np.array_equal(tempo.hear(clip.mel, at, 5, 1.0, lead_ms), hear(clip.mel, at, lead_ms))
    assert np.array_equal(tempo.hear(clip.mel, at, 1, 1.0, -75, 40), hear(clip.mel, at, -75, 40))
    reach = expert.around(at[2:4], clip, 16)
    part = tempo.hear(clip.mel[:, reach], at[2:4], 5, 1.1, since=reach.start)
    assert part == pytest.approx(tempo.hear(clip.mel, at[2:4], 5, 1.1), abs=1e-5)


@pytest.mark.parametrize("pace", TEMPOS)
def test_what_is_heard_at_a_picture_is_of_its_moment(pace):
    """In every window, each picture and the sound beside it are of one time, to a millisecond."""
    at = np.array([3, 10, 21, 40])
    seen = expert.shown(lambda frames: np.tile(frames[:, None, None].astype(np.uint8), (1, 2, 2)), at, pace)
    exact = tempo.stretched(at, 5, at + 2, pace)
    assert np.abs(seen[..., 0, 0] - exact).max() <= 0.5
    heard = tempo.hear(ruler(240, 80), at, 5, pace)[:, 0]
    for row, (first, begin) in enumerate(zip(at, begins(at), strict=True)):
        # In the window a picture's middle lies so many columns from the first one.
        beside = (first + np.arange(5) + 0.5) * 3.2 - begin
        at_s = np.interp(beside, np.arange(16), heard[row])
        assert at_s == pytest.approx((exact[row] + 0.5) / 25, abs=1e-3)
    assert np.ptp(heard[0]) == pytest.approx(15 / 80 * pace, rel=1e-4)


@pytest.mark.parametrize("pace", TEMPOS)
def test_the_judge_hears_the_moment_that_it_sees(pace, monkeypatch, clip):
    """MFCC columns are 10 ms apart, and each hears 12.5 ms on."""
    monkeypatch.setattr(judge, "_voice", lambda samples, random: ruler(250, 100)[:13] + 0.0125)
    at = np.array([3, 10, 21, 40])
    heard = judge.sounds(clip, at, np.random.default_rng(0), pace)[:, 0, 0]
    exact = tempo.stretched(at, 5, at + 2, pace)
    for row in range(len(at)):
        beside = (np.arange(5) + 0.5) * 4 - 1.25
        assert np.interp(beside, np.arange(20), heard[row]) == pytest.approx(
            (exact[row] + 0.5) / 25, abs=1e-3
        )


def test_the_judge_hears_the_same_at_tempo_1(monkeypatch, clip):
    columns = np.random.default_rng(0).normal(0, 1, (13, 238)).astype(np.float32)
    monkeypatch.setattr(judge, "_voice", lambda samples, random: columns)
    at = np.array([0, 9, 30])
    heard = judge.sounds(clip, at, np.random.default_rng(0))
    assert heard == pytest.approx(slim.cut(columns, at), abs=1e-5)


def test_beside_the_sound_there_is_silence():
    loud = np.zeros((80, 16), np.float32)
    heard = tempo.hear(loud, np.array([0, 3, 300]), 5, 1.1, lead_ms=-100)
    assert (heard[0, :, :6] == -4).all()
    assert (heard[1, :, -5:] < 0).any()
    assert (heard[2] == -4).all()


def test_pictures_between_two_are_mixed_to_a_level():
    random = np.random.default_rng(0)
    below, above = random.integers(0, 256, (2, 3, 5, 4, 6), np.uint8)
    share = random.random((3, 5))
    wanted = below + (above.astype(float) - below) * share[..., None, None]
    assert np.abs(tempo.blend(below, above, share) - wanted).max() <= 1.01
    assert np.array_equal(tempo.blend(below, above, np.zeros((3, 5))), below)
    assert np.array_equal(tempo.blend(below, above, np.ones((3, 5))), above)


def test_a_tempo_is_1_as_often_as_not_and_else_near_it():
    random = np.random.default_rng(0)
    drawn = np.array([tempo.draw(random) for _ in range(400)])
    assert 0.9 <= drawn.min() < 0.92
    assert 1.08 < drawn.max() <= 1.1
    assert 0.4 < (drawn == 1).mean() < 0.6


@pytest.mark.parametrize("kind", [MomentSource, WholeMoments])
@pytest.mark.parametrize("pace", TEMPOS)
def test_no_window_lacks_a_picture(kind, pace, clip, monkeypatch):
    """At any tempo, of the shortest clip that is drawn; the same at every draw of a step."""
    monkeypatch.setattr(expert, "CLIPS", 4)
    monkeypatch.setattr(tempo, "draw", lambda random: pace)
    short = replace(clip, frames=clip.frames[:30], mel=clip.mel[:, :97])
    source = kind(Sampler([short]), Machine())
    for number in range(4):
        one, other = (source.draw(number, 4, feed.chance(0, number)) for _ in range(2))
        assert len(one.lips) == 32
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
