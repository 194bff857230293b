"""Cuts face crops out of a plate, converting only the part of each picture that they need.

One pass over the plate for any number of faces; where the windows lie is told by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from w2l_studio.composite import planes
from w2l_studio.dub.scan import Tick
from w2l_studio.faces import crop
from w2l_studio.media import decode
from w2l_studio.terms import Bools, Crops, Doubles, FramesBGR, Ints, Planes, Plate
from w2l_studio.terms.sampling import from_part, reach
from w2l_studio.timing import FrameRange


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Where to cut.

    Args:
        frames: plate frames.
        maps: ``float64[T, 2, 3]`` plate -> crop.
        wanted: ``bool[T]``: frames that are cut at all.
    """

    frames: FrameRange
    maps: Doubles
    wanted: Bools


def cut(plate: Plate, faces: Sequence[Windows], face_px: int, tick: Tick) -> Crops:
    """Cut the wanted frames of several faces into memory.

    Returns:
        One row per wanted frame, face after face; `parted` takes them apart.
    """
    maps = joined_maps(faces)
    pixels = np.empty((len(maps), face_px, face_px, 3), np.uint8)
    for row, picture in pictures(plate, faces, face_px, tick):
        pixels[row] = picture
    return Crops(pixels, maps)


def pictures(
    plate: Plate, faces: Sequence[Windows], face_px: int, tick: Tick
) -> Iterator[tuple[int, FramesBGR]]:
    """Yield ``uint8[P, P, 3]`` crops in the order of the film, each with its row in what `cut` returns."""
    first = min(face.frames.start for face in faces)
    last = max(face.frames.stop for face in faces)
    starts = starts_of(faces)
    rows = [start + np.cumsum(face.wanted) - 1 for start, face in zip(starts, faces, strict=False)]
    with decode.open_plate(plate) as reader:
        for n, picture in zip(range(first, last), reader.read(first, last), strict=True):
            for face, of_face in zip(faces, rows, strict=True):
                at = n - face.frames.start
                if n in face.frames and face.wanted[at]:
                    yield int(of_face[at]), _one(picture, plate, face.maps[at], face_px)
            tick("crops")


def joined_maps(faces: Sequence[Windows]) -> Doubles:
    """Return ``float64[R, 2, 3]``, plate -> crop, of each row."""
    return np.concatenate([face.maps[face.wanted] for face in faces])


def starts_of(faces: Sequence[Windows]) -> Ints:
    """Return each face's first row and, last, the number of rows: ``int64[F + 1]``."""
    return np.concatenate([[0], np.cumsum([face.wanted.sum() for face in faces])]).astype(np.int64)


def parted(joined: Crops, faces: Sequence[Windows]) -> list[Crops]:
    """Return each face's part of what `cut` returned: views, no copies."""
    ends = starts_of(faces)[1:-1]
    pixels, maps = np.split(joined.pixels, ends), np.split(joined.affines, ends)
    return [Crops(one, where) for one, where in zip(pixels, maps, strict=True)]


def _one(picture: Planes, plate: Plate, to_crop: Doubles, face_px: int) -> FramesBGR:
    begins, ends = reach(to_crop, (-1, -1, face_px, face_px))
    # Chroma samples cover two luma samples: the box keeps to even edges (docs/decisions/0005).
    low = np.floor(begins).astype(int) // 2 * 2 - 2
    high = -(-np.ceil(ends).astype(int) // 2) * 2 + 2
    left, right = (int(v) for v in np.clip([low[0], high[0]], 0, plate.width))
    top, bottom = (int(v) for v in np.clip([low[1], high[1]], 0, plate.height))
    if right - left < 2 or bottom - top < 2:
        return np.zeros((face_px, face_px, 3), np.uint8)
    region = planes.region_bgr(picture, plate.tags, (left, top, right, bottom))
    pixels = np.clip(np.rint(region), 0, 255).astype(np.uint8)
    return crop.sample(pixels, from_part(to_crop, left, top), face_px)
