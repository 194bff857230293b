"""Converts between a plate's planes and BGR: whole pictures reduced for analysis, boxes exact.

Reads planes only; what is written back into them is the affair of `composite.paste`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from w2l_studio.composite import view
from w2l_studio.composite.layout import codes_from_bgr, layout, to_luma
from w2l_studio.terms import ColourTags, Doubles, Floats, FramesBGR, Plane, Planes
from w2l_studio.terms.pixels import PixelFormat


def analysis(picture: Planes, tags: ColourTags, scale: float = 1.0) -> FramesBGR:
    """Return a reduced BGR copy of a whole picture, averaged plane by plane before conversion.

    Of PQ and HLG it is what an SDR display would show (`view`).

    Args:
        picture: planes in native code values.
        tags: matrix and range.
        scale: at most 1; the size is rounded, at least 2 x 2.

    Returns:
        ``uint8[h, w, 3]`` BGR.

    Raises:
        Unsupported: pixel format or matrix that is not composited.
    """
    stored = layout(picture.pix_fmt)
    height, width = picture.planes[0].shape
    out = (max(2, round(width * scale)), max(2, round(height * scale)))
    sx, sy = width / out[0], height / out[1]
    to_plate = np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]])
    codes = [
        _reduced(plane, np.linalg.inv(to_luma(stored, i)) @ to_plate, out)
        for i, plane in enumerate(picture.planes[: stored.colours])
    ]
    bgr = view.seen(_to_bgr(codes, codes_from_bgr(stored, tags, height)), tags)
    # saturate_cast rounds and clips in one pass.
    return np.asarray(cv2.convertScaleAbs(cv2.max(bgr, 0.0)), np.uint8)


def region_bgr(picture: Planes, tags: ColourTags, box: tuple[int, int, int, int]) -> Floats:
    """Return one box of a picture at full size, chroma interpolated linearly at its true siting.

    Args:
        picture: planes in native code values.
        tags: matrix and range.
        box: left, top, right, bottom in luma pixels, inside the picture.

    Returns:
        ``float32[h, w, 3]`` BGR, 0..255 where the plate is legal, beyond it where it is not, or brighter
        than HDR's reference white.

    Raises:
        Unsupported: pixel format or matrix that is not composited.
    """
    stored = layout(picture.pix_fmt)
    left, top, right, bottom = box
    codes = [np.asarray(picture.planes[0][top:bottom, left:right], np.float32)]
    for i in range(1, stored.colours):
        to_plane = np.linalg.inv(to_luma(stored, i)) @ np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
        codes.append(_window(picture.planes[i], to_plane, (right - left, bottom - top)))
    bgr = _to_bgr(codes, codes_from_bgr(stored, tags, picture.planes[0].shape[0]))
    return view.seen(bgr, tags)


def to_codes(bgr: Floats, tags: ColourTags, stored: PixelFormat, height_px: int) -> list[Floats]:
    """Convert BGR to the code values of each colour plane, not rounded, at the size that comes in.

    Args:
        bgr: ``float32[h, w, 3]``, 0..255, as it is seen.
        tags: matrix, range and, of HDR, transfer.
        stored: layout of the plate.
        height_px: rows of the plate (decides an untagged matrix).

    Returns:
        One ``float32[h, w]`` per colour plane.
    """
    matrix = codes_from_bgr(stored, tags, height_px).astype(np.float32)
    values = view.stored(np.asarray(bgr, np.float32), tags)
    codes = cv2.transform(np.ascontiguousarray(values), matrix)
    return [codes] if codes.ndim == 2 else list(cv2.split(codes))


def apart(
    new: Sequence[Floats], old: Sequence[Floats], tags: ColourTags, stored: PixelFormat, height_px: int
) -> list[Floats]:
    """Return how far the planes of two pictures lie apart, in levels of 8 bits; of HDR, as it is seen.

    Args:
        new, old: code values of each colour plane, ``float32[h, w]``, all of one size.
        tags, stored, height_px: as of `to_codes`.
    """
    level = np.float32(1 << (stored.bits - 8))
    if view.as_displayed(tags):
        return [(one - other) / level for one, other in zip(new, old, strict=True)]
    matrix = codes_from_bgr(stored, tags, height_px)
    seen = [view.seen(_to_bgr(list(codes), matrix), tags) for codes in (new, old)]
    moved = cv2.transform(seen[0] - seen[1], (matrix[:, :3] / level).astype(np.float32))
    return [moved] if moved.ndim == 2 else list(cv2.split(moved))


def _to_bgr(codes: list[Floats], from_bgr: Doubles) -> Floats:
    if len(codes) == 1:
        value = (codes[0] - np.float32(from_bgr[0, 3])) / np.float32(from_bgr[0, :3].sum())
        return np.dstack([value, value, value])
    back = np.linalg.inv(from_bgr[:, :3])
    matrix = np.column_stack([back, -back @ from_bgr[:, 3]]).astype(np.float32)
    return np.asarray(cv2.transform(cv2.merge(codes), matrix), np.float32)


def _reduced(plane: Plane, to_plane: Doubles, size_px: tuple[int, int]) -> Floats:
    """Sample a plane at a reduced size: whole factors by averaging, the rest and the siting linearly."""
    height, width = plane.shape
    kx, ky = (max(1, int(factor + 1e-6)) for factor in (to_plane[0, 0], to_plane[1, 1]))
    small = (-(-width // kx), -(-height // ky))
    if small == (width, height):
        averaged = np.asarray(plane, np.float32)
    else:
        averaged = cv2.resize(plane, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    fx, fy = small[0] / width, small[1] / height
    to_small = np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1]]) @ to_plane
    if averaged.shape[::-1] == size_px and np.allclose(to_small, np.eye(3), atol=1e-9):
        return averaged
    return _warped(averaged, to_small, size_px)


def _window(plane: Plane, to_plane: Doubles, size_px: tuple[int, int]) -> Floats:
    """Sample a plane on a finer grid, reading only what lies under it."""
    height, width = plane.shape
    first = np.floor(to_plane[:2, 2]).astype(int) - 1
    last = np.ceil(to_plane[:2, :2] @ np.subtract(size_px, 1) + to_plane[:2, 2]).astype(int) + 2
    left, top = np.clip(first, 0, [width - 1, height - 1])
    right, bottom = np.clip(last, [left + 1, top + 1], [width, height])
    shifted = to_plane.copy()
    shifted[:2, 2] -= (left, top)
    return _warped(np.asarray(plane[top:bottom, left:right], np.float32), shifted, size_px)


def _warped(plane: Floats, to_plane: Doubles, size_px: tuple[int, int]) -> Floats:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(plane, to_plane[:2], size_px, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)
