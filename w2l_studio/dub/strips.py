"""Rows of small pictures of a dubbed range: the same windows of the same moments, plate and take.

Reads what was delivered (media files), not what was in memory; writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np

from w2l_studio.composite import planes
from w2l_studio.dub import geometry
from w2l_studio.media import decode
from w2l_studio.terms import FramesBGR, Plate

#: Middle (x, y) and longer side of a part of a picture.
_Place: TypeAlias = tuple[int, int, int]
#: Longer side of the pictures that tiles are cut from.
_LOOK_PX = 1280
#: Grey levels by which a take differs from its plate where lips are new (encoding changes less).
_CHANGED = 12
#: A tile's side, in parts of the changed place's.
_AROUND = 2.6


def spread(first: int, frames: int, count: int) -> list[int]:
    """Return ``count`` frames spread evenly over a range, some of them twice where it has fewer.

    >>> spread(100, 80, 8)
    [105, 115, 125, 135, 145, 155, 165, 175]
    """
    return [first + int((i + 0.5) * frames / count) for i in range(count)]


def pair(
    plate: Plate, take: Plate, take_start: int, moments: Sequence[int], tile_px: int
) -> tuple[FramesBGR, FramesBGR]:
    """Return square tiles of a range of the report, close on the new lips, of its plate and of its take.

    Args:
        take_start: frame of the plate that the take's first picture shows.
        moments: frames of the plate, all of them in the take.

    Returns:
        Two ``uint8[N, P, P, 3]`` BGR.

    Raises:
        MediaError: plate or take cannot be read.
    """
    before = _pictures(plate, moments)
    after = _pictures(take, [n - take_start for n in moments])
    windows = _windows([_changed(old, new) for old, new in zip(before, after, strict=True)], before[0].shape)
    old_tiles, new_tiles = (
        np.stack([_tile(picture, window, tile_px) for picture, window in zip(pictures, windows, strict=True)])
        for pictures in (before, after)
    )
    return old_tiles, new_tiles


def whole(plate: Plate, moments: Sequence[int], tile_px: int) -> FramesBGR:
    """Return a plate's whole pictures, so small that their longer side is ``tile_px``: ``uint8[N, h, w, 3]``.

    Raises:
        MediaError: the file cannot be read, or has no such frame.
    """
    pictures = _pictures(plate, moments)
    height, width = pictures[0].shape[:2]
    scale = tile_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.stack([cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures])


def _pictures(plate: Plate, moments: Sequence[int]) -> list[FramesBGR]:
    """Return upright pictures of a file; of interlaced frames the first field: both are a comb."""
    if plate.field_order is not None:
        plate, moments = plate.in_fields, [2 * n for n in moments]
    view = geometry.view(plate, _LOOK_PX)
    found = []
    with decode.open_plate(plate) as reader:
        for n in moments:
            pictures = reader.read(n, n + 1)
            found += [view.upright(planes.analysis(one, plate.tags, view.scale)) for one in pictures]
    return found


def _changed(old: FramesBGR, new: FramesBGR) -> _Place | None:
    """Return the middle (x, y) and the longer side of what changed; None where nothing did."""
    blurred = cv2.GaussianBlur(cv2.absdiff(old, new).max(2), (0, 0), 4)
    rows, columns = (np.flatnonzero((blurred > _CHANGED).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    size = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    return int(columns[0] + columns[-1]) // 2, int(rows[0] + rows[-1]) // 2, int(size)


def _windows(changed: Sequence[_Place | None], shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return left, top and side of a square around each change, all of one row equally large.

    Where nothing changed (new lips may be shut as the old ones are) it lies as at the moment next to it.
    """
    height, width = shape[:2]
    found = {i: one for i, one in enumerate(changed) if one is not None}
    found = found or {0: (width // 2, height // 2, max(height, width))}
    known = np.array(list(found))
    places = [found[int(known[np.abs(known - i).argmin()])] for i in range(len(changed))]
    side = min(int(np.median([size for *_, size in found.values()]) * _AROUND), height, width)
    # Lips lie in the lower half of a face: look a little higher.
    corners = [(x - side // 2, y - side // 2 - side // 10) for x, y, _ in places]
    return [(min(max(x, 0), width - side), min(max(y, 0), height - side), side) for x, y in corners]


def _tile(picture: FramesBGR, window: tuple[int, int, int], tile_px: int) -> FramesBGR:
    left, top, side = window
    part = picture[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > tile_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (tile_px, tile_px), interpolation=how), np.uint8)
