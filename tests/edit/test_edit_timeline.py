import os
import sys
import zipfile
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio import atomic, inputs
from w2l_studio.edit import timeline
from w2l_studio.errors import EditError, OutputError
from w2l_studio.timing import FrameRange, frames_to_timecode, snap_rate, timecode_to_frames

RT = otio.opentime.RationalTime


def test_record_and_source_of_a_plain_cut(build, tmp_path):
    gap = otio.schema.Gap(source_range=build.span(0, 7, 25))
    first = build.clip(90010, 100, 25, available=(90000, 500))
    edit = build.edit(tmp_path, build.track(gap, first, build.clip(5, 50, 25, available=None)))
    one, two = edit.clips
    assert (one.record.start, one.record.stop, two.record.start, two.record.stop) == (7, 107, 107, 157)
    assert (one.source.start, one.source.stop, one.available) == (
        90010,
        90110,
        FrameRange(90000, 90500, Fraction(25)),
    )
    assert (two.source.start, two.source.stop, two.available) == (5, 55, None)
    assert one.media == tmp_path / "plate.mov"
    assert (edit.rate, edit.frames, edit.start_frame, one.path) == (25, 157, 0, (0, 1))


def test_nested_stacks_place_and_trim_their_clips(build, tmp_path):
    inner = otio.schema.Stack("scene", source_range=build.span(10, 30, 24))
    inner.extend([build.track(build.clip(0, 20, 24), build.clip(100, 40, 24), name="inner")])
    edit = build.edit(tmp_path, build.track(build.clip(0, 50, 24), inner, build.clip(0, 5, 24)))
    ranges = [(c.path, c.record.start, c.record.stop, c.source.start) for c in edit.clips]
    assert ranges == [
        ((0, 0), 0, 50, 0),
        ((0, 1, 0, 0), 50, 60, 10),
        ((0, 1, 0, 1), 60, 80, 100),
        ((0, 2), 80, 85, 0),
    ]


@pytest.mark.parametrize("level", ["clip", "track", "stack"])
def test_disabled_is_not_there_but_keeps_its_place(build, tmp_path, level):
    inner = otio.schema.Stack("s")
    inner.extend([build.track(build.clip(0, 10, 24))])
    tracks = build.track(inner, build.clip(0, 10, 24))
    {"clip": inner[0][0], "track": inner[0], "stack": inner}[level].enabled = False
    edit = build.edit(tmp_path, tracks)
    assert [clip.record.start for clip in edit.clips] == [10]


def test_transitions_overlap_nothing_and_ask_for_source(build, tmp_path):
    fade = otio.schema.Transition("x", "SMPTE_Dissolve", RT(12, 25), RT(13, 25))
    edit = build.edit(tmp_path, build.track(build.clip(100, 50, 25), fade, build.clip(200, 50, 25)))
    one, two = edit.clips
    assert (one.record.stop, two.record.start, edit.frames) == (50, 50, 100)
    assert (one.transition_in, one.transition_out, two.transition_in, two.transition_out) == (0, 13, 12, 0)


def test_retimes_are_told(build, tmp_path):
    effects = [
        otio.schema.LinearTimeWarp(time_scalar=2.0),
        otio.schema.FreezeFrame(),
        otio.schema.TimeEffect(effect_name="Resolve variable speed"),
        otio.schema.LinearTimeWarp(time_scalar=1.0),
        otio.schema.Effect(effect_name="blur"),
    ]
    clips = [build.clip(0, 10, 24, effects=[effect]) for effect in effects]
    edit = build.edit(tmp_path, build.track(*clips))
    assert [clip.retime for clip in edit.clips] == [2, 0, -1, 1, 1]


def test_a_retimed_stack_retimes_what_it_holds(build, tmp_path):
    inner = otio.schema.Stack("s", effects=[otio.schema.LinearTimeWarp(time_scalar=0.5)])
    inner.extend([build.track(build.clip(0, 10, 24))])
    assert build.edit(tmp_path, build.track(inner)).clips[0].retime == Fraction(1, 2)


def test_media_that_is_no_local_file(build, tmp_path):
    references = [
        otio.schema.MissingReference(),
        otio.schema.GeneratorReference("title", "Text"),
        otio.schema.ExternalReference("http://host/a.mov"),
        otio.schema.ExternalReference(r"D:\m\a.mov"),
    ]
    clips = [otio.schema.Clip("c", media, build.span(1001, 8, 24)) for media in references]
    edit = build.edit(tmp_path, build.track(*clips))
    assert [clip.media for clip in edit.clips] == [None] * 4
    assert [clip.media_url for clip in edit.clips] == [
        "",
        "",
        "http://host/a.mov",
        r"D:\m\a.mov",
    ]


def test_the_original_is_read_where_our_dub_is_active(build, tmp_path):
    clip = build.clip(0, 10, 24, url="plate.mov")
    dub = otio.schema.ExternalReference("dub.mov", build.span(0, 10, 24))
    other = otio.schema.ExternalReference("proxy.mov", build.span(0, 10, 24))
    clip.set_media_references(
        {"proxy": other, "w2l_fr": dub, "DEFAULT_MEDIA": clip.media_reference}, "w2l_fr"
    )
    chosen = clip.deepcopy()
    chosen.active_media_reference_key = "proxy"
    edit = build.edit(tmp_path, build.track(clip, chosen))
    assert [one.media.name for one in edit.clips] == ["plate.mov", "proxy.mov"]


def test_mixed_rates_are_rescaled_not_assumed(build, tmp_path):
    half = build.clip(10, 20, 12.5, available=(0, 100))
    film = build.clip(48, 24, 24, available=(0, 100))
    edit = build.edit(tmp_path, build.track(build.clip(0, 25, 25), half, film))
    ranges = [
        (clip.record.start, clip.record.stop, clip.source.start, clip.source.rate) for clip in edit.clips
    ]
    assert ranges == [(0, 25, 0, 25), (25, 65, 10, Fraction(25, 2)), (65, 90, 48, 24)]


def test_lower_case_kinds_and_sound(build, tmp_path):
    gap = otio.schema.Gap(source_range=build.span(0, 12, 24))
    sound = build.clip(86410, 48, 24, url="fr.wav", available=(86400, 480))
    video, audio = build.track(build.clip(0, 24, 24), kind="video"), build.track(gap, sound, kind="audio")
    audio.enabled = False
    edit = build.edit(tmp_path, video, audio)
    assert len(edit.clips) == 1
    assert [(use.media.name, use.first_sample_s) for use in edit.sounds] == [("fr.wav", Fraction(2, 24))]
    assert edit.sounds[0].source_start_s is None
    sound.media_reference.available_range = None
    (use,) = build.edit(tmp_path, video, build.track(sound.clone(), kind="audio")).sounds
    assert (use.first_sample_s, use.source_start_s) == (Fraction(-86410, 24), Fraction(86410, 24))


@pytest.mark.parametrize(
    ("start", "rate", "drop", "told"),
    [
        (RT(86400, 23.976), Fraction(24000, 1001), False, "01:00:00:00"),
        (RT(86400, 24000 / 1001), Fraction(24000, 1001), False, "01:00:00:00"),
        (RT(90000, 25), 25, False, "01:00:00:00"),
        (RT(107892, 29.97), Fraction(30000, 1001), True, "01:00:00;00"),
        (RT(108000, 30000 / 1001), Fraction(30000, 1001), False, "01:00:00:00"),
        (RT(107940, 29.97), Fraction(30000, 1001), False, "00:59:58:00"),
        (RT(107832, 29.97), Fraction(30000, 1001), True, "00:59:58;00"),
        (RT(107955, 29.97), Fraction(30000, 1001), True, "01:00:02;03"),
        (RT(215880, 59.94), Fraction(60000, 1001), False, "00:59:58:00"),
        (RT(215784, 59.94), Fraction(60000, 1001), True, "01:00:00;00"),
        (RT(180000, 50), 50, False, "01:00:00:00"),
    ],
)
def test_start_timecode_rate_and_drop_frame(build, tmp_path, start, rate, drop, told):
    made = otio.schema.Timeline("t", global_start_time=start)
    made.tracks.append(build.track(build.clip(0, 10, start.rate)))
    timeline.write(made, tmp_path / "t.otio")
    edit = timeline.read(tmp_path / "t.otio")
    assert (edit.rate, edit.drop, timeline.timecode(edit, 0)) == (rate, drop, told)


def test_the_start_timecode_tells_the_rate_before_the_clips(build, tmp_path):
    edit = build.edit(tmp_path, build.track(build.clip(0, 24, 24)), start=RT(90000, 25))
    assert (edit.rate, edit.frames) == (25, 25)
    unset = build.edit(tmp_path, build.track(build.clip(0, 24, 24)), start=RT(0, 1))
    assert unset.rate == 24


def test_an_unknown_rate_is_refused_by_name(build, tmp_path):
    with pytest.raises(EditError, match="rates in it: 17"):
        build.edit(tmp_path, build.track(build.clip(0, 24, 17)))


def test_a_clip_of_unknown_length_is_named(build, tmp_path):
    clip = otio.schema.Clip("lost", otio.schema.ExternalReference("a.mov"))
    with pytest.raises(EditError, match="'lost' has neither"):
        build.edit(tmp_path, build.track(clip))


def test_a_range_far_from_all_children_does_not_trim(build, tmp_path):
    converted = build.track(build.clip(0, 24, 24))
    converted.source_range = build.span(-86400, 24, 24)
    assert len(build.edit(tmp_path, converted).clips) == 1


@settings(max_examples=50)
@given(rate=st.sampled_from([29.97, 59.94, 119.88]), second=st.integers(1, 86399), drop=st.booleans())
def test_a_start_on_a_full_second_tells_how_timecode_counts(build, tmp_path_factory, rate, second, drop):
    """Where a start is a full second in both countings, it may be either, and OTIO's is taken."""
    exact, nominal = snap_rate(rate), round(rate)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    width = 3 if nominal > 100 else 2
    dropped = drop and second % 60 == 0 and second // 60 % 10
    text = f"{clock}{';' if drop else ':'}{2 * nominal // 30 if dropped else 0:0{width}}"
    start = timecode_to_frames(text, exact)
    edit = build.edit(
        tmp_path_factory.mktemp("t"), build.track(build.clip(0, 10, rate)), start=RT(start, rate)
    )
    other = frames_to_timecode(start, exact, drop=not drop)
    assert timeline.timecode(edit, 0) in (text, other)
    if not other.endswith("0" * width):
        assert timeline.timecode(edit, 0) == text


@given(
    rate_index=st.integers(0, 5),
    lengths=st.lists(st.integers(1, 5000), min_size=1, max_size=12),
    start=st.integers(0, 2_000_000),
)
def test_frames_in_are_frames_out(build, rates, tmp_path_factory, rate_index, lengths, start):
    """Every boundary lies on its frame at every rate, far into a file with a start timecode."""
    rate = rates[rate_index]
    clips = [build.clip(start + 5, n, float(rate), available=(start, 10_000)) for n in lengths]
    edit = build.edit(tmp_path_factory.mktemp("t"), build.track(*clips), start=RT(start, float(rate)))
    assert edit.frames == sum(lengths)
    assert [len(clip.record) for clip in edit.clips] == lengths
    assert all(clip.source.start == start + 5 and len(clip.source) == len(clip.record) for clip in edit.clips)
    assert edit.start_frame == start


def test_a_clip_of_negative_length_is_refused(build, tmp_path):
    with pytest.raises(EditError, match=r"film\.otio: the clip 'c' lasts -10 frames"):
        build.edit(tmp_path, build.track(build.clip(0, -10, 25), build.clip(0, 10, 25)))


@pytest.mark.parametrize("offsets", [(-5, 5), (5, -5)])
def test_a_transition_with_a_negative_offset_is_refused(build, tmp_path, offsets):
    mix = otio.schema.Transition("mix", in_offset=RT(offsets[0], 25), out_offset=RT(offsets[1], 25))
    with pytest.raises(
        EditError, match=r"film\.otio: the transition 'mix' has a negative offset \(-0\.2 s\)"
    ):
        build.edit(tmp_path, build.track(build.clip(0, 20, 25), mix, build.clip(0, 20, 25)))


class TestBundles:
    def make(self, build, tmp_path, names=(), *, url="media/a%20b.mov", picture=b"picture"):
        edit = build.edit(tmp_path, build.track(build.clip(0, 10, 24, url=url)), name="content.otio")
        with zipfile.ZipFile(tmp_path / "film.otioz", "w") as bundle:
            bundle.write(edit.path, "content.otio")
            for name in ("media/a b.mov", *names):
                bundle.writestr(name, picture)
        return tmp_path / "film.otioz"

    def test_otioz_is_unpacked_once(self, build, tmp_path):
        path, folder = self.make(build, tmp_path), tmp_path / "unpacked"
        edit = timeline.read(path, bundle_dir=folder)
        media = edit.clips[0].media
        assert media == folder / "media" / "a b.mov"
        assert media.read_bytes() == b"picture"
        assert edit.folder == folder
        first = media.stat().st_ino
        timeline.read(path, bundle_dir=folder)
        assert media.stat().st_ino == first

    @pytest.mark.parametrize("days", [-1, 1])
    def test_a_replaced_otioz_of_equal_sizes_is_unpacked_anew(self, build, tmp_path, days):
        path, folder = self.make(build, tmp_path), tmp_path / "unpacked"
        media = timeline.read(path, bundle_dir=folder).clips[0].media
        path = self.make(build, tmp_path, picture=b"PICTURE")
        date = path.stat().st_mtime + days * 86400
        os.utime(path, (date, date))
        timeline.read(path, bundle_dir=folder)
        assert media.read_bytes() == b"PICTURE"

    @pytest.mark.parametrize("name", ["/etc/x", "../x", "media/../../x", r"media\x", "C:/x"])
    def test_unsafe_names_are_refused_before_anything_is_written(self, build, tmp_path, name):
        path = self.make(build, tmp_path, [name])
        with pytest.raises(EditError, match="unsafe name"):
            timeline.read(path, bundle_dir=tmp_path / "unpacked")
        assert not (tmp_path / "unpacked").exists()

    def test_otiod_is_read_in_place(self, build, tmp_path):
        folder = tmp_path / "film.otiod"
        build.edit(folder, build.track(build.clip(0, 10, 24, url="media/a.mov")), name="content.otio")
        assert timeline.read(folder).clips[0].media == folder / "media" / "a.mov"

    @pytest.mark.parametrize("content", [b"no zip", b"PK\x05\x06" + b"\0" * 18])
    def test_what_is_no_bundle(self, tmp_path, content):
        (tmp_path / "x.otioz").write_bytes(content)
        with pytest.raises(EditError, match=r"x\.otioz: is not a readable"):
            timeline.read(tmp_path / "x.otioz", bundle_dir=tmp_path / "y")

    def test_a_bundle_whose_bytes_are_damaged(self, build, tmp_path):
        edit = build.edit(tmp_path, build.track(build.clip(0, 10, 24)), name="content.otio")
        path = tmp_path / "x.otioz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.write(edit.path, "content.otio")
        content = bytearray(path.read_bytes())
        content[60:90] = b"\xff" * 30
        path.write_bytes(content)
        with pytest.raises(EditError, match=r"x\.otioz: is not a readable"):
            timeline.read(path, bundle_dir=tmp_path / "y")

    @pytest.mark.parametrize(
        "names", [["a/b", "a/b/c"], ["media/a b.mov/x"], ["."], ["a" * 256], ["media/" + "\u00e9" * 128]]
    )
    def test_names_that_no_disk_takes_are_refused_before_anything_is_written(self, build, tmp_path, names):
        path = self.make(build, tmp_path, names)
        with pytest.raises(EditError, match=r"film\.otioz: holds a file whose name no disk takes"):
            timeline.read(path, bundle_dir=tmp_path / "unpacked")
        assert not (tmp_path / "unpacked").exists()

    def test_a_name_that_is_no_text(self, build, tmp_path):
        path = self.make(build, tmp_path, ["n\u00e9.txt"])
        path.write_bytes(path.read_bytes().replace("n\u00e9".encode(), b"n\xff\xfe"))
        with pytest.raises(EditError, match=r"film\.otioz: is not a readable"):
            timeline.read(path, bundle_dir=tmp_path / "unpacked")

    def test_what_a_killed_run_left_is_cleared(self, build, tmp_path):
        path, folder = self.make(build, tmp_path), tmp_path / "unpacked"
        (folder / "media").mkdir(parents=True)
        killed = atomic.written(folder / "media" / "a b.mov")
        killed.__enter__()
        timeline.read(path, bundle_dir=folder)
        assert [one.name for one in (folder / "media").iterdir()] == ["a b.mov"]

    def test_more_text_than_fits_into_memory(self, build, tmp_path, monkeypatch):
        path = self.make(build, tmp_path)
        monkeypatch.setattr(inputs, "MOST_BYTES", 100)
        with pytest.raises(EditError, match=r"film\.otioz: holds 0 MB of text"):
            timeline.read(path, bundle_dir=tmp_path / "unpacked")
        with pytest.raises(EditError, match=r"content\.otio: holds 0 MB of text"):
            timeline.read(tmp_path / "content.otio")
        assert not (tmp_path / "unpacked").exists()

    def test_a_bundle_larger_than_the_disk(self, build, tmp_path, monkeypatch):
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
        with pytest.raises(EditError, match="0 MB are free"):
            timeline.read(self.make(build, tmp_path), bundle_dir=tmp_path / "unpacked")


@pytest.mark.parametrize("name", ["scene.otio", "scene.otioz", "scene.otiod"])
def test_an_edit_knows_the_bytes_that_it_was_read_from(tmp_path, name):
    path = tmp_path / name
    timeline_ = otio.schema.Timeline("scene", global_start_time=RT(0, 25))
    timeline_.tracks.append(otio.schema.Track("V1", kind="Video"))
    otio.adapters.write_to_file(timeline_, str(path))
    edit = timeline.read(path, bundle_dir=tmp_path / "bundle")
    assert edit.sha256 == (sha256(path.read_bytes()).hexdigest() if path.is_file() else None)


@pytest.mark.parametrize("name", ["none.otio", "none.otioz", "none.otiod", "film.txt"])
def test_what_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(EditError, match=name):
        timeline.read(tmp_path / name, bundle_dir=tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no place among files there")
@pytest.mark.parametrize("name", ["pipe.otio", "pipe.otioz"])
def test_pipes_are_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(EditError, match=rf"{name}: this is not a regular file"):
        timeline.read(tmp_path / name, bundle_dir=tmp_path)


def test_writing_leaves_no_half_file(build, tmp_path, monkeypatch):
    edit = build.edit(tmp_path, build.track(build.clip(0, 10, 24)))
    target = tmp_path / "out.otio"
    target.write_text("before")

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="the disk is full"):
        timeline.write(edit.otio, target)
    assert target.read_text() == "before"
