"""Matches colour and blacks of generated mouths to their plate by one transform per shot.

Measures crops only; it knows nothing of planes, mattes or tags.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from w2l_studio.composite.layout import luma_of_bgr
from w2l_studio.terms import Doubles, Floats, FramesBGR, Ints

#: Luma of BGR (ITU-R BT.709).
_LUMA = luma_of_bgr(1).astype(np.float32)
_PICTURES = 48
#: Weighted pixels below which nothing is measured.
_ENOUGH_PX = 200.0
#: The transform may do no more than a grader's touch; what needs more is a failed mouth.
_GAIN_LIMITS = (0.8, 1.25)
_SHIFT_LIMIT = 48.0
#: Levels of contrast that must speak before the gain leaves 1 (ridge).
_CONTRAST = 10.0
_ROUNDS = 4
#: Pixels further off than this many medians show something else.
_TRIM = 2.0
#: A shot's blacks: this percentage of its face is darker. What is blacker in a mouth is pressed into so many
#: levels.
_BLACK_PERCENT, _TOE = 0.1, 4.0


@dataclass(frozen=True, slots=True, eq=False)
class ColourMatch:
    """Mouth to plate, per channel BGR: ``gain * mouth + offset`` on 0..255, and no blacker than the plate.

    Args:
        gain: ``float32[3]``.
        offset: ``float32[3]``.
        black: luma of the darkest that the face shows: air, lens or grade lift the depth of a mouth as they
            lift nostrils and pupils.
    """

    gain: Floats
    offset: Floats
    black: float

    def apply(self, pixels: FramesBGR | Floats) -> Floats:
        """Return ``float32[..., 3]`` BGR in the plate's colour, neither rounded nor clipped."""
        toned = np.asarray(pixels, np.float32) * self.gain + self.offset
        # All channels alike: by channels of their own, mouths of yellowish pictures turned olive.
        beyond = np.minimum(toned @ _LUMA - self.black, 0)[..., None]
        return np.asarray(toned - beyond + _TOE * np.expm1(beyond / _TOE), np.float32)

    def undone(self, pixels: FramesBGR) -> Floats:
        """Return ``float32[..., 3]`` BGR of the plate in the mouth's colour; blacks stay the plate's."""
        return (np.asarray(pixels, np.float32) - self.offset) / self.gain


def identity() -> ColourMatch:
    """Return the match that changes nothing."""
    return ColourMatch(np.ones(3, np.float32), np.zeros(3, np.float32), -np.inf)


def looked_at(count: int) -> Ints:
    """Return the rows of ``count`` that are measured: at most 48, spread evenly over the shot."""
    return np.unique(np.linspace(0, count - 1, min(_PICTURES, count)).astype(np.int64))


def measure(plate_crops: FramesBGR, mouths: FramesBGR, weight: Floats) -> ColourMatch:
    """Measure the transform where both show the same skin.

    A trimmed line per channel: pixels that differ much from the rest (a moving jaw,
    a collar) drop out; flat skin, which says nothing of contrast, leaves the gain at 1.

    Args:
        plate_crops: ``uint8[T, P, P, 3]`` BGR.
        mouths: ``uint8[T, P, P, 3]`` BGR, the same windows.
        weight: ``float32[P, P]``, how far a pixel counts (`matte.skin`).

    Returns:
        The match; identity where fewer than 200 weighted pixels remain.
    """
    rows = looked_at(len(mouths))
    counted = weight > 0.05
    if not len(rows) or float(weight[counted].sum()) * len(rows) < _ENOUGH_PX:
        return identity()
    # A blur takes out grain, compression and the half pixel by which skin may be off.
    seen = np.concatenate([_soft(plate_crops[row])[counted] for row in rows])
    made = np.concatenate([_soft(mouths[row])[counted] for row in rows])
    share = np.tile(weight[counted].astype(np.float64), len(rows))
    kept = _same(made, seen, share)
    if float(kept.sum()) < _ENOUGH_PX:
        return identity()
    lines = np.array([_line(made[:, c], seen[:, c], kept) for c in range(3)], np.float32)
    black = float(np.percentile(plate_crops[rows] @ _LUMA, _BLACK_PERCENT))
    return ColourMatch(lines[:, 0].copy(), lines[:, 1].copy(), min(black, _SHIFT_LIMIT))


def _soft(picture: FramesBGR) -> Doubles:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 48), np.float64)


def _same(made: Doubles, seen: Doubles, share: Doubles) -> Doubles:
    """Weigh down to 0 the pixels that do not show the same thing in both.

    Begins with the median shift, which half of the pixels may spoil without effect; a line would follow them.
    """
    kept = share
    predicted = made + np.median(seen - made, axis=0)
    for _ in range(_ROUNDS):
        error = np.abs(predicted - seen).max(1)
        kept = np.where(error <= max(_TRIM * float(np.median(error)), 2.0), share, 0.0)
        lines = np.array([_line(made[:, c], seen[:, c], kept) for c in range(3)])
        predicted = made * lines[:, 0] + lines[:, 1]
    return kept


def _line(x: Doubles, y: Doubles, weight: Doubles) -> tuple[float, float]:
    """Fit ``y = gain * x + offset`` by spread and mean.

    Least squares would take contrast away wherever heads are not in quite the same place: what does not fit
    counts as noise of ``x`` and flattens the line.
    """
    total = weight.sum()
    mean_x, mean_y = (weight * x).sum() / total, (weight * y).sum() / total
    ridge = _CONTRAST**2
    spread_x = (weight * (x - mean_x) ** 2).sum() / total + ridge
    spread_y = (weight * (y - mean_y) ** 2).sum() / total + ridge
    gain = float(np.clip(np.sqrt(spread_y / spread_x), *_GAIN_LIMITS))
    shift = float(np.clip(mean_y - mean_x, -_SHIFT_LIMIT, _SHIFT_LIMIT))
    return gain, mean_x + shift - gain * mean_x
