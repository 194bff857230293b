"""`score` on whole films: planted slips, both protocols, other rates, and films that cannot be scored."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from w2l_studio.cli.score import command
from w2l_studio.config import ScoreConfig
from w2l_studio.dub import figures, geometry, score, wiring
from w2l_studio.dub.listening import expert_frames
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.judge import framing
from w2l_studio.judge.lse import lse
from w2l_studio.judge.mfcc import mfcc
from w2l_studio.judge.syncnet import SyncNetJudge
from w2l_studio.media.probe import probe
from w2l_studio.nets.syncnet import SyncNet
from w2l_studio.terms import FaceTrack, Shot
from w2l_studio.timing import RATES, FrameRange

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices" / "media"
#: A close-up of ANNA in which she alone speaks, and the frame of the edit (24 a second) that it begins with.
CLOSE_UP, BEGINS = EXAMPLE / "A001C002.mov", 536
KEYS = {
    "file",
    "shot",
    "track",
    "lse_d",
    "lse_c",
    "offset_frames",
    "offset_ms",
    "judge",
    "confidence",
    "frames",
}
EXPERT = ScoreConfig()


def sound_of(path, first, count):
    """Samples ``first .. first + count`` at 16 kHz, zero outside of the file."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("s16", "mono", 16000)
        parts = [out.to_ndarray()[0] for frame in file.decode(audio=0) for out in resampler.resample(frame)]
    samples = np.concatenate(parts)
    at = np.arange(first, first + count)
    return np.where((at >= 0) & (at < len(samples)), samples[np.clip(at, 0, len(samples) - 1)], 0)


def rows_of(files, config=EXPERT):
    return list(score.score(files, config))


def told(capsys, *arguments):
    code = command.main([*map(str, arguments)], standalone_mode=False)
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


@pytest.mark.parametrize(("lead", "judge"), [(3, "w2l-judge"), (-3, "w2l-judge"), (-3, "w2l-expert")])
def test_a_planted_slip_is_found(lead, judge, with_sound, tmp_path, capsys):
    """Sound that leads by three frames of 40 ms is told as +3; sound that is late by three as -3."""
    samples = sound_of(EXAMPLE / "production.flac", BEGINS * 16000 // 24 + 640 * lead, 140 * 16000 // 24)
    film = with_sound(CLOSE_UP, samples, tmp_path / "slip.mov")
    before = hashlib.sha256(film.read_bytes()).hexdigest()
    code, [row], _ = told(capsys, film, "--json", *(["--judge", judge] if judge != "w2l-judge" else []))
    assert code == 0
    assert row.keys() >= KEYS
    assert (row["shot"], row["track"], row["frames"], row["first_frame"]) == (1, 1, 145, 0)
    assert abs(row["offset_frames"] - lead) <= 1
    assert row["offset_ms"] == 40 * row["offset_frames"]
    assert row["judge"] == judge
    assert (row["lse_d"], row["lse_c"]) == (None, None), "our judges' numbers are no LSE"
    assert 0 < row["distance"] < 1.2
    assert row["confidence"] > 0.03
    assert (row["low_confidence"], row["note"]) == (False, "")
    assert hashlib.sha256(film.read_bytes()).hexdigest() == before


@pytest.mark.shared
@pytest.mark.slow
def test_a_planted_slip_is_found_on_people(shared, with_sound, tmp_path):
    """The same on somebody who was filmed, whose sound may be off by a frame or two to begin with."""
    source = shared("media/talking/latentsync_demo1_vertical_hevc_25fps.mp4")
    films = [
        with_sound(source, sound_of(source, 640 * lead, 160000), tmp_path / f"{lead}.mov") for lead in (3, -3)
    ]
    early, late = [row.figures.offset_frames for row in rows_of(films)]
    assert abs(early - late - 6) <= 1
    assert abs(early + late) <= 4


class Tiny(nn.Module):
    """Embeds a window of pictures by its first picture's top left pixel, a window of sound by its energy."""

    def forward_film(self, film):
        return film[0, : film.shape[1] - 4, 0, :1].expand(-1, 1024)

    def forward_aud(self, sound):
        return sound[:, 0, 0, :1].expand(-1, 1024)


class Watching(SyncNetJudge):
    """SyncNet's judge that keeps what it was shown, face after face."""

    def __init__(self, net):
        super().__init__(net, name="watching")
        self.shown = []

    def lips(self):
        lips, kept = super().lips(), []
        self.shown.append(kept)
        add = lips.add
        lips.add = lambda picture: (kept.append(picture), add(picture))
        return lips


@pytest.fixture
def watching(monkeypatch):
    judge = Watching(Tiny())
    monkeypatch.setattr(wiring, "judge", lambda _: judge)
    return judge


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(50)])
def test_every_rate_is_brought_to_25_by_time(rate, watching, talking_film, with_sound, hiss, tmp_path):
    frames = int(rate * 2)
    silent = talking_film(tmp_path / "silent.mov", rate=rate, frames=frames, cut_at=frames // 2)
    film = with_sound(silent, hiss(2.5), tmp_path / "film.mov")
    [row] = rows_of([film], ScoreConfig("syncnet", "lrs"))
    shown = [int(picture[0].mean() > 128) for picture in watching.shown[0]]
    middles = [(k + Fraction(1, 2)) / 25 for k in range(row.frames)]
    assert row.frames == len(shown) == (frames / rate * 25 + Fraction(1, 2)).__floor__()
    assert shown == [int(middle * rate >= frames // 2) for middle in middles]
    assert (row.shot, row.track, row.protocol, row.note) == (None, None, "lrs", "short, no speech")


def test_the_wild_protocol_shows_each_track_cut_as_published(
    watching, talking_film, with_sound, hiss, tmp_path, monkeypatch
):
    """A face in two shots, at 25 frames a second, said to lie in one place: centre 160, 100, half side 60."""
    place = np.float32([[110, 40, 210, 160]])
    monkeypatch.setattr(figures, "boxes", lambda _, face: place.repeat(len(face.part.shown), 0))
    silent = talking_film(tmp_path / "silent.mov", rate=Fraction(25), frames=70, cut_at=30)
    film = with_sound(silent, hiss(70 / 25), tmp_path / "film.mov")
    rows = rows_of([film], ScoreConfig("syncnet"))
    assert [(row.shot, row.track, row.first_frame, row.frames) for row in rows] == [
        (1, 1, 0, 30),
        (2, 1, 30, 40),
    ]
    with av.open(str(film)) as source:
        pictures = [frame.to_ndarray(format="bgr24") for frame in source.decode(video=0)]
    for row, shown in zip(rows, watching.shown, strict=True):
        assert len(shown) == row.frames
        for picture, cut in zip(pictures[row.first_frame :], shown, strict=False):
            # Rows 40..208 of 200, columns 76..244; below the picture all is grey.
            wanted = cv2.copyMakeBorder(picture[40:, 76:244], 0, 8, 0, 0, 0, value=(110, 110, 110))
            assert np.abs(cut - cv2.resize(wanted, (224, 224)).astype(float)).mean() < 3
        samples = hiss(70 / 25)[row.first_frame * 640 : (row.first_frame + row.frames) * 640]
        count = row.frames - 5
        lips = np.float32([picture[0, 0, 0] for picture in shown[:count]])[:, None].repeat(1024, 1)
        audio = np.float32(mfcc(samples)[: 4 * count : 4, 0])[:, None].repeat(1024, 1)
        wanted = lse(lips, audio)
        assert row.figures.lse_d == pytest.approx(wanted.lse_d, rel=1e-5)
        assert row.figures.lse_c == pytest.approx(wanted.lse_c, rel=1e-4)
        assert row.figures.offset_frames == wanted.offset_frames
        assert (row.figures.distance, row.figures.confidence) == (None, None)


def test_boxes_are_those_of_the_full_picture_at_25_a_second(talking_film, tmp_path):
    plate = probe(talking_film(tmp_path / "film.mov", rate=Fraction(50), frames=50))
    film = figures.Film(plate, None, geometry.view(plate, 160), geometry.view(plate, 9999))
    frames = FrameRange(10, 20, plate.rate)
    first, shown = expert_frames(frames)
    assert (first, shown.tolist()) == (5, [11, 13, 15, 17, 19])
    boxes = np.arange(10, 20, dtype=np.float32)[:, None] + np.float32([0, 1, 2, 3])
    track = FaceTrack(frames, boxes, None, None, None)
    found = figures.boxes(film, figures.Face(track, figures.Part(first, shown, None)))
    assert found.tolist() == (2 * boxes[1::2]).tolist()


def test_faces_come_longest_first_where_a_track_is_parted_or_its_sound_ends(monkeypatch):
    """As docs/score.md numbers them: a track with holes is several rows, and not all of them are long."""
    frames, rate = FrameRange(0, 200, Fraction(25)), Fraction(25)

    def seen(*spans):
        present = np.zeros(200, np.bool_)
        for start, stop in spans:
            present[start:stop] = True
        zeros = np.zeros((200, 5, 2), np.float32)
        return FaceTrack(frames, zeros[:, :2].reshape(200, 4), zeros, present.astype(np.float32), present)

    def heard(_, found):
        """The sound ends with picture 150."""
        shown = np.arange(found.start, min(found.stop, 150))
        return figures.Part(found.start, shown, np.zeros(len(shown) * 640, np.float32))

    tracks = (seen((0, 30), (110, 200)), seen((40, 100)))
    monkeypatch.setattr(score.scan, "tracks", lambda *_: tracks)
    monkeypatch.setattr(score.figures, "part", heard)
    shot = Shot(0, FrameRange(0, 200, rate))
    faces = score._found(figures.Film(None, None, None, None), shot, None, 4)
    assert [(face.track.frames.start, len(face.part.shown)) for face in faces] == [
        (40, 60),
        (110, 40),
        (0, 30),
    ]


def test_syncnet_from_a_file_scores_end_to_end(
    rule, talking_film, with_sound, hiss, tmp_path, monkeypatch, capsys
):
    """Weights by the fill rule stand in for the published ones: meaningless figures, the same each time."""
    weights = tmp_path / "syncnet_v2.model"
    torch.save(rule.state("syncnet"), weights)
    film = with_sound(
        talking_film(tmp_path / "silent.mov", rate=Fraction(25), frames=26), hiss(2), tmp_path / "f.mov"
    )
    seen = []
    squashed = framing.squashed
    monkeypatch.setattr(framing, "squashed", lambda picture: seen.append(squashed(picture)) or seen[-1])
    code, rows, _ = told(capsys, film, "--judge", weights, "--protocol", "lrs", "--json")
    assert code == 0
    code, more, _ = told(capsys, film, "--judge", weights, "--json")
    assert code == 0
    for row, shown in zip([*rows, *more], (seen[:26], seen[26:]), strict=True):
        assert len(shown) == row["frames"] == 26
        judge = SyncNetJudge(rule.filled(SyncNet(), "syncnet"), name="again")
        lips = judge.lips()
        for picture in shown:
            lips.add(picture)
        wanted = judge.score(lips, hiss(2)[: 26 * 640])
        assert row["judge"] == "syncnet_v2"
        assert (row["lse_d"], row["lse_c"]) == pytest.approx((wanted.lse_d, wanted.lse_c), rel=1e-5)
        assert row["offset_frames"] == wanted.offset_frames
        assert (row["distance"], row["confidence"]) == (None, None)
    assert [(row["shot"], row["track"]) for row in (*rows, *more)] == [(None, None), (1, 1)]


def test_what_cannot_be_scored_is_one_sentence_and_the_others_are_scored(
    talking_film, with_sound, hiss, tmp_path, capsys
):
    rate = Fraction(25)
    silent = talking_film(tmp_path / "silent.mov", rate=rate, frames=40)
    empty = talking_film(tmp_path / "empty.mov", rate=rate, frames=40, faces=())
    nobody = with_sound(empty, hiss(2), tmp_path / "nobody.mov")
    short = with_sound(
        talking_film(tmp_path / "12.mov", rate=rate, frames=12), hiss(2), tmp_path / "short.mov"
    )
    gone, text = tmp_path / "gone.mov", tmp_path / "text.mov"
    text.write_text("no film")
    # A face is there; it is the sound that ends before a picture does.
    cut = with_sound(silent, hiss(2)[:100], tmp_path / "cut.mov")
    good = with_sound(silent, hiss(2), tmp_path / "good.mov")
    code, rows, said = told(capsys, silent, nobody, gone, short, text, cut, good, "--json")
    assert code == 3
    assert [Path(row["file"]).name for row in rows] == ["good.mov"]
    assert rows[0]["note"] == "short, no speech, small"
    lines = said.splitlines()
    assert [Path(line.removeprefix("w2l-studio: ").split(":")[0]).name for line in lines] == [
        "silent.mov", "nobody.mov", "gone.mov", "short.mov", "text.mov", "cut.mov"
    ]  # fmt: skip
    for line, what in zip(lines, ("no sound", "no face", "", "too short", "", "0 pictures"), strict=True):
        assert what in line
    assert "check that its sound lasts as long as the picture" in lines[-1]
    assert "Traceback" not in said


def test_the_table_names_the_judge_and_never_calls_an_experts_numbers_lse(
    talking_film, with_sound, hiss, tmp_path, capsys, watching, monkeypatch
):
    film = with_sound(
        talking_film(tmp_path / "s.mov", rate=Fraction(25), frames=30), hiss(2), tmp_path / "f.mov"
    )
    assert command.main([str(film), "--protocol", "lrs"], standalone_mode=False) == 0
    said = capsys.readouterr()
    assert {"LSE-D", "LSE-C", "watching"} <= set(said.out.split())
    assert not said.err
    monkeypatch.undo()
    assert command.main([str(film)], standalone_mode=False) == 0
    said = capsys.readouterr()
    assert {"distance", "confidence", "w2l-judge"} <= set(said.out.split())
    assert "LSE" not in said.out
    assert "w2l-judge is not SyncNet" in said.err


def test_missing_weights_are_told_before_any_film_is_opened(tmp_path):
    with pytest.raises(WeightsError, match="syncnet_v2") as missing:
        rows_of([tmp_path / "gone.mov"], ScoreConfig("syncnet_v2"))
    assert missing.value.exit_code == 5
    with pytest.raises(WeightsError, match="no judge"):
        rows_of([tmp_path / "gone.mov"], ScoreConfig("w2l-opening"))


def test_the_whole_picture_is_for_syncnet_only(tmp_path):
    with pytest.raises(UsageError, match="lrs"):
        rows_of([tmp_path / "gone.mov"], ScoreConfig(protocol="lrs"))
    with pytest.raises(UsageError, match="--protocol"):
        ScoreConfig(protocol="grid")


@given(rate=st.sampled_from(RATES), start=st.integers(0, 5000), count=st.integers(0, 300))
def test_pictures_at_25_show_each_range_and_nothing_else(rate, start, count):
    frames = FrameRange(start, start + count, rate)
    first, shown = expert_frames(frames)
    middles = [(first + i + Fraction(1, 2)) / 25 for i in range(len(shown))]
    assert shown.tolist() == [(middle * rate).__floor__() for middle in middles]
    assert all(frame in frames for frame in shown)
    # The next range goes on where this one ends: no picture is lost or seen twice.
    assert expert_frames(FrameRange(start + count, start + count + 100, rate))[0] == first + len(shown)
