"""How finely a picture is sampled through a map that shrinks it, so that nothing aliases."""

from __future__ import annotations

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
