"""Interlaced plates: fields as pictures, frames woven of them again, and takes interlaced as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.codec.context import Flags
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.errors import MediaError
from w2l_studio.media import codecs, fields
from w2l_studio.media.decode import open_plate
from w2l_studio.media.encode import ProRes
from w2l_studio.media.filters import Filter
from w2l_studio.media.moments import Moments
from w2l_studio.media.probe import probe
from w2l_studio.terms import ColourTags, FieldOrder, Plane, Planes, Plate

RATE = Fraction(25)
WIDTH, HEIGHT, FRAMES = 128, 96, 12
HD = ColourTags(1, 1, 1, 1)
ORDERS: list[FieldOrder] = ["top", "bottom"]


def moment(n: int, pix_fmt: str = "yuv422p10le") -> Planes:
    """Return a picture in which a bar has moved on by three pixels since the last, on a soft pattern."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    luma = 300 + 80 * np.sin(x / 9) * np.cos(y / 11) + 400 * (np.abs(x - 20 - 3 * n) < 9)
    chroma = np.full((HEIGHT, WIDTH // 2), 512 + 4 * n)
    return Planes(tuple(np.rint(plane).astype(np.uint16) for plane in (luma, chroma, 1023 - chroma)), pix_fmt)


def interlaced(path: Path, order: FieldOrder, moments: list[Planes]) -> Plate:
    """Write pairs of moments as frames of an interlaced film; one of ours, by our own encoder."""
    plate = Plate(path, WIDTH, HEIGHT, RATE, len(moments) // 2, "prores", "yuv422p10le", 10, HD)
    plate = replace(plate, field_order=order, timecode="10:00:00:00")
    with ProRes().open(path, plate, 0, {}) as sink:
        for first, second in zip(moments[::2], moments[1::2], strict=True):
            sink.write(fields.woven(first, second, order))
    return probe(path)


def read(plate: Plate, start: int, stop: int) -> list[Planes]:
    with open_plate(plate) as reader:
        return list(reader.read(start, stop))


def apart(one: Planes, other: Planes) -> int:
    return max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(one.planes, other.planes, strict=True))


@pytest.fixture(params=ORDERS)
def plate(request, tmp_path):
    return interlaced(tmp_path / "plate.mov", request.param, [moment(n) for n in range(2 * FRAMES)])


def test_the_film_says_which_field_is_first(plate):
    with av.open(str(plate.path)) as film:
        (frame, *_) = film.decode(video=0)
        assert frame.interlaced_frame
    assert (plate.rate, plate.frames, plate.timecode) == (RATE, FRAMES, "10:00:00:00")
    assert plate.field_order == ("top" if fields_rows(plate, 0) == 0 else "bottom")


def fields_rows(plate: Plate, n: int) -> int:
    """Return the parity of the rows in which a frame shows the earlier of two moments."""
    (frame,) = read(plate, n, n + 1)
    luma, early = frame.planes[0].astype(int), moment(2 * n).planes[0]
    return int(np.argmin([np.abs(luma[parity::2] - early[parity::2]).mean() for parity in (0, 1)]))


def test_each_field_is_a_picture_of_its_moment(plate):
    assert (plate.in_fields.rate, plate.in_fields.frames) == (2 * RATE, 2 * FRAMES)
    for n, picture in enumerate(read(plate.in_fields, 0, 2 * FRAMES)):
        near = [np.abs(picture.planes[0].astype(int) - moment(m).planes[0]).mean() for m in (n - 1, n, n + 1)]
        assert np.argmin(near) == 1, n


@given(start=st.integers(0, 2 * FRAMES), length=st.integers(0, 5))
def test_a_field_is_the_same_from_wherever_it_is_read(start, length, whole):
    plate, pictures = whole
    stop = min(start + length, 2 * FRAMES)
    found = read(plate.in_fields, start, stop)
    assert len(found) == stop - start
    assert all(apart(a, b) == 0 for a, b in zip(found, pictures[start:stop], strict=True))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("fields") / "plate.mov"
    plate = interlaced(path, "top", [moment(n) for n in range(2 * FRAMES)])
    return plate, read(plate.in_fields, 0, 2 * FRAMES)


def test_woven_again_its_frames_are_the_plates_bit_for_bit(plate):
    pictures = read(plate.in_fields, 0, 2 * FRAMES)
    for n, frame in enumerate(read(plate, 0, FRAMES)):
        assert apart(fields.woven(pictures[2 * n], pictures[2 * n + 1], plate.field_order), frame) == 0


@given(
    height=st.integers(1, 9),
    order=st.sampled_from(ORDERS),
    seed=st.integers(0, 99),
    depth=st.sampled_from([np.uint8, np.uint16]),
)
def test_a_woven_frame_has_every_row_from_its_own_field(height, order, seed, depth):
    random = np.random.default_rng(seed)
    one, two = (Planes((random.integers(0, 255, (height, 4)).astype(depth),), "gray") for _ in range(2))
    (plane,) = fields.woven(one, two, order).planes
    for row in range(height):
        first = (row % 2 == 0) == (order == "top")
        assert (plane[row] == (one if first else two).planes[0][row]).all()


def test_ranges_beyond_the_plate_are_refused(plate):
    with open_plate(plate.in_fields) as reader, pytest.raises(ValueError, match="fields 0"):
        next(reader.read(0, 2 * FRAMES + 1))


def test_a_damaged_frame_is_named_and_its_neighbours_are_read(plate):
    with av.open(str(plate.path)) as film:
        entries = [(entry.pos, entry.size) for entry in film.streams.video[0].index_entries]
    position, size = entries[5]
    with plate.path.open("r+b") as file:
        file.seek(position)
        file.write(bytes(size))
    assert len(read(plate.in_fields, 0, 10)) == 10
    assert len(read(plate.in_fields, 12, 24)) == 12
    with pytest.raises(MediaError, match="frame 5 is missing or damaged"):
        read(plate.in_fields, 0, 11)


def test_the_digest_takes_in_the_frames_beside(plate):
    with open_plate(plate.in_fields) as by_fields, open_plate(plate) as by_frames:
        assert by_fields.digest(8, 12) == by_frames.digest(3, 7)
        assert by_fields.digest(0, 24) == by_frames.digest(0, 12)


def test_fields_of_one_moment_are_told_from_fields_of_two(tmp_path, plate):
    progressive = [moment(n) for n in range(0, 4 * FRAMES, 2) for _ in range(2)]
    carried = interlaced(tmp_path / "psf.mov", "top", progressive)
    assert carried.field_order == "top"
    assert not of_two_moments(read(carried, 0, carried.frames))
    assert of_two_moments(read(plate, 0, plate.frames))
    assert of_two_moments(read(plate, 3, 6))


def test_of_few_frames_the_file_is_believed(tmp_path):
    still = interlaced(tmp_path / "still.mov", "top", [moment(3)] * 8)
    assert of_two_moments(read(still, 0, 4))
    assert of_two_moments([])


@pytest.mark.parametrize("grain", [0, 4, 12])
@pytest.mark.parametrize("cut", [False, True])
def test_in_a_shot_at_rest_what_little_moves_tells(grain, cut):
    """An interview: only the face moves, a fiftieth of the picture, and a cut says nothing."""
    moments = list(at_rest(grain, cut=cut))
    assert not of_two_moments([Planes((plane,), "gray10le") for plane in moments[::2]])
    for order in ORDERS:
        pairs = zip(moments[::2], moments[1::2], strict=True)
        planes = [[Planes((plane,), "gray10le") for plane in pair] for pair in pairs]
        assert of_two_moments([fields.woven(first, second, order) for first, second in planes])


def at_rest(grain: int, *, cut: bool) -> Iterator[Plane]:
    """Yield 48 moments of a patterned wall on which a small soft ball swings; at a cut the wall changes."""
    random = np.random.default_rng(0)
    walls = [cv2.GaussianBlur(random.normal(500, 900, (360, 640)), (0, 0), 3) for _ in range(2)]
    y, x = np.mgrid[:360, :640]
    for n in range(48):
        middle = 320 + 20 * np.sin(n / 6)
        ball = 200 * np.exp(-((x - middle) ** 2 + (y - 180) ** 2) / (2 * 20**2)) * np.cos((x - middle) / 6)
        seen = walls[int(cut and n >= 24)] + ball + random.normal(0, grain, ball.shape)
        yield np.clip(np.rint(seen), 64, 940).astype(np.uint16)


def of_two_moments(frames: list[Planes]) -> bool:
    moments = Moments()
    assert list(moments.watch(frames)) == frames
    return moments.apart


def test_film_in_video_has_fields_of_two_moments(tmp_path):
    """3:2: of five frames two show two moments each, and no line of theirs may be drawn for one."""
    film = [moment(3 * n) for n in range(FRAMES)]
    pulled = [picture for n, picture in enumerate(film) for _ in range(2 + n % 2)]
    plate = interlaced(tmp_path / "film.mov", "top", pulled[: len(pulled) // 2 * 2])
    assert of_two_moments(read(plate, 0, plate.frames))


@pytest.mark.parametrize("order", ORDERS)
def test_a_take_is_interlaced_as_its_plate(order, tmp_path):
    plate = interlaced(tmp_path / "plate.mov", order, [moment(n) for n in range(2 * FRAMES)])
    with ProRes().open(tmp_path / "take.mov", plate, 2, {}) as sink:
        for frame in read(plate, 2, FRAMES):
            sink.write(frame)
    take = probe(tmp_path / "take.mov")
    assert (take.field_order, take.frames, take.timecode) == (order, FRAMES - 2, "10:00:00:02")
    assert max(map(apart, read(take, 0, FRAMES - 2), read(plate, 2, FRAMES))) < 40
    told = {"top": b"\x02\x01", "bottom": b"\x02\x06"}[order]
    assert b"fiel" + told in take.path.read_bytes()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("codec", "name", "pix_fmt"),
    [
        ("libx264", "a.mp4", "yuv420p"),
        ("mpeg2video", "a.mxf", "yuv422p"),
        ("mpeg2video", "a.ts", "yuv420p"),
        ("ffv1", "a.mkv", "yuv422p10le"),
        ("v210", "a.mov", "yuv422p10le"),
    ],
)
def test_fields_of_other_codecs(codec, name, pix_fmt, order, tmp_path):
    """Each picture says which field is first, or the container, and is read by it."""
    marked = None
    with av.open(str(tmp_path / name), "w") as film:
        stream = film.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 720, 576, pix_fmt, 20_000_000
        stream.codec_context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        stream.codec_context.field_order = {"top": 2, "bottom": 3}[order]
        for n in range(8):
            frame = VideoFrame(720, 576, "gray")
            rows = np.full((576, 720), 60, np.uint8)
            for later in (0, 1):
                of_field = rows[(later if order == "top" else 1 - later) :: 2]
                of_field[:, 20 * (2 * n + later) + 8 :][:, :20] = 200
            frame = VideoFrame.from_ndarray(rows, "gray").reformat(format=pix_fmt)
            frame.pts, frame.time_base = n, Fraction(1, 25)
            marked = marked or Filter("setfield", f"mode={order[0]}ff", frame)
            (frame,) = marked.through(frame)
            frame.pts, frame.time_base = n, Fraction(1, 25)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    plate = probe(tmp_path / name)
    assert (plate.field_order, plate.frames, plate.rate) == (order, 8, 25)
    begins = []
    for picture in read(plate.in_fields, 2, 14):
        row = picture.planes[0][300:304].mean(0)
        begins.append(int(np.flatnonzero(row > row.min() + 0.5 * np.ptp(row))[0]))
    assert np.abs(np.diff(begins) - 20).max() <= 1


@pytest.mark.parametrize("begins", ORDERS)
def test_where_the_order_of_fields_changes_the_frame_is_named(begins, tmp_path):
    """Two recordings in one file: the fields of the second would each get the lips of the other."""
    path = tmp_path / "joined.mov"
    marks = {}
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg2video", rate=25, options={"g": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv422p"
        stream.codec_context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        for n, order in enumerate([begins] * 4 + [one for one in ORDERS if one != begins] * 4):
            grey = VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH), 90 + n, np.uint8), "gray")
            frame = grey.reformat(format="yuv422p")
            frame.time_base = Fraction(1, 25)
            mark = marks.setdefault(order, Filter("setfield", f"mode={order[0]}ff", frame))
            (frame,) = mark.through(frame)
            frame.pts, frame.time_base = n, Fraction(1, 25)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    plate = probe(path)
    assert (plate.field_order, plate.frames) == (begins, 8)
    assert len(read(plate, 0, 4)) == 4
    assert len(read(plate.in_fields, 0, 8)) == 8
    with pytest.raises(MediaError, match="frame 4 shows its fields in another order than the first"):
        read(plate, 0, 5)


def test_a_take_of_a_progressive_plate_says_nothing_of_fields(film, tmp_path):
    plate = probe(film("a.mov", codec="prores_ks", pix_fmt="yuv422p10le", frames=2))
    assert plate.field_order is None
    with ProRes().open(tmp_path / "take.mov", plate, 0, {}) as sink:
        for frame in read(plate, 0, 2):
            sink.write(frame)
    assert probe(tmp_path / "take.mov").field_order is None


@pytest.mark.parametrize("height", [8, 10, 12, 6])
def test_chroma_of_420_stays_within_its_field(height):
    """Row 2i + f of chroma belongs to rows 4i + f and 4i + 2 + f of luma."""
    rows = np.arange(-(-height // 2), dtype=np.uint8)
    chroma = np.repeat(rows[:, None], 4, 1)
    picture = Planes((np.full((height, 8), 100, np.uint8), chroma, chroma), "yuv420p")
    _, taller, _ = codecs.to_prores(picture, HD, interlaced=True)
    for row in range(height):
        field, within = row % 2, row // 2
        # Of 10 rows or 6 the last field has a row of chroma less than it wants.
        assert taller[row, 0] >> 2 == min(2 * (within // 2) + field, rows[rows % 2 == field].max())
    _, progressive, _ = codecs.to_prores(picture, HD)
    assert (progressive[:, 0] >> 2).tolist() == [row // 2 for row in range(height)]


@given(
    rate=st.fractions(min_value=1, max_value=120),
    frames=st.integers(1, 10_000),
    order=st.sampled_from(ORDERS),
)
def test_counted_by_fields_and_back_a_plate_is_the_same(rate, frames, order):
    plate = Plate(Path("a.mov"), 720, 576, rate, frames, "prores", "yuv422p10le", 10, field_order=order)
    assert plate.in_fields.in_frames == plate
    assert plate.in_frames == plate
    assert plate.in_fields.frames / plate.in_fields.rate == plate.frames / plate.rate
    assert (plate.per_frame, plate.in_fields.per_frame) == (1, 2)
