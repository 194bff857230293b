"""Gives new mouths the shot's own teeth, or at least teeth as white as its light.

Unsure of teeth, a slim generator paints them bluer or greener than any light does, and an ivory of its own
where the actor's are white. Teeth are about as white as the light; skin, which is measured, is redder than
both. Where a plate's own mouth shows teeth, new ones take their colour and are as bright, else the colour
that teeth mostly have beside such skin; where it shows more blue or green than white (painted lips,
creatures), that is the limit. Measures crops; knows no planes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from w2l_studio.composite.layout import luma_of_bgr
from w2l_studio.composite.matte import smoothstep
from w2l_studio.terms import Floats, FramesBGR

#: Luma of BGR (ITU-R BT.709).
_LUMA = luma_of_bgr(1).astype(np.float32)
#: Teeth beside skin: so much more blue and green for the same red, and at least so much of both (ivory).
_PALER, _PALEST = np.array([1.15, 1.1, 1.0]), np.array([0.8, 0.93, 1.0])
#: The same of teeth that a shot does not show: six films that do have 1.26 to 1.54 and 1.19 to 1.21, our
#: example 1.25 and 1.2.
_LIKELY = np.array([1.3, 1.2, 1.0])
#: Blue and green over red, in parts of the limit's: from here on a colour is drawn to white, wholly after
#: the width.
_BLUER, _BLUEST = 0.9, 0.15
_GREENER, _GREENEST = 1.02, 0.1
#: What is darker than this part of the skin is the depth of a mouth: noise and bounced light.
_DARK = 0.5
_BLUEST_PERCENT = 99.0
#: Green over red, in parts of the skin's: from here on a pixel in the lips is a tooth, wholly after that.
_TOOTH, _SURELY = 1.08, 0.14
#: Blue over green, from which on it is none in any light, but paint or a background, and surely after that.
_BLUE, _SURELY_BLUE = 1.0, 0.1
#: Luma, in parts of the skin's, from which on and wholly after which a drawn tooth is one, not its shade; and
#: from which on the plate's counts.
_SHADE, _LIT, _SEEN = 0.45, 0.25, 0.85
#: Share of the pixels in lips that have to be teeth for these to be known.
_ENOUGH = 1 / 1500
#: How bright teeth are is told by this part of them: their rims are mixed with lips.
_BRIGHT = 0.75
#: How much darker or brighter drawn teeth may become.
_LEAST, _MOST = 0.8, 1.4
#: Drawn teeth are told from lips by a share this soft, in parts of the crop's side: single pixels are noise.
_SOFT = 1 / 192


@dataclass(frozen=True, slots=True, eq=False)
class Teeth:
    """Teeth in the light of a shot.

    Args:
        white: ``float32[3]`` BGR of luma 1.
        limit: ``float32[3]`` BGR in parts of red, the bluest and greenest that new mouths may show.
        skin: ``float32[3]`` BGR, by which teeth are told from lips.
        brighter: how much brighter than the drawn ones the shot's own are; None = it shows none.
    """

    white: Floats
    limit: Floats
    skin: Floats
    brighter: float | None


def measure(plate_crops: FramesBGR, mouths: Floats, skin: Floats, lips: Floats) -> Teeth:
    """Measure a shot's teeth, and by how much drawn ones are darker.

    Args:
        plate_crops: ``uint8[T, P, P, 3]`` BGR.
        mouths: ``float32[T, P, P, 3]`` BGR, drawn ones in the plate's colour.
        skin: ``float32[P, P]``, where skin shows (`matte.skin`).
        lips: ``float32[P, P]``, where lips may be (`matte.lips`).
    """
    of_skin = _skin(plate_crops, skin)
    own, drawn = (_teeth(each[:, lips > 0.75].reshape(-1, 3), of_skin) for each in (plate_crops, mouths))
    limit = _limit(plate_crops[:, lips > 0.5].reshape(-1, 3), of_skin)
    if own is None:
        tone = np.maximum(of_skin, 1.0)
        likely = np.minimum(tone / tone[2] * _LIKELY, limit).astype(np.float32)
        return Teeth(likely / (likely @ _LUMA), limit, of_skin, None)
    brighter = 1.0 if drawn is None else _level(own) / max(_level(drawn), 1.0)
    mean = own.mean(0)
    return Teeth(mean / (mean @ _LUMA), limit, of_skin, float(np.clip(brighter, _LEAST, _MOST)))


def whitened(mouth: Floats, teeth: Teeth, lips: Floats) -> Floats:
    """Return a mouth with the shot's teeth, or in which at least nothing is bluer or greener than white.

    Args:
        mouth: ``float32[P, P, 3]`` BGR in the plate's colour.
        teeth: as from `measure`.
        lips: ``float32[P, P]`` as from `matte.lips`: nothing changes elsewhere.
    """
    inside, luma = np.clip(2 * lips, 0, 1), (mouth @ _LUMA)[..., None]
    blue, green = (mouth[..., c] / np.maximum(mouth[..., 2], 1.0) / teeth.limit[c] for c in (0, 1))
    tooth = _tooth(mouth, teeth.skin)
    hue = np.maximum((blue - _BLUER) / _BLUEST, (green - _GREENER) / _GREENEST).clip(0, 1)
    hue, light = np.maximum(hue, tooth), np.zeros_like(hue)
    if teeth.brighter is not None:
        lit = smoothstep((luma[..., 0] / max(float(teeth.skin @ _LUMA), 1.0) - _SHADE) / _LIT)
        light = cv2.GaussianBlur(tooth * lit, (0, 0), len(lips) * _SOFT) * (teeth.brighter - 1)
    white = luma * teeth.white
    made = (mouth + (hue * inside)[..., None] * (white - mouth)) * (1 + (light * inside)[..., None])
    return np.asarray(made, np.float32)


def _skin(crops: FramesBGR, where: Floats) -> Floats:
    """Return the colour of skin in the light: the brighter half of where it shows, which is no background."""
    if not len(crops) or not (where > 0).any():
        return np.ones(3, np.float32)
    seen = crops.astype(np.float32).mean(0)[where > 0]
    luma, weight = seen @ _LUMA, where[where > 0][:, None]
    brighter = luma >= np.median(luma)
    found = (seen * weight)[brighter].sum(0) / max(float(weight[brighter].sum()), 1e-6)
    return np.asarray(found, np.float32)


def _limit(own: FramesBGR, skin: Floats) -> Floats:
    """Return how blue and green for their red teeth may be in this light, or more if the mouth itself is.

    Args:
        own: ``uint8[N, 3]``, what the plate's lips and mouths show.
    """
    found = np.maximum(skin / max(float(skin[2]), 1.0) * _PALER, _PALEST)
    lit = own[(own @ _LUMA >= _DARK * float(skin @ _LUMA)) & (own[:, 2] >= 1)].astype(np.float32)
    if len(lit):
        blue, green = np.percentile(lit[:, :2] / lit[:, 2:], _BLUEST_PERCENT, axis=0)
        # What the plate shows stays.
        found[:2] = np.maximum(found[:2], (blue / _BLUER, green))
    return np.asarray(found, np.float32)


def _teeth(pixels: FramesBGR | Floats, skin: Floats) -> Floats | None:
    """Return those of ``[N, 3]`` pixels in lips that are teeth in the light, None where they are too few."""
    seen = pixels.astype(np.float32)
    lit = seen @ _LUMA > _SEEN * float(skin @ _LUMA)
    found = seen[lit & (_tooth(seen, skin) > 0.5)]
    return found if len(found) >= max(1.0, _ENOUGH * len(seen)) else None


def _tooth(pixels: Floats, skin: Floats) -> Floats:
    """Tell by hue how surely pixels ``[..., 3]`` show a tooth and no lip, 0..1."""
    redder = max(float(skin[2]), 1.0) / max(float(skin[1]), 1.0)
    blue, green, red = np.moveaxis(np.maximum(pixels, 1.0), -1, 0)
    pale = smoothstep((green / red * redder - _TOOTH) / _SURELY)
    return np.asarray(pale * (1 - smoothstep((blue / green - _BLUE) / _SURELY_BLUE)), np.float32)


def _level(teeth: Floats) -> float:
    return float(np.quantile(teeth @ _LUMA, _BRIGHT))
