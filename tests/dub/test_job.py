"""Whole jobs over films of drawn faces: frames, timecode, resume, interruption. Weights are stand-ins."""

from __future__ import annotations

import json
import os
import re
import sys
import wave
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig, EditConfig, MouthConfig
from w2l_studio.dub import run, sheet
from w2l_studio.edit import urls
from w2l_studio.errors import Cancelled, NothingMarked, OutputError, UsageError
from w2l_studio.events import (
    Advanced,
    Event,
    JobFinished,
    PassedThrough,
    PlanReady,
    SegmentStarted,
    TakeReady,
    Warned,
    to_json,
)
from w2l_studio.media.decode import open_plate
from w2l_studio.media.probe import probe
from w2l_studio.timing import frames_to_timecode, timecode_to_frames

schema = otio.schema
DOCS = Path(__file__).resolve().parents[2] / "docs"
CONFIG = DubConfig(
    edit=EditConfig(handles=3),
    mouths=MouthConfig(weights="stand-in", expert="stand-in-expert", opening="stand-in-opening"),
)
RATES = [
    (Fraction(24000, 1001), "01:00:00:00"),
    (Fraction(24), "01:00:00:00"),
    (Fraction(25), "10:00:00:00"),
    (Fraction(30000, 1001), "01:00:59;20"),
    (Fraction(50), "01:00:00:00"),
    (Fraction(60000, 1001), "01:00:00;00"),
]


@pytest.fixture(autouse=True)
def _weights(stand_ins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(stand_ins))


def span(start: int, frames: int, rate: Fraction) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, float(rate)), time(frames, float(rate)))


def clip(media: Path, start: int, frames: int, mark: str | None = "w2l", at: tuple[int, int] = (0, 0)) -> Any:
    """Return a clip of ``frames`` frames from frame ``start`` of a film, counted from its timecode."""
    plate = probe(media)
    zero = timecode_to_frames(plate.timecode, plate.rate) if plate.timecode else 0
    reference = schema.ExternalReference(str(media), span(zero, plate.frames, plate.rate))
    made = schema.Clip(f"{media.stem} {start}", reference, span(zero + start, frames, plate.rate))
    if mark is not None:
        made.markers.append(schema.Marker(mark, span(zero + start + at[0], at[1], plate.rate)))
    return made


def write(path: Path, clips: list[Any], rate: Fraction, start: int = 0) -> Path:
    timeline = schema.Timeline("scene", global_start_time=otio.opentime.RationalTime(start, float(rate)))
    timeline.tracks.append(schema.Track("V1", kind="Video", children=clips))
    otio.adapters.write_to_file(timeline, str(path))
    return path


def dub(edit: Path, stems: list[str], out: Path, config: DubConfig = CONFIG) -> tuple[int, list[Event]]:
    events: list[Event] = []
    code = run.dub(edit, stems, out, config, events.append)
    return code, events


def report_in(out: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return value


def made(events: list[Event]) -> list[bool]:
    """Return for every take whether it was there already."""
    return [event.reused for event in events if isinstance(event, TakeReady)]


@pytest.mark.parametrize(("rate", "timecode"), RATES, ids=lambda value: str(value))
def test_frames_and_timecode_in_are_frames_and_timecode_out(
    rate: Fraction, timecode: str, tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    film = talking_film(tmp_path / "a.mov", rate=rate, frames=24, timecode=timecode, reel="A001")
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    start = timecode_to_frames("01:00:00:00", rate)
    edit = write(tmp_path / "scene.otio", [clip(film, 6, 12), clip(film, 3, 10, None)], rate, start)
    code, events = dub(edit, [str(stem)], tmp_path / "out")
    assert code == 0
    before = otio.adapters.read_from_file(str(edit))
    after = otio.adapters.read_from_file(str(tmp_path / "out" / "scene.fr.otio"))
    assert (after.duration(), after.global_start_time) == (before.duration(), before.global_start_time)
    old, new = (one.video_tracks()[0] for one in (before, after))
    assert [(c.name, c.source_range) for c in new] == [(c.name, c.source_range) for c in old]
    (entry,) = report_in(tmp_path / "out")["ranges"]
    assert (entry["frames"], entry["synced"], entry["passed"]) == (12, 12, [])
    take = probe(Path(entry["take"]))
    assert (take.frames, take.rate, take.reel, entry["take_start"]) == (18, rate, "A001", 3)
    zero, drop = timecode_to_frames(timecode, rate), ";" in timecode
    assert take.timecode == frames_to_timecode(zero + 3, rate, drop=drop)
    available = new[0].media_reference.available_range
    assert (available.start_time.value, available.duration.value) == (zero + 3, 18)
    assert new[1].active_media_reference_key == "DEFAULT_MEDIA"
    assert isinstance(events[0], PlanReady)
    assert isinstance(events[-1], JobFinished)


def test_a_film_without_timecode_gives_takes_that_carry_the_edits_count(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=40)
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    dub(write(tmp_path / "s.otio", [clip(film, 10, 12)], Fraction(25)), [str(stem)], tmp_path / "out")
    (entry,) = report_in(tmp_path / "out")["ranges"]
    assert probe(Path(entry["take"])).timecode == "00:00:00:07"


def test_a_film_that_the_host_takes_for_one_of_another_rate_is_dubbed_frame_by_frame(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    """25 pictures a second, interpreted as 24: every picture of the take is the file's of that number."""
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=120, timecode="10:00:00:24", cut_at=95)
    rate = Fraction(24)
    reference = schema.ExternalReference(str(film), span(48, 120, rate))
    used = schema.Clip(
        "a", reference, span(48 + 90, 12, rate), markers=[schema.Marker("w2l", span(138, 0, rate))]
    )
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    _, events = dub(write(tmp_path / "s.otio", [used], rate), [str(stem)], tmp_path / "out")
    assert not [event for event in events if isinstance(event, Warned) and event.code == "count-assumed"]
    (entry,) = report_in(tmp_path / "out")["ranges"]
    assert (entry["media_start"], entry["take_start"], entry["synced"], entry["shots"]) == (90, 87, 12, 2)
    take = probe(Path(entry["take"]))
    assert (take.rate, take.frames, take.timecode) == (24, 18, "00:00:05:15")
    with open_plate(probe(film)) as old, open_plate(take) as new:
        for before, after in zip(old.read(87, 105), new.read(0, 18), strict=True):
            top = [picture.planes[0][:20].astype(int) for picture in (before, after)]
            assert np.abs(top[0] - top[1]).max() < 40
    track = otio.adapters.read_from_file(str(tmp_path / "out" / "s.fr.otio")).video_tracks()[0]
    assert track[0].media_reference.available_range == span(48 + 87, 18, rate)
    assert track[0].source_range == span(138, 12, rate)


def test_a_part_of_a_clip_is_razored_and_fades(tmp_path: Path, talking_film: Any, spoken_stem: Any) -> None:
    rate = Fraction(24)
    film = talking_film(tmp_path / "a.mov", rate=rate, frames=60)
    stem = spoken_stem(tmp_path / "fr.wav", 3)
    edit = write(tmp_path / "s.otio", [clip(film, 0, 50, at=(20, 12))], rate)
    dub(edit, [str(stem)], tmp_path / "out")
    track = otio.adapters.read_from_file(str(tmp_path / "out" / "s.fr.otio")).video_tracks()[0]
    assert [(c.source_range.start_time.value, c.source_range.duration.value) for c in track] == [
        (0, 20), (20, 12), (32, 18),
    ]  # fmt: skip
    assert [c.active_media_reference_key for c in track] == ["DEFAULT_MEDIA", "w2l_fr", "DEFAULT_MEDIA"]


@pytest.mark.parametrize(
    ("late_samples", "gap", "head"), [(0, 0, 0), (48000, 24, 0), (100, 1, 1 - 100 / 2000), (-3000, 0, 1.5)]
)
def test_the_stem_sounds_where_its_time_reference_says(
    late_samples: int, gap: int, head: float, tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(24)
    film = talking_film(tmp_path / "a.mov", rate=rate, frames=50, faces=())
    stem = spoken_stem(tmp_path / "fr.wav", 3, time_reference=3600 * 48000 + late_samples)
    edit = write(tmp_path / "s.otio", [clip(film, 0, 48, at=(40, 4))], rate, start=86400)
    dub(edit, [str(stem)], tmp_path / "out")
    timeline = otio.adapters.read_from_file(str(tmp_path / "out" / "s.fr.otio"))
    (track,) = timeline.audio_tracks()
    assert track.name == "W2L fr"
    *gaps, sound = track
    assert sum(one.duration().value for one in gaps) == gap
    assert sound.source_range.start_time.value == pytest.approx(head, abs=1e-9)
    assert urls.to_path(sound.media_reference.target_url, tmp_path / "out") == stem
    # Sample 0 of the file lies where the reference says, to a hundredth of a sample.
    first = (gap - sound.source_range.start_time.value) / 24 * 48000
    assert first == pytest.approx(late_samples, abs=0.01)
    assert report_in(tmp_path / "out")["stems"][0]["placed_by"] == "time-reference"


@pytest.fixture
def two_clips(tmp_path: Path, talking_film: Any, spoken_stem: Any) -> tuple[Path, list[str]]:
    """Two marked clips of one face, a faceless one between them, two stems."""
    rate = Fraction(24)
    film = talking_film(tmp_path / "face.mov", rate=rate, frames=50)
    wall = talking_film(tmp_path / "wall.mov", rate=rate, frames=30, faces=())
    stems = [f"{name}={spoken_stem(tmp_path / f'{name}.fr.wav', 4)}" for name in ("ANNA", "BEN")]
    clips = [clip(film, 3, 12, "w2l ANNA"), clip(wall, 3, 8, "w2l BEN"), clip(film, 30, 12, "w2l BEN")]
    return write(tmp_path / "s.otio", clips, rate), stems


def test_a_second_run_renders_only_what_changed(two_clips: Any, tmp_path: Path, spoken_stem: Any) -> None:
    edit, stems = two_clips
    out = tmp_path / "out"
    given = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    _, events = dub(edit, stems, out)
    assert made(events) == [False, False]
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == given
    first = (out / "s.fr.otio").read_bytes()
    _, events = dub(edit, stems, out)
    assert made(events) == [True, True]
    assert (out / "s.fr.otio").read_bytes() == first
    assert [event.code for event in events if isinstance(event, PassedThrough)] == ["no-face"]
    spoken_stem(Path(stems[1].partition("=")[2]), 3.5)
    _, events = dub(edit, stems, out)
    assert made(events) == [True, False]
    timeline = otio.adapters.read_from_file(str(edit))
    timeline.tracks[0][0].markers[0].metadata["w2l_studio"] = {"strength": 0.5}
    timeline.tracks[0][0].name = "renamed"
    otio.adapters.write_to_file(timeline, str(edit))
    _, events = dub(edit, stems, out)
    assert made(events) == [False, True]


def test_an_interrupted_job_keeps_what_is_finished(two_clips: Any, tmp_path: Path) -> None:
    edit, stems = two_clips
    out = tmp_path / "out"
    events: list[Event] = []

    def interrupting(event: Event) -> None:
        events.append(event)
        if getattr(event, "stage", "") == "composite" and made(events):
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match="Finished takes are kept"):
        run.dub(edit, stems, out, CONFIG, interrupting)
    assert made(events) == [False]
    left = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert [name.split("/")[0] for name in left] == ["media", "takes", "takes"]
    assert not [name for name in left if name.endswith(".part")]
    _, events = dub(edit, stems, out)
    assert made(events) == [True, False]


def test_strict_says_that_something_passed_through(two_clips: Any, tmp_path: Path) -> None:
    edit, stems = two_clips
    code, events = dub(edit, stems, tmp_path / "out", replace(CONFIG, strict=True))
    assert code == 4
    assert isinstance(events[-1], JobFinished)
    assert (events[-1].synced, events[-1].passed, events[-1].exit_code) == (24, 8, 4)


def test_strict_takes_no_offence_at_what_a_mark_skips(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=8, faces=())
    clips = [clip(film, 0, 8), clip(film, 0, 8)]
    clips[0].markers[0].metadata["w2l_studio"] = {"skip": True}
    edit, stem = write(tmp_path / "s.otio", clips[:1], Fraction(25)), spoken_stem(tmp_path / "fr.wav", 1)
    strict = replace(CONFIG, strict=True)
    assert dub(edit, [str(stem)], tmp_path / "out", strict)[0] == 0
    write(edit, [one.deepcopy() for one in clips], Fraction(25))
    assert dub(edit, [str(stem)], tmp_path / "out", strict)[0] == 4


def test_missing_media_is_told_by_clip_and_stops_nobody_else(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(25)
    film = talking_film(tmp_path / "here.mov", rate=rate, frames=30)
    gone = talking_film(tmp_path / "gone.mov", rate=rate, frames=30)
    clips = [clip(gone, 0, 10), clip(film, 0, 20)]
    gone.unlink()
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    code, events = dub(write(tmp_path / "s.otio", clips, rate), [str(stem)], tmp_path / "out")
    assert code == 0
    (told,) = (one.message for one in events if isinstance(one, PassedThrough))
    assert told == "gone.mov: the file is not there"
    offline, there = report_in(tmp_path / "out")["ranges"]
    assert (offline["clip"], offline["passed"][0]["code"]) == ("gone 0", "media-offline")
    assert there["synced"] == 20


def test_a_stem_that_no_mark_names_is_told(two_clips: Any, tmp_path: Path, spoken_stem: Any) -> None:
    edit, stems = two_clips
    more = f"EVE={spoken_stem(tmp_path / 'EVE.fr.wav', 1)}"
    _, events = dub(edit, [*stems, more], tmp_path / "out")
    (told,) = (one for one in events if isinstance(one, Warned) and one.code == "stem-unused")
    assert told.message == "no mark names EVE: EVE.fr.wav is laid into the edit and no lips follow it"
    assert told.hint == "write `w2l EVE` where it speaks, or leave it out"


def test_options_that_change_nothing_and_stems_of_several_languages_are_told(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    (tmp_path / "new").mkdir()
    film = talking_film(tmp_path / "new" / "a.mov", rate=Fraction(25), frames=8, faces=())
    used = clip(film, 0, 8, "w2l ANNA")
    used.media_reference.target_url = "/old/a.mov"
    used.markers[0].color = "GREEN"
    edit = write(tmp_path / "s.otio", [used], Fraction(25))
    stems = [
        f"{who}={spoken_stem(tmp_path / f'{who}.{lang}.wav', 1)}"
        for who, lang in (("ANNA", "fr"), ("BEN", "de"))
    ]
    here, gone = ("/old", str(tmp_path / "new")), ("/elsewhere", str(tmp_path / "gone"))

    def told(config: DubConfig) -> list[str]:
        codes = ("option-unused", "stem-languages")
        _, events = dub(edit, stems, tmp_path / "out", config)
        return [one.message for one in events if isinstance(one, Warned) and one.code in codes]

    assert told(replace(CONFIG, marker_color="pink", media_roots=(here, gone))) == [
        "--marker-color pink adds no mark",
        f"--media-root /elsewhere={gone[1]}: no media of the edit lies there",
        "the stems are named for several languages (fr, de), fr is taken",
    ]
    used.markers.append(schema.Marker("ANNA", used.markers[0].marked_range, color="PINK"))
    write(edit, [used.deepcopy()], Fraction(25))
    assert told(replace(CONFIG, lang="fr", marker_color="pink", media_roots=(here,))) == []


def test_a_stem_in_which_nobody_is_heard_is_told(tmp_path: Path, talking_film: Any, spoken_stem: Any) -> None:
    rate = Fraction(24)
    film = talking_film(tmp_path / "here.mov", rate=rate, frames=30)
    silent = tmp_path / "fr.wav"
    with wave.open(str(silent), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 2 * 48000))
    edit = write(tmp_path / "s.otio", [clip(film, 0, 20)], rate)
    _, events = dub(edit, [str(silent)], tmp_path / "out")
    (told,) = (one for one in events if isinstance(one, Warned) and one.code == "stem-silent")
    assert told.message == "nobody is heard in fr.wav under its marks: the lips stay shut"
    spoken_stem(silent, 2)
    _, events = dub(edit, [str(silent)], tmp_path / "out")
    assert "stem-silent" not in {one.code for one in events if isinstance(one, Warned)}


def test_a_take_counts_as_its_edit_does_where_its_plate_has_no_timecode(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(30000, 1001)
    film = talking_film(tmp_path / "a.mov", rate=rate, frames=24)
    edit = write(tmp_path / "s.otio", [clip(film, 6, 12)], rate, start=108000)
    assert dub(edit, [str(spoken_stem(tmp_path / "fr.wav", 2))], tmp_path / "out")[0] == 0
    (entry,) = report_in(tmp_path / "out")["ranges"]
    timecode = probe(Path(entry["take"])).timecode
    assert timecode is not None
    assert ";" not in timecode


def test_without_marks_each_characters_stem_speaks_in_its_own_time(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(24)
    film = talking_film(tmp_path / "face.mov", rate=rate, frames=60)
    late = spoken_stem(tmp_path / "BEN.fr.wav", 1, time_reference=3601 * 48000)
    stems = [f"ANNA={spoken_stem(tmp_path / 'ANNA.fr.wav', 1, time_reference=3600 * 48000)}", f"BEN={late}"]
    edit = write(tmp_path / "s.otio", [clip(film, 3, 48, None)], rate, start=86400)
    # The stand-in's lips never move.
    config = replace(CONFIG, mark_all=True, faces=replace(CONFIG.faces, lips_still=0.0))
    dub(edit, stems, tmp_path / "out", config)
    ranges = report_in(tmp_path / "out")["ranges"]
    assert [entry["mark"] for entry in ranges] == ["all-0.0-0", "all-0.0-1"]
    assert [entry["character"] for entry in ranges] == ["ANNA", "BEN"]
    assert [entry["synced"] for entry in ranges] == [entry["frames"] for entry in ranges]
    assert ranges[0]["record_start"] == 0
    assert abs(ranges[1]["record_start"] - 24) <= 3
    assert sum(entry["frames"] for entry in ranges) == 48


def test_who_speaks_in_a_two_shot_is_told_by_the_hint_or_not_at_all(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(25)
    film = talking_film(tmp_path / "two.mov", rate=rate, frames=30, faces=((4, 25), (160, 25)))
    hinted, unclear = clip(film, 0, 12), clip(film, 14, 12)
    hinted.markers[0].metadata["w2l_studio"] = {"face": [0.75, 0.5]}
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    dub(write(tmp_path / "s.otio", [hinted, unclear], rate), [str(stem)], tmp_path / "out")
    first, second = report_in(tmp_path / "out")["ranges"]
    assert (first["speaker_by"], first["synced"]) == (["hint"], 12)
    assert (second["synced"], second["passed"][0]["code"]) == (0, "speaker-unclear")
    assert second["take"] is None


def test_no_face_is_followed_over_a_cut_inside_the_clip(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(25)
    film = talking_film(tmp_path / "cut.mov", rate=rate, frames=36, cut_at=18)
    stem = spoken_stem(tmp_path / "fr.wav", 3)
    dub(write(tmp_path / "s.otio", [clip(film, 5, 26)], rate), [str(stem)], tmp_path / "out")
    (entry,) = report_in(tmp_path / "out")["ranges"]
    assert entry["speaker_by"] == ["only-face", "only-face"]
    assert (entry["shots"], entry["synced"]) == (2, 26)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_names_that_are_no_text_or_as_long_as_may_be_go_through(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=12)
    stem = spoken_stem(tmp_path / os.fsdecode(b"\xff.fr.wav"), 1)
    shot = clip(film, 0, 6)
    film.rename(tmp_path / os.fsdecode(b"caf\xe9.mov"))
    shot.name, shot.media_reference.target_url = "\U0001d400" * 60, "caf%E9.mov"
    edit = write(tmp_path / "scene.otio", [shot], Fraction(25))
    out = tmp_path / os.fsdecode(b"out\xff")
    code, events = dub(edit, [str(stem)], out)
    assert (code, made(events)) == (0, [False])
    assert [to_json(event, 1) for event in events]
    (entry,) = report_in(out)["ranges"]
    take = Path(entry["take"])
    assert take.name.startswith("\U0001d400" * 15 + ".fr.")
    with av.open(str(take)) as file:
        assert list(json.loads(file.metadata["w2l_studio"])["stems"]) == [r"\udcff.fr.wav"]
    assert sheet.write(out / "report.json", out / "sheet.png").exists()
    assert made(dub(edit, [str(stem)], out)[1]) == [True]


@pytest.mark.parametrize(
    ("stem", "kind", "words"),
    [(None, UsageError, "no stem was given"), ("fr.wav", NothingMarked, "nothing is marked.* name a marker")],
)
def test_a_job_that_cannot_begin_leaves_nothing(
    stem: str | None, kind: type[Exception], words: str, tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=5)
    edit = write(tmp_path / "s.otio", [clip(film, 0, 5, None)], Fraction(25))
    spoken_stem(tmp_path / "fr.wav", 1)
    with pytest.raises(kind, match=f"(?i){words}"):
        dub(edit, [str(tmp_path / stem)] if stem else [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_was_assumed_of_a_file_is_told_before_the_work(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(25)
    film = talking_film(tmp_path / "a.mov", rate=rate, frames=30, faces=(), timecode="00:00:00:05")
    used = schema.Clip("a", schema.ExternalReference(str(film)), span(10, 8, rate))
    used.markers.append(schema.Marker("w2l", span(10, 0, rate)))
    edit, stem = write(tmp_path / "s.otio", [used], rate), str(spoken_stem(tmp_path / "fr.wav", 1))
    said = "clip 'a' at 00:00:00:00: its frames lie in a.mov counted from 0 and counted from 00:00:00:05"
    _, events = dub(edit, [stem], tmp_path / "out")
    (told,) = (one for one in events if isinstance(one, Warned) and one.code == "count-assumed")
    assert told.message == f"{said}; 0 is assumed"


def test_two_takes_of_one_clip_tell_where_each_begins(
    tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    rate = Fraction(25)
    film = talking_film(tmp_path / "a.mov", rate=rate, frames=40, faces=())
    used = clip(film, 0, 40, at=(5, 4))
    used.markers.append(schema.Marker("w2l", span(30, 4, rate)))
    edit = write(tmp_path / "s.otio", [clip(film, 0, 10, None), used], rate, 90000)
    _, events = dub(edit, [str(spoken_stem(tmp_path / "fr.wav", 2))], tmp_path / "out")
    begun = [event.timecode for event in events if isinstance(event, SegmentStarted)]
    assert begun == ["01:00:00:15", "01:00:01:15"]


@pytest.mark.parametrize("name", ["report.json", "report.html", "s.fr.otio", "s.fr.report.json"])
def test_what_is_not_ours_in_the_result_folder_is_not_overwritten(
    name: str, tmp_path: Path, talking_film: Any, spoken_stem: Any
) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=8, faces=())
    edit, stem = (
        write(tmp_path / "s.otio", [clip(film, 0, 8)], Fraction(25)),
        spoken_stem(tmp_path / "fr.wav", 1),
    )
    out = tmp_path / "out"
    out.mkdir()
    theirs = edit.read_text() if name.endswith("otio") else '{"tests": 3, "data": "synthetic"}'
    (out / name).write_text(theirs)
    with pytest.raises(OutputError, match=f"{re.escape(name)}: .*not overwritten.*--out"):
        dub(edit, [str(stem)], out)
    assert [path.name for path in out.rglob("*")] == [name]
    assert (out / name).read_text() == theirs
    (out / name).unlink()
    assert dub(edit, [str(stem)], out)[0] == 0
    assert dub(edit, [str(stem)], out)[0] == 0


def test_the_report_tells_the_edit_that_was_read_and_not_one_that_came_in_its_place(
    two_clips: Any, tmp_path: Path
) -> None:
    edit, stems = two_clips
    read = edit.read_bytes()

    def replaced(event: Event) -> None:
        if isinstance(event, PlanReady):
            edit.write_bytes(read + b"\n")

    run.dub(edit, stems, tmp_path / "out", CONFIG, replaced)
    assert report_in(tmp_path / "out")["edit_sha256"] == sha256(read).hexdigest()


def test_the_report_holds_exactly_the_fields_that_its_page_tells(two_clips: Any, tmp_path: Path) -> None:
    edit, stems = two_clips
    dub(edit, stems, tmp_path / "out")
    page = (DOCS / "report.md").read_text(encoding="utf-8").partition("## Reason codes")[0]
    rows = [re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for table in page.split("| field")[1:]]
    told = [{name for cell in cells for name in re.findall(r"`(\w+)`", cell)} for cells in rows]
    report = report_in(tmp_path / "out")
    assert set(report) == told[0]
    assert {key for entry in report["ranges"] for key in entry} == told[1]
    assert {frozenset(entry) for entry in report["ranges"]} == {frozenset(told[1])}
    for entry in report["ranges"]:
        assert entry["frames"] == entry["synced"] + sum(why["frames"] for why in entry["passed"])
        assert all(set(why) == {"frames", "code", "message", "hint"} for why in entry["passed"])
    assert all(set(stem) == told[2] for stem in report["stems"])


def test_each_edit_and_language_keeps_its_report(tmp_path: Path, talking_film: Any, spoken_stem: Any) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=8, faces=())
    stem, out = str(spoken_stem(tmp_path / "stem.wav", 1)), tmp_path / "out"
    for name, lang in (("s", "fr"), ("s", "de"), ("t", "fr")):
        edit = write(tmp_path / f"{name}.otio", [clip(film, 0, 8)], Fraction(25))
        _, events = dub(edit, [stem], out, replace(CONFIG, lang=lang))
        assert isinstance(events[-1], JobFinished)
        told = Path(events[-1].report)
        assert told == out / f"{name}.{lang}.report.json"
        for kind in (".json", ".html"):
            assert (out / f"report{kind}").read_bytes() == told.with_suffix(kind).read_bytes()
    for name, lang in (("s", "fr"), ("s", "de"), ("t", "fr")):
        report = json.loads((out / f"{name}.{lang}.report.json").read_text(encoding="utf-8"))
        assert (Path(report["edit"]).name, report["lang"]) == (f"{name}.otio", lang)
        page = (out / f"{name}.{lang}.report.html").read_text(encoding="utf-8")
        assert f"{name}.otio <small>{lang}</small>" in page


def test_the_page_shows_every_range_and_links_the_takes(two_clips: Any, tmp_path: Path) -> None:
    edit, stems = two_clips
    out = tmp_path / "out"
    dub(edit, stems, out)
    page = (out / "report.html").read_text(encoding="utf-8")
    entries = report_in(out)["ranges"]
    sections = re.findall("<section.*?</section>", page, re.DOTALL)
    assert all('<img alt="plate"' in one for one in sections)
    # Six moments and one on each side, from the handles of three frames; the wall has no take.
    assert [len(re.findall('<img alt="take"', one)) for one in sections] == [0, 8, 8]
    assert ">not dubbed<" in sections[0]
    assert "wall 3" in sections[0]
    links = re.findall('href="(media/[^"]*)"', page)
    assert {(out / link).resolve() for link in links} == {Path(e["take"]) for e in entries if e["take"]}


def test_the_sheet_shows_plate_and_take_of_every_dubbed_range(two_clips: Any, tmp_path: Path) -> None:
    edit, stems = two_clips
    dub(edit, stems, tmp_path / "out")
    path = sheet.write(tmp_path / "out" / "report.json", tmp_path / "out" / "sheet.png")
    picture = cv2.imread(str(path))
    assert picture.shape == (2 * (2 * 240 + 6), 8 * 240, 3)
    above, below = picture[:240], picture[240:480]
    assert np.abs(above.astype(int) - below).max() > 30
    (tmp_path / "none.json").write_text(json.dumps({"ranges": []}))
    with pytest.raises(OutputError, match="nothing was dubbed"):
        sheet.write(tmp_path / "none.json", path)


def test_damage_in_handles_alone_costs_the_handles(
    tmp_path: Path, talking_film: Any, spoken_stem: Any, blanked: Any
) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(25), frames=24)
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    edit = write(tmp_path / "scene.otio", [clip(film, 6, 12)], Fraction(25))
    blanked(film, 19)
    code, events = dub(edit, [str(stem)], tmp_path / "out")
    assert code == 0
    (told,) = (one for one in events if isinstance(one, Warned) and one.code == "handles-damaged")
    assert "frame 19 is missing or damaged" in told.message
    steps = [(one.done, one.total) for one in events if isinstance(one, Advanced)]
    assert steps == sorted(steps)
    assert all(done <= total for done, total in steps)
    (entry,) = report_in(tmp_path / "out")["ranges"]
    assert (entry["synced"], entry["take_start"], probe(Path(entry["take"])).frames) == (12, 6, 12)
