"""Whether the two fields of interlaced frames show moments of their own, or one (PsF: 25p in 50i).

Pure arithmetic on frames that somebody else reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from w2l_studio.terms import Floats, Planes

#: Samples of a field on a block's side: every row, every second column.
_BLOCK = 16
#: Part of a picture that is asked, where it moves most: in a shot that is at rest only the face moves.
_ASKED = 0.1
#: Fewer pairs of frames prove nothing: the file is believed.
_LEAST_PAIRS = 10
#: Chance leans as far in one range of twenty.
_PROOF = 2.0


class _Fields(NamedTuple):
    """Rows between those of a frame's upper field, its lower field twice, and how far they lie apart."""

    between: Floats
    lower: Floats
    apart: Floats


class Moments:
    """Watches frames go by and tells whether their fields show moments of their own.

    Where they do, a frame's later field lies nearer to the next frame's earlier one than its earlier field to
    that one's later; of progressive pictures both lie equally far. Grain and compression push both alike.
    """

    def __init__(self) -> None:
        self._last: _Fields | None = None
        self._leans = list[float]()

    @property
    def apart(self) -> bool:
        """Whether they do, from what has been seen; of a few frames as the file says, that they do."""
        if len(self._leans) < _LEAST_PAIRS:
            return True
        return abs(sum(self._leans)) > _PROOF * math.hypot(*self._leans)

    def watch(self, frames: Iterable[Planes]) -> Iterator[Planes]:
        """Yield frames as they come, and remember how they lean."""
        for frame in frames:
            self._see(frame)
            yield frame

    def _see(self, frame: Planes) -> None:
        luma = frame.planes[0][: frame.planes[0].shape[0] // 2 * 2, ::2].astype(np.float32)
        between, lower = luma[:-2:2] + luma[2::2], 2 * luma[1:-1:2]
        now, last = _Fields(between, lower, _apart(between, lower)), self._last
        if last is not None:
            self._leans.append(_lean(last, now))
        self._last = now


def _lean(last: _Fields, now: _Fields) -> float:
    """Return how much nearer one field of a frame lies to the next frame than the other, -1..1; 0 = alike."""
    down, up = _apart(now.between, last.lower), _apart(last.between, now.lower)
    still = np.minimum(np.minimum(last.apart, now.apart), np.minimum(down, up))
    moved = (down + up - 2 * still).ravel()
    asked = np.argsort(moved)[-math.ceil(_ASKED * moved.size) :]
    most = float(moved[asked].sum())
    return float((up - down).ravel()[asked].sum()) / most if most else 0.0


def _apart(between: Floats, lower: Floats) -> Floats:
    """Return how far rows of one field lie from those of the other, block by block."""
    rows, columns = (max(1, size // _BLOCK) for size in between.shape)
    return np.asarray(cv2.resize(cv2.absdiff(between, lower), (columns, rows), interpolation=cv2.INTER_AREA))
