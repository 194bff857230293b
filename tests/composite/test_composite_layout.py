import numpy as np
import pytest

from w2l_studio.composite.layout import codes_from_bgr, full_range, layout, legal
from w2l_studio.errors import Unsupported
from w2l_studio.terms import ColourTags


@pytest.mark.parametrize(
    ("pix_fmt", "bits", "sub", "kind", "alpha"),
    [
        ("yuv420p", 8, (2, 2), "yuv", False),
        ("yuvj422p", 8, (2, 1), "yuv", False),
        ("yuv422p10le", 10, (2, 1), "yuv", False),
        ("yuv444p12le", 12, (1, 1), "yuv", False),
        ("yuv411p", 8, (4, 1), "yuv", False),
        ("yuva444p12le", 12, (1, 1), "yuv", True),
        ("gbrp10le", 10, (1, 1), "gbr", False),
        ("gbrap", 8, (1, 1), "gbr", True),
        ("gray", 8, (1, 1), "gray", False),
        ("gray10le", 10, (1, 1), "gray", False),
    ],
)
def test_the_name_tells_the_layout(pix_fmt, bits, sub, kind, alpha):
    found = layout(pix_fmt)
    assert (found.bits, (found.sub_x, found.sub_y), found.kind, found.alpha) == (bits, sub, kind, alpha)


@pytest.mark.parametrize(
    "pix_fmt", ["nv12", "p010le", "rgb24", "yuv422p10be", "gbrpf32le", "uyvy422", "pal8", ""]
)
def test_other_formats_are_refused_by_name(pix_fmt):
    with pytest.raises(Unsupported, match="not composited"):
        layout(pix_fmt)


def codes(pix_fmt, tags, bgr, height=1080):
    matrix = codes_from_bgr(layout(pix_fmt), tags, height)
    return matrix[:, :3] @ np.array(bgr, float) + matrix[:, 3]


@pytest.mark.parametrize(
    ("pix_fmt", "matrix", "range_", "bgr", "expected"),
    [
        # 100 % bars: BT.709 and BT.601 as in every engineer's table.
        ("yuv420p", 1, 1, (0, 0, 255), (63, 102, 240)),
        ("yuv420p", 6, 1, (0, 0, 255), (81, 90, 240)),
        ("yuv420p", 5, 1, (255, 0, 0), (41, 240, 110)),
        ("yuv422p10le", 1, 1, (255, 255, 255), (940, 512, 512)),
        ("yuv422p10le", 9, 1, (0, 255, 0), (658, 189, 100)),
        ("yuv422p10le", 1, 1, (0, 0, 0), (64, 512, 512)),
        ("yuv420p", 1, 2, (255, 255, 255), (255, 128, 128)),
        ("yuvj420p", 6, 0, (255, 255, 255), (255, 128, 128)),
        ("gbrp10le", 0, 2, (51, 102, 255), (409.2, 204.6, 1023)),
        ("gray", 1, 0, (255, 255, 255), (255,)),
        ("gray", 1, 1, (255, 255, 255), (235,)),
    ],
)
def test_known_colours(pix_fmt, matrix, range_, bgr, expected):
    assert codes(pix_fmt, ColourTags(matrix=matrix, range=range_), bgr) == pytest.approx(expected, abs=0.6)


def test_an_untold_matrix_goes_by_height():
    red, tags = (0, 0, 255), ColourTags()
    assert codes("yuv420p", tags, red, 720) == pytest.approx(codes("yuv420p", ColourTags(matrix=1), red))
    assert codes("yuv420p", tags, red, 719) == pytest.approx(codes("yuv420p", ColourTags(matrix=6), red))


@pytest.mark.parametrize("matrix", [8, 10, 11, 14, 99])
def test_matrices_that_are_not_linear_are_refused(matrix):
    with pytest.raises(Unsupported, match=f"code point {matrix}"):
        codes_from_bgr(layout("yuv420p"), ColourTags(matrix=matrix), 1080)


def test_limits():
    tv = ColourTags(range=1)
    assert legal(layout("yuv422p10le"), tv, 0) == (64, 940)
    assert legal(layout("yuv422p10le"), tv, 1) == (64, 960)
    assert legal(layout("gbrp"), tv, 2) == (16, 235)
    assert legal(layout("yuvj420p"), tv, 0) == (0, 255)
    assert not full_range(layout("yuv420p"), ColourTags())


def test_the_cached_map_cannot_be_spoilt():
    first = codes_from_bgr(layout("yuv420p"), ColourTags(matrix=1), 1080)
    first[:] = 0
    assert codes("yuv420p", ColourTags(matrix=1, range=1), (255, 255, 255))[0] == pytest.approx(235)
