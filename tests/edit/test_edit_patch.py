from collections import Counter
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from w2l_studio.edit import layout, marks, patch, segments, timeline
from w2l_studio.errors import EditError, OutputError
from w2l_studio.terms import Mark, Passed, Stem
from w2l_studio.timing import FrameRange, nearest_frame

RT = otio.opentime.RationalTime


def dub(build, edit, spans, out, *, lang="fr", share=Fraction(1, 2), stems=(), frames=1000, handles=12):
    """Cut, 'render' and patch; returns the timeline that was written to `out`, and its takes."""
    found = [Mark(f"m{n}", FrameRange(a, b, edit.rate), "ANNA") for n, (a, b) in enumerate(spans)]
    plates = {clip.media: build.plate(clip, edit.rate, frames=frames) for clip in edit.clips}
    cuts, refused = segments.cut(edit, found, plates, handles, share)
    assert not refused
    takes = [build.take(segment, out.parent / "media", lang) for segment in cuts]
    made = patch.apply(edit, takes, stems=stems, lang=lang, out_path=out)
    timeline.write(made, out)
    return made, takes


def pictures(edit):
    """What the edit shows: record frame -> (original media, source frame)."""
    return {
        clip.record.start + n: (clip.media, clip.source.start + n)
        for clip in edit.clips
        for n in range(len(clip.record))
    }


def dubbed_pictures(made, edit, takes, lang="fr"):
    """Record frame -> plate frame, told by the new references alone."""
    by_name = {take.path.name: take for take in takes}
    shown = {}
    for item in layout.walk(made):
        if not (item.is_clip and item.item.active_media_reference_key == f"w2l_{lang}"):
            continue
        media = item.item.media_reference
        take = by_name[media.name]
        first = layout.seconds(media.available_range.start_time) + item.offset
        for frame in range(*(nearest_frame(time, edit.rate) for time in item.window)):
            index = (Fraction(frame) / edit.rate - first) * edit.rate
            assert index.denominator == 1
            assert 0 <= index < len(take.segment.render_range)
            shown[frame] = take.segment.render_range.start + index
    return shown


def wav(first, length, character=None, folder="/stems"):
    return Stem(
        Path(folder) / "fr 1.wav", character, Fraction(first), Fraction(length), "timeline-start", "ef"
    )


def two_clips(build, tmp_path, **more):
    return build.edit(
        tmp_path,
        build.track(build.clip(10, 100, 25, url="a.mov", **more), build.clip(200, 50, 25, url="b.mov")),
    )


def test_a_whole_take_becomes_the_active_reference(build, tmp_path):
    edit = build.edit(tmp_path, build.track(build.clip(90010, 100, 25, available=(90000, 500), name="a")))
    made, _ = dub(build, edit, [(0, 100)], tmp_path / "film.fr.otio")
    (clip,) = made.tracks[0]
    assert clip.active_media_reference_key == "w2l_fr"
    references = clip.media_references()
    assert set(references) == {"DEFAULT_MEDIA", "w2l_fr"}
    new = references["w2l_fr"]
    assert new.target_url == "media/0.0-000010%20fr.mov"
    assert new.available_range == build.span(90000, 122, 25)
    assert clip.source_range == build.span(90010, 100, 25)
    assert dict(clip.metadata["w2l_studio"])["generator"] == "wav2lip"
    assert dict(made.metadata["w2l_studio"]) == {"v": 1, "lang": "fr", "synthetic": True}


def test_a_razored_clip_keeps_its_markers_effects_and_settings(build, tmp_path):
    made = [
        build.marker(name, at, 0, 25)
        for name, at in (("a", 10), ("b", 30), ("c", 49), ("d", 50), ("out", 900))
    ]
    clip = build.clip(
        10,
        100,
        25,
        markers=made,
        effects=[otio.schema.Effect("blur")],
        metadata={"w2l_studio": {"strength": 0.5}},
    )
    edit = build.edit(tmp_path, build.track(clip))
    result, _ = dub(build, edit, [(20, 40)], tmp_path / "out" / "film.fr.otio")
    pieces = list(result.tracks[0])
    assert [piece.source_range for piece in pieces] == [
        build.span(10, 20, 25),
        build.span(30, 20, 25),
        build.span(50, 60, 25),
    ]
    assert [[marker.name for marker in piece.markers] for piece in pieces] == [
        ["a"],
        ["b", "c"],
        ["d", "out"],
    ]
    assert [piece.active_media_reference_key for piece in pieces] == [
        "DEFAULT_MEDIA",
        "w2l_fr",
        "DEFAULT_MEDIA",
    ]
    assert all(
        len(piece.effects) == 1 and piece.metadata["w2l_studio"]["strength"] == 0.5 for piece in pieces
    )
    assert ["segment" in piece.metadata["w2l_studio"] for piece in pieces] == [False, True, False]


def test_what_was_passed_through_is_told_on_the_clip(build, tmp_path):
    edit = two_clips(build, tmp_path)
    plates = {clip.media: build.plate(clip, edit.rate) for clip in edit.clips}
    (segment,), _ = segments.cut(edit, [Mark("m", FrameRange(0, 100, edit.rate))], plates, 0, Fraction(1))
    take = build.take(segment, tmp_path)
    told = type(take)(take.segment, take.path, take.slate, (90,), ((Passed(10, "no-face", "no face"),),))
    made = patch.apply(edit, [told], stems=[], lang="fr", out_path=tmp_path / "o.otio")
    (entry,) = made.tracks[0][0].metadata["w2l_studio"]["passed"]
    assert dict(entry) == {"mark": "m", "frames": 10, "code": "no-face", "message": "no face"}


def test_clips_without_source_range_keep_their_length(build, tmp_path):
    clip = build.clip(0, 1, 25, available=(90000, 60))
    clip.source_range = None
    edit = build.edit(tmp_path, build.track(clip, build.clip(0, 10, 25)))
    made, _ = dub(build, edit, [(0, 60)], tmp_path / "f.otio", frames=60)
    assert made.tracks[0].range_of_child_at_index(1).start_time == RT(60, 25)
    assert made.tracks[0][0].source_range == build.span(90000, 60, 25)


def test_relative_media_is_found_from_the_new_folder(build, tmp_path):
    edit = two_clips(build, tmp_path)
    _, takes = dub(build, edit, [(0, 100)], tmp_path / "film.w2l" / "film.fr.otio")
    again = timeline.read(tmp_path / "film.w2l" / "film.fr.otio")
    assert [clip.media for clip in again.clips] == [clip.media for clip in edit.clips]
    used = again.otio.tracks[0][0].media_reference.target_url
    assert takes[0].path == tmp_path / "film.w2l" / "media" / "0.0-000010 fr.mov"
    assert used == "media/0.0-000010%20fr.mov"


def test_takes_elsewhere_are_named_by_file_url(build, tmp_path):
    edit = two_clips(build, tmp_path)
    found = [Mark("m", FrameRange(0, 100, edit.rate))]
    plates = {clip.media: build.plate(clip, edit.rate) for clip in edit.clips}
    cuts, _ = segments.cut(edit, found, plates, 0, Fraction(1))
    takes = [build.take(one, Path("/else where")) for one in cuts]
    made = patch.apply(edit, takes, stems=[], lang="fr", out_path=tmp_path / "o.otio")
    assert made.tracks[0][0].media_reference.target_url == "file:///else%20where/0.0-000010%20fr.mov"


def test_the_source_edit_is_refused_as_target(build, tmp_path):
    edit = two_clips(build, tmp_path)
    with pytest.raises(OutputError, match="never written to"):
        patch.apply(edit, [], stems=[], lang="fr", out_path=tmp_path / "x" / ".." / "film.otio")


def test_a_take_of_another_edit_is_refused(build, tmp_path):
    edit = two_clips(build, tmp_path)
    _, takes = dub(build, edit, [(0, 100)], tmp_path / "f.otio")
    other = build.edit(tmp_path, build.track(build.clip(0, 30, 25)), name="other.otio")
    with pytest.raises(EditError, match=r"other\.otio: the clip 'c' of the take 0\.0-000010"):
        patch.apply(other, takes, stems=[], lang="fr", out_path=tmp_path / "o.otio")


@given(
    st.fractions(Fraction(1, 2), 2, max_denominator=100),
    st.integers(0, 100),
    st.integers(0, 39),
    st.integers(1, 40),
    st.booleans(),
)
@example(Fraction(21, 32), 0, 16, 3, False)
def test_a_retimed_clip_shows_the_same_frames_of_plate_or_take(
    build, tmp_path_factory, speed, start, begin, length, whole
):
    folder = tmp_path_factory.mktemp("r")
    warp = otio.schema.LinearTimeWarp(time_scalar=float(speed))
    clip = build.clip(start, 40, 24, effects=[warp], markers=[build.marker("note", start + 30, 1, 24)])
    edit = build.edit(folder, build.track(build.clip(0, 10, 24, url="other.mov"), clip))
    stop = min(40, begin + length)
    share = Fraction(0) if whole else Fraction(2)
    made, takes = dub(build, edit, [(10 + begin, 10 + stop)], folder / "out.otio", share=share)
    (take,) = takes
    (original,) = (item for item in layout.walk(edit.otio) if item.path == (0, 1))
    dubbed = 0
    for item in layout.walk(made):
        if not item.is_clip or item.path == (0, 0):
            continue
        assert item.item.effects[0].time_scalar == pytest.approx(float(speed))
        for frame in range(*(nearest_frame(time, edit.rate) for time in item.window)):
            shown = item.media_s(Fraction(frame) / 24)
            assert float(shown) == pytest.approx(float(original.media_s(Fraction(frame) / 24)), abs=1e-6)
            if item.item.active_media_reference_key == "w2l_fr":
                first = layout.seconds(item.item.media_reference.available_range.start_time)
                index = float((shown - first) * 24)
                assert -1e-4 <= index < len(take.segment.render_range)
                assert take.segment.render_range.start + index == pytest.approx(float(shown * 24), abs=1e-4)
                dubbed += 1
        for mark in item.item.markers:
            assert item.offset + layout.seconds(mark.marked_range.start_time) == pytest.approx(40 / 24)
    # Both ends lie on a picture of the plate, and that on a frame of the edit: half of either may be lost.
    assert dubbed == 40 if whole else dubbed >= stop - begin - 1 / speed - 1
    assert sum(len(item.item.markers) for item in layout.walk(made) if item.is_clip) == 1


@given(st.fractions(Fraction(1, 2), 1, max_denominator=40), st.integers(0, 99), st.booleans())
def test_the_edge_of_a_slow_clip_that_begins_within_a_picture_is_dubbed(
    build, tmp_path_factory, speed, start, head
):
    """As the pieces of one do that was razored for another language."""
    warp = otio.schema.LinearTimeWarp(time_scalar=float(speed))
    clip = build.clip(10 + start / 100, 40, 24, effects=[warp])
    folder = tmp_path_factory.mktemp("s")
    edit = build.edit(folder, build.track(clip))
    made, _ = dub(build, edit, [(0, 20) if head else (20, 40)], folder / "out.otio", share=Fraction(2))
    edge = list(made.find_clips())[0 if head else -1]
    assert edge.active_media_reference_key == "w2l_fr"


def test_a_clip_directly_in_a_stack_is_razored_in_a_track_of_its_own(build, tmp_path):
    inner = otio.schema.Stack("scene")
    inner.append(build.clip(0, 100, 25))
    edit = build.edit(tmp_path, build.track(inner))
    dub(build, edit, [(20, 40)], tmp_path / "o" / "f.otio")
    assert pictures(timeline.read(tmp_path / "o" / "f.otio")) == pictures(edit)


def test_a_trimmed_compound_gets_its_take_only_where_it_is_seen(build, tmp_path):
    inner = otio.schema.Stack("scene", source_range=build.span(30, 20, 25))
    inner.extend([build.track(build.clip(100, 100, 25))])
    edit = build.edit(tmp_path, build.track(inner))
    made, takes = dub(build, edit, [(0, 20)], tmp_path / "o" / "f.otio", handles=2)
    assert takes[0].segment.whole_clip
    pieces = list(made.tracks[0][0][0])
    assert [piece.source_range for piece in pieces] == [
        build.span(100, 30, 25),
        build.span(130, 20, 25),
        build.span(150, 50, 25),
    ]
    assert pictures(timeline.read(tmp_path / "o" / "f.otio")) == pictures(edit)


@pytest.mark.parametrize(("trim", "shown"), [(30, (118, 162)), (5, (100, 137)), (75, (163, 200))])
def test_a_dissolve_at_a_compounds_edge_shows_the_take(build, tmp_path, trim, shown):
    """It shows frames of the clip inside before and after those that the compound's range shows."""
    inner = otio.schema.Stack("scene", source_range=build.span(trim, 20, 25))
    inner.extend([build.track(build.clip(100, 100, 25))])
    cross = [otio.schema.Transition("x", "SMPTE_Dissolve", RT(12, 25), RT(12, 25)) for _ in range(2)]
    outer = build.track(build.clip(0, 50, 25), cross[0], inner, cross[1], build.clip(0, 50, 25))
    edit = build.edit(tmp_path, outer)
    made, takes = dub(build, edit, [(50, 70)], tmp_path / "o" / "f.otio", handles=2)
    (piece,) = (one for one in made.tracks[0][2][0] if one.active_media_reference_key == "w2l_fr")
    assert piece.source_range == build.span(shown[0], shown[1] - shown[0], 25)
    assert takes[0].segment.plate_range == FrameRange(100 + trim, 120 + trim, Fraction(25))
    rendered = takes[0].segment.render_range
    assert (rendered.start, rendered.stop) == shown
    media = piece.media_reference.available_range
    assert (media.start_time.value, media.end_time_exclusive().value) == shown
    assert pictures(timeline.read(tmp_path / "o" / "f.otio")) == pictures(edit)
    twice = patch.apply(
        timeline.read(tmp_path / "o" / "f.otio"),
        takes,
        stems=[],
        lang="fr",
        out_path=tmp_path / "o" / "t.otio",
    )
    assert build.json(twice) == build.json(made)


def test_another_language_starts_from_the_original_and_leaves_the_first(build, tmp_path):
    edit = two_clips(build, tmp_path)
    stems = [wav(0, 6)]
    dub(build, edit, [(20, 40)], tmp_path / "f.fr.otio", stems=stems)
    french = timeline.read(tmp_path / "f.fr.otio")
    made, takes = dub(build, french, [(20, 40)], tmp_path / "f.de.otio", lang="de", stems=stems)
    assert takes[0].segment.clip.path == (0, 1)
    middle = made.tracks[0][1]
    assert set(middle.media_references()) == {"DEFAULT_MEDIA", "w2l_fr", "w2l_de"}
    assert middle.active_media_reference_key == "w2l_de"
    assert middle.metadata["w2l_studio"]["lang"] == "de"
    assert [track.name for track in made.tracks] == ["V1", "W2L fr", "W2L de"]


def test_the_reference_that_was_active_is_dubbed_again_and_comes_back(build, tmp_path):
    """A clip may play a proxy while another of its media is offline."""
    edit = two_clips(build, tmp_path)
    for clip in edit.otio.tracks[0]:
        proxy = otio.schema.ExternalReference("proxy.mov", clip.media_reference.available_range)
        clip.set_media_references({**clip.media_references(), "proxy": proxy}, "proxy")
    timeline.write(edit.otio, edit.path)
    dub(build, timeline.read(edit.path), [(0, 100)], tmp_path / "f.fr.otio")
    french = timeline.read(tmp_path / "f.fr.otio")
    assert french.otio.tracks[0][0].active_media_reference_key == "w2l_fr"
    assert {clip.media.name for clip in french.clips} == {"proxy.mov"}
    dub(build, french, [(0, 100)], tmp_path / "f.de.otio", lang="de")
    both = timeline.read(tmp_path / "f.de.otio")
    assert {clip.media.name for clip in both.clips} == {"proxy.mov"}
    again, _ = dub(build, french, [], tmp_path / "g.fr.otio")
    assert [clip.active_media_reference_key for clip in again.tracks[0]] == ["proxy", "proxy"]


def test_a_mark_that_went_takes_its_dub_with_it(build, tmp_path):
    edit = two_clips(build, tmp_path)
    dub(build, edit, [(0, 150)], tmp_path / "f.fr.otio")
    again, _ = dub(build, timeline.read(tmp_path / "f.fr.otio"), [(0, 100)], tmp_path / "g.fr.otio")
    one, two = again.tracks[0]
    assert one.active_media_reference_key == "w2l_fr"
    assert list(two.media_references()) == ["DEFAULT_MEDIA"]
    assert "w2l_studio" not in two.metadata


class TestStems:
    def placed(self, build, tmp_path, *stems, rate=25, lang="fr"):
        edit = build.edit(tmp_path, build.track(build.clip(0, 250, rate)))
        made = patch.apply(edit, [], stems=stems, lang=lang, out_path=tmp_path / "out.otio")
        timeline.write(made, tmp_path / "out.otio")
        return made, timeline.read(tmp_path / "out.otio")

    def test_names_kinds_and_order(self, build, tmp_path):
        made, _ = self.placed(build, tmp_path, wav(0, 2), wav(1, 2, "ANNA"))
        assert [(track.name, track.kind) for track in made.tracks[1:]] == [
            ("W2L fr", "Audio"),
            ("W2L fr ANNA", "Audio"),
        ]

    @pytest.mark.parametrize(
        ("first", "length", "gap", "start", "frames"),
        [
            ("0", "2", 0, 0, 50),
            ("1", "2.001", 25, 0, 51),
            ("-1", "3", 0, 25, 50),
            ("9", "30", 225, 0, 25),
            ("0.01", "2", 1, 0.75, 49),
        ],
    )
    def test_place(self, build, tmp_path, first, length, gap, start, frames):
        made, again = self.placed(build, tmp_path, wav(first, length))
        track = made.tracks[1]
        clip = track[-1]
        assert track.range_of_child(clip).start_time.value == gap
        assert clip.source_range == build.span(start, frames, 25)
        assert clip.media_reference.target_url == "file:///stems/fr%201.wav"
        assert again.sounds[0].first_sample_s == Fraction(first)
        assert again.frames == 250

    @pytest.mark.parametrize(("first", "length"), [("10", "5"), ("-5", "5"), ("20", "1")])
    def test_what_lies_outside_makes_no_track(self, build, tmp_path, first, length):
        made, _ = self.placed(build, tmp_path, wav(first, length))
        assert len(made.tracks) == 1

    def test_only_what_was_laid_for_the_language_is_replaced(self, build, tmp_path):
        mine = [
            build.track(build.clip(0, 50, 25, url="titles.mov"), name="W2L fr titles"),
            build.track(build.clip(0, 50, 25, url="mix.wav"), kind="Audio", name="W2L fr M&E mix"),
            build.track(kind="Audio", name="W2L fr"),
        ]
        edit = build.edit(tmp_path, build.track(build.clip(0, 50, 25)), *mine)
        stems = [wav(0, 1, "ANNA"), wav(0, 1, "BEN")]
        path = tmp_path / "o.otio"
        timeline.write(patch.apply(edit, [], stems=stems, lang="fr", out_path=path), path)
        kept = ["V1", "W2L fr titles", "W2L fr M&E mix", "W2L fr"]
        laid = timeline.read(path)
        assert [track.name for track in laid.otio.tracks] == [*kept, "W2L fr ANNA", "W2L fr BEN"]
        again = patch.apply(laid, [], stems=[wav(0, 1)], lang="fr", out_path=tmp_path / "p.otio")
        assert [track.name for track in again.tracks] == [*kept, "W2L fr"]

    def test_a_track_whose_clips_lost_what_they_say_is_known_by_its_stem(self, build, tmp_path):
        edit = two_clips(build, tmp_path)
        path = tmp_path / "o.otio"
        made = patch.apply(edit, [], stems=[wav(0, 1)], lang="fr", out_path=path)
        made.tracks[1][0].metadata.clear()
        timeline.write(made, path)
        again = patch.apply(
            timeline.read(path), [], stems=[wav(0, 1)], lang="fr", out_path=tmp_path / "p.otio"
        )
        assert [track.name for track in again.tracks] == ["V1", "W2L fr"]


@given(
    rate_index=st.integers(0, 5),
    lengths=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    spans=st.lists(st.tuples(st.integers(0, 250), st.integers(1, 60)), max_size=4),
    nested=st.booleans(),
    fade=st.integers(0, 6),
    share=st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(2)]),
    start=st.integers(0, 2_000_000),
    first=st.fractions(-3, 3, max_denominator=48000),
)
def test_the_cut_is_what_it_was(
    build, rates, tmp_path_factory, rate_index, lengths, spans, nested, fade, share, start, first
):
    """Frames, timecodes, durations and markers in = out; new pictures lie on their frames; twice = once."""
    rate, folder = rates[rate_index], tmp_path_factory.mktemp("p")
    clips = [
        build.clip(start + 20, n, float(rate), available=(start, 150), url=f"{i}.mov")
        for i, n in enumerate(lengths)
    ]
    for clip in clips:
        clip.markers.append(build.marker("note", start + 20, 0, float(rate)))
        clip.markers.append(build.marker("note", start + 27, 5, float(rate)))
    children = clips
    if fade and min(lengths[:2]) > fade:
        cross = otio.schema.Transition("x", "SMPTE_Dissolve", RT(fade, float(rate)), RT(fade, float(rate)))
        children = [clips[0], cross, *clips[1:]]
    video = build.track(*children)
    if nested:
        inner = otio.schema.Stack("scene")
        inner.append(video)
        video = build.track(build.clip(start, 10, float(rate), available=(start, 150)), inner)
    edit = build.edit(folder, video, start=RT(start, float(rate)))
    before = build.json(edit.otio)
    chosen = [(min(a, edit.frames - 1), min(a + n, edit.frames)) for a, n in spans]
    out = folder / "film.w2l" / "film.fr.otio"
    stems = [wav(first, 5), wav(first, 2, "ANNA")]
    made, takes = dub(build, edit, chosen, out, share=share, stems=stems, frames=150, handles=3)

    assert build.json(edit.otio) == before
    again = timeline.read(out)
    assert (again.rate, again.frames, again.start_frame, again.drop) == (
        edit.rate,
        edit.frames,
        edit.start_frame,
        edit.drop,
    )
    assert pictures(again) == pictures(edit)
    assert made.tracks[0].duration() == edit.otio.tracks[0].duration()
    assert made.global_start_time == edit.otio.global_start_time
    assert notes(made) == notes(edit.otio)
    shown = dubbed_pictures(made, edit, takes)
    wanted = {frame for span in chosen for frame in range(*span)}
    assert wanted <= set(shown)
    assert all(pictures(edit)[frame][1] - start == number for frame, number in shown.items())
    twice = patch.apply(again, takes, stems=stems, lang="fr", out_path=out.with_name("twice.otio"))
    assert build.json(twice) == build.json(made)


def notes(made):
    return Counter(
        (marker.name, layout.seconds(marker.marked_range.start_time) + item.offset)
        for item in layout.walk(made)
        for marker in item.item.markers
    )


def test_marks_are_found_again_in_the_result(build, tmp_path):
    clip = build.clip(10, 100, 25, markers=[build.marker("w2l ANNA", 30, 20, 25)])
    edit = build.edit(tmp_path, build.track(clip))
    found = marks.find(edit)
    dub(build, edit, [(20, 40)], tmp_path / "o" / "f.otio")
    again = marks.find(timeline.read(tmp_path / "o" / "f.otio"))
    assert [(mark.record, mark.character) for mark in again] == [
        (mark.record, mark.character) for mark in found
    ]
