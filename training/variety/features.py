"""Gives filmed faces other features, wider, longer, fuller ones, another complexion and light.

Moves pixels smoothly and the same way in every picture of a clip, so lips go on saying what they say.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.packs.data import MARGIN
from w2l_studio.faces import crop
from w2l_studio.nets.contrast import LUMA
from w2l_studio.terms import Doubles, Floats, FramesBGR, Plane

#: Places along each side of a picture that are moved by chance; what lies between follows.
_KNOTS = 8
#: How far, in parts of the way from eyes to mouth: twice that makes caricatures.
_FAR = 0.032
#: How much of it both sides of a face have in common.
_ALIKE = 0.8
#: Least and most: how dark a complexion is, as the logarithm of an exponent, and how colourful.
_DARK, _COLOURFUL = (-0.3, 0.6), (0.4, 1.1)
#: How much lighter one edge of a picture is than its middle, as a standard deviation.
_SLANTED = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What makes another face of a pack's pictures.

    Args:
        across, down: ``float32[P, P]``, columns and rows where its pixels come from.
        colours: ``float64[3, 3]``, new BGR of old.
        tones: ``uint8[256]``, new levels of old.
        light: ``float32[P, P, 3]``, what they are multiplied with.
    """

    across: Floats
    down: Floats
    colours: Doubles
    tones: Plane
    light: Floats

    def __call__(self, picture: FramesBGR) -> FramesBGR:
        """Change a picture ``uint8[P, P, 3]``."""
        # Cubic: pictures are sampled once more, and what is drawn becomes as soft as they are.
        moved = cv2.remap(
            np.ascontiguousarray(picture),
            self.across,
            self.down,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        toned = cv2.LUT(cv2.transform(moved, self.colours), self.tones)
        lit: FramesBGR = cv2.multiply(toned, self.light, dtype=cv2.CV_8U)
        return lit


def draw(random: np.random.Generator, frame_px: int) -> Features:
    """Draw features for a pack's pictures of ``frame_px``."""
    unit = frame_px / (crop.SIDE * MARGIN)
    # Uniform, for what is bounded folds no face.
    own = random.uniform(-1, 1, (_KNOTS, _KNOTS, 2)) * np.sqrt(3)
    common = (own + own[:, ::-1] * (-1, 1)) / np.sqrt(2)
    moved = (np.sqrt(_ALIKE) * common + np.sqrt(1 - _ALIKE) * own) * _FAR * unit
    smooth = cv2.resize(moved.astype(np.float32), (frame_px, frame_px), interpolation=cv2.INTER_CUBIC)
    down, across = np.mgrid[:frame_px, :frame_px].astype(np.float32)
    colourful = random.uniform(*_COLOURFUL)
    colours = colourful * np.eye(3) + (1 - colourful) * np.array(LUMA)
    tones = np.rint(255 * (np.arange(256) / 255) ** np.exp(random.uniform(*_DARK))).astype(np.uint8)
    slant = random.normal(0, _SLANTED, 2) * 2 / frame_px
    light = 1 + (across - frame_px / 2) * slant[0] + (down - frame_px / 2) * slant[1]
    return Features(
        across + smooth[..., 0],
        down + smooth[..., 1],
        colours,
        tones,
        np.repeat(light.clip(0.3, 1.7).astype(np.float32)[..., None], 3, axis=2),
    )
