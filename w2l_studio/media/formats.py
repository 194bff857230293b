"""Which pixel formats are read.

What they are is told by `terms.pixels`; samples are moved by `decode` and `codecs`.
"""

from __future__ import annotations

from w2l_studio.errors import Unsupported
from w2l_studio.terms.pixels import PIXEL_FORMATS, TRANSCODE, PixelFormat

_READ = frozenset(
    {
        *(f"yuv{sampling}p{suffix}" for sampling in ("420", "422", "444") for suffix in ("", "10le", "12le")),
        *("yuvj420p", "yuvj422p", "yuvj444p", "nv12", "p010le", "yuva444p10le", "yuva444p12le"),
        *("gbrp", "gbrp10le", "gbrp12le", "gray", "gray10le"),
    }
)


def pixel_format(name: str, where: str = "") -> PixelFormat:
    """Return what a pixel format's name means.

    Args:
        name: FFmpeg's name, e.g. ``yuv422p10le``.
        where: file that it concerns.

    Raises:
        Unsupported: it is none that is read.
    """
    if name not in _READ:
        raise Unsupported(
            f"pictures of pixel format {name} are not read",
            hint=TRANSCODE,
            where=where,
        )
    return PIXEL_FORMATS[name]
