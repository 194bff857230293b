"""Pixel formats by FFmpeg's names: planes, bits, chroma sampling and range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from w2l_studio.terms.media import ColourTags

_LIMITED_RANGE, _FULL_RANGE = 1, 2
#: (Kr, Kb) by H.273 matrix code point: BT.709, FCC, BT.470BG, SMPTE 170M, SMPTE 240M, BT.2020 nc.
KR_KB = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
#: Code values of limited range at 8 bits, at n bits ``<< (n - 8)`` (BT.709 §4.6, BT.2100 table 9): black,
#: chroma of grey, and how far luma and chroma reach.
BLACK, GREY, LUMA_SPAN, CHROMA_SPAN = 16, 128, 219, 224
#: What to do about a plate whose pixel format is refused.
TRANSCODE = "transcode the plate to 4:2:0, 4:2:2 or 4:4:4 with 8, 10 or 12 bits"


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How a picture lies in memory.

    Args:
        name: FFmpeg's name.
        planar: name of the format that its planes have after reading (differs for nv12 and p010le).
        bits: bits per sample.
        sub_x, sub_y: luma columns and rows per chroma sample.
        kind: ``yuv`` (planes Y, Cb, Cr), ``gbr`` (planes G, B, R) or ``gray``.
        alpha: a last plane with the opacity, which is not colour and is never touched.
        full: the format itself says full range (``yuvj``).
        shift: bits by which samples stand to the left of their words (p010le).
    """

    name: str
    planar: str
    bits: int
    sub_x: int
    sub_y: int
    kind: Literal["yuv", "gbr", "gray"] = "yuv"
    alpha: bool = False
    full: bool = False
    shift: int = 0

    @property
    def packed_chroma(self) -> bool:
        """Whether U and V share one plane."""
        return self.name != self.planar

    @property
    def colours(self) -> int:
        """Number of planes that carry colour."""
        return 1 if self.kind == "gray" else 3


def full_range(stored: PixelFormat, tags: ColourTags) -> bool:
    """Tell whether code values use the full range: by format, by tag, else all but Y'CbCr."""
    if stored.full or tags.range == _FULL_RANGE:
        return True
    return stored.kind != "yuv" and tags.range != _LIMITED_RANGE


#: Luma columns and rows under one chroma sample, by the name that FFmpeg gives the sampling.
_SUBSAMPLING = {"444": (1, 1), "422": (2, 1), "420": (2, 2), "440": (1, 2), "411": (4, 1)}
_DEPTHS = (8, 9, 10, 12, 14, 16)
#: Depths by sampling, without and with opacity.
_YUV = {"444": _DEPTHS, "422": _DEPTHS, "420": _DEPTHS, "440": (8, 10, 12), "411": (8,)}
_YUVA = {"444": (8, 9, 10, 12, 16), "422": (8, 9, 10, 12, 16), "420": (8, 9, 10, 16)}


def _all() -> Iterator[PixelFormat]:
    for stem, depths, alpha in (("yuv", _YUV, False), ("yuva", _YUVA, True)):
        for sampling, known in depths.items():
            for bits in known:
                name = f"{stem}{sampling}p{_suffix(bits)}"
                yield PixelFormat(name, name, bits, *_SUBSAMPLING[sampling], alpha=alpha)
    for sampling, sub in _SUBSAMPLING.items():
        yield PixelFormat(name := f"yuvj{sampling}p", name, 8, *sub, full=True)
    for bits in _DEPTHS:
        yield PixelFormat(name := f"gbrp{_suffix(bits)}", name, bits, 1, 1, "gbr")
        yield PixelFormat(name := f"gray{_suffix(bits)}", name, bits, 1, 1, "gray")
        if bits != 9:
            yield PixelFormat(name := f"gbrap{_suffix(bits)}", name, bits, 1, 1, "gbr", alpha=True)
    yield PixelFormat("nv12", "yuv420p", 8, 2, 2)
    yield PixelFormat("p010le", "yuv420p10le", 10, 2, 2, shift=6)


def _suffix(bits: int) -> str:
    return "" if bits == 8 else f"{bits}le"


#: Every format that is known here, by name; which of them are read is `media.formats`' affair.
PIXEL_FORMATS = {known.name: known for known in _all()}
