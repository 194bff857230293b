"""How a picture is sampled through a map: which part of it, and so finely that nothing aliases."""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms.arrays import Doubles


def oversampled(matrix: Doubles) -> tuple[int, Doubles]:
    """Return the finer grid of which whole squares are averaged into the pixels of a map.

    The axis that shrinks most decides: a chroma plane of 4:2:2 or an anamorphic plate shrinks less along
    the other one.

    Args:
        matrix: ``float64[2, 3]``, pixel of the source -> pixel of the result, centres at integers.

    Returns:
        Samples per pixel of the result along each axis (1 = none is averaged), and the map to them,
        ``float64[2, 3]``.
    """
    matrix = np.array(matrix, np.float64)
    scale = float(np.hypot(*matrix[:, :2]).min())
    factor = max(1, int(np.ceil(1 / scale - 0.25)))
    matrix *= factor
    matrix[:, 2] += (factor - 1) / 2
    return factor, matrix


def reach(matrix: Doubles, box: tuple[float, float, float, float]) -> Doubles:
    """Return the part of the source under a box of the result.

    Args:
        matrix: ``float64[2, 3]``, pixel of the source -> pixel of the result.
        box: left, top, right, bottom in pixels of the result, all of them sampled.

    Returns:
        ``float64[2, 2]``: left and top, right and bottom.
    """
    left, top, right, bottom = box
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64)
    back = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
    on_source = corners @ back[:, :2].T + back[:, 2]
    return np.stack([on_source.min(0), on_source.max(0)])


def from_part(matrices: Doubles, left: int, top: int) -> Doubles:
    """Return maps ``float64[..., 2, 3]`` for a part of the source that begins at a column and a row of it."""
    moved = np.array(matrices, np.float64)
    moved[..., 2] += moved[..., :2] @ np.array([left, top], np.float64)
    return moved
