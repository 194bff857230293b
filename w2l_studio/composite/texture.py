"""Keeps what the plate has and a generator has not: pores and hair, which it blurs, and grain.

Where mouth and plate show the same at large, all of the plate's texture is kept: what the generator's pixels
could show but seldom do (`regained`) and what is finer than them (`detail`). Where they differ (lips, jaw
line) only its noise is, with the height of edges cut off, so that no old lips shine through.
Works on one plane at a time and knows nothing of colour.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms import Floats

#: Difference in 8-bit levels at which half of the plate's fine texture is given up: on skin, whose
#: shade may differ without having moved, and in the lips, where any difference is a movement.
_HALF_AT_SKIN, _HALF_AT_LIPS = 7.0, 1.5
#: What is left of white noise after its 3 x 3 binomial mean is taken away: sqrt(1 - 2/4 + 9/64).
_NOISE_LEFT = 0.8
#: Grain beyond this many standard deviations is an edge, and cut off.
_LIMIT = 2.0
#: What counts as texture, how little of a picture tells what it shows at large, and how far around a
#: difference old lips are suspected: in parts of the crop's side. By truth pairs (benchmarks/truth.py), where
#: more texture began to bring old lips back.
_TEXTURE, _AT_LARGE, _AROUND = 1 / 38, 1 / 128, 1 / 30
#: Difference in 8-bit levels, so smoothed, at which half of the texture is given up.
HALF_AT_LARGE = 12.0
#: Median absolute deviation -> standard deviation of a normal distribution.
_MAD = 1.4826
_STEP_PX = 3
_ENOUGH = 64


def alike(difference: Floats, size_px: int, half: float = HALF_AT_LARGE) -> Floats:
    """Return how far mouth and plate show the same at large.

    Args:
        difference: ``float32[h, w]``, mouth minus plate in a part of the crop, 8-bit levels.
        size_px: the crop's side.
        half: difference, smoothed, that counts half.

    Returns:
        ``float32[h, w]``, 1 = the same, 0 = something else.
    """
    around = round(size_px * _AROUND)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * around + 1, 2 * around + 1))
    apart = cv2.dilate(np.abs(cv2.GaussianBlur(difference, (0, 0), size_px * _AT_LARGE)), disc)
    apart = cv2.GaussianBlur(apart, (0, 0), around / 2)
    return np.asarray(1 / (1 + (apart / half) ** 4), np.float32)


def regained(mouth: Floats, plate: Floats, share: Floats, size_px: int) -> Floats:
    """Return the mouth with the plate's texture in place of its own.

    Args:
        mouth, plate: ``float32[h, w]``, code values of the same part of the crop.
        share: ``float32[h, w]`` as from `alike`.
        size_px: the crop's side.

    Returns:
        ``float32[h, w]``, with shades as the mouth has them.
    """
    lacking = plate - mouth
    texture = lacking - cv2.GaussianBlur(lacking, (0, 0), size_px * _TEXTURE)
    return np.asarray(mouth + share * texture, np.float32)


def agreement(difference: Floats, lips: Floats) -> Floats:
    """Return how far the plate's fine texture belongs to the new mouth too.

    Args:
        difference: ``float32[P, P]``, mouth minus plate at the generator's resolution, 8-bit levels.
        lips: ``float32[P, P]``, 1 where the lips may be (`matte.lips`).

    Returns:
        ``float32[P, P]``, 1 = keep all, 0 = keep only grain.
    """
    sigma = difference.shape[0] / 64
    moved = cv2.GaussianBlur(np.square(difference), (0, 0), sigma)
    half_at = _HALF_AT_SKIN + lips * (_HALF_AT_LIPS - _HALF_AT_SKIN)
    return np.asarray(1 / (1 + moved / np.square(half_at)), np.float32)


def detail(plate: Floats, low: Floats, keep: Floats, seen: Floats) -> Floats:
    """Return what to add to the upscaled mouth of one plane.

    Args:
        plate: ``float32[h, w]``, code values.
        low: ``float32[h, w]``, the same at the generator's resolution.
        keep: ``float32[h, w]`` as from `agreement`.
        seen: ``float32[h, w]``, the matte: where noise may be measured.

    Returns:
        ``float32[h, w]`` code values around 0.
    """
    high = plate - low
    fine = plate - cv2.GaussianBlur(plate, (3, 3), 0)
    grain = _grain(fine, _noise(fine, (keep > 0.5) & (seen > 0.2)))
    return grain + keep * (high - grain)


def _noise(fine: Floats, where: np.ndarray) -> float:
    """Return the standard deviation of the finest band on skin, deaf to edges."""
    sample = fine[::_STEP_PX, ::_STEP_PX][where[::_STEP_PX, ::_STEP_PX]]
    if len(sample) < _ENOUGH:
        return 0.0
    return _MAD * float(np.median(np.abs(sample)))


def _grain(fine: Floats, noise: float) -> Floats:
    if noise == 0.0:
        return np.zeros_like(fine)
    limit = _LIMIT * noise
    return np.asarray(limit / _NOISE_LEFT * np.tanh(fine / limit), np.float32)
