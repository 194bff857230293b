"""Image sequences in edits: found however they are named, cut by the edit's own count, given back as such."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from w2l_studio.edit import patch, segments, timeline
from w2l_studio.errors import Unsupported
from w2l_studio.terms import ImageSequence, Mark, Take, sequence_of
from w2l_studio.timing import FrameRange

RATE = Fraction(24)


def reference(build, base="plates/", *, start=1001, count=100, counted_from=None, **more):
    whole = build.span(start if counted_from is None else counted_from, count, 24)
    told = {
        "name_prefix": "sh010.",
        "name_suffix": ".exr",
        "frame_step": 1,
        "rate": 24,
        "frame_zero_padding": 4,
    }
    return otio.schema.ImageSequenceReference(
        base, start_frame=start, available_range=whole, **{**told, **more}
    )


def clip(build, media, first, frames):
    return otio.schema.Clip("sh010", media, build.span(first, frames, 24))


def segment_of(build, edit, rate=RATE, **more):
    (use,) = edit.clips
    mark = Mark("m", FrameRange(0, edit.frames, edit.rate))
    (found,), refused = segments.cut(
        edit, [mark], {use.media: build.plate(use, rate, **more)}, 8, Fraction(1, 2)
    )
    assert not refused
    return found


def taken(build, segment, folder):
    """Return a take of a segment as `images.take` names it."""
    own, frames = sequence_of(segment.plate.path), segment.render_range
    first, last = own.first + frames.start, own.first + frames.stop - 1
    path = ImageSequence(folder / "media" / "sh", "sh.", first, last, own.digits, own.suffix).path
    film = build.take(segment, folder)
    return Take(segment, path, film.slate, film.synced, film.passed)


class TestFound:
    @pytest.mark.parametrize("base", ["plates/", "plates", "./plates/"])
    def test_by_otios_own_reference(self, build, tmp_path, base):
        edit = build.edit(tmp_path, build.track(clip(build, reference(build, base), 1011, 20)))
        (use,) = edit.clips
        assert use.media == tmp_path / "plates" / "sh010.[1001-1100].exr"
        assert (use.source.start, use.source.stop, use.source.rate) == (1011, 1031, 24)

    def test_by_a_file_url_with_escapes(self, build, tmp_path):
        media = reference(build, f"{tmp_path.as_uri()}/caf%C3%A9/", name_prefix="s h.")
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 1011, 20))).clips
        assert use.media == tmp_path / "café" / "s h.[1001-1100].exr"

    def test_below_a_media_root(self, build, tmp_path):
        path = tmp_path / "film.otio"
        made = otio.schema.Timeline("film")
        made.tracks.append(build.track(clip(build, reference(build, "/old/plates/"), 1011, 20)))
        timeline.write(made, path)
        (use,) = timeline.read(path, [("/old", str(tmp_path / "new"))]).clips
        assert use.media == tmp_path / "new" / "plates" / "sh010.[1001-1100].exr"

    def test_its_own_rate_counts_not_that_of_its_range(self, build, tmp_path):
        media = reference(build, rate=25)
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 1011, 20))).clips
        assert use.source.rate == 25

    def test_without_a_range_the_disk_tells_its_end(self, build, tmp_path):
        media = reference(build)
        media.available_range = None
        for number in (1001, 1040, 1060):
            (tmp_path / "plates").mkdir(exist_ok=True)
            (tmp_path / "plates" / f"sh010.{number}.exr").touch()
        (tmp_path / "plates" / "sh010.1061.tif").touch()
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 1011, 20))).clips
        assert use.media.name == "sh010.[1001-1060].exr"

    @pytest.mark.parametrize("pattern", ["sh010.%04d.exr", "sh010.####.exr", "sh010.[1001-1100].exr"])
    def test_by_the_pattern_of_a_plain_reference(self, build, tmp_path, pattern):
        for number in range(1001, 1101):
            (tmp_path / f"sh010.{number}.exr").touch()
        media = otio.schema.ExternalReference(pattern, build.span(86400, 100, 24))
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 86410, 20))).clips
        assert use.media == tmp_path / "sh010.[1001-1100].exr"

    def test_a_pattern_whose_first_files_were_not_delivered_is_counted_by_the_edit(self, build, tmp_path):
        for number in range(1040, 1070):
            (tmp_path / f"sh010.{number}.exr").touch()
        media = otio.schema.ExternalReference("sh010.%04d.exr", build.span(1001, 100, 24))
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 1045, 20))).clips
        assert use.media == tmp_path / "sh010.[1001-1100].exr"
        assert segment_of(build, timeline.read(tmp_path / "film.otio"), frames=100).plate_range.start == 44

    @pytest.mark.parametrize("name", ["sh010.%04d.exr", "sh010.[1001-1100].exr"])
    def test_a_range_within_its_numbers_is_counted_by_them(self, build, tmp_path, name):
        for number in range(1001, 1101):
            (tmp_path / f"sh010.{number}.exr").touch()
        media = otio.schema.ExternalReference(name, build.span(1009, 60, 24))
        edit = build.edit(tmp_path, build.track(clip(build, media, 1015, 20)))
        first = segment_of(build, edit, frames=60).plate_range.start
        assert sequence_of(edit.clips[0].media).file(first).name == "sh010.1015.exr"

    def test_files_of_another_padding_are_not_its_own(self, build, tmp_path):
        for number in ("99", "1001", "1002", "01003"):
            (tmp_path / f"sh010.{number}.exr").touch()
        media = otio.schema.ExternalReference("sh010.####.exr")
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 1001, 2))).clips
        assert use.media.name == "sh010.[1001-1002].exr"

    @pytest.mark.parametrize("suffix", ["_L.exr", ".left.exr"])
    def test_what_follows_the_number_belongs_to_the_name(self, build, tmp_path, suffix):
        (use,) = build.edit(
            tmp_path, build.track(clip(build, reference(build, name_suffix=suffix), 1011, 20))
        ).clips
        assert sequence_of(use.media).file(0).name == f"sh010.1001{suffix}"

    @pytest.mark.parametrize("name", ["sh010.[1001-1100].exr", "sh010.%04d.exr"])
    def test_in_a_folder_whose_accents_the_disk_writes_otherwise(self, build, tmp_path, name):
        (tmp_path / "caf\u00e9").mkdir()
        for number in range(1001, 1101):
            (tmp_path / "caf\u00e9" / f"sh010.{number}.exr").touch()
        media = otio.schema.ExternalReference(f"cafe\u0301/{name}", build.span(1001, 100, 24))
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 1011, 20))).clips
        assert use.media == tmp_path / "caf\u00e9" / "sh010.[1001-1100].exr"

    def test_a_rate_that_nobody_chose_does_not_count(self, build, tmp_path):
        edit = build.edit(tmp_path, build.track(clip(build, reference(build, rate=1), 1011, 20)))
        found = segment_of(build, edit, frames=100)
        assert (edit.clips[0].source.rate, found.plate_range.start, found.plate_range.stop) == (24, 10, 30)

    @pytest.mark.parametrize("name", ["a %d.mov", "take #.exr", "a.%04d.exr"])
    def test_a_file_that_is_called_like_a_pattern_is_a_file(self, build, tmp_path, name):
        (tmp_path / name).touch()
        (use,) = build.edit(tmp_path, build.track(build.clip(0, 20, 24, url=name))).clips
        assert use.media == tmp_path / name

    def test_by_its_first_file(self, build, tmp_path):
        for number in range(1001, 1004):
            (tmp_path / f"sh010.{number}.exr").touch()
        media = otio.schema.ExternalReference("sh010.1001.exr", build.span(0, 3, 24))
        edit = build.edit(tmp_path, build.track(clip(build, media, 1, 2)))
        assert edit.clips[0].media == tmp_path / "sh010.[1001-1003].exr"
        assert segment_of(build, edit, frames=3).plate_range.start == 1

    @pytest.mark.parametrize("name", ["logo.1001.exr", "take 1.mov", "logo.exr"])
    def test_a_still_that_is_held_is_a_file(self, build, tmp_path, name):
        (tmp_path / name).touch()
        (tmp_path / "take 2.mov").touch()
        media = otio.schema.ExternalReference(name, build.span(0, 100, 24))
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 10, 20))).clips
        assert use.media == tmp_path / name

    def test_by_a_pattern_without_padding(self, build, tmp_path):
        for number in (8, 9, 10, 11):
            (tmp_path / f"sh.{number}.png").touch()
        media = otio.schema.ExternalReference("sh.%d.png", build.span(8, 4, 24))
        (use,) = build.edit(tmp_path, build.track(clip(build, media, 9, 2))).clips
        assert use.media == tmp_path / "sh.[8-11].png"


class TestCounted:
    @pytest.mark.parametrize("counted_from", [1001, 0, 86400])
    def test_from_where_the_edit_counts(self, build, tmp_path, counted_from):
        media = reference(build, counted_from=counted_from)
        edit = build.edit(tmp_path, build.track(clip(build, media, counted_from + 10, 20)))
        found = segment_of(build, edit, frames=100)
        assert (found.plate_range.start, found.plate_range.stop) == (10, 30)
        assert (found.render_range.start, found.render_range.stop) == (2, 38)

    @pytest.mark.parametrize(("first", "frame"), [(1011, 10), (10, 10)])
    def test_by_its_numbers_or_from_0_where_the_edit_does_not_tell(self, build, tmp_path, first, frame):
        media = otio.schema.ExternalReference("sh010.[1001-1100].exr")
        edit = build.edit(tmp_path, build.track(clip(build, media, first, 20)))
        assert segment_of(build, edit, frames=100).plate_range.start == frame

    def test_what_is_counted_twice_is_told(self, build, tmp_path):
        from w2l_studio.edit import conform

        media = otio.schema.ExternalReference("sh010.[0010-0900].exr")
        edit = build.edit(tmp_path, build.track(clip(build, media, 100, 20)))
        found = segment_of(build, edit, frames=891)
        (told,) = conform.assumed(edit, found.clip, found.plate)
        assert "counted from 0 and counted from 10; 10 is assumed" in told
        assert found.plate_range.start == 90


class TestRefused:
    @pytest.mark.parametrize(
        ("told", "why"),
        [
            ({"frame_step": 2}, "its numbers go up by 2, not by 1"),
            ({"start": -3}, "its numbers begin below 0"),
            ({"name_suffix": ".mov"}, r"its files end in \.mov"),
            ({"name_suffix": ""}, "its files end in a number"),
        ],
    )
    def test_in_a_sentence(self, build, tmp_path, told, why):
        edit = build.edit(
            tmp_path, build.track(clip(build, reference(build, counted_from=1001, **told), 1011, 20))
        )
        mark = Mark("m", FrameRange(0, edit.frames, edit.rate))
        _, (refused,) = segments.cut(edit, [mark], {}, 8, Fraction(1, 2))
        with pytest.raises(Unsupported, match=why):
            raise refused.error


class TestGivenBack:
    def dubbed(self, build, tmp_path, media, first=1011):
        edit = build.edit(tmp_path, build.track(clip(build, media, first, 20)))
        segment = segment_of(build, edit, frames=100)
        out = tmp_path / "out" / "film.fr.otio"
        out.parent.mkdir(exist_ok=True)
        made = patch.apply(edit, [taken(build, segment, out.parent)], stems=[], lang="fr", out_path=out)
        timeline.write(made, out)
        return out, next(iter(made.find_clips()))

    def test_as_an_image_sequence_that_shows_the_same_frame(self, build, tmp_path):
        _, new = self.dubbed(build, tmp_path, reference(build))
        take = new.media_references()["w2l_fr"]
        assert isinstance(take, otio.schema.ImageSequenceReference)
        assert take.target_url_for_image_number(0) == "media/sh/sh.1003.exr"
        assert (take.start_frame, take.number_of_images_in_sequence(), take.rate) == (1003, 36, 24)
        # The clip's first frame, 1011, is the file of that number.
        offset = new.source_range.start_time - take.available_range.start_time
        assert take.target_url_for_image_number(int(offset.value)).endswith(".1011.exr")
        plate = new.media_references()["DEFAULT_MEDIA"]
        assert plate.target_url_base == "../plates/"

    def test_with_the_rate_that_the_edit_spells_so_that_hosts_find_the_frame(self, build, tmp_path):
        media = reference(build, rate=23.98)
        media.available_range = build.span(1001, 100, 23.98)
        edit = build.edit(
            tmp_path, build.track(otio.schema.Clip("sh010", media, build.span(1011, 20, 23.98)))
        )
        segment = segment_of(build, edit, rate=Fraction(24000, 1001), frames=100)
        out = tmp_path / "out" / "film.fr.otio"
        out.parent.mkdir()
        made = patch.apply(edit, [taken(build, segment, out.parent)], stems=[], lang="fr", out_path=out)
        new = next(iter(made.find_clips()))
        take = new.media_references()["w2l_fr"]
        assert take.frame_for_time(new.source_range.start_time) == 1011
        assert take.number_of_images_in_sequence() == 36

    @pytest.mark.parametrize(
        ("plate", "take"),
        [
            ("sh010.[1001-1100].exr", "sh.%5B1003-1038%5D.exr"),
            ("sh010.%5B1001-1100%5D.exr", "sh.%5B1003-1038%5D.exr"),
            ("sh010.%04d.exr", "sh.%04d.exr"),
            ("sh010.####.exr", "sh.####.exr"),
            ("sh010.1001.exr", "sh.1003.exr"),
        ],
    )
    def test_as_a_plain_reference_spelled_as_the_plates(self, build, tmp_path, plate, take):
        for number in range(1001, 1101):
            (tmp_path / f"sh010.{number}.exr").touch()
        media = otio.schema.ExternalReference(plate, build.span(1001, 100, 24))
        _, new = self.dubbed(build, tmp_path, media)
        found = new.media_references()["w2l_fr"]
        assert isinstance(found, otio.schema.ExternalReference)
        assert found.target_url == f"media/sh/{take}"

    def test_the_result_is_read_again_as_the_edit_was(self, build, tmp_path):
        out, _ = self.dubbed(build, tmp_path, reference(build))
        (use,) = timeline.read(out).clips
        assert use.media == tmp_path / "plates" / "sh010.[1001-1100].exr"
        assert Path(use.media).parent.name == "plates"
