"""Frames by number: every container, every rate, edit lists, late seeks, damage."""

from __future__ import annotations

import gc
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from w2l_studio.errors import MediaError, Unsupported
from w2l_studio.media.decode import open_plate, planes_of
from w2l_studio.media.formats import pixel_format
from w2l_studio.media.probe import probe

KINDS = {
    "mp4 with B-frames": ("a.mp4", {}),
    "mkv": ("a.mkv", {}),
    "mpegts": ("a.ts", {"muxer": "mpegts"}),
    "open groups": (
        "open.mp4",
        {"options": {"bf": "3", "g": "12", "qp": "10", "x264-params": "open-gop=1:scenecut=0"}},
    ),
    "HEVC 10 bit": (
        "h.mp4",
        {
            "codec": "libx265",
            "pix_fmt": "yuv420p10le",
            "options": {"x265-params": "keyint=24:open-gop=1:log-level=none", "crf": "10"},
        },
    ),
    "ProRes 422": ("p.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}),
    "ProRes 4444": ("q.mov", {"codec": "prores_ks", "pix_fmt": "yuva444p10le", "options": {"profile": "4"}}),
    "DNxHR mxf": (
        "d.mxf",
        {
            "codec": "dnxhd",
            "pix_fmt": "yuv422p10le",
            "options": {"profile": "dnxhr_hqx"},
            "size": (256, 128),
        },
    ),
    "FFV1 mkv": ("f.mkv", {"codec": "ffv1", "pix_fmt": "yuv444p", "options": {}}),
}
RATES = [Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 50, Fraction(60000, 1001)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_found_by_its_number(kind, film, read_number):
    name, how = KINDS[kind]
    plate = probe(film(name, **how))
    assert (plate.frames, plate.rate) == (60, Fraction(24000, 1001))
    with open_plate(plate) as reader:
        seen = [read_number(p.planes[0], plate.bits) for p in reader.read(0, 60)]
        assert seen == list(range(60))
        for start in (0, 1, 23, 24, 25, 47, 48, 59, 11, 36, 37, 3):
            stop = min(60, start + 2)
            seen = [read_number(p.planes[0], plate.bits) for p in reader.read(start, stop)]
            assert seen == list(range(start, stop)), f"from {start}"


def stored_at(path: Path) -> list[int]:
    """Where in the file the middle of each picture is stored."""
    with av.open(str(path)) as file:
        found = [(p.pts, p.pos + p.size * 3 // 4) for p in file.demux(video=0) if p.size]
    return [place for _, place in sorted(found)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mpegts"])
def test_a_digest_sees_every_byte_that_the_range_needs_and_no_other(kind, film, tmp_path):
    name, how = KINDS[kind]
    plate = probe(film(name, **how, frames=120))
    intra = plate.codec in ("prores", "dnxhd")
    data = plate.path.read_bytes()
    moved = replace(plate, path=tmp_path / f"moved {name}")

    def digest(changed: bytes) -> str:
        moved.path.write_bytes(changed)
        with open_plate(moved) as reader:
            return reader.digest(70, 74)

    with open_plate(plate) as reader:
        whole = reader.digest(70, 74)
        assert whole == reader.digest(70, 74)
        assert whole != reader.digest(70, 75) or not intra
    assert digest(data) == whole
    places = stored_at(plate.path)
    for n in (10, 69, 70, 71, 73, 74, 110):
        flipped = bytearray(data)
        flipped[places[n]] ^= 255
        needed = 70 <= n < 74 if intra else 60 < n < 80
        assert (digest(bytes(flipped)) != whole) == needed, f"frame {n}"


def test_a_digest_of_a_file_that_is_read_from_its_start(film):
    plate = probe(film("a.ts", muxer="mpegts"))
    with open_plate(plate) as reader:
        parts = [reader.digest(n, n + 4) for n in (0, 40, 40)]
    assert parts[0] != parts[1] == parts[2]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.mov"])
@pytest.mark.parametrize("rate", RATES, ids=str)
def test_rate_is_exact_in_every_container(rate, name, film):
    how = {"muxer": "mpegts"} if name == "a.ts" else {}
    plate = probe(film(name, rate=Fraction(rate), frames=40, **how))
    assert (plate.rate, plate.frames) == (Fraction(rate), 40)


def test_a_single_picture_has_the_rate_that_the_file_tells(film):
    plate = probe(film("one.mov", codec="prores_ks", pix_fmt="yuv422p10le", frames=1, rate=Fraction(25)))
    assert (plate.rate, plate.frames) == (25, 1)


@pytest.mark.parametrize("start", [10, 24, 36, 41])
def test_edit_list_hides_what_players_hide(start, film, cut, read_number, tmp_path):
    whole = film("whole.mp4", rate=Fraction(25))
    plate = probe(cut(whole, tmp_path / "cut.mp4", Fraction(start, 25)))
    decoded = _decoded_numbers(plate.path, read_number)
    assert plate.frames == len(decoded) == 60 - start
    with open_plate(plate) as reader:
        assert [read_number(p.planes[0], 8) for p in reader.read(0, plate.frames)] == decoded
        middle = plate.frames // 2
        assert [read_number(p.planes[0], 8) for p in reader.read(middle, middle + 1)] == [start + middle]


def test_edit_list_that_shortens_the_end(film, read_number):
    path = film("short.mp4", rate=Fraction(25))
    octets = bytearray(path.read_bytes())
    at = octets.find(b"elst") + 4
    assert octets[at + 4 : at + 8] == b"\0\0\0\1"
    octets[at + 8 : at + 12] = (1000 * 30 // 25).to_bytes(4, "big")
    path.write_bytes(octets)
    decoded = _decoded_numbers(path, read_number)
    assert len(decoded) < 60
    assert probe(path).frames == len(decoded)


def test_stream_that_begins_amid_a_group(film, read_number, tmp_path):
    """A recording cut between key pictures: what cannot decode does not count."""
    source = film("whole.ts", muxer="mpegts", rate=Fraction(25))
    target = tmp_path / "amid.ts"
    with av.open(str(source)) as read, av.open(str(target), "w", format="mpegts") as write:
        stream = read.streams.video[0]
        copy = write.add_stream_from_template(stream)
        packets = [p for p in read.demux(stream) if p.dts is not None]
        for packet in packets[20:]:
            packet.stream = copy
            write.mux(packet)
    plate = probe(target)
    decoded = _decoded_numbers(target, read_number)
    assert plate.frames == len(decoded)
    with open_plate(plate) as reader:
        assert [read_number(p.planes[0], 8) for p in reader.read(0, plate.frames)] == decoded


def _decoded_numbers(path, read_number):
    with av.open(str(path)) as container:
        return [
            read_number(np.frombuffer(f.planes[0], np.uint8).reshape(f.height, -1)[:, : f.width], 8)
            for f in container.decode(video=0)
        ]


def test_variable_rate_is_refused_with_what_to_do(film):
    path = film("vfr.mp4", rate=Fraction(100), frames=30, times=lambda n: n * 4 + (n % 3 == 1), options={})
    with pytest.raises(Unsupported, match=r"varies.*Conform to a constant rate first"):
        probe(path)


def test_dropped_frame_in_the_middle_is_refused(film):
    path = film("gap.mp4", rate=Fraction(25), times=lambda n: n + (n >= 30))
    with pytest.raises(Unsupported, match="varies"):
        probe(path)


def test_an_odd_last_picture_is_not_counted(film):
    plate = probe(film("stopped.mp4", rate=Fraction(25), times=lambda n: n + (n >= 59)))
    assert (plate.frames, plate.rate) == (59, 25)
    with open_plate(plate) as reader:
        assert sum(1 for _ in reader.read(0, 59)) == 59


def test_reading_beyond_the_plate_is_a_callers_mistake(film):
    plate = probe(film())
    with open_plate(plate) as reader, pytest.raises(ValueError, match=r"58\.\.61 of 60"):
        next(reader.read(58, 61))


def test_two_readings_one_after_the_other(film, read_number):
    plate = probe(film())
    with open_plate(plate) as reader:
        unfinished = reader.read(40, 60)
        assert read_number(next(unfinished).planes[0], 8) == 40
        unfinished.close()
        assert [read_number(p.planes[0], 8) for p in reader.read(5, 8)] == [5, 6, 7]


def test_a_picture_is_ours_to_change(film):
    """Decoders keep their pictures to predict others from: writing into what came must not reach them."""
    plate = probe(film())
    with open_plate(plate) as reader:
        clean = [p.planes[0].copy() for p in reader.read(0, 30)]
        for before, picture in zip(clean, reader.read(0, 30), strict=True):
            assert np.array_equal(picture.planes[0], before)
            picture.planes[0][:] = 0


PIXELS = (
    *("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "gray", "gbrp"),
    *("yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le", "yuv422p12le", "yuv444p12le"),
    *("gbrp10le", "gray10le"),
)


@pytest.mark.parametrize("pix_fmt", PIXELS)
def test_planes_come_native_and_exact(pix_fmt, tmp_path):
    """Odd width and height, so that rows are padded and chroma is rounded up."""
    path = tmp_path / "raw.mkv"
    wanted = _write_lossless(path, pix_fmt, 53, 35)
    plate = probe(path)
    assert (plate.pix_fmt, plate.bits) == (pix_fmt, pixel_format(pix_fmt).bits)
    with open_plate(plate) as reader:
        (got,) = reader.read(0, 1)
    assert got.pix_fmt == pix_fmt
    for a, b in zip(got.planes, wanted, strict=True):
        assert a.dtype == b.dtype
        assert a.flags.c_contiguous
        assert np.array_equal(a, b)


def _write_lossless(path, pix_fmt, width, height):
    draw = np.random.default_rng(1)
    codec = "mjpeg" if pix_fmt.startswith("yuvj") else "libvpx-vp9" if pix_fmt == "gbrp" else "ffv1"
    options = {"lossless": "1"} if codec == "libvpx-vp9" else {}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.color_range = 2 if codec == "mjpeg" else 0
        frame = av.VideoFrame(width, height, pix_fmt)
        bits = frame.format.components[0].bits
        word = np.uint8 if bits == 8 else np.dtype("<u2")
        planes = []
        for plane in frame.planes:
            rows = np.zeros((plane.height, plane.line_size // np.dtype(word).itemsize), word)
            rows[:, : plane.width] = draw.integers(0, 1 << bits, (plane.height, plane.width))
            plane.update(rows.tobytes())
            planes.append(rows[:, : plane.width])
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if codec == "mjpeg":
        with av.open(str(path)) as container:
            (frame,) = container.decode(video=0)
            planes = [np.frombuffer(p, np.uint8).reshape(p.height, -1)[:, : p.width] for p in frame.planes]
    return planes


@pytest.mark.parametrize(
    ("pix_fmt", "planar", "shift"), [("nv12", "yuv420p", 0), ("p010le", "yuv420p10le", 6)]
)
def test_packed_chroma_comes_apart(pix_fmt, planar, shift):
    frame = av.VideoFrame(30, 16, pix_fmt)
    word = np.uint8 if pix_fmt == "nv12" else np.dtype("<u2")
    for i, plane in enumerate(frame.planes):
        rows = np.zeros((plane.height, plane.line_size // np.dtype(word).itemsize), word)
        rows[:, 0::2], rows[:, 1::2] = (100, 100) if i == 0 else (110, 120)
        plane.update((rows << shift).astype(word).tobytes())
    got = planes_of(frame, pixel_format(pix_fmt))
    assert got.pix_fmt == planar
    assert [set(p.ravel()) for p in got.planes] == [{100}, {110}, {120}]
    assert [p.shape for p in got.planes] == [(16, 30), (8, 15), (8, 15)]


def test_foreign_pixel_format_is_named(tmp_path):
    path = tmp_path / "pal.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "rgb24"
        frame = av.VideoFrame(32, 16, "rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(Unsupported, match="rgb24"), open_plate(probe(path)):
        pass


@pytest.mark.parametrize(("name", "how"), [KINDS["ProRes 422"], KINDS["mp4 with B-frames"]], ids=str)
def test_file_cut_short_counts_what_is_left(name, how, film, read_number):
    """A copy that broke off: with the index in front, what is there can be read, and no more is promised."""
    path = film(name, **how)
    fast = _faststart(path)
    size = fast.stat().st_size
    with fast.open("r+b") as file:
        file.truncate(size * 2 // 3)
    plate = probe(fast)
    assert 10 < plate.frames < 55
    with open_plate(plate) as reader:
        seen = [read_number(p.planes[0], plate.bits) for p in reader.read(0, plate.frames)]
    assert seen == list(range(plate.frames))


def _faststart(path: Path) -> Path:
    target = path.with_stem("fast")
    with (
        av.open(str(path)) as read,
        av.open(str(target), "w", container_options={"movflags": "faststart"}) as write,
    ):
        stream = read.streams.video[0]
        copy = write.add_stream_from_template(stream)
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                write.mux(packet)
    return target


def test_damaged_frame_is_named(film, blanked):
    """Blank out one ProRes picture: the others read, that one is told by number and file."""
    path = film("p.mov", codec="prores_ks", pix_fmt="yuv422p10le")
    plate = probe(path)
    blanked(path, 33)
    with open_plate(plate) as reader:
        assert sum(1 for _ in reader.read(0, 33)) == 33
        with pytest.raises(MediaError, match=r"p\.mov: frame 33 is missing or damaged"):
            list(reader.read(30, 40))
        assert sum(1 for _ in reader.read(34, 60)) == 26


def test_frames_stream_one_at_a_time(film):
    """Only the decoder's own pictures are held, never the range."""
    import weakref

    plate = probe(film(frames=60))
    with open_plate(plate) as reader:
        held = []
        for picture in reader.read(0, 60):
            held.append(weakref.ref(picture.planes[0]))
        del picture
    alive = [ref for ref in held if ref() is not None]
    assert len(alive) <= 1
    assert all(a is not b for a, b in pairwise(held))


def test_a_closed_plate_keeps_no_decoder(film):
    def held():
        # By type(): isinstance asks every live object for its class, and torch's proxies warn when asked.
        return sum(issubclass(type(each), av.container.InputContainer) for each in gc.get_objects())

    plate = probe(film(frames=3))
    gc.collect()
    before = held()
    gc.disable()  # a collection by chance would hide what is kept
    try:
        for _ in range(3):
            with open_plate(plate) as reader:
                assert len(list(reader.read(0, 3))) == 3
            assert held() == before
    finally:
        gc.enable()


def test_of_several_pictures_the_one_that_players_show_is_read(tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as film:
        for side, shown in ((32, 0), (64, 1)):
            stream = film.add_stream("ffv1", rate=25)
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
            stream.disposition = Disposition.default if shown else Disposition(0)
        for n in range(3):
            for stream, side in zip(film.streams.video, (32, 64), strict=True):
                frame = av.VideoFrame.from_ndarray(np.zeros((side, side, 3), np.uint8), format="rgb24")
                frame.pts = n
                film.mux(stream.encode(frame))
    assert probe(path).width == 64
