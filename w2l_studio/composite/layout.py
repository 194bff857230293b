"""What a plate's planes mean: siting, matrix and range of their code values.

Touches no pixels; conversions are in `composite.planes`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from w2l_studio.errors import Unsupported
from w2l_studio.terms import ColourTags, Doubles
from w2l_studio.terms.pixels import (
    BLACK,
    CHROMA_SPAN,
    GREY,
    KR_KB,
    LUMA_SPAN,
    PIXEL_FORMATS,
    TRANSCODE,
    PixelFormat,
    full_range,
)

#: Code points that say nothing of a Y'CbCr matrix: identity, unspecified, reserved.
_UNTOLD = (0, 2, 3)
_HD_HEIGHT_PX = 720


def layout(pix_fmt: str) -> PixelFormat:
    """Return what FFmpeg's name of a planar pixel format means.

    Raises:
        Unsupported: it is none that is composited.
    """
    stored = PIXEL_FORMATS.get(pix_fmt)
    if stored is None or stored.packed_chroma:
        raise Unsupported(
            f"pictures of pixel format {pix_fmt} are not composited",
            hint=TRANSCODE,
        )
    return stored


def to_luma(stored: PixelFormat, plane: int) -> Doubles:
    """Return the map from a plane's pixels to luma pixels, ``float64[3, 3]``.

    Chroma is sited as MPEG-2 does (H.273 type 0): on the first column, midway between rows.
    """
    if plane == 0 or plane >= stored.colours:
        return np.eye(3)
    rows = [[stored.sub_x, 0, 0], [0, stored.sub_y, (stored.sub_y - 1) / 2], [0, 0, 1]]
    return np.array(rows, np.float64)


def legal(stored: PixelFormat, tags: ColourTags, plane: int) -> tuple[int, int]:
    """Return the lowest and highest nominal code value of a plane (BT.709 §4.6, BT.2100 table 9)."""
    if full_range(stored, tags):
        return 0, (1 << stored.bits) - 1
    top = BLACK + (CHROMA_SPAN if stored.kind == "yuv" and plane else LUMA_SPAN)
    return BLACK << (stored.bits - 8), top << (stored.bits - 8)


def codes_from_bgr(stored: PixelFormat, tags: ColourTags, height_px: int) -> Doubles:
    """Return the map from BGR 0..255 to code values, ``float64[planes, 4]`` (last column: offset).

    Non-linear values are mapped as they are: nothing is linearised (of PQ and HLG, `view` does that).

    Args:
        tags: the matrix and range of the stream.
        height_px: rows of the plate, which decides an untagged matrix: BT.709 from 720 rows on,
            else BT.601 (what players do).

    Raises:
        Unsupported: a matrix that is not linear in B'G'R' or unknown.
    """
    return _codes_from_bgr(stored, tags.matrix, full_range(stored, tags), height_px >= _HD_HEIGHT_PX).copy()


@lru_cache(maxsize=64)
def _codes_from_bgr(stored: PixelFormat, matrix: int, full: bool, high: bool) -> Doubles:
    rows = np.hstack([_rows(stored, matrix, high) / 255, np.zeros((stored.colours, 1))])
    peak, unit = (1 << stored.bits) - 1, 1 << (stored.bits - 8)
    for plane, row in enumerate(rows):
        if stored.kind == "yuv" and plane:
            row *= peak if full else CHROMA_SPAN * unit
            row[3] = GREY * unit
        else:
            row *= peak if full else LUMA_SPAN * unit
            row[3] = 0 if full else BLACK * unit
    return rows


def luma_of_bgr(matrix: int) -> Doubles:
    """Return what luma takes of B, G and R by a matrix of `KR_KB`: ``float64[3]``."""
    red, blue = KR_KB[matrix]
    return np.array([blue, 1 - red - blue, red])


def _rows(stored: PixelFormat, matrix: int, high: bool) -> Doubles:
    """Return what each plane takes of B, G and R, before range and depth."""
    if stored.kind == "gbr":
        return np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float64)
    code = (1 if high else 6) if matrix in _UNTOLD else matrix
    if code not in KR_KB:
        raise Unsupported(
            f"the colour matrix with H.273 code point {matrix} is not composited",
            hint="Transcode the plate to BT.601, BT.709 or BT.2020 non-constant luminance",
        )
    luma = luma_of_bgr(code)
    if stored.kind == "gray":
        return luma[None]
    cb = (np.array([1, 0, 0]) - luma) / (2 * (1 - luma[0]))
    cr = (np.array([0, 0, 1]) - luma) / (2 * (1 - luma[2]))
    return np.stack([luma, cb, cr])
