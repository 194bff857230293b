"""Roll-aligned crops of one face, the same for training and for use.

Cuts pixels only; which face and how it moves is told by `faces.track` and `faces.smooth`.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms import Crops, Doubles, Floats, FramesBGR
from w2l_studio.terms.sampling import oversampled

#: Side of the window in parts of the distance from eye line to mouth: brows to below an open jaw's
#: chin. Tight on purpose: the lips get a good quarter of the width, as in the boxes of the paper's detector.
SIDE = 2.5
#: Centre of the window on the way from eyes to mouth (0 = eyes, 1 = mouth): the tip of the nose,
#: so that the masked lower half begins below it (paper 3.4, pose prior).
CENTRE = 0.6


def axis(points: Floats | Doubles) -> tuple[Doubles, Doubles]:
    """Return the middle of the eyes and the way from there to that of the mouth, ``float64[T, 2]`` each."""
    points = np.asarray(points, np.float64)
    eyes, mouth = points[:, :2].mean(1), points[:, 3:].mean(1)
    return eyes, mouth - eyes


def length(points: Floats | Doubles) -> Doubles:
    """Return the distance from eye line to mouth ``float64[T]`` in pixels, by which faces are measured."""
    _, down = axis(points)
    return np.hypot(down[:, 0], down[:, 1])


def windows(points: Floats | Doubles) -> Doubles:
    """Return the window on each face.

    Args:
        points: ``float[T, 5, 2]`` in plate pixels, order as in `terms.Faces`.

    Returns:
        ``float64[T, 4]``: centre x, centre y, side in pixels, roll in radians (clockwise as seen).
    """
    points = np.asarray(points, np.float64)
    eyes, down = axis(points)
    length = np.hypot(down[:, 0], down[:, 1])
    across = (points[:, 1] - points[:, 0]) + (points[:, 4] - points[:, 3])
    roll = np.arctan2(across[:, 1], across[:, 0])
    # In profile the corners lie above each other and say nothing of roll; the face's long axis does.
    weak = np.hypot(across[:, 0], across[:, 1]) < 0.5 * length
    roll = np.where(weak, np.arctan2(-down[:, 0], down[:, 1]), roll)
    centre = eyes + CENTRE * down
    return np.column_stack([centre, SIDE * length, roll])


def affines(window: Doubles, size_px: int, margin: float = 1.0) -> Doubles:
    """Return the maps from plate to crop.

    Args:
        window: ``float64[T, 4]`` as from `windows`.
        size_px: side of the crop.
        margin: window enlarged by this factor (1 = as the generator sees it).

    Returns:
        ``float64[T, 2, 3]``; pixel centres are integers in both systems.
    """
    x, y, side, roll = np.asarray(window, np.float64).T
    scale = size_px / (side * margin)
    cos, sin = np.cos(roll) * scale, np.sin(roll) * scale
    middle = (size_px - 1) / 2
    rows = [cos, sin, middle - cos * x - sin * y, -sin, cos, middle + sin * x - cos * y]
    return np.stack(rows, -1).reshape(-1, 2, 3)


def cut(frames: FramesBGR, maps: Doubles, size_px: int) -> Crops:
    """Sample one crop per frame, sub-pixel exact, with area averaging where it shrinks.

    Args:
        frames: ``uint8[T, H, W, 3]`` BGR.
        maps: ``float64[T, 2, 3]`` as from `affines`.
        size_px: side of the crop.
    """
    pixels = np.empty((len(frames), size_px, size_px, 3), np.uint8)
    for out, frame, matrix in zip(pixels, frames, maps, strict=True):
        out[:] = sample(frame, matrix, size_px)
    return Crops(pixels, np.asarray(maps, np.float64))


def sample(frame: FramesBGR, matrix: Doubles, size_px: int) -> FramesBGR:
    """Sample one crop; a face larger than the crop is averaged first, so that nothing aliases.

    Args:
        frame: ``uint8[H, W, 3]``.
        matrix: ``float64[2, 3]``, plate -> crop.
        size_px: side of the crop.

    Returns:
        ``uint8[P, P, 3]``; what lies outside the frame repeats its edge.
    """
    factor, finer = oversampled(matrix)
    large: FramesBGR = cv2.warpAffine(
        frame,
        finer,
        (size_px * factor, size_px * factor),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if factor == 1:
        return large
    averaged: FramesBGR = cv2.resize(large, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return averaged
