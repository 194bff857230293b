import numpy as np
import pytest

from w2l_studio.composite import planes
from w2l_studio.composite.layout import layout
from w2l_studio.errors import Unsupported
from w2l_studio.terms import ColourTags, Planes

HD = ColourTags(1, 1, 1, 1)
FORMATS = [
    "yuv420p",
    "yuv422p",
    "yuv444p",
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p12le",
    "yuva444p10le",
    "gbrp10le",
]


def flat(pix_fmt, tags, bgr, height=48, width=64):
    stored = layout(pix_fmt)
    one = np.broadcast_to(np.array(bgr, np.float32), (2, 2, 3))
    dtype = np.uint8 if stored.bits == 8 else np.uint16
    sizes = [(height, width)] + [(height // stored.sub_y, width // stored.sub_x)] * (stored.colours - 1)
    values = [round(float(c[0, 0])) for c in planes.to_codes(one, tags, stored, height)]
    made = [np.full(size, value, dtype) for size, value in zip(sizes, values, strict=True)]
    return Planes(tuple(made), pix_fmt)


@pytest.mark.parametrize("pix_fmt", FORMATS)
@pytest.mark.parametrize("tags", [HD, ColourTags(matrix=6, range=2), ColourTags(9, 16, 9, 1), ColourTags()])
def test_a_flat_colour_comes_back(pix_fmt, tags):
    picture = flat(pix_fmt, tags, (60, 120, 200))
    # A code value of PQ is several levels of what is seen.
    step = (1.3 if layout(pix_fmt).bits == 8 else 0.4) * (6 if tags.transfer == 16 else 1)
    assert planes.region_bgr(picture, tags, (2, 4, 30, 20)) == pytest.approx(
        np.broadcast_to((60, 120, 200), (16, 28, 3)), abs=step
    )
    found = planes.analysis(picture, tags, 0.37).astype(int)
    assert np.abs(found - (60, 120, 200)).max() <= max(2, np.ceil(step))


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(64, 48, 1.0), (64, 48, 0.5), (66, 50, 0.37), (4, 4, 0.1)]
)
def test_sizes_are_rounded(width, height, scale):
    picture = flat("yuv420p", HD, (60, 120, 200), height, width)
    expected = (max(2, round(height * scale)), max(2, round(width * scale)), 3)
    assert planes.analysis(picture, HD, scale).shape == expected


@pytest.mark.parametrize(
    ("pix_fmt", "sub_x", "sub_y"), [("yuv420p", 2, 2), ("yuv422p", 2, 1), ("yuv444p", 1, 1)]
)
def test_chroma_is_read_at_its_site(pix_fmt, sub_x, sub_y):
    """A colour that grows linearly along x and y is met exactly between the samples."""
    y, x = np.mgrid[0:64, 0:96].astype(float)
    columns, rows = np.arange(0, 96, sub_x), np.arange(0, 64, sub_y) + (sub_y - 1) / 2
    cb = 100 + np.add.outer(0.5 * rows, 0.25 * columns)
    full = 100 + 0.5 * y + 0.25 * x
    tags = ColourTags(matrix=1, range=2)
    fine = Planes(tuple(np.full((64, 96), 500, np.uint16) for _ in range(3)), "yuv444p16le")
    fine = Planes(
        (fine.planes[0] * 64, np.rint(full * 256).astype(np.uint16), fine.planes[2] * 64), "yuv444p16le"
    )
    coarse = Planes(
        (fine.planes[0], np.rint(cb * 256).astype(np.uint16), fine.planes[2][::sub_y, ::sub_x]),
        pix_fmt + "16le",
    )
    box = (10, 8, 70, 50)
    assert planes.region_bgr(coarse, tags, box) == pytest.approx(planes.region_bgr(fine, tags, box), abs=0.05)
    inner = np.s_[4:-4, 4:-4]
    whole = planes.analysis(coarse, tags).astype(int)[inner] - planes.analysis(fine, tags)[inner]
    assert np.abs(whole).max() <= 1
    half = planes.analysis(coarse, tags, 0.5).astype(int)[inner] - planes.analysis(fine, tags, 0.5)[inner]
    assert np.abs(half).max() <= 1


def test_a_box_equals_the_same_part_of_the_whole(make_plate):
    picture = make_plate("yuv420p", HD)
    whole = planes.region_bgr(picture, HD, (0, 0, 320, 240))
    assert planes.region_bgr(picture, HD, (101, 33, 150, 80)) == pytest.approx(
        whole[33:80, 101:150], abs=1e-3
    )
    rounded = np.clip(np.rint(whole), 0, 255)
    assert np.abs(planes.analysis(picture, HD).astype(int) - rounded).max() <= 1


def test_reduction_averages():
    """A one-pixel chessboard is grey when reduced, not aliased."""
    board = (np.indices((64, 64)).sum(0) % 2 * 200 + 20).astype(np.uint8)
    grey = np.full((32, 32), 128, np.uint8)
    reduced = planes.analysis(Planes((board, grey, grey), "yuv420p"), ColourTags(matrix=1, range=2), 0.25)
    assert np.abs(reduced.astype(int) - 120).max() <= 1


def test_codes_and_bgr_are_inverse():
    bgr = np.random.default_rng(0).uniform(0, 255, (8, 8, 3)).astype(np.float32)
    stored = layout("yuv444p16le")
    codes = planes.to_codes(bgr, HD, stored, 1080)
    picture = Planes(tuple(np.rint(c).astype(np.uint16) for c in codes), "yuv444p16le")
    assert planes.region_bgr(picture, HD, (0, 0, 8, 8)) == pytest.approx(bgr, abs=0.02)


@pytest.mark.parametrize(("transfer", "white"), [(16, 0.5807), (18, 0.75)])
def test_hdr_is_seen_as_an_sdr_display_shows_it(transfer, white):
    """A grey card has 26 candelas, 38 % of either signal, and reference white 203 (BT.2408-7 table 1)."""
    tags = ColourTags(9, transfer, 9, 1)
    for signal, level in ((0, 0), (0.38, 0.394), (white, 1)):
        luma = np.full((8, 8), round(64 + 876 * signal), np.uint16)
        chroma = np.full((8, 8), 512, np.uint16)
        picture = Planes((luma, chroma, chroma), "yuv444p10le")
        assert planes.region_bgr(picture, tags, (0, 0, 8, 8)) == pytest.approx(255 * level, abs=3)


@pytest.mark.parametrize("transfer", [1, 16, 18])
def test_pictures_that_are_alike_lie_nothing_apart_and_a_level_is_a_level(transfer):
    tags, stored = ColourTags(9, transfer, 9, 1), layout("yuv444p10le")
    grey = np.full((4, 4, 3), 120, np.float32)
    old, new = (planes.to_codes(grey + n, tags, stored, 1080) for n in (0, 10))
    assert np.abs(planes.apart(old, old, tags, stored, 1080)).max() == 0
    luma, *chroma = planes.apart(new, old, tags, stored, 1080)
    assert luma == pytest.approx(10 * 219 / 255, abs=0.4)
    assert np.abs(chroma).max() < 0.4


def test_gray_is_gray():
    picture = Planes((np.full((8, 8), 90, np.uint8),), "gray")
    assert (planes.analysis(picture, ColourTags()) == 90).all()


def test_unknown_formats_are_a_shots_error():
    picture = Planes((np.zeros((8, 8), np.uint8),), "rgb24")
    with pytest.raises(Unsupported):
        planes.analysis(picture, HD)
