"""Brings a plate's planes to what ProRes stores: 10 bits, 4:2:2 or 4:4:4, limited range. Pure arithmetic.

Opens nothing; `encode` hands the result to the codec.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from w2l_studio.errors import Unsupported
from w2l_studio.media.formats import pixel_format
from w2l_studio.terms import ColourTags, Plane, Planes, Plate
from w2l_studio.terms.pixels import BLACK, CHROMA_SPAN, GREY, KR_KB, LUMA_SPAN, PixelFormat, full_range

Words = npt.NDArray[np.uint16]

_TOP = 1023
_BLACK, _GREY, _LUMA_SPAN, _CHROMA_SPAN = (code << 2 for code in (BLACK, GREY, LUMA_SPAN, CHROMA_SPAN))
_LIMITED = 1
#: H.273 code points that ProRes cannot write, and those of the same coefficients or curve that it can:
#: BT.601's two matrices are one, and BT.601, BT.2020 10 and 12 bit share BT.709's curve.
_SAME_MATRIX = {5: 6}
_SAME_TRANSFER = {6: 1, 14: 1, 15: 1}
#: FFmpeg's two encoders, by profile: 422 HQ, 4444. Measured on grainy film: of 422 HQ at 1080p `prores`
#: writes 13 pictures a second on one busy core at 56 dB (max error 12 of 1023) and 1.4 MB a picture,
#: `prores_ks` 4 at 53 dB (19) and 0.95 MB. Of 4444 `prores_ks` takes four times as long, at 65 dB for 51 and
#: with a largest error of 2 for 13; and `prores` makes what is opaque let 0.1 % through.
ENCODERS = {3: "prores", 4: "prores_ks"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a plate becomes in ProRes.

    Args:
        pix_fmt: what the encoder is given.
        profile: FFmpeg's number: 3 = 422 HQ, 4 = 4444.
        tags: as written; range is always limited, which is all that ProRes knows.
    """

    pix_fmt: str
    profile: int
    tags: ColourTags


def target(plate: Plate) -> Target:
    """Return the ProRes that keeps all chroma samples of a plate.

    Raises:
        Unsupported: the plate's pixel format is none that is read, or its width none that ProRes holds.
    """
    stored = pixel_format(plate.pix_fmt, str(plate.path))
    if plate.width % 2:
        raise Unsupported(
            f"takes are ProRes, and its encoder takes no odd width ({plate.width} pixels)",
            hint="crop or pad it to an even width first",
            where=str(plate.path),
        )
    told = plate.tags
    tags = ColourTags(
        primaries=told.primaries,
        transfer=_SAME_TRANSFER.get(told.transfer, told.transfer),
        matrix=_SAME_MATRIX.get(told.matrix, told.matrix),
        range=_LIMITED,
    )
    if stored.kind == "gbr":
        tags = replace(tags, matrix=_of_gbr(told))
    if stored.alpha:
        return Target("yuva444p10le", 4, tags)
    if stored.kind == "gray" or stored.sub_x == 2:
        return Target("yuv422p10le", 3, tags)
    return Target("yuv444p10le", 4, tags)


def to_prores(picture: Planes, tags: ColourTags, *, interlaced: bool = False) -> tuple[Words, ...]:
    """Return the planes of a picture as ProRes stores them.

    8 bits become 10 by a shift of two (exact, also for the legal range), 12 become 10 by rounding.
    Full-range code values are scaled to limited range, since ProRes carries no range flag and is read
    as limited everywhere (measured: a full-range tag reads back as tv). 4:2:0 becomes 4:2:2 by writing
    each chroma row twice: the sample is sited midway between its two rows (H.273 type 0), and the mean
    of the two gives it back exactly. Of an interlaced picture the two are rows of the same field.

    Args:
        picture: planes in native code values.
        tags: of the plate.
        interlaced: chroma rows belong to fields, as luma rows do.

    Returns:
        ``uint16`` planes of the `Target` format.

    Raises:
        Unsupported: the pixel format is none that is read.
    """
    stored = pixel_format(picture.pix_fmt)
    if stored.kind == "gbr":
        return _from_gbr(picture, stored, tags)
    luma = _levels(picture.planes[0], stored, tags, chroma=False)
    if stored.kind == "gray":
        chroma = np.full((luma.shape[0], -(-luma.shape[1] // 2)), _GREY, np.uint16)
        return luma, chroma, chroma
    planes = [luma, *(_levels(plane, stored, tags, chroma=True) for plane in picture.planes[1:3])]
    if stored.sub_y == 2:
        planes[1:] = [_taller(plane, len(luma), 2 if interlaced else 1) for plane in planes[1:]]
    if stored.alpha:
        planes.append(_ten_bits(picture.planes[3], stored.bits))
    return tuple(planes)


def _taller(plane: Words, rows: int, fields: int) -> Words:
    """Return a plane with each row twice, in each of its fields."""
    taller = np.empty((rows, plane.shape[1]), np.uint16)
    for first in range(fields):
        field, stored = taller[first::fields], plane[first::fields]
        field[:] = stored[np.minimum(np.arange(len(field)) // 2, len(stored) - 1)]
    return taller


def _levels(plane: Plane, stored: PixelFormat, tags: ColourTags, *, chroma: bool) -> Words:
    if full_range(stored, tags):
        levels: Words = _limited(stored.bits, chroma)[plane]
        return levels
    return _ten_bits(plane, stored.bits)


def _ten_bits(plane: Plane, bits: int) -> Words:
    words = plane.astype(np.uint16)
    if bits <= 10:
        return words << np.uint16(10 - bits)
    half = 1 << (bits - 11)
    rounded: Words = np.minimum((words + np.uint16(half)) >> np.uint16(bits - 10), np.uint16(_TOP))
    return rounded


@lru_cache(maxsize=8)
def _limited(bits: int, chroma: bool) -> Words:
    """Return the limited 10-bit value of each full-range code value (BT.2100-2 table 9, both ranges)."""
    codes = np.arange(1 << bits, dtype=np.float64)
    peak, middle = (1 << bits) - 1, 1 << (bits - 1)
    if chroma:
        return np.rint(_GREY + (codes - middle) * _CHROMA_SPAN / peak).astype(np.uint16)
    return np.rint(_BLACK + codes * _LUMA_SPAN / peak).astype(np.uint16)


def _of_gbr(tags: ColourTags) -> int:
    """Return the matrix for an R'G'B' plate, by its primaries: BT.2020, else BT.709."""
    return 9 if tags.primaries == 9 else 1


def _from_gbr(picture: Planes, stored: PixelFormat, tags: ColourTags) -> tuple[Words, ...]:
    """Convert R'G'B' to Y'CbCr, non-constant luminance, by the matrix that `target` writes."""
    kr, kb = KR_KB[_of_gbr(tags)]
    unit = 1 << (stored.bits - 8)
    low, span = (0, (1 << stored.bits) - 1) if full_range(stored, tags) else (BLACK * unit, LUMA_SPAN * unit)
    green, blue, red = ((plane.astype(np.float32) - low) / span for plane in picture.planes[:3])
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    scaled = (_BLACK + luma * _LUMA_SPAN, _GREY + cb * _CHROMA_SPAN, _GREY + cr * _CHROMA_SPAN)
    return tuple(np.clip(np.rint(plane), 0, _TOP).astype(np.uint16) for plane in scaled)
