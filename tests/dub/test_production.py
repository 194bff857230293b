"""From where sound clips count their files, where the edit does not tell it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig
from w2l_studio.dub import notices, plan

schema = otio.schema


def span(start: Fraction, frames: int) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(float(start * 25), 25), time(frames, 25))


def used(folder: Path, stem: Path, start_s: str, *, here: bool, url: str = "") -> plan.DubPlan:
    """An edit that lays two seconds of a stem, from ``start_s`` of it, four seconds into the timeline."""
    picture = schema.Clip("title", schema.GeneratorReference("t", "Text"), span(Fraction(0), 250))
    picture.markers.append(schema.Marker("w2l", span(Fraction(0), 0)))
    gap = schema.Gap(source_range=span(Fraction(0), 100))
    sound = schema.Clip("s", schema.ExternalReference(url or str(stem)), span(Fraction(start_s), 50))
    if here:
        sound.metadata["w2l_studio"] = {"place": "here"}
    timeline = schema.Timeline("s")
    timeline.tracks.append(schema.Track("V1", kind="Video", children=[picture]))
    timeline.tracks.append(schema.Track("A1", kind="Audio", children=[gap, sound]))
    otio.adapters.write_to_file(timeline, str(folder / "s.otio"))
    return plan.make(folder / "s.otio", [str(stem)], DubConfig())


@pytest.mark.parametrize(
    ("reference_s", "start_s", "first_s", "rule"),
    [
        (None, "1", 3, "edit"),
        (3600, "1", 3, "edit"),
        (3600, "3601", 3, "edit"),
        (2, "5/2", "3/2", "edit"),
        (None, "3601", 0, "timeline-start"),
        (3600, "3603", 0, "timeline-start"),
    ],
)
def test_a_sound_clip_counts_from_0_or_from_the_files_time_reference(
    reference_s: int | None, start_s: str, first_s: Any, rule: str, tmp_path: Path, spoken_stem: Any
) -> None:
    """The file is three seconds long."""
    reference = None if reference_s is None else reference_s * 48000
    stem = spoken_stem(tmp_path / "fr.wav", 3, time_reference=reference)
    job = used(tmp_path, stem, start_s, here=True)
    assert [use.first_sample_s for use in job.edit.sounds] == ([Fraction(first_s)] if rule == "edit" else [])
    if rule == "edit" or reference is None:
        assert (job.stems[0].first_sample_s, job.stems[0].placed_by) == (Fraction(first_s), rule)


@pytest.mark.parametrize(
    ("starts", "reference", "told"),
    [
        (("0", "1"), None, []),
        (("0", "51/50"), None, []),
        (("0", "2", "2"), None, ["begins it at 00:00:00:00, not at 23:59:59:00 as others do"]),
        (("0", "2"), 48000, []),
    ],
    ids=["in one", "within a frame", "moved", "by reference"],
)
def test_a_stem_in_pieces_that_were_moved_is_told(
    starts: Any, reference: int | None, told: list[str], tmp_path: Path, spoken_stem: Any
) -> None:
    """Pieces of a second each, one after the other, from some seconds of the stem on."""
    stem = spoken_stem(tmp_path / "fr.wav", 4, time_reference=reference)
    timeline = schema.Timeline("s")
    picture = schema.Clip("title", schema.GeneratorReference("t", "Text"), span(Fraction(0), 100))
    picture.markers.append(schema.Marker("w2l", span(Fraction(0), 0)))
    pieces = [
        schema.Clip("s", schema.ExternalReference(str(stem), span(Fraction(0), 100)), span(Fraction(s), 25))
        for s in starts
    ]
    timeline.tracks.append(schema.Track("V1", kind="Video", children=[picture]))
    timeline.tracks.append(schema.Track("A1", kind="Audio", children=pieces))
    otio.adapters.write_to_file(timeline, str(tmp_path / "s.otio"))
    job = plan.make(tmp_path / "s.otio", [str(stem)], DubConfig())
    warned = [one.message for one in notices.of(job, DubConfig()) if one.code == "stem-pieces"]
    assert len(warned) == len(told)
    assert all(said in message for said, message in zip(told, warned, strict=True))


def test_a_sound_that_cannot_be_read_is_left_out(tmp_path: Path, spoken_stem: Any) -> None:
    stem = spoken_stem(tmp_path / "fr.wav", 3)
    used(tmp_path, stem, "1", here=False)
    timeline = otio.adapters.read_from_file(str(tmp_path / "s.otio"))
    timeline.tracks[1][1].media_reference.target_url = str(tmp_path / "gone.wav")
    otio.adapters.write_to_file(timeline, str(tmp_path / "s.otio"))
    assert plan.make(tmp_path / "s.otio", [str(stem)], DubConfig()).edit.sounds == ()


def test_stems_in_the_edit_do_not_tell_whose_lips_moved(tmp_path: Path, spoken_stem: Any) -> None:
    """The job's own, one that an earlier dub into another language laid, one that a host placed."""
    picture = schema.Clip("title", schema.GeneratorReference("t", "Text"), span(Fraction(0), 50))
    picture.markers.append(schema.Marker("w2l", span(Fraction(0), 0)))
    timeline = schema.Timeline("s")
    timeline.tracks.append(schema.Track("V1", kind="Video", children=[picture]))
    told: dict[str, dict[str, str]] = {
        "set": {},
        "fr": {},
        "de": {"lang": "de", "stem": "ab", "placed_by": "edit"},
        "it": {"place": "here"},
    }
    for name, own in told.items():
        file = spoken_stem(tmp_path / f"{name}.wav", 2)
        heard = schema.Clip(name, schema.ExternalReference(str(file)), span(Fraction(0), 50))
        heard.metadata["w2l_studio"] = own
        timeline.tracks.append(schema.Track(name, kind="Audio", children=[heard]))
    otio.adapters.write_to_file(timeline, str(tmp_path / "s.otio"))
    (tmp_path / "link.wav").symlink_to(tmp_path / "fr.wav")
    for stem in ("fr.wav", "link.wav"):
        job = plan.make(tmp_path / "s.otio", [str(tmp_path / stem)], DubConfig())
        assert [use.media.name for use in job.production] == ["set.wav"]
        assert len(job.edit.sounds) == 4


def test_media_with_names_longer_than_any_file_has_are_offline(tmp_path: Path, spoken_stem: Any) -> None:
    shot = schema.Clip("c", schema.ExternalReference("a" * 300 + ".mov"), span(Fraction(0), 25))
    shot.markers.append(schema.Marker("w2l", span(Fraction(0), 0)))
    timeline = schema.Timeline("s")
    timeline.tracks.append(schema.Track("V1", kind="Video", children=[shot]))
    otio.adapters.write_to_file(timeline, str(tmp_path / "s.otio"))
    job = plan.make(tmp_path / "s.otio", [str(spoken_stem(tmp_path / "fr.wav", 1))], DubConfig())
    assert [refused.error.code for refused in job.refused] == ["media-offline"]


def test_a_sound_that_links_to_itself_is_nobodys_stem(tmp_path: Path, spoken_stem: Any) -> None:
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    job = used(tmp_path, spoken_stem(tmp_path / "fr.wav", 1), "1", here=False, url="loop.wav")
    assert job.stems[0].placed_by == "timeline-start"
