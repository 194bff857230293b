"""Names for arrays, and stretches of them; shape and range stand where they are used."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

#: ``uint8[T, H, W, 3]`` BGR (or one picture of it, ``uint8[H, W, 3]``).
FramesBGR: TypeAlias = npt.NDArray[np.uint8]
#: ``float32`` of any shape; the docstring tells it.
Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]
#: One plane of a plate, ``uint8[H, W]`` or ``uint16[H, W]``, native code values.
Plane: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def runs(flags: Bools) -> list[tuple[int, int]]:
    """Return each stretch of ``bool[T]`` that is set: its first row, and the one after its last.

    >>> runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
