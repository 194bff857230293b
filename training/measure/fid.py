"""The Fréchet Inception distance of two sets of faces (Heusel et al., arXiv 1706.08500).

The protocol is fixed: every fifth face of every clip, cut as the engine cuts them, at 96 pixels, never packed
into a file. Few faces make the distance larger, so it compares rows of one table and nothing else.
"""

from __future__ import annotations

import numpy as np
import torch

from training.measure.inception import Inception
from w2l_studio.terms import Doubles, Floats, FramesBGR

#: One face in so many is looked at: neighbours hardly differ.
EVERY = 5
_BATCH = 16


def features(net: Inception, faces: FramesBGR) -> Floats:
    """Describe every fifth of the faces ``uint8[T, P, P, 3]`` BGR: ``float32[ceil(T / 5), 2048]``."""
    chosen = np.ascontiguousarray(faces[::EVERY, ..., ::-1])
    parts = []
    with torch.inference_mode():
        for start in range(0, len(chosen), _BATCH):
            rgb = torch.from_numpy(chosen[start : start + _BATCH]).permute(0, 3, 1, 2).float() / 255
            parts.append(net(rgb).numpy())
    return np.concatenate(parts)


def distance(one: Floats | Doubles, other: Floats | Doubles) -> float:
    """Return the Fréchet distance of the normal distributions that fit two sets of features best.

    The trace of the root of the product of two covariances is the sum of the singular values of the product
    of any two roots of them: no matrix root is taken, and singular covariances, of few faces, are no harm.

    Args:
        one, other: ``[N, F]`` and ``[M, F]``, at least two of each.

    >>> distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]]))
    9.0
    """
    means, roots = [], []
    for given in (one, other):
        values = np.asarray(given, np.float64)
        means.append(values.mean(0))
        roots.append(np.linalg.qr(values - means[-1], mode="r") / np.sqrt(len(values) - 1))
    apart = np.square(means[0] - means[1]).sum()
    spread = sum(np.square(root).sum() for root in roots)
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    return float(max(0.0, apart + spread - 2 * shared))
