"""Takes a matte back where it has left the face: background beyond the jaw's outline stays the plate's.

A mouth is drawn from another picture of the head, so around a turned face it shows that picture's background
and outline. Outside the lips little but the outline differs much.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms import Floats

#: Difference in 8-bit levels at which half of the matte is given up: beside the lips, where shading differs
#: by less and outlines by more, and above and below them, where a chin that moves uncovers neck.
_HALF_BESIDE, _HALF_BELOW = 5.0, 6.5
#: How far around a difference the matte is given up, in parts of the crop's side.
_REACH = 1 / 40


def inside(difference: Floats, lips: Floats) -> Floats:
    """Return the share of the matte that stays.

    Args:
        difference: ``float32[C, P, P]``, mouth minus plate at the generator's resolution, 8-bit levels of
            each plane: hair beyond a jaw may be as light as skin and only of another hue.
        lips: ``float32[P, P]``, 1 where the lips may be (`matte.lips`).

    Returns:
        ``float32[P, P]``: 1 = all, as it is everywhere in the lips.
    """
    sigma = difference.shape[-1] * _REACH
    moved = cv2.GaussianBlur(np.square(difference).sum(0), (0, 0), sigma)
    below = np.clip(2 * lips.max(0, keepdims=True) - 1, 0, 1)
    half_at = _HALF_BESIDE + below * (_HALF_BELOW - _HALF_BESIDE)
    alike = 1 / (1 + np.square(moved / np.square(half_at)))
    return np.asarray(1 - (1 - lips) * (1 - alike), np.float32)
