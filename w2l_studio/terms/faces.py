"""Words of what is seen of people."""

from __future__ import annotations

from dataclasses import dataclass

from w2l_studio.terms.arrays import Bools, Doubles, Floats, FramesBGR
from w2l_studio.timing import FrameRange

#: The five points of a face in the order that its mirror image has them in.
EXCHANGED = [1, 0, 2, 4, 3]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What a detector finds in one picture, best first.

    Args:
        boxes: ``float32[N, 4]`` left, top, right, bottom in pixels of the picture handed in.
        points: ``float32[N, 5, 2]`` x, y of left eye, right eye, nose, left and right mouth corner
            (left and right as seen in the picture).
        scores: ``float32[N]`` in 0..1.
    """

    boxes: Floats
    points: Floats
    scores: Floats


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames without a cut."""

    index: int
    frames: FrameRange


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One face through a shot; arrays have one row per frame of `frames`, plate pixels.

    Args:
        boxes: ``float32[T, 4]`` left, top, right, bottom.
        points: ``float32[T, 5, 2]``, order as in `Faces`.
        scores: ``float32[T]``, 0 where the face was interpolated.
        present: ``bool[T]``, False where no face was there (gap too long to interpolate).
    """

    frames: FrameRange
    boxes: Floats
    points: Floats
    scores: Floats
    present: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """Roll-aligned windows on one face.

    Args:
        pixels: ``uint8[T, P, P, 3]`` BGR.
        affines: ``float64[T, 2, 3]``, plate pixel (x, y, 1) -> crop pixel; pixel centres are integers.
    """

    pixels: FramesBGR
    affines: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class Matte:
    """Soft mask of the mouth in crop space: ``float32[P, P]`` in 0..1."""

    alpha: Floats
