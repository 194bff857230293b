"""The extension's edit as the engine reads it, and the engine's report as strips."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from plugins.blender import edit, image_sequence, placing, rates
from plugins.blender.edit import Picture, Sound
from plugins.blender.marks import Mark, Marker, within
from w2l_studio.dub import plan
from w2l_studio.edit import marks, segments, timeline
from w2l_studio.media import probe
from w2l_studio.terms import sequence_of

RATE = Fraction(24)


def picture(name, start, stop, media_first, *marked):
    return Picture(name, Path("/media/Straße 1.mov"), start, stop, media_first, 300, marked)


def read(tmp_path, pictures, sounds, rate=RATE):
    first = edit.origin(pictures, sounds)
    path = tmp_path / "edit.otio"
    path.write_text(json.dumps(edit.document("Übung", rate, first, pictures, sounds)))
    return timeline.read(path), first


def test_strips_and_marks_arrive_at_the_engine_frame_by_frame(tmp_path):
    whole = picture("A", 110, 140, 16, Mark(110, 140, "ANNA"))
    part = picture("B", 120, 160, 0, Mark(125, 130, None))
    found, first = read(tmp_path, [whole, part], [Sound(Path("/s.wav"), 100, 200, 0, True)])
    assert first == 100
    assert found.rate == RATE
    a, b = found.clips
    assert (a.record.start, a.record.stop, a.source.start - a.available.start) == (10, 40, 16)
    assert (b.record.start, b.record.stop, b.media) == (20, 60, Path("/media/Straße 1.mov"))
    told = [(m.record.start, m.record.stop, m.character, edit.which(m.id)) for m in marks.find(found)]
    assert told == [(10, 40, "ANNA", (0, 0)), (25, 30, None, (1, 0))]


def test_scenes_of_the_ntsc_rates_are_understood(tmp_path):
    rate = rates.scene_rate(24, 1.0010000467300415)
    found, _ = read(tmp_path, [picture("A", 1, 30, 0, Mark(1, 30, None))], [], rate)
    assert found.rate == Fraction(24000, 1001)


@pytest.mark.parametrize(("stem", "where", "rule"), [(True, -0.25, "edit"), (False, 3600, "time-reference")])
def test_a_stem_lies_where_the_user_put_it_whatever_the_file_says(tmp_path, spoken_stem, stem, where, rule):
    path = spoken_stem(tmp_path / "fr.wav", 2, time_reference=3600 * 48000)
    heard = Sound(path, 100, 120, 6, stem)
    found, _ = read(tmp_path, [picture("A", 100, 130, 0, Mark(100, 130, None))], [heard])
    (placed,) = plan.place_stems(found, [str(path)])
    assert placed.placed_by == rule
    assert placed.first_sample_s == where


def test_markers_begin_ranges_that_the_next_one_ends():
    told = [Marker(40, "W2L: Ben"), Marker(10, "w2l ANNA"), Marker(20, "scene 2"), Marker(60, "w2l end")]
    assert within(told, 0, 100) == (Mark(10, 40, "ANNA"), Mark(40, 60, "Ben"))
    assert within(told, 30, 50) == (Mark(30, 40, "ANNA"), Mark(40, 50, "Ben"))
    assert within(told, 70, 90) == (Mark(70, 90, None),)
    assert within([], 5, 9) == (Mark(5, 9, None),)
    assert within([Marker(5, "w2l\nlook at the chin")], 5, 9) == (Mark(5, 9, None),)


def line(mark, record_start, frames, take="/out/a.mov", **more):
    told = {
        "mark": mark, "character": "ANNA", "clip": "A", "record_start": record_start,
        "media_start": 16, "take": take, "take_start": 4, "frames": frames, "synced": frames, "passed": [],
    }  # fmt: skip
    return {**told, **more}


def test_takes_are_placed_so_that_their_frames_fall_on_the_plates():
    why = {"frames": 5, "message": "no face", "hint": "look"}
    report = {
        "ranges": [
            line("0.1#0", 10, 30),
            line("0.1#1", 12, 5, synced=0, passed=[why]),
            line("0.1#2", 30, 4, take=None),
        ]
    }
    (found,) = placing.placements(report, 100)
    assert (found.start, found.stop, found.zero) == (110, 140, 98)
    assert placing.kept(report, 100) == ("A from frame 112: 5 frames stay, no face; look",)
    (part,) = placing.placements({"ranges": [line("0.1#0", 12, 20)]}, 100)
    assert (part.start, part.zero) == (112, 100)


@pytest.mark.parametrize(
    ("spans", "all_of_it"),
    [
        ([(110, 140)], True),
        ([(120, 140), (110, 120)], True),
        ([(100, 125), (112, 118), (121, 150)], True),
        ([(110, 119), (120, 140)], False),
        ([(110, 139)], False),
        ([(111, 140)], False),
        ([], False),
    ],
)
def test_a_strip_is_covered_by_all_its_takes_together(spans, all_of_it):
    """Two characters share a strip; the original below shows nothing any more."""
    assert placing.covered(110, 140, spans) == all_of_it


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (picture("A", 110, 140, 16), (112, 130, 100)),
        (picture("A", 160, 190, 16), (162, 180, 150)),
        (picture("A", 115, 125, 21), (115, 125, 100)),
        (picture("A", 105, 117, 36), None),
        (picture("A", 130, 140, 36), None),
    ],
)
def test_a_take_goes_with_its_strip_and_shows_no_more_of_it(now, found):
    take = placing.Placement(0, Path("/out/a.mov"), 112, 130, 100, "ANNA")
    moved = placing.moved(take, picture("A", 110, 140, 16), now)
    assert (moved and (moved.start, moved.stop, moved.zero)) == found


@pytest.mark.parametrize(
    "name", ["sh010.[0998-1003].exr", "a[1-2].[8-11].png", "v2_[0000001-0000002].TIFF", "[7-7].dpx"]
)
def test_an_image_sequence_has_the_engines_name_and_the_engines_files(name):
    sequence = sequence_of(Path("/x", name))
    names = [sequence.file(n).name for n in range(len(sequence))]
    assert image_sequence.files(name) == names
    assert image_sequence.whole(names) == name


@pytest.mark.parametrize(
    "name", ["scene[1-2].mov", "sh010.1001.exr", "sh010.[1001-].exr", "sh010.[1001-1100]"]
)
def test_another_name_is_that_of_one_file(name):
    assert image_sequence.files(name) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["sh.1001.exr", "sh.1002.exr", "sh.1004.exr"], "shows sh.1004.exr where sh.1003.exr is to follow"),
        (["sh.1002.exr", "sh.1001.exr"], "shows sh.1001.exr where sh.1003.exr is to follow"),
        (["sh.0099.exr", "sh.100.exr"], "shows sh.100.exr where sh.0100.exr is to follow"),
        (["sh.1001.exr", "sh.1002.png"], "shows sh.1002.png where sh.1002.exr is to follow"),
        (
            ["sh.1001.exr", "../b/sh.1002.exr"],
            "where sh.1002.exr is to follow; number its files upwards by one",
        ),
        (
            ["sh.1001.jpg", "sh.1002.jpg"],
            "shows sh.1001.jpg; only numbered files of .exr .dpx .tif .tiff .png",
        ),
        (["logo.png"], "shows logo.png; only numbered files"),
    ],
)
def test_other_files_are_told_from_image_sequences_in_a_sentence(names, said):
    assert said in image_sequence.problem(names)
    assert image_sequence.whole(names) is None


@pytest.mark.parametrize("start", [0, 101, 9995, 12345])
def test_pictures_of_a_scenes_frames_bear_their_numbers(start):
    name = image_sequence.numbered("Anna.001", start, 14)
    sequence = sequence_of(Path("/x", name))
    assert (sequence.prefix, sequence.first, len(sequence)) == ("Anna.001.", start, 14)
    assert image_sequence.first(name) == sequence.first
    assert image_sequence.whole(image_sequence.files(name)) == name
    with pytest.raises(ValueError, match="stands for no image sequence"):
        image_sequence.first(image_sequence.files(name)[0])


def test_the_engine_follows_an_image_sequence_and_counts_it_from_its_first_picture(tmp_path, numbered):
    path = numbered("png", first=1, folder=tmp_path).path
    shown = Picture("sh010", path, 100, 106, 3, 12, (Mark(100, 106, None),))
    found, _ = read(tmp_path, [shown], [])
    assert [clip.media for clip in found.clips] == [path]
    plate = probe.probe(path, RATE)
    (segment,), refused = segments.cut(found, marks.find(found), {path: plate}, 8, Fraction(1, 2))
    assert not refused
    assert (segment.plate_range.start, segment.plate_range.stop) == (3, 9)
