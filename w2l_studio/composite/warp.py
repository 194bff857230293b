"""Moves single planes between plate and crop: sub-pixel, in float, averaged where it shrinks.

Knows boxes and 2x3 matrices; what the values mean is told by `composite.planes`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from w2l_studio.terms import Doubles, Floats, Plane
from w2l_studio.terms.sampling import from_part, oversampled, reach

_BORDER_CROP_PX = 5
#: What enlarging by two or more gives back of the contrast that averaging to crop pixels took:
#: unsharp masking by this much over this many crop pixels (chosen by eye on teeth; no rings yet).
_CRISP, _CRISP_CROP_PX = 0.6, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The part of a plane that a crop's region covers, and how it lies in the crop.

    Args:
        rows, columns: the part.
        to_crop: ``float64[2, 3]``, pixel of the part -> crop pixel.
    """

    rows: slice
    columns: slice
    to_crop: Doubles

    @property
    def size_px(self) -> tuple[int, int]:
        """``(width, height)`` of the part."""
        return self.columns.stop - self.columns.start, self.rows.stop - self.rows.start

    @property
    def scale(self) -> float:
        """Crop pixels per pixel of the plane, the finer of both axes."""
        return float(np.hypot(*self.to_crop[:, :2]).max())


def patch(shape: tuple[int, ...], to_crop: Doubles, region: tuple[int, int, int, int]) -> Patch | None:
    """Find the pixels of a plane under a region of the crop.

    Args:
        shape: ``(height, width)`` of the plane.
        to_crop: ``float64[2, 3]``, plane pixel -> crop pixel.
        region: left, top, right, bottom in crop pixels, half-open.

    Returns:
        None where the region lies wholly outside the plane.
    """
    left, top, right, bottom = region
    # One pixel more on each side: the interpolated edge reaches half-way to the next.
    begins, ends = reach(to_crop, (left - 1, top - 1, right, bottom))
    limits = [shape[1], shape[0]]
    x0, y0 = (int(v) for v in np.clip(np.floor(begins), 0, limits))
    x1, y1 = (int(v) for v in np.clip(np.ceil(ends) + 1, 0, limits))
    if x0 >= x1 or y0 >= y1:
        return None
    return Patch(slice(y0, y1), slice(x0, x1), from_part(to_crop, x0, y0))


def region(mask: Floats) -> tuple[int, int, int, int] | None:
    """Return the box of a crop-space mask's positive pixels: left, top, right, bottom."""
    rows, columns = np.flatnonzero(mask.max(1) > 0), np.flatnonzero(mask.max(0) > 0)
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def mask(values: Floats, onto: Patch) -> Floats:
    """Bring a smooth crop-space mask to the plane: ``float32[h, w]``, 0 outside the crop."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(values, onto.to_crop, onto.size_px, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(warped, np.float32)


def picture(values: Floats, onto: Patch) -> Floats:
    """Bring crop pixels to the plane, cubic: crisper where they grow, averaged where they shrink.

    Args:
        values: ``float32[P, P]`` or ``float32[P, P, C]`` with up to 4 channels.
        onto: where to.

    Returns:
        ``float32[h, w]`` or ``float32[h, w, C]``; beyond the crop its edge repeats.
    """
    if onto.scale > 1:
        values = cv2.GaussianBlur(values, (0, 0), 0.5 * float(np.sqrt(onto.scale**2 - 1)) + 1e-3)
    else:
        amount = np.float32(_CRISP * min(1.0, 1 / onto.scale - 1))
        values = values + amount * (values - cv2.GaussianBlur(values, (0, 0), _CRISP_CROP_PX))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(values, onto.to_crop, onto.size_px, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)


def bordered(covered: tuple[int, int, int, int], size_px: int) -> tuple[int, int, int, int]:
    """Return what `crop` samples for a region of the crop: it and a border, as far as the crop goes."""
    left, top = (max(0, v - _BORDER_CROP_PX) for v in covered[:2])
    right, bottom = (min(size_px, v + _BORDER_CROP_PX) for v in covered[2:])
    return left, top, right, bottom


def crop(plane: Plane, to_crop: Doubles, size_px: int, covered: tuple[int, int, int, int]) -> Floats:
    """Sample a plane into crop space, as the generator was shown it: area-averaged where it shrinks.

    Args:
        plane: ``[h, w]``.
        to_crop: plane pixel -> crop pixel.
        size_px: side P of the crop.
        covered: region of the crop that is wanted; only it and a border are sampled.

    Returns:
        ``float32[P, P]``, 0 beyond the border; beyond the plane its edge repeats.
    """
    left, top, right, bottom = bordered(covered, size_px)
    out = np.zeros((size_px, size_px), np.float32)
    under = patch(plane.shape, to_crop, (left, top, right, bottom))
    if under is None:
        return out
    part = np.asarray(plane[under.rows, under.columns], np.float32)
    matrix = under.to_crop.copy()
    matrix[:, 2] -= (left, top)
    factor, matrix = oversampled(matrix)
    size = ((right - left) * factor, (bottom - top) * factor)
    large = cv2.warpAffine(part, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        large = cv2.resize(large, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    out[top:bottom, left:right] = large
    return out
