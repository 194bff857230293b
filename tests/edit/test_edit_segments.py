import itertools
from dataclasses import replace
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.edit import marks, segments, timeline
from w2l_studio.edit.conform import assumed
from w2l_studio.errors import MediaError, MediaMismatch, MediaOffline, NoClip, Retimed, Skipped, Unsupported
from w2l_studio.terms import ColourTags, FaceHint, Mark
from w2l_studio.timing import RATES, FrameRange, drop_frame_rate, frames_to_timecode, timecode_to_frames

RT = otio.opentime.RationalTime
HALF = Fraction(1, 2)


def stack_marks(edit, *spans):
    return [
        Mark(f"m{n}", FrameRange(a, b, edit.rate), character) for n, (a, b, character) in enumerate(spans)
    ]


def plates_of(build, edit, **more):
    return {clip.media: build.plate(clip, edit.rate, **more) for clip in edit.clips if clip.media}


def cut(build, edit, found, *, handles=12, share=HALF, **more):
    return segments.cut(edit, found, plates_of(build, edit, **more), handles, share)


def test_a_mark_over_a_cut_gives_a_segment_per_clip(build, tmp_path):
    edit = build.edit(
        tmp_path, build.track(build.clip(10, 50, 25, url="a.mov"), build.clip(100, 50, 25, url="b.mov"))
    )
    found, refused = cut(build, edit, stack_marks(edit, (20, 60, "ANNA")), share=Fraction(1))
    assert not refused
    one, two = found
    assert (one.plate_range.start, one.plate_range.stop) == (30, 60)
    assert (one.render_range.start, one.render_range.stop) == (18, 72)
    assert (two.plate_range.start, two.plate_range.stop) == (100, 110)
    assert (one.id, two.id) == ("0.0-000030", "0.1-000100")
    assert (one.record_start_s, two.record_start_s) == (Fraction(20, 25), Fraction(50, 25))
    assert not one.whole_clip
    assert [(line.mark.character, line.mark.record.start, line.mark.record.stop) for line in two.lines] == [
        ("ANNA", 50, 60)
    ]


def test_most_of_a_clip_marked_replaces_it_whole(build, tmp_path):
    edit = build.edit(tmp_path, build.track(build.clip(10, 50, 25)))
    spans = ((0, 15, "ANNA"), (10, 20, "BOB"), (40, 45, "ANNA"))
    (whole,), _ = cut(build, edit, stack_marks(edit, *spans), share=HALF)
    assert whole.whole_clip
    assert (whole.plate_range.start, whole.plate_range.stop, whole.record_start_s) == (10, 60, 0)
    lines = [(x.mark.character, x.plate_range.start, x.plate_range.stop) for x in whole.lines]
    assert lines == [("ANNA", 10, 25), ("BOB", 20, 30), ("ANNA", 50, 55)]
    runs, _ = cut(build, edit, stack_marks(edit, *spans), share=Fraction(26, 50))
    assert [(run.plate_range.start, run.plate_range.stop, len(run.lines)) for run in runs] == [
        (10, 30, 2),
        (50, 55, 1),
    ]


def test_what_is_covered_is_not_dubbed(build, tmp_path):
    gap = otio.schema.Gap(source_range=build.span(0, 20, 25))
    title = otio.schema.Clip("title", otio.schema.GeneratorReference("t", "Text"), build.span(0, 50, 25))
    below = build.clip(0, 50, 25, url="a.mov")
    below.markers.append(build.marker("w2l", 0, 0, 25))
    edit = build.edit(
        tmp_path, build.track(below), build.track(gap, build.clip(0, 10, 25, url="b.mov")), build.track(title)
    )
    found, refused = cut(build, edit, marks.find(edit), share=Fraction(2))
    assert [(s.clip.name, s.plate_range.start, s.plate_range.stop) for s in found] == [
        ("c", 0, 20),
        ("c", 30, 50),
    ]
    assert {s.plate.path.name for s in found} == {"a.mov"}
    assert not refused


def test_lines_end_at_cuts_that_are_seen(build, tmp_path):
    """With their clip, and where another one covers it: lips that fade out before a cut would be seen to."""
    gap = otio.schema.Gap(source_range=build.span(0, 20, 25))
    edit = build.edit(
        tmp_path,
        build.track(build.clip(0, 50, 25, url="a.mov")),
        build.track(gap, build.clip(0, 10, 25, url="b.mov")),
    )
    (whole,), _ = cut(build, edit, stack_marks(edit, (0, 20, None), (30, 45, None)), share=Fraction(0))
    assert [line.cuts for line in whole.lines] == [(True, True), (True, False)]


def test_a_razor_cut_through_one_picture_is_no_cut_unless_both_sides_are_marked(build, tmp_path):
    clips = [build.clip(start, 20, 25, url="a.mov") for start in (0, 20, 40, 100)]
    edit = build.edit(tmp_path, build.track(*clips))
    alone, _ = cut(build, edit, stack_marks(edit, (20, 40, None)))
    assert [line.cuts for one in alone for line in one.lines] == [(False, False)]
    gap = otio.schema.Gap(source_range=build.span(0, 40, 25))
    covered = build.edit(
        tmp_path,
        build.track(*(c.deepcopy() for c in clips)),
        build.track(gap, build.clip(0, 20, 25, url="b.mov")),
    )
    under, _ = cut(build, covered, stack_marks(covered, (20, 40, None)))
    assert [line.cuts for one in under for line in one.lines] == [(False, True)]
    both, _ = cut(build, edit, stack_marks(edit, (20, 60, None)))
    assert [line.cuts for one in both for line in one.lines] == [(False, True), (True, True)]


@pytest.mark.parametrize(
    ("spans", "cuts"),
    [
        ([(10, 30, "ANNA"), (30, 50, "Anna")], [(False, True), (True, False)]),
        ([(10, 32, None), (30, 50, None)], [(False, True), (True, False)]),
        ([(10, 60, None), (30, 50, None)], [(False, False), (True, True)]),
        ([(10, 30, "ANNA"), (30, 50, "BEN")], [(False, False), (False, False)]),
        ([(10, 30, None), (31, 50, None)], [(False, False), (False, False)]),
        ([(10, 30, None), (10, 30, None)], [(False, False), (False, False)]),
    ],
    ids=["touch", "overlap", "inside", "two speakers", "gap", "twice"],
)
def test_lines_of_one_speaker_that_follow_at_once_do_not_fade_between(build, tmp_path, spans, cuts):
    """Cues of one long sentence: the plate's lips would shine through at each of them."""
    edit = build.edit(tmp_path, build.track(build.clip(0, 80, 25)))
    found, _ = cut(build, edit, stack_marks(edit, *spans))
    assert [line.cuts for one in found for line in one.lines] == cuts


def test_lines_of_one_speaker_with_faces_of_their_own_fade(build, tmp_path):
    edit = build.edit(tmp_path, build.track(build.clip(0, 80, 25)))
    first, second = stack_marks(edit, (10, 30, "ANNA"), (30, 50, "ANNA"))
    found, _ = cut(build, edit, [first, replace(second, hint=FaceHint(0.1, 0.1, 0.1, 0.1))])
    assert [line.cuts for one in found for line in one.lines] == [(False, False)] * 2


def test_a_mark_on_a_covered_clip_hits_nothing(build, tmp_path):
    below = build.clip(0, 50, 25, markers=[build.marker("w2l", 0, 0, 25)])
    edit = build.edit(tmp_path, build.track(below), build.track(build.clip(0, 50, 25)))
    found, (refused,) = cut(build, edit, marks.find(edit))
    assert not found
    assert isinstance(refused.error, NoClip)
    assert refused.clip.path == (0, 0)


def test_handles_stay_inside_the_file_and_reach_through_transitions(build, tmp_path):
    fade = otio.schema.Transition("x", "SMPTE_Dissolve", RT(20, 25), RT(30, 25))
    edit = build.edit(tmp_path, build.track(build.clip(5, 60, 25), fade, build.clip(900, 95, 25)))
    spans = ((0, 60, None), (60, 155, None))
    (one, two), _ = cut(build, edit, stack_marks(edit, *spans))
    assert (one.render_range.start, one.render_range.stop) == (0, 65 + 30)
    assert (two.render_range.start, two.render_range.stop) == (900 - 20, 1000)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((30, 45), (30, 60)),
        ((50, 55), (40, 60)),
        ((10, 20), (10, 20)),
        ((62, 70), (60, 90)),
        ((95, 99), (95, 99)),
    ],
)
def test_no_razor_cut_falls_into_a_transition(build, tmp_path, span, expected):
    fade = otio.schema.Transition("x", "SMPTE_Dissolve", RT(20, 25), RT(30, 25))
    edit = build.edit(tmp_path, build.track(build.clip(0, 60, 25), fade, build.clip(60, 90, 25)))
    (one,), _ = cut(build, edit, stack_marks(edit, (*span, None)), share=Fraction(2))
    assert (one.plate_range.start, one.plate_range.stop) == expected
    assert (one.lines[0].plate_range.start, one.lines[0].plate_range.stop) == span


class TestConform:
    """Where source frames lie in the file."""

    def one(self, build, tmp_path, start, available, **more):
        edit = build.edit(tmp_path, build.track(build.clip(start, 50, 25, available=available)))
        found, refused = cut(build, edit, stack_marks(edit, (0, 50, None)), **more)
        return found[0].plate_range.start if found else refused[0].error

    def test_the_available_range_counts(self, build, tmp_path):
        assert self.one(build, tmp_path, 90010, (90000, 500), timecode="00:00:00:00") == 10

    def test_zero_is_assumed_where_nothing_is_said(self, build, tmp_path):
        assert self.one(build, tmp_path, 10, None, timecode="01:00:00:00") == 10

    def test_the_timecode_of_the_file_where_only_that_is_possible(self, build, tmp_path):
        assert self.one(build, tmp_path, 90010, None, timecode="01:00:00:00") == 10

    def test_the_timecode_of_the_file_goes_on_behind_midnight(self, build, tmp_path):
        starts = {24 * 3600 * 25 - 3: 3, 10: 50}
        clips = [build.clip(at, frames, 25, available=None) for at, frames in starts.items()]
        edit = build.edit(tmp_path, build.track(*clips))
        found, _ = cut(build, edit, stack_marks(edit, (0, 53, None)), timecode="23:59:59:20")
        assert [(one.plate_range.start, one.plate_range.stop) for one in found] == [(2, 5), (15, 65)]

    @pytest.mark.parametrize(
        ("starts", "first", "said"),
        [
            ((300,), [300], True),
            ((300, 40), [300, 40], False),
            ((300, 1100), [175, 975], False),
            ((300, 40, 1100), [300, 40, 975], True),
        ],
    )
    def test_all_uses_of_a_file_are_counted_alike(self, build, tmp_path, starts, first, said):
        """A file of 1000 frames from 00:00:05:00: 300 may be its frame 300 or 175."""
        clips = [build.clip(start, 20, 25, available=None) for start in starts]
        edit = build.edit(tmp_path, build.track(*clips))
        found, refused = cut(
            build, edit, stack_marks(edit, (0, 20 * len(starts), None)), timecode="00:00:05:00"
        )
        assert not refused
        assert [segment.plate_range.start for segment in found] == first
        told = list(assumed(edit, found[0].clip, found[0].plate))
        assert told == said * [
            "clip 'c' at 00:00:00:00: its frames lie in plate.mov counted from 0 and counted from "
            "00:00:05:00; 0 is assumed"
        ]

    @settings(max_examples=30)
    @given(
        rate=st.sampled_from([rate for rate in RATES if drop_frame_rate(rate)]),
        zero=st.integers(10_000, 24 * 3600 * 29),
        start=st.integers(0, 900),
        drop=st.booleans(),
    )
    def test_both_countings_of_ntsc_lie_on_their_frames(
        self, build, tmp_path_factory, rate, zero, start, drop
    ):
        """Frames of the file and of the edit, whatever frame a timecode begins on."""
        text = frames_to_timecode(zero, rate, drop=drop)
        for available in (None, (zero, 1000)):
            made = build.track(build.clip(zero + start, 50, float(rate), available=available))
            edit = build.edit(tmp_path_factory.mktemp("n"), made, start=RT(zero, float(rate)))
            found, refused = cut(build, edit, stack_marks(edit, (7, 31, None)), timecode=text)
            assert not refused
            (line,) = found[0].lines
            assert (line.plate_range.start, line.plate_range.stop) == (start + 7, start + 31)
            assert timecode_to_frames(timeline.timecode(edit, 7), rate) == zero + 7

    @pytest.mark.parametrize(
        ("start", "available", "more"),
        [
            (90010, None, {}),
            (90010, None, {"timecode": "02:00:00:00"}),
            (90010, None, {"timecode": "rubbish"}),
            (90960, (90000, 5000), {}),
            (10, (90000, 500), {"timecode": "00:00:00:00"}),
        ],
    )
    def test_what_the_file_does_not_hold_is_refused(self, build, tmp_path, start, available, more):
        error = self.one(build, tmp_path, start, available, **more)
        assert isinstance(error, MediaMismatch)
        assert error.where == "clip 'c' at 00:00:00:00"

    @pytest.mark.parametrize(("start", "shown"), [(100, 50), (101, 50), (1999, 999)])
    def test_a_clip_that_is_shorter_than_a_picture_shows_the_one_on_screen(
        self, build, tmp_path, start, shown
    ):
        """One frame of an edit at 50 a second is half a picture of a file at 25."""
        edit = build.edit(tmp_path, build.track(build.clip(start, 1, 50, available=(0, 2000))))
        plates = {edit.clips[0].media: build.plate(edit.clips[0], Fraction(25))}
        (found,), refused = segments.cut(edit, stack_marks(edit, (0, 1, None)), plates, 12, HALF)
        assert not refused
        assert (found.plate_range.start, found.plate_range.stop, found.whole_clip) == (shown, shown + 1, True)

    @pytest.mark.parametrize("available", [None, (0, 1042), (0, 2000), (0, 500)])
    def test_another_rate_is_converted_by_time_and_told(self, build, tmp_path, available):
        edit = build.edit(tmp_path, build.track(build.clip(25, 50, 25, available=available)))
        plate = build.plate(edit.clips[0], Fraction(24))
        found, _ = segments.cut(edit, stack_marks(edit, (25, 50, None)), {plate.path: plate}, 0, Fraction(1))
        assert (found[0].plate_range.start, found[0].plate_range.stop) == (48, 72)
        assert found[0].record_start_s == 1
        assert list(assumed(edit, found[0].clip, found[0].plate)) == [
            "clip 'c' at 00:00:00:00: the edit counts plate.mov at 25 frames a second and it runs at 24; "
            "the same time is assumed, not the same frame"
        ]

    @settings(max_examples=40)
    @given(
        file=st.sampled_from(RATES),
        played=st.sampled_from(RATES),
        line=st.sampled_from(RATES),
        zero=st.integers(0, 2_000_000),
        start=st.integers(0, 900),
        off=st.integers(-1, 1),
    )
    def test_a_file_taken_for_one_of_another_rate_keeps_its_frames(
        self, build, tmp_path_factory, file, played, line, zero, start, off
    ):
        clip = build.clip(zero + start, 100, float(played), available=(zero, 1000 + off))
        edit = build.edit(tmp_path_factory.mktemp("i"), build.track(clip), start=RT(86400, float(line)))
        plate = replace(build.plate(edit.clips[0], file), timecode="01:00:00:00", has_audio=True)
        mark = Mark("m", FrameRange(0, edit.frames, line))
        (found,), refused = segments.cut(edit, [mark], {plate.path: plate}, 5, HALF)
        assert not refused
        if abs(1000 / file - 1000 / played) * played <= 1 and file != played:
            return  # Both readings give the same frames.
        assert (found.plate_range.start, found.plate_range.stop) == (start, start + 100)
        assert found.plate.rate == played
        assert not list(assumed(edit, found.clip, found.plate))
        told = (found.plate.stored_rate, found.plate.timecode, found.plate.has_audio)
        assert told == ((None, "01:00:00:00", True) if file == played else (file, None, False))


class TestRetimed:
    @staticmethod
    def clip(build, speed, frames=40, start=100, **told):
        return build.clip(start, frames, 24, effects=[otio.schema.LinearTimeWarp(time_scalar=speed)], **told)

    @given(
        st.fractions(Fraction(1, 2), 2, max_denominator=100),
        st.integers(0, 200),
        st.integers(10, 90),
        st.integers(0, 30),
    )
    def test_each_picture_is_at_the_time_at_which_it_is_seen(
        self, build, tmp_path_factory, speed, start, n, at
    ):
        edit = build.edit(
            tmp_path_factory.mktemp("r"),
            build.track(build.clip(7, at, 24), self.clip(build, float(speed), n, start)),
        )
        (found,), refused = cut(build, edit, stack_marks(edit, (at, at + n, None)), share=HALF)
        assert not refused
        frames, plate = found.plate_range, found.plate
        assert (plate.rate, plate.take_rate, plate.stored_rate) == (
            (24 * speed, 24, 24) if speed != 1 else (24, 24, None)
        )
        assert frames.start == start
        assert abs(len(frames) - n * speed) <= Fraction(1, 2)
        for frame in range(frames.start, frames.stop):
            assert found.record_s(frame) == Fraction(at, 24) + (frame - start) / (24 * speed)

    def test_its_own_sound_is_not_asked_and_its_speed_is_told(self, build, tmp_path):
        edit = build.edit(tmp_path, build.track(self.clip(build, 1.1)))
        plates = {edit.clips[0].media: replace(build.plate(edit.clips[0], 24), has_audio=True)}
        (found,), _ = segments.cut(edit, stack_marks(edit, (0, 40, None)), plates, 12, HALF)
        assert not found.plate.has_audio
        (told,) = assumed(edit, found.clip, found.plate)
        assert "it plays at 110 %" in told

    @pytest.mark.parametrize(("frames", "fits"), [(50, True), (49, True), (48, True), (47, False)])
    def test_a_last_frame_of_the_edit_may_reach_beyond_the_file(self, build, tmp_path, frames, fits):
        """25 frames at 200 % show 50; of 49 an editor shows as many all the same."""
        edit = build.edit(tmp_path, build.track(self.clip(build, 2.0, 25, 0, available=None)))
        plates = {edit.clips[0].media: replace(build.plate(edit.clips[0], 24), frames=frames)}
        found, refused = segments.cut(edit, stack_marks(edit, (0, 25, None)), plates, 12, HALF)
        assert (len(found), len(refused)) == ((1, 0) if fits else (0, 1))
        if fits:
            assert found[0].plate_range == FrameRange(0, frames, Fraction(48))

    @pytest.mark.parametrize("speed", [0.5, 1.25, 2.0])
    def test_from_where_it_is_counted_is_told_as_of_others(self, build, tmp_path, speed):
        """A file of 1000 frames from 00:00:05:20, which holds the clip's frames either way."""
        edit = build.edit(tmp_path, build.track(self.clip(build, speed, start=300, available=None)))
        plates = {edit.clips[0].media: build.plate(edit.clips[0], 24, timecode="00:00:05:20")}
        (found,), _ = segments.cut(edit, stack_marks(edit, (0, 40, None)), plates, 12, HALF)
        told = list(assumed(edit, found.clip, found.plate))
        assert ["counted from 0 and counted from 00:00:05:20" in one for one in told] == [True, False]

    def test_handles_and_transitions_are_counted_in_its_media(self, build, tmp_path):
        fade = otio.schema.Transition("x", "SMPTE_Dissolve", RT(0, 24), RT(20, 24))
        edit = build.edit(
            tmp_path, build.track(self.clip(build, 1.5), fade, build.clip(0, 40, 24, url="b.mov"))
        )
        assert edit.clips[0].source == FrameRange(100, 160, Fraction(24))
        assert edit.clips[0].transition_out == 30
        (found,), _ = cut(build, edit, stack_marks(edit, (0, 40, None)), share=HALF)
        assert (found.render_range.start, found.render_range.stop) == (88, 190)


class TestLog:
    @pytest.mark.parametrize(
        ("said", "of_all", "found"),
        [
            (None, "", ""),
            (None, "v-log", "v-log"),
            ("s-log3", "", "s-log3"),
            ("s-log3", "v-log", "s-log3"),
            ("none", "v-log", ""),
        ],
    )
    def test_what_a_clip_says_of_its_curve_goes_before_what_is_said_of_all(
        self, build, tmp_path, said, of_all, found
    ):
        own = {"w2l_studio": {"log": said}} if said else {}
        edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25, metadata=own)))
        plates = {path: plate.in_log(of_all) for path, plate in plates_of(build, edit).items()}
        (segment,), _ = segments.cut(edit, stack_marks(edit, (0, 10, None)), plates, 12, HALF)
        assert segment.plate.tags.log == found

    def test_light_stays_light_whatever_is_said(self, build, tmp_path):
        edit = build.edit(
            tmp_path, build.track(build.clip(0, 50, 25, metadata={"w2l_studio": {"log": "s-log3"}}))
        )
        (plate,) = plates_of(build, edit).values()
        light = replace(plate, tags=ColourTags(matrix=0, transfer=13, range=1))
        (segment,), _ = segments.cut(edit, stack_marks(edit, (0, 10, None)), {plate.path: light}, 12, HALF)
        assert segment.plate.tags == light.tags


class TestRefusals:
    def refuse(self, build, tmp_path, clip, plates=None):
        edit = build.edit(tmp_path, build.track(clip))
        plates = plates_of(build, edit) if plates is None else dict.fromkeys([edit.clips[0].media], *plates)
        found, (refused,) = segments.cut(edit, stack_marks(edit, (0, 10, "ANNA")), plates, 12, HALF)
        assert not found
        assert (refused.clip.name, refused.mark.id) == ("c", "m0")
        return refused.error

    def test_offline(self, build, tmp_path):
        assert isinstance(self.refuse(build, tmp_path, build.clip(0, 50, 25), [None]), MediaOffline)
        remote = build.clip(0, 50, 25, url=r"D:\m\a.mov")
        assert r"D:\m\a.mov is not a local file" in self.refuse(build, tmp_path, remote).message
        missing = otio.schema.Clip("c", otio.schema.MissingReference(), build.span(0, 50, 25))
        assert "names no media" in self.refuse(build, tmp_path, missing).message

    @pytest.mark.parametrize("below", [True, False])
    @pytest.mark.parametrize(
        "media", [otio.schema.MissingReference(), otio.schema.GeneratorReference("t", "Text")]
    )
    def test_a_marked_clip_without_media_is_offline_on_every_track(self, build, tmp_path, media, below):
        """It hides nothing, as a title does not: what lies below is seen, and the mark does not mean that."""
        marked = otio.schema.Clip("c", media.clone(), build.span(0, 50, 25))
        marked.markers.append(build.marker("w2l", 0, 0, 25))
        gap = otio.schema.Gap(source_range=build.span(0, 50, 25))
        edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25) if below else gap), build.track(marked))
        found, (refused,) = cut(build, edit, marks.find(edit))
        assert not found
        assert (refused.clip.path, type(refused.error)) == ((1, 0), MediaOffline)
        assert refused.error.message == "the clip names no media file"
        assert refused.error.where == "clip 'c' at 00:00:00:00"

    def test_a_shot_error_of_the_probe_is_kept(self, build, tmp_path):
        error = Unsupported("mirrored")
        assert self.refuse(build, tmp_path, build.clip(0, 50, 25), [error]) is error

    def test_unreadable_media_is_told_as_it_was_found(self, build, tmp_path):
        error = MediaError("is cut off", where="a.mov")
        assert self.refuse(build, tmp_path, build.clip(0, 50, 25), [error]) is error

    @pytest.mark.parametrize(
        ("effect", "said"),
        [
            (otio.schema.LinearTimeWarp(time_scalar=2.01), "201 %"),
            (otio.schema.LinearTimeWarp(time_scalar=0.49), "49 %"),
            (otio.schema.LinearTimeWarp(time_scalar=-1.0), "reverse speed"),
            (otio.schema.FreezeFrame(), "freeze frame"),
            (otio.schema.TimeEffect(), "variable"),
        ],
    )
    def test_retimed(self, build, tmp_path, effect, said):
        error = self.refuse(build, tmp_path, build.clip(0, 50, 25, effects=[effect]))
        assert isinstance(error, Retimed)
        assert said in error.message

    def test_what_lies_in_something_retimed(self, build, tmp_path):
        """How the two nest OTIO does not define, whatever the product is."""
        for speeds, said in (((0.8, 1.0), "80 %"), ((2.0, 0.5), "100 %"), ((-0.5, -2.0), "reverse speed")):
            outer, own = ([otio.schema.LinearTimeWarp(time_scalar=speed)] for speed in speeds)
            inner = otio.schema.Stack("s", effects=outer)
            inner.append(build.track(build.clip(0, 50, 25, effects=own)))
            error = self.refuse(build, tmp_path, inner)
            assert isinstance(error, Retimed)
            assert said in error.message
            assert ("lies in something that is retimed" in error.message) == (speeds[0] > 0)

    def test_speeds_that_multiply_beyond_any_number(self, build, tmp_path):
        effects = [otio.schema.LinearTimeWarp(time_scalar=1e6) for _ in range(60)]
        error = self.refuse(build, tmp_path, build.clip(0, 50, 25, effects=effects))
        assert "1e+09 %" in error.message

    @pytest.mark.parametrize(("start", "step", "told"), [(1, 2, "go up by 2"), (-5, 1, "begin below 0")])
    def test_image_sequences_that_are_numbered_otherwise(self, build, tmp_path, start, step, told):
        whole = build.span(1, 100, 25)
        media = otio.schema.ImageSequenceReference(
            "/s/", "a.", ".exr", start, step, 25, 4, available_range=whole
        )
        clip = otio.schema.Clip("c", media, build.span(1, 50, 25))
        error = self.refuse(build, tmp_path, clip)
        assert isinstance(error, Unsupported)
        assert told in error.message

    def test_nothing_under_the_mark(self, build, tmp_path):
        gap = otio.schema.Gap(source_range=build.span(0, 20, 25))
        edit = build.edit(tmp_path, build.track(gap, build.clip(0, 20, 25)))
        found, (refused,) = cut(build, edit, stack_marks(edit, (0, 20, None)))
        assert not found
        assert (refused.clip, type(refused.error)) == (None, NoClip)

    def test_one_bad_clip_does_not_harm_the_others(self, build, tmp_path):
        edit = build.edit(tmp_path, build.track(build.clip(0, 20, 25), build.clip(5000, 20, 25)))
        found, refused = cut(build, edit, stack_marks(edit, (0, 40, None)))
        assert (len(found), len(refused)) == (1, 1)


def test_skip_takes_its_frames_out_of_other_marks(build, tmp_path):
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25)))
    over, hole = stack_marks(edit, (0, 50, "ANNA"), (20, 30, None))
    found, (refused,) = cut(build, edit, [over, replace(hole, skip=True)], share=Fraction(1))
    assert [(s.plate_range.start, s.plate_range.stop) for s in found] == [(0, 20), (30, 50)]
    assert isinstance(refused.error, Skipped)
    records = [line.mark.record for segment in found for line in segment.lines]
    assert [(record.start, record.stop) for record in records] == [(0, 20), (30, 50)]


@pytest.mark.parametrize(
    ("source", "character", "left"),
    [
        ("all", None, [(0, 20), (30, 50)]),
        ("cue", None, [(0, 20), (30, 50)]),
        ("cue", "Anna", [(0, 20), (30, 50)]),
        ("cue", "BEN", [(0, 50)]),
        ("marker", None, [(0, 50)]),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_marker_wins_over_what_marks_the_same_frames_by_rule(
    build, tmp_path, source, character, left, first
):
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25)))
    marker, wide = stack_marks(edit, (20, 30, "ANNA"), (0, 50, character))
    found = [marker, replace(wide, source=source)]
    (whole,), refused = cut(build, edit, found if first else found[::-1])
    spans = {mark.id: [] for mark in found}
    for line in whole.lines:
        spans[line.mark.id].append((line.plate_range.start, line.plate_range.stop))
    assert spans == {marker.id: [(20, 30)], wide.id: left}
    assert not refused


def test_settings_of_the_clip_hold_for_marks_over_it(build, tmp_path):
    own = {"w2l_studio": {"character": "EVE", "strength": 0.5}}
    edit = build.edit(tmp_path, build.track(build.clip(0, 20, 25, metadata=own), build.clip(0, 20, 25)))
    found, _ = cut(build, edit, stack_marks(edit, (0, 40, None)))
    assert [(s.lines[0].mark.character, s.lines[0].mark.gain) for s in found] == [
        ("EVE", 0.5),
        (None, 1.0),
    ]
    skipped = build.edit(
        tmp_path, build.track(build.clip(0, 20, 25, metadata={"w2l_studio": {"skip": True}}))
    )
    found, (refused,) = cut(build, skipped, stack_marks(skipped, (0, 40, None)))
    assert not found
    assert isinstance(refused.error, Skipped)


@given(
    rate_index=st.integers(0, 5),
    lengths=st.lists(st.integers(1, 120), min_size=1, max_size=5),
    spans=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 90)), min_size=1, max_size=5),
    handles=st.integers(0, 30),
    share=st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(2)]),
    start=st.integers(0, 2_000_000),
)
def test_segments_are_exact_disjoint_and_inside(
    build, rates, tmp_path_factory, rate_index, lengths, spans, handles, share, start
):
    """Marked frames = frames in lines; runs of a clip never touch; nothing leaves the file."""
    rate = rates[rate_index]
    clips = [build.clip(start + 20, n, float(rate), available=(start, 150)) for n in lengths]
    edit = build.edit(tmp_path_factory.mktemp("s"), build.track(*clips))
    total = sum(lengths)
    found_marks = stack_marks(edit, *((min(a, total - 1), min(a + n, total), None) for a, n in spans))
    found, refused = cut(build, edit, found_marks, handles=handles, share=share, frames=150)
    assert not refused
    marked = {frame for mark in found_marks for frame in range(mark.record.start, mark.record.stop)}
    dubbed = set()
    for segment in found:
        shift = segment.clip.record.start - 20
        assert segment.record_start_s == Fraction(segment.plate_range.start + shift) / rate
        assert 0 <= segment.render_range.start <= segment.plate_range.start
        assert segment.plate_range.stop <= segment.render_range.stop <= 150
        assert segment.render_range.start in (0, segment.plate_range.start - handles)
        for line in segment.lines:
            assert segment.plate_range.intersect(line.plate_range) == line.plate_range
            assert segment.clip.record.intersect(line.mark.record) == line.mark.record
            dubbed |= {frame + shift for frame in range(line.plate_range.start, line.plate_range.stop)}
    assert dubbed == marked
    for one, two in itertools.pairwise(found):
        assert one.clip != two.clip or one.plate_range.stop < two.plate_range.start
    assert len({segment.id for segment in found}) == len(found)
