"""Pixel formats that are read: planes, bits and chroma sampling by FFmpeg's names.

Holds facts only; samples are moved by `decode` and `codecs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from w2l_studio.errors import Unsupported


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How a decoded picture lies in memory.

    Args:
        name: FFmpeg's name.
        planar: name of the format that its planes have after reading (differs for nv12 and p010le).
        bits: bits per sample.
        sub_x, sub_y: luma columns and rows per chroma sample.
        kind: ``yuv``, ``gbr`` or ``gray``.
        alpha: a last plane with the opacity.
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


def _table() -> dict[str, PixelFormat]:
    sampling = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
    found = [
        PixelFormat(name := f"yuv{key}p{suffix}", name, bits, *sub)
        for key, sub in sampling.items()
        for bits, suffix in ((8, ""), (10, "10le"), (12, "12le"))
    ]
    found += [PixelFormat(name := f"yuvj{key}p", name, 8, *sub, full=True) for key, sub in sampling.items()]
    found += [
        PixelFormat("nv12", "yuv420p", 8, 2, 2),
        PixelFormat("p010le", "yuv420p10le", 10, 2, 2, shift=6),
        PixelFormat("yuva444p10le", "yuva444p10le", 10, 1, 1, alpha=True),
        PixelFormat("yuva444p12le", "yuva444p12le", 12, 1, 1, alpha=True),
        PixelFormat("gbrp", "gbrp", 8, 1, 1, "gbr"),
        PixelFormat("gbrp10le", "gbrp10le", 10, 1, 1, "gbr"),
        PixelFormat("gbrp12le", "gbrp12le", 12, 1, 1, "gbr"),
        PixelFormat("gray", "gray", 8, 1, 1, "gray"),
        PixelFormat("gray10le", "gray10le", 10, 1, 1, "gray"),
    ]
    return {known.name: known for known in found}


_KNOWN = _table()


def pixel_format(name: str, where: str = "") -> PixelFormat:
    """Return what a pixel format's name means.

    Args:
        name: FFmpeg's name, e.g. ``yuv422p10le``.
        where: file that it concerns.

    Raises:
        Unsupported: it is none that is read.
    """
    if name not in _KNOWN:
        raise Unsupported(
            f"pictures of pixel format {name} are not read",
            hint="transcode the plate to 4:2:0, 4:2:2 or 4:4:4 with 8, 10 or 12 bits",
            where=where,
        )
    return _KNOWN[name]
