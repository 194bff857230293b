"""Boxes against boxes: overlap and non-maximum suppression.

Knows nothing of pictures, networks or time.
"""

from __future__ import annotations

import numpy as np

from w2l_studio.terms import Floats, Ints


def areas(boxes: Floats) -> Floats:
    """Return ``float32[N]``, the areas of ``float32[N, 4]`` boxes (left, top, right, bottom)."""
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(size[:, 0] * size[:, 1], np.float32)


def shared(one: Floats, other: Floats) -> Floats:
    """Return the common areas ``float32[N, M]`` of two sets of boxes."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    size = np.maximum(high - low, 0)
    return np.asarray(size[..., 0] * size[..., 1], np.float32)


def iou(one: Floats, other: Floats) -> Floats:
    """Return intersection over union ``float32[N, M]`` in 0..1."""
    common = shared(one, other)
    union = areas(one)[:, None] + areas(other)[None] - common
    return np.asarray(common / np.maximum(union, 1e-9), np.float32)


def suppress(boxes: Floats, scores: Floats, limit: float) -> Ints:
    """Greedy non-maximum suppression.

    Args:
        boxes: ``float32[N, 4]``.
        scores: ``float32[N]``; of equal ones the first wins, so that the result is reproducible.
        limit: a box is dropped when its `iou` with a better one is more than this.

    Returns:
        ``int64[K]`` indices of the boxes that stay, best first.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[iou(boxes[best : best + 1], boxes[rest])[0] <= limit]
    return np.array(kept, np.int64)
