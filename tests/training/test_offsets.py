"""Offsets in `prepare`: the shipped expert on the example's film, and SyncNet's way through a drawn one."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from training.packs import offsets, prepare, splits
from training.packs.data import read_clip
from training.variety import augment
from w2l_studio.errors import WeightsError
from w2l_studio.judge import framing
from w2l_studio.judge.syncnet import SyncNetJudge
from w2l_studio.media.sound import read_mono
from w2l_studio.terms import FaceTrack
from w2l_studio.timing import FrameRange

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices" / "media"
#: A close-up of ANNA, 140 frames of 24 a second, and where it begins in the production sound.
CLOSE_UP, BEGINS_S, SECONDS = EXAMPLE / "A001C002.mov", Fraction(536, 24), Fraction(140, 24)
#: Pictures of it at 25 a second, and by how many its sound is made to lead.
PICTURE_S, SHOWN, LED = Fraction(1, 25), 146, 3


def production(begin_s):
    samples = read_mono(EXAMPLE / "production.flac", 16000, begin_s, begin_s + SECONDS)
    whole = np.zeros(round(SECONDS * 16000), np.int16)
    whole[: len(samples)] = np.rint(samples * 2.0**15)[: len(whole)]
    return whole


@pytest.fixture(scope="module")
def made(tmp_path_factory, with_sound):
    """A pack of two films, one with its sound early by three pictures, one with words from elsewhere."""
    root = tmp_path_factory.mktemp("takes")
    (root / "anna").mkdir()
    sounds = {
        "early": production(BEGINS_S + LED * PICTURE_S),
        "foreign": production(BEGINS_S - 220 * PICTURE_S),
    }
    films = [with_sound(CLOSE_UP, sound, root / "anna" / f"{name}.mov") for name, sound in sounds.items()]
    videos = splits.assign(films, (splits.Rule(licence="CC0", source="two voices"),), root)
    return root / "pack", prepare.prepare(videos, root / "pack", jobs=1, judge="w2l-expert"), sounds


@pytest.mark.slow
def test_a_slip_is_taken_back_to_the_sample(made):
    pack, outcomes, sounds = made
    clip = read_clip(pack / "anna__early")
    sync = json.loads((clip.folder / "meta.json").read_text("utf-8"))["sync"]
    # The example's lips are ahead of its sound by 20 to 50 ms: about a picture.
    assert (sync["judge"], LED - sync["offset"] in (0, 1)) == ("w2l-expert", True)
    # The first pictures' sound lies before the film's own.
    left = SHOWN - sync["offset"]
    assert (len(clip.frames), outcomes[0]["frames"]) == (left, left)
    heard = np.load(clip.folder / "audio.npy")
    np.testing.assert_array_equal(heard, sounds["early"][: len(heard)] / np.float32(2**15))
    assert 0.03 < sync["confidence"] < 0.5
    assert f"1 kept: sound led by {sync['offset']}, moved" in prepare.table(outcomes)


@pytest.mark.slow
def test_foreign_sound_is_dropped(made):
    pack, outcomes, _ = made
    assert outcomes[1]["dropped"] == ["lips do not follow the sound"]
    assert not (pack / "anna__foreign").exists()
    assert "1 dropped: lips do not follow the sound" in prepare.table(outcomes)
    entry = "pack\tanna__early\tanna\ttrain\tCC0\ttwo voices anna/early.mov\n"
    assert (pack / "manifest.tsv").read_text("utf-8") == entry


@pytest.mark.slow
@pytest.mark.parametrize(("moved", "doubt"), [(0, ""), (-3, ""), (-8, "sound more than 6 pictures off")])
def test_sound_in_sync_stays_and_late_sound_is_told(made, moved, doubt):
    clip = read_clip(made[0] / "anna__early")
    asked, count = offsets.meter("w2l-expert"), len(clip.frames)
    shown, heard = augment.faces(clip.frames[:count], 96), np.load(clip.folder / "audio.npy")

    def found(samples):
        distances = asked.distances(shown, samples)
        (one,) = offsets.findings(asked, [distances], [count])
        assert one.confidence == pytest.approx(np.median(distances) - distances.min())
        return one

    # The example's lips are ahead of its sound by 20 to 50 ms: about a picture.
    in_sync = found(heard)
    assert (in_sync.doubt, in_sync.offset in (-1, 0)) == ("", True)
    told = found(np.roll(heard, -640 * moved))
    assert (told.offset, told.doubt) == (in_sync.offset + moved, doubt)


def test_a_track_has_one_offset_and_each_clip_must_follow_it():
    """The second clip alone would say 5; the third follows nothing."""
    curves = np.full((3, 31), 0.7, np.float32) + np.random.default_rng(0).normal(0, 0.002, (3, 31))
    curves[0, 13], curves[1, [13, 10]] = 0.4, (0.6, 0.59)
    curves[1, 9:12] = 0.66
    asked = offsets.meter("w2l-expert")
    told = offsets.findings(asked, list(curves.astype(np.float32)), [250, 250, 250])
    assert [one.offset for one in told] == [2, 2, 2]
    assert [one.doubt for one in told] == ["", "", "lips do not follow the sound"]


def test_what_measures_nothing_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="measures no offsets"):
        prepare.prepare([], tmp_path / "pack", jobs=1, judge="w2l-192")


class Tiny(nn.Module):
    """Embeds pictures by the brightness of the face, sounds by their energy, both as levels 0..1."""

    def forward_film(self, film):
        return (film[0, : film.shape[1] - 4, 112, 112, None].expand(-1, 1024) - 130) / 40

    def forward_aud(self, sound):
        return (sound[:, 0, 0, :4].mean(1, keepdim=True).expand(-1, 1024) - 10) / 4


def test_syncnet_sees_what_score_shows_it():
    asked = offsets.SyncNetMeter(SyncNetJudge(Tiny(), name="tiny"))
    count, late = 130, 2
    levels = np.random.default_rng(3).uniform(0, 1, count)
    boxes = np.tile(np.float32([60, 40, 120, 110]), (count, 1))
    points = np.zeros((count, 5, 2), np.float32)
    frames = FrameRange(0, count, Fraction(25))
    face = FaceTrack(frames, boxes, points, np.ones(count, np.float32), np.ones(count, np.bool_))
    places = asked.places(face, np.zeros((count, 4)))
    np.testing.assert_array_equal(places, framing.steady(boxes))
    pictures = [np.full((160, 200, 3), round(130 + 40 * level), np.uint8) for level in levels]
    seen = np.stack([asked.look(*row) for row in zip(pictures, places, strict=True)])
    assert seen.shape == (count, 224, 224, 3)
    loud = np.exp((10 + 4 * np.roll(levels, late)) / 2) / 2**15
    samples = np.repeat(loud, 640).astype(np.float32) * np.sqrt(2 / 400) * np.sin(np.arange(count * 640))
    distances = asked.distances(seen, samples.astype(np.float32))
    (told,) = offsets.findings(asked, [distances], [count])
    assert (told.offset, told.doubt) == (-late, "")
    assert told.confidence > 3
    flat = offsets.findings(asked, [np.float32(8) + 0 * distances], [count])
    assert flat[0].doubt == "lips do not follow the sound"
