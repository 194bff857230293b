import os
import sys
from fractions import Fraction

import opentimelineio as otio
import pytest

from w2l_studio.edit import cues
from w2l_studio.errors import EditError
from w2l_studio.terms import Cue

SRT = """1
00:00:01,001 --> 00:00:02,500
ANNA: Guten Tag,
wie geht's?

2
00:00:03,000 --> 00:00:04,000
Note: no name, since not in capitals

3
00:00:05,000 --> 00:00:05,000
<i></i>

4
00:00:06,000 --> 00:00:07,000
DR. ÖZ-2: Gut.
"""
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,BOB,0,0,0,,a comment
Comment: 0,0:00:06.00,0:00:06.00,Default,BOB,0,0,0,,a comment of no length
Dialogue: 0,0:00:02.50,0:00:03.00,Default,ANNA,0,0,0,,{\\i1}Hallo{\\i0}
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,BOB: Hallo
Dialogue: 0,0:00:04.00,0:00:05.00,Default,ANNA,0,0,0,,{\\an8}
"""
VTT = """WEBVTT

00:01.000 --> 00:02.000
ANNA: Bonjour
"""


def read(tmp_path, text, name="cues.srt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return cues.read(path)


def test_srt(tmp_path):
    assert read(tmp_path, "\ufeff" + SRT) == (
        Cue(Fraction(1001, 1000), Fraction(5, 2), "ANNA", "Guten Tag,\nwie geht's?"),
        Cue(Fraction(3), Fraction(4), None, "Note: no name, since not in capitals"),
        Cue(Fraction(6), Fraction(7), "DR. ÖZ-2", "Gut."),
    )


def test_ass_names_comments_and_order(tmp_path):
    assert read(tmp_path, ASS, "cues.ass") == (
        Cue(Fraction(1), Fraction(2), "BOB", "Hallo"),
        Cue(Fraction(5, 2), Fraction(3), "ANNA", "Hallo"),
    )


def test_drawings_of_signs_are_no_lines(tmp_path):
    sign = r"Dialogue: 0,0:00:08.00,0:00:09.00,Default,,0,0,0,,{\p1}m 0 0 l 9 9{\p0}"
    assert len(read(tmp_path, f"{ASS}{sign}\n", "cues.ass")) == 2


@pytest.mark.parametrize("text", ["\u202bדנה: שלום\u202c", "\u200fדנה\u200f: שלום", "דנה: שלום"])
def test_marks_of_direction_hide_no_name(tmp_path, text):
    (cue,) = read(tmp_path, f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")
    assert (cue.character, cue.text) == ("דנה", "שלום")


def test_vtt(tmp_path):
    assert read(tmp_path, VTT, "cues.vtt") == (Cue(Fraction(1), Fraction(2), "ANNA", "Bonjour"),)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.srt",
            SRT + "\n5\n00:08,000 --> 00:09,000\nANNA: Lost.\n",
            "line 19 tells times .*: 00:08,000 -->",
        ),
        ("a.srt", "1\n01:00:01:12 --> 01:00:02:10\nANNA: Lost.\n", "line 2 tells times .*: 01:00:01:12 -->"),
        ("a.vtt", VTT + "\n00:03 --> 00:04.000\nANNA: Perdu\n", "line 6 tells times"),
        ("a.srt", SRT.replace("00:00:04,000", "00:00:01,000"), "the cue at 0:00:03 ends before it begins"),
        ("a.srt", SRT.replace("00:00:04,000", "00:00:03,000"), "the cue at 0:00:03 ends where it begins"),
        ("a.ass", ASS.replace("0:00:02.00,", "0:00:00.00,"), "the cue at 0:00:01 ends before it begins"),
    ],
)
def test_no_line_is_silently_lost_for_its_times(tmp_path, name, text, said):
    with pytest.raises(EditError, match=said):
        read(tmp_path, text, name)


@pytest.mark.parametrize(
    ("text", "said"), [(b"\xff\xfea\x00", "not UTF-8"), (b"nothing of the kind", "not a cue sheet")]
)
def test_what_is_no_cue_sheet(tmp_path, text, said):
    with pytest.raises(EditError, match=said):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.srt", ""),
        ("a.srt", '{"info: {": 5}'),
        ("a.srt", '{"info": 5, "styles": [], "events": [{"start": "x"}]}'),
        ("a.srt", '<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="x">'),
        ("a.srt", "{1}{2}a format that counts frames"),
        ("a.vtt", "WEBVTT"),
        ("a.ass", ASS.replace("Style: Default,Arial,20", "Style: D,Arial,big")),
        ("a.ass", ASS.replace("0:00:02.50", "zz")),
        ("a.ass", ASS.replace("Style: Default,Arial,20", "Style: D,Arial,20,&HZZ")),
        ("a.ssa", "[Script Info]"),
        ("a.sub", SRT),
        ("cues", SRT),
    ],
)
def test_other_formats_than_the_name_tells_are_refused(tmp_path, name, text):
    with pytest.raises(EditError, match=rf"{name}: is not a cue sheet.*\. Give \.srt, \.ass or \.vtt"):
        read(tmp_path, text, name)


def test_the_elder_ssa_and_names_in_capitals(tmp_path):
    line = "Dialogue: Marked=0,0:00:01.00,0:00:02.00,*Default,ANNA,0,0,0,,Hallo"
    assert read(tmp_path, f"[Script Info]\nScriptType: v4.00\n[Events]\n{line}\n", "A.SSA") == (
        Cue(Fraction(1), Fraction(2), "ANNA", "Hallo"),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no place among files there")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "cues.srt")
    with pytest.raises(EditError, match=r"cues\.srt: this is not a regular file"):
        cues.read(tmp_path / "cues.srt")


def test_a_missing_sheet_is_named(tmp_path):
    with pytest.raises(EditError, match=r"none\.srt: cannot be read"):
        cues.read(tmp_path / "none.srt")


def marked(build, tmp_path, times, *, start=None, rate=25, frames=2500):
    begin = otio.opentime.RationalTime(start, rate) if start else None
    edit = build.edit(tmp_path, build.track(build.clip(0, frames, rate)), start=begin)
    found = cues.to_marks([Cue(Fraction(a), Fraction(b), "ANNA") for a, b in times], edit)
    assert all(mark.source == "cue" and mark.character == "ANNA" and not mark.clip_path for mark in found)
    return [(mark.record.start, mark.record.stop) for mark in found]


def test_times_become_frames_clipped_to_the_timeline(build, tmp_path):
    times = [("1.001", "2.5"), ("-1", "1"), ("99", "200"), ("300", "301"), ("3", "3.001")]
    expected = [(25, 63), (0, 25), (2475, 2500), (2500, 2500), (75, 76)]
    assert marked(build, tmp_path, times) == expected


def test_record_timecode_is_subtracted_where_only_that_fits(build, tmp_path):
    times = [("3601", "3602"), ("3650", "3651")]
    assert marked(build, tmp_path, times, start=90000) == [(25, 50), (1250, 1275)]
    # Nothing is guessed where one cue lies inside as it is, or one would lie before the start.
    assert marked(build, tmp_path, [*times, ("1", "2")], start=90000)[-1] == (25, 50)
    assert marked(build, tmp_path, [*times, ("3599", "3600")], start=90000)[0] == (2500, 2500)


@pytest.mark.parametrize(("start", "rate"), [(86400, 23.976), (107892, 29.97), (108000, 29.97), (90000, 25)])
def test_the_start_timecode_is_read_as_a_clock(build, tmp_path, start, rate):
    assert marked(build, tmp_path, [("3600", "3601")], start=start, rate=rate)[0] == (0, round(rate))
