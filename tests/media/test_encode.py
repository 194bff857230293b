"""Takes as files: ProRes that says of itself what the plate says, whole or not there at all."""

from __future__ import annotations

import json
import os
import resource
import signal
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from w2l_studio.errors import OutputError, Unsupported
from w2l_studio.media import codecs, provenance
from w2l_studio.media.decode import open_plate
from w2l_studio.media.encode import ProRes
from w2l_studio.media.probe import probe
from w2l_studio.terms import ColourTags, Planes, Plate, Slate
from w2l_studio.timing import frames_to_timecode, timecode_to_frames

RATES = [
    (Fraction(24000, 1001), "01:00:00:00"),
    (Fraction(24), "10:59:59:20"),
    (Fraction(25), "00:59:59:24"),
    (Fraction(30000, 1001), "01:00:59;20"),
    (Fraction(50), "23:59:59:49"),
    (Fraction(60000, 1001), "01:08:59;50"),
]
OPEN_FILES = Path("/proc/self/fd")


def copy(plate: Plate, path, start: int = 0, stop: int | None = None, labels=None) -> Plate:
    """Encode frames of a plate and look at what came out."""
    with open_plate(plate) as reader, ProRes().open(path, plate, start, labels or {}) as sink:
        for picture in reader.read(start, plate.frames if stop is None else stop):
            sink.write(picture)
    return probe(path)


@pytest.mark.parametrize(("rate", "timecode"), RATES, ids=lambda value: str(value))
def test_frames_rate_and_timecode_go_through(rate, timecode, film, tmp_path, read_number):
    drop = ";" in timecode
    source = film("a.mov", codec="prores_ks", pix_fmt="yuv422p10le", rate=rate, frames=30,
                  metadata={"timecode": timecode, "reel_name": "A001C002"})  # fmt: skip
    plate = probe(source)
    assert plate.timecode == timecode
    take = copy(plate, tmp_path / "take.mov", 7, 27)
    assert (take.rate, take.frames, take.reel) == (rate, 20, "A001C002")
    first = timecode_to_frames(timecode, rate) + 7
    assert take.timecode == frames_to_timecode(first, rate, drop=drop)
    with open_plate(take) as reader:
        numbers = [read_number(p.planes[0], take.bits) for p in reader.read(0, 20)]
    assert numbers == list(range(7, 27))


@pytest.mark.parametrize(
    ("pix_fmt", "becomes", "profile"),
    [
        ("yuv420p", "yuv422p10le", "HQ"),
        ("yuv422p", "yuv422p10le", "HQ"),
        ("yuv420p10le", "yuv422p10le", "HQ"),
        ("yuv422p10le", "yuv422p10le", "HQ"),
        ("yuv444p10le", "yuv444p12le", "4444"),
        ("gbrp10le", "yuv444p12le", "4444"),
    ],
)
def test_chroma_and_depth_are_kept(pix_fmt, becomes, profile, film, tmp_path):
    plate = probe(film("a.mkv", codec="ffv1", pix_fmt=pix_fmt, frames=2))
    take = copy(plate, tmp_path / "take.mov")
    assert (take.codec, take.pix_fmt) == ("prores", becomes)
    with av.open(str(take.path)) as container:
        assert container.streams.video[0].profile == profile


def test_ten_bit_samples_come_back_within_the_codecs_error(film, tmp_path):
    plate = probe(film("a.mkv", codec="ffv1", pix_fmt="yuv422p10le", frames=2))
    take = copy(plate, tmp_path / "take.mov")
    with open_plate(plate) as old, open_plate(take) as new:
        for before, after in zip(old.read(0, 2), new.read(0, 2), strict=True):
            for a, b in zip(before.planes, after.planes, strict=True):
                assert np.abs(a.astype(int) - b).mean() < 1.5


@pytest.mark.parametrize("opacity", [0, 512, 1023])
def test_opacity_comes_back(opacity, film, tmp_path):
    plate = probe(film("a.mkv", codec="ffv1", pix_fmt="yuva444p10le", frames=1))
    flat = [np.full((plate.height, plate.width), level, np.uint16) for level in (400, 512, 512, opacity)]
    encode(plate, tmp_path / "take.mov", [Planes(tuple(flat), plate.pix_fmt)])
    take = probe(tmp_path / "take.mov")
    assert take.pix_fmt == "yuva444p12le"
    with open_plate(take) as reader:
        (after,) = reader.read(0, 1)
    assert np.abs(after.planes[3].astype(int) - round(opacity * 4095 / 1023)).max() <= 2
    assert opacity < 1023 or after.planes[3].min() == 4095


@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (9, 16, 9, 1), (6, 1, 6, 1), (2, 2, 2, 1)])
def test_colour_tags_go_through(tags, film, tmp_path):
    plate = probe(film("a.mkv", codec="ffv1", pix_fmt="yuv422p10le", frames=2, tags=tags))
    assert copy(plate, tmp_path / "take.mov").tags == ColourTags(*tags)


def test_full_range_is_scaled_to_the_only_range_that_prores_knows(film, tmp_path):
    plate = probe(film("a.mkv", codec="ffv1", pix_fmt="yuv420p", frames=1, tags=(1, 1, 1, 2)))
    take = copy(plate, tmp_path / "take.mov")
    assert take.tags.range == 1
    with open_plate(plate) as old, open_plate(take) as new:
        (before,), (after,) = old.read(0, 1), new.read(0, 1)
    wanted = 64 + before.planes[0].astype(float) * 876 / 255
    assert np.abs(after.planes[0] - wanted).mean() < 2


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_rotation_and_pixel_aspect_go_through(degrees, film, tmp_path):
    plate = probe(film("a.mp4", frames=3, rotation=degrees, sample_aspect_ratio=Fraction(16, 11)))
    take = copy(plate, tmp_path / "take.mov")
    assert (take.rotation - plate.rotation) % 360 == 0
    assert take.display == plate.display != ()
    assert (take.pixel_aspect, take.width, take.height) == (Fraction(16, 11), plate.width, plate.height)


def test_a_turned_picture_stays_in_sight(film, tmp_path):
    """Phones move it back by its height, which some players need."""
    plate = probe(film("a.mp4", frames=3, rotation=-90))
    moved = (*plate.display[:6], 240 << 16, *plate.display[7:])
    assert copy(replace(plate, display=moved), tmp_path / "take.mov").display == moved


def test_every_take_says_that_it_is_synthetic(film, tmp_path):
    slate = Slate("s", "k", "0.1", "w2l", "ab", {"Zoë.fr.wav": "cd"}, "fr")
    take = copy(probe(film(frames=2)), tmp_path / "take.mov", labels=provenance.labels(slate))
    with av.open(str(take.path)) as container:
        said = container.metadata
    assert json.loads(said["w2l_studio"]) == slate.to_json()
    assert slate.to_json()["synthetic"] is True
    assert "Synthetic media" in said["comment"]
    assert said["Iptc4xmpExt:DigitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")


def test_what_breaks_off_leaves_nothing(film, tmp_path):
    plate = probe(film(frames=3))

    def pictures():
        yield blank(plate)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(plate, tmp_path / "take.mov", pictures())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4"]


def test_an_older_take_stays_until_the_new_one_is_whole(film, tmp_path):
    plate = probe(film(frames=2))
    path = tmp_path / "take.mov"
    path.write_bytes(b"older")
    with ProRes().open(path, plate, 0, {}) as sink:
        sink.write(blank(plate))
        assert path.read_bytes() == b"older"
        sink.write(blank(plate))
    assert probe(path).frames == 2


@contextmanager
def small_disk():
    """No file may grow beyond 64 KiB, which the system reports much like a full disk; no log either."""
    old, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(film, tmp_path):
    plate = replace(probe(film(frames=2)), width=640, height=480)
    noise = np.random.default_rng(0).integers(0, 255, (480, 640), np.uint8)
    grey = np.full((240, 320), 128, np.uint8)
    with small_disk(), pytest.raises(OutputError, match=r"take\.mov: the disk is full"):
        encode(plate, tmp_path / "take.mov", [Planes((noise, grey, grey), "yuv420p")] * 20)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4"]


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="only Linux tells which files are open")
def test_what_goes_wrong_at_the_end_leaves_no_open_file(film, tmp_path):
    """Pictures wait in the encoder until the end; Windows removes no file that is open."""
    plate = replace(probe(film(frames=2)), width=640, height=480)
    noise = np.random.default_rng(0).integers(0, 255, (480, 640), np.uint8)
    grey = np.full((240, 320), 128, np.uint8)
    written = []

    def pictures():
        yield from [Planes((noise, grey, grey), "yuv420p")] * 2
        written.append("all")

    with small_disk(), pytest.raises(OutputError, match="the disk is full") as caught:
        encode(plate, tmp_path / "take.mov", pictures())
    assert written, "it is the end that fails"
    # The traceback holds the sink, so that nothing is closed by being forgotten.
    assert caught.value.__traceback__
    assert not [path for path in OPEN_FILES.iterdir() if "take.mov" in os.path.realpath(path)]


def test_a_folder_that_is_not_there_is_a_sentence(film, tmp_path):
    plate = probe(film(frames=2))
    with pytest.raises(OutputError, match="cannot be written"):
        encode(plate, tmp_path / "no" / "take.mov", [blank(plate)])


def test_another_size_than_the_plates_is_a_callers_mistake(film, tmp_path):
    plate = probe(film(frames=2))
    with pytest.raises(ValueError, match="for a plate of"):
        encode(plate, tmp_path / "take.mov", [blank(replace(plate, width=64))])


def encode(plate: Plate, path, pictures) -> None:
    with ProRes().open(path, plate, 0, {}) as sink:
        for picture in pictures:
            sink.write(picture)


def blank(plate: Plate) -> Planes:
    luma = np.full((plate.height, plate.width), 100, np.uint8)
    chroma = np.full((plate.height // 2, plate.width // 2), 128, np.uint8)
    return Planes((luma, chroma, chroma), "yuv420p")


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])
def test_an_odd_width_is_refused_before_any_work_and_an_odd_height_is_written(pix_fmt, film, tmp_path):
    source = film("odd.mkv", codec="ffv1", pix_fmt=pix_fmt, options={}, frames=3, size=(193, 97))
    with pytest.raises(Unsupported, match=r"takes no odd width \(193 pixels\)"):
        codecs.target(probe(source))
    source = film("high.mkv", codec="ffv1", pix_fmt=pix_fmt, options={}, frames=3, size=(192, 97))
    take = copy(probe(source), tmp_path / "take.mov")
    assert (take.width, take.height, take.frames) == (192, 97, 3)
