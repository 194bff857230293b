"""One table of pixel formats: against FFmpeg's own, and what is read and composited of it."""

import av
import pytest

from w2l_studio.composite.layout import layout
from w2l_studio.errors import Unsupported
from w2l_studio.media.formats import pixel_format
from w2l_studio.terms import ColourTags
from w2l_studio.terms.pixels import PIXEL_FORMATS, full_range

READ = """yuv420p yuv420p10le yuv420p12le yuv422p yuv422p10le yuv422p12le yuv444p yuv444p10le yuv444p12le
yuvj420p yuvj422p yuvj444p nv12 p010le yuva444p10le yuva444p12le gbrp gbrp10le gbrp12le gray gray10le"""
COMPOSITED = """gbrap gbrap10le gbrap12le gbrap14le gbrap16le gbrp gbrp10le gbrp12le gbrp14le gbrp16le gbrp9le
gray gray10le gray12le gray14le gray16le gray9le yuv411p yuv420p yuv420p10le yuv420p12le
yuv420p14le yuv420p16le yuv420p9le yuv422p yuv422p10le yuv422p12le yuv422p14le yuv422p16le
yuv422p9le yuv440p yuv440p10le yuv440p12le yuv444p yuv444p10le yuv444p12le yuv444p14le
yuv444p16le yuv444p9le yuva420p yuva420p10le yuva420p16le yuva420p9le yuva422p yuva422p10le
yuva422p12le yuva422p16le yuva422p9le yuva444p yuva444p10le yuva444p12le yuva444p16le
yuva444p9le yuvj411p yuvj420p yuvj422p yuvj440p yuvj444p"""


@pytest.mark.parametrize("name", PIXEL_FORMATS)
def test_every_format_is_as_ffmpeg_has_it(name):
    known, theirs = PIXEL_FORMATS[name], av.VideoFormat(name, 64, 64)
    colours = 1 if known.kind == "gray" else 3
    assert {component.bits for component in theirs.components} == {known.bits}
    assert len(theirs.components) == colours + known.alpha
    assert theirs.is_rgb == (known.kind == "gbr")
    assert max(component.plane for component in theirs.components) == colours + known.alpha - 1 - (
        known.packed_chroma
    )
    if known.kind == "yuv":
        assert (64 // theirs.chroma_width(64), 64 // theirs.chroma_height(64)) == (known.sub_x, known.sub_y)
    assert known.full == name.startswith("yuvj")
    assert known.colours == colours


def accepted(function):
    found = set()
    for name in av.video.format.names:
        try:
            found.add(function(name).name)
        except Unsupported:
            continue
    return found


def test_what_is_read_and_what_is_composited():
    assert accepted(pixel_format) == set(READ.split())
    assert accepted(layout) == set(COMPOSITED.split())
    assert {PIXEL_FORMATS[name].planar for name in READ.split()} <= set(COMPOSITED.split())
    assert [known.name for known in PIXEL_FORMATS.values() if known.shift] == ["p010le"]


@pytest.mark.parametrize(
    ("name", "by_tag"),
    [("yuv420p", (False, False, True)), ("yuvj420p", (True, True, True)), ("gray", (True, False, True)),
     ("gbrp", (True, False, True))],
)  # fmt: skip
def test_range_by_format_and_tag(name, by_tag):
    told = tuple(full_range(PIXEL_FORMATS[name], ColourTags(range=tag)) for tag in (0, 1, 2))
    assert told == by_tag
