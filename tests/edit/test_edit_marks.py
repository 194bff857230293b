import itertools
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.edit import marks, turns
from w2l_studio.errors import EditError
from w2l_studio.terms import FaceHint
from w2l_studio.timing import FrameRange

RT = otio.opentime.RationalTime


def ranges(found):
    return [(mark.record.start, mark.record.stop, mark.clip_path) for mark in found]


@pytest.mark.parametrize(
    ("text", "marked", "character"),
    [
        ("w2l", True, None),
        ("W2L ANNA", True, "ANNA"),
        (" w2l: Anna Bell ", True, "Anna Bell"),
        ("w2l ANNA\nsecond line", True, "ANNA"),
        ("w2l\nlook at the chin", True, None),
        ("w2l:\r\nlook at the chin", True, None),
        ("w2l\u2028look at the chin", True, None),
        ("w2l\xa0: ANNA", True, "ANNA"),
        ("w2lab", False, None),
        ("w2l_fr", False, None),
        ("dub w2l", False, None),
        ("", False, None),
    ],
)
@pytest.mark.parametrize("field", ["name", "comment", "note"])
def test_what_text_marks(build, tmp_path, text, marked, character, field):
    marker = build.marker("", 5, 5, 25, color="GREEN")
    if field == "note":
        marker.metadata["Resolve_OTIO"] = {"Note": text}
    else:
        setattr(marker, field, text)
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25, markers=[marker])))
    assert [mark.character for mark in marks.find(edit)] == ([character] if marked else [])


def test_metadata_of_others_does_no_harm(build, tmp_path):
    marker = build.marker("w2l", 5, 5, 25, metadata={"Resolve_OTIO": None, "vendor": [1]})
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25, markers=[marker])))
    assert len(marks.find(edit)) == 1


def test_a_colour_marks_and_the_name_is_the_character(build, tmp_path):
    made = [
        build.marker(name, 5, 5, 25, color=color)
        for name, color in (
            ("ANNA", "RED"),
            ("", "RED"),
            ("Marker 3", "RED"),
            ("BOB", "BLUE"),
            ("w2l EVE", "RED"),
        )
    ]
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25, markers=made)))
    assert [mark.character for mark in marks.find(edit, "red")] == ["ANNA", None, None, "EVE"]
    assert [mark.character for mark in marks.find(edit)] == ["EVE"]


def test_clip_markers_count_in_source_time(build, tmp_path):
    made = [
        build.marker("w2l range", 90020, 30, 25),
        build.marker("w2l beyond", 90100, 900, 25),
        build.marker("w2l point", 90050, 0, 25),
        build.marker("w2l unseen", 80000, 30, 25),
        build.marker("w2l unseen point", 80000, 0, 25),
    ]
    clip = build.clip(90010, 100, 25, available=(90000, 500), markers=made)
    found = marks.find(build.edit(tmp_path, build.track(build.clip(0, 7, 25), clip)))
    assert {mark.character: (mark.record.start, mark.record.stop) for mark in found} == {
        "range": (17, 47),
        "beyond": (97, 107),
        "point": (7, 107),
        "unseen": (7, 7),
        "unseen point": (7, 7),
    }
    assert {mark.clip_path for mark in found} == {(0, 1)}


def test_markers_of_tracks_and_stacks_mark_time(build, tmp_path):
    track = build.track(build.clip(100, 50, 25), build.clip(0, 50, 25))
    track.markers.append(build.marker("w2l", 40, 20, 25))
    edit = build.edit(tmp_path, track)
    edit.otio.tracks.markers.append(build.marker("w2l ANNA", 10, 5, 25))
    assert ranges(marks.find(edit)) == [(10, 15, None), (40, 60, None)]


@pytest.mark.parametrize("frames", [0, 1])
def test_points_over_clips_mark_the_clip_that_is_seen(build, tmp_path, frames):
    over = build.track(otio.schema.Gap(source_range=build.span(0, 30, 25)), build.clip(0, 10, 25))
    edit = build.edit(tmp_path, build.track(build.clip(100, 50, 25)), over)
    edit.otio.tracks.markers.extend(
        [
            build.marker("w2l", 10, frames, 25),
            build.marker("w2l", 35, frames, 25),
            build.marker("w2l", 60, 0, 25),
        ]
    )
    assert ranges(marks.find(edit)) == [(0, 50, (0, 0)), (30, 40, (1, 1)), (50, 50, None)]


def test_markers_in_nested_stacks_move_with_them(build, tmp_path):
    inner = otio.schema.Stack("scene", source_range=build.span(10, 30, 24))
    inner.extend([build.track(build.clip(100, 40, 24))])
    inner.markers.append(build.marker("w2l STACK", 12, 5, 24))
    inner[0].markers.append(build.marker("w2l TRACK", 0, 15, 24))
    inner[0][0].markers.append(build.marker("w2l CLIP", 120, 5, 24))
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 24), inner))
    found = {
        mark.character: (mark.record.start, mark.record.stop, mark.clip_path) for mark in marks.find(edit)
    }
    assert found == {
        "TRACK": (50, 55, None),
        "STACK": (52, 57, None),
        "CLIP": (60, 65, (0, 1, 0, 0)),
    }


def test_sound_markers_mark_time_and_disabled_ones_do_not(build, tmp_path):
    gap = otio.schema.Gap(source_range=build.span(0, 10, 25))
    sound = build.clip(0, 20, 25, url="a.wav", markers=[build.marker("w2l ANNA", 5, 0, 25)])
    off = build.clip(0, 50, 25, markers=[build.marker("w2l", 5, 5, 25)])
    off.enabled = False
    edit = build.edit(tmp_path, build.track(off), build.track(gap, sound, kind="Audio"))
    assert ranges(marks.find(edit)) == [(15, 16, None)]


@pytest.mark.parametrize("frames", [0, 1])
def test_a_point_on_a_long_sound_marks_the_picture_under_the_point(build, tmp_path, frames):
    sound = build.clip(0, 100, 25, url="a.wav", markers=[build.marker("w2l", 75, frames, 25)])
    pictures = build.track(build.clip(0, 50, 25), build.clip(0, 50, 25))
    edit = build.edit(tmp_path, pictures, build.track(sound, kind="Audio"))
    assert ranges(marks.find(edit)) == [(50, 100, (0, 1))]


def test_settings_of_the_marker_win_over_the_clip(build, tmp_path):
    made = [
        build.marker("w2l", 0, 9, 25, metadata={"w2l_studio": {"face": [0.25, 0.5], "strength": 0.5}}),
        build.marker("w2l BOB", 10, 9, 25, metadata={"w2l_studio": {"skip": True}}),
        build.marker(
            "w2l", 20, 9, 25, metadata={"w2l_studio": {"character": "EVE", "face": [0, 0.1, 1, 0.9]}}
        ),
        build.marker("w2l", 30, 9, 25, metadata={"w2l_studio": {"strength": 1.0, "skip": False}}),
    ]
    own = {"w2l_studio": {"character": "ANNA", "strength": 0.8, "segment": "our own slate"}}
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25, markers=made, metadata=own)))
    told = [(m.character, m.hint, m.strength, m.skip) for m in marks.find(edit)]
    assert told == [
        ("ANNA", FaceHint(0.25, 0.5, 0.25, 0.5), 0.5, None),
        ("BOB", None, 0.8, True),
        ("EVE", FaceHint(0, 0.1, 1, 0.9), 0.8, None),
        ("ANNA", None, 1.0, False),
    ]


def test_a_marker_that_says_all_or_not_to_skip_wins_over_its_clip(build, tmp_path):
    made = [
        build.marker("w2l", 0, 9, 25, metadata={"w2l_studio": {"strength": 1.0, "skip": False}}),
        build.marker("w2l", 20, 9, 25),
    ]
    own = {"w2l_studio": {"strength": 0.5, "skip": True}}
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25, markers=made, metadata=own)))
    assert [(m.gain, m.skip) for m in marks.find(edit)] == [(1.0, False), (0.5, True)]


@pytest.mark.parametrize(
    ("log", "said"),
    [("slog3", r"log = 'slog3' cannot be meant\. Give one of acescct, .*, v-log, none"), (3, "log = 3")],
)
def test_a_curve_that_is_none_ends_the_run(build, tmp_path, log, said):
    marker = build.marker("w2l", 0, 9, 25)
    clip = build.clip(0, 50, 25, markers=[marker], metadata={"w2l_studio": {"log": log}}, name="c1")
    with pytest.raises(EditError, match=said) as caught:
        marks.find(build.edit(tmp_path, build.track(clip)))
    assert caught.value.where.endswith("clip 'c1' at 00:00:00:00")


def test_a_marker_has_no_curve(build, tmp_path):
    marker = build.marker("w2l", 0, 9, 25, metadata={"w2l_studio": {"log": "s-log3"}})
    with pytest.raises(EditError, match="unknown setting 'log'"):
        marks.find(build.edit(tmp_path, build.track(build.clip(0, 50, 25, markers=[marker]))))


def test_a_setting_of_a_clip_that_is_none_ends_the_run(build, tmp_path):
    bad = {"w2l_studio": {"strenght": 0.5, "key": "our own slate"}}
    clip = build.clip(0, 50, 25, markers=[build.marker("w2l", 0, 9, 25)], metadata=bad, name="c1")
    edit = build.edit(tmp_path, build.track(clip))
    for look in (marks.find, lambda it: marks.everywhere(it, [(Fraction(0), Fraction(1), None)])):
        with pytest.raises(EditError, match="unknown setting 'strenght'") as caught:
            look(edit)
        assert caught.value.where == "clip 'c1' at 00:00:00:00"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"strength": 1.5}, "strength = 1.5"),
        ({"strength": True}, "strength = True"),
        ({"strength": "1"}, "strength = '1'"),
        ({"strength": float("nan")}, "strength = nan"),
        ({"skip": "yes"}, "skip = 'yes'"),
        ({"character": 3}, "character = 3"),
        ({"character": " "}, "character = ' '"),
        ({"face": [0.5]}, r"face = \[0.5\]"),
        ({"face": [0.5, 2]}, r"face = \[0.5, 2\]"),
        ({"face": [0.9, 0.1, 0.2, 0.5]}, "face = "),
        ({"face": "left"}, "face = 'left'"),
        ({"strenght": 1}, "unknown setting 'strenght'"),
        ([1], r"w2l_studio = \[1\]"),
    ],
)
def test_bad_settings_name_marker_and_timecode(build, tmp_path, bad, said):
    marker = build.marker("w2l ANNA", 25, 9, 25, metadata={"w2l_studio": bad})
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25, markers=[marker])), start=RT(90000, 25))
    with pytest.raises(EditError, match=said) as caught:
        marks.find(edit)
    assert caught.value.where == "film.otio, marker 'w2l ANNA' at 01:00:01:00"


def test_everywhere_marks_every_clip_that_is_seen_while_somebody_speaks(build, tmp_path):
    title = otio.schema.Clip("title", otio.schema.GeneratorReference("t", "Text"), build.span(0, 100, 25))
    below = build.track(*(build.clip(0, 25, 25, name=f"c{n}") for n in range(4)))
    below[3].metadata["w2l_studio"] = {"character": "ANNA"}
    covered = build.track(
        otio.schema.Gap(source_range=build.span(0, 25, 25)), build.clip(0, 25, 25, name="over")
    )
    edit = build.edit(tmp_path, below, covered, build.track(title))
    found = marks.everywhere(edit, spoken("3 9", "1/2 3/2", "2 2"))
    assert ranges(found) == [(0, 25, (0, 0)), (25, 50, (1, 1)), (75, 100, (0, 3))]
    assert {mark.source for mark in found} == {"all"}
    assert [mark.character for mark in found] == [None, None, "ANNA"]


def test_everywhere_without_speech_marks_nothing(build, tmp_path):
    edit = build.edit(tmp_path, build.track(build.clip(0, 25, 25)))
    assert marks.everywhere(edit, []) == ()
    assert marks.everywhere(edit, spoken("1 2")) == ()
    assert len(marks.everywhere(edit, spoken("0 1/2", "1 2"))) == 1


def spoken(*spans):
    """``START STOP [WHO]`` in seconds."""
    parts = [span.split() for span in spans]
    return [(Fraction(part[0]), Fraction(part[1]), part[2] if part[2:] else None) for part in parts]


def test_everywhere_names_who_speaks(build, tmp_path):
    """The second clip says who it shows; in the third two speak, BEN into ANNA's speech."""
    clips = [build.clip(0, 50, 25, name=f"c{n}") for n in range(4)]
    clips[1].metadata["w2l_studio"] = {"character": "EVE", "strength": 0.5}
    edit = build.edit(tmp_path, build.track(*clips))
    found = marks.everywhere(
        edit, spoken("0 1 ANNA", "2 4 BEN", "9/2 11/2 ANNA", "24/5 5 BEN", "27/5 15/2 BEN", "5/2 3 ANNA")
    )
    assert [(mark.id, mark.character, mark.record.start, mark.record.stop) for mark in found] == [
        ("all-0.0", "ANNA", 0, 50),
        ("all-0.1", "EVE", 50, 100),
        ("all-0.2-0", "ANNA", 100, 120),
        ("all-0.2-1", "BEN", 120, 125),
        ("all-0.2-2", "ANNA", 125, 135),
        ("all-0.2-3", "BEN", 135, 150),
        ("all-0.3", "BEN", 150, 200),
    ]
    assert {mark.gain for mark in found if mark.character != "EVE"} == {1.0}


@given(
    spans=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40), st.sampled_from("AB")), max_size=8),
    start=st.integers(0, 60),
    length=st.integers(1, 60),
)
def test_turns_are_disjoint_and_of_somebody_who_speaks(spans, start, length):
    """Times are twentieths of a second, frames 25ths: every frame goes to one, all speech is in a turn."""
    given_spans = [(Fraction(a, 20), Fraction(a + n, 20), who) for a, n, who in spans]
    found = turns.turns(given_spans)
    for one, two in itertools.pairwise(found):
        assert one[0] < one[1] <= two[0]
    for at in range(131):
        time = Fraction(at, 20)
        speaking = {who for a, b, who in given_spans if a <= time < b}
        turn = {who for a, b, who in found if a <= time < b}
        assert turn <= speaking
        assert bool(turn) == bool(speaking)
    record = FrameRange(start, start + length, Fraction(25))
    inside = turns.within(found, record)
    assert list(inside) == [turn for turn in found if turn[0] < record.stop_s and turn[1] > record.start_s]
    shares = list(turns.shared(record, inside)) if inside else []
    frames = [frame for share, _ in shares for frame in range(share.start, share.stop)]
    assert frames == (list(range(record.start, record.stop)) if inside else [])
