"""Windows at another tempo: pictures and sound are stretched alike about one moment, so sync stays exact.

Reads between pictures and between columns; nobody's pitch changes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.packs.data import begins
from w2l_studio.sound.windows import COLUMNS, before
from w2l_studio.terms import Doubles, Floats, Ints
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, FPS, SILENCE

#: How much faster or slower at most, and the share of the samples that are.
_MOST, _SHARE = 0.1, 0.5
_PER_PICTURE = COLUMNS_PER_SECOND / FPS


def draw(random: np.random.Generator) -> float:
    """Draw a tempo: 1 as often as not, else within 0.9 to 1.1."""
    return random.uniform(1 - _MOST, 1 + _MOST) if random.random() < _SHARE else 1.0


def stretched(first: Ints, count: int, middle: npt.NDArray[np.floating], tempo: float) -> Doubles:
    """Return where windows at another tempo read, ``float64[K, count]``.

    Args:
        first: where each begins, ``[K]``.
        middle: the moments that stay where they are, ``[K]``, in the same unit.
    """
    return middle[:, None] + tempo * (first[:, None] + np.arange(count) - middle[:, None])


def hear(
    spectrum: Floats,
    at: Ints,
    pictures: int,
    tempo: float,
    lead_ms: int = 0,
    columns: int = COLUMNS,
    since: int = 0,
) -> Floats:
    """Cut the sounds of windows that begin with pictures, stretched about the windows' middles.

    Args:
        spectrum: ``float32[80, M]``; before and after it there is silence.
        at: the windows' first pictures, ``[K]``.
        pictures: in a window.
        lead_ms: as of `data.hear`.
        columns: of the sounds; longer ones reach as much further back as forth, as of `data.hear`.
        since: the column with which the spectrum begins.

    Returns:
        ``float32[K, 80, columns]``; at tempo 1 those of `data.hear`.
    """
    first = begins(at, lead_ms) - before(columns)
    wanted = stretched(first, columns, (at + pictures / 2) * _PER_PICTURE, tempo) - since
    # Beside the sound silence begins with the next column.
    around = np.full((len(spectrum), spectrum.shape[1] + 2), SILENCE, np.float32)
    around[:, 1:-1] = spectrum
    return read(around, wanted + 1)


def read(values: Floats, wanted: Doubles) -> Floats:
    """Read ``[C, M]`` between its columns, beyond the ends as at them: ``float32[K, C, N]``.

    Args:
        wanted: ``float64[K, N]``.
    """
    # Whole columns stay whole: what is left of them by rounding is no share.
    wanted = np.round(wanted.clip(0, values.shape[1] - 1), 6)
    below = wanted.astype(np.int64)
    share = (wanted - below).astype(np.float32)
    low = values[:, below]
    high = values[:, np.minimum(below + 1, values.shape[1] - 1)]
    return np.ascontiguousarray((low + (high - low) * share).transpose(1, 0, 2), np.float32)


def blend(
    below: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8], share: Doubles
) -> npt.NDArray[np.uint8]:
    """Return pictures between two: ``share`` 0..1 of the way from one to the other.

    Args:
        below, above: ``uint8[..., H, W]``.
        share: ``[...]``.
    """
    # In whole numbers: faster, and as exact as a level.
    weight = np.round(share * 256).astype(np.uint16)[..., None, None]
    return ((below * (256 - weight) + above * weight + 128) >> 8).astype(np.uint8)
