"""The published lip-sync errors LSE-D and LSE-C, step for step (SyncNetInstance_calc_scores.py).

Arithmetic over SyncNet embeddings; runs no network and fixes none of the published arithmetic's quirks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2l_studio.terms import Floats

#: Windows to each side over which the sound is moved.
SHIFT = 15
#: torch's pairwise_distance adds it to every difference.
_EPS = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Lse:
    """Scores of one clip.

    Args:
        mean_distances: ``float32[31]``, mean distance with the sound moved by -15..15 windows.
        lse_d: the smallest of them.
        lse_c: their median less the smallest.
        offset_frames: 15 - position of the smallest; > 0 = sound leads the picture.
    """

    mean_distances: Floats
    lse_d: float
    lse_c: float
    offset_frames: int


def lse(lips: Floats, audio: Floats) -> Lse:
    """Score lips against sound.

    The sound is padded with zero rows at both ends and these enter the means, as published, so that
    short clips are biased at large offsets.

    Args:
        lips: ``float32[N, 1024]``, SyncNet's lip embeddings, one per picture window.
        audio: ``float32[N, 1024]``, its audio embeddings of the same windows.
    """
    count = len(lips)
    padded = np.pad(audio, ((SHIFT, SHIFT), (0, 0)))
    distances = np.empty((count, 2 * SHIFT + 1), np.float32)
    for k in range(2 * SHIFT + 1):
        distances[:, k] = np.linalg.norm(lips - padded[k : k + count] + np.float32(_EPS), axis=1)
    means = distances.mean(0)
    best = int(means.argmin())
    median = np.median(means)
    return Lse(means, float(means[best]), float(median - means[best]), SHIFT - best)
