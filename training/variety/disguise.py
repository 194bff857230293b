"""Makes other people of filmed ones, of whom few can be had: other features, whiskers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.packs.data import Clip
from training.variety import features, whiskers
from training.variety.features import Features
from training.variety.whiskers import Whiskers
from w2l_studio.terms import FramesBGR


@dataclass(frozen=True, slots=True, eq=False)
class Disguise:
    """What a face is changed by, the same in every picture of a sample; None = it keeps its own."""

    features: Features | None
    whiskers: Whiskers | None

    def __call__(self, picture: FramesBGR, opening: float) -> FramesBGR:
        """Change a picture ``uint8[P, P, 3]`` whose lips are open by ``opening`` of the mouth's width."""
        # Whiskers grow where a face as it is has its mouth, and move with it.
        if self.whiskers:
            picture = self.whiskers(picture, opening)
        return self.features(picture) if self.features else picture


def wear(
    random: np.random.Generator, clip: Clip, other_features: float, with_whiskers: float
) -> Disguise | None:
    """Draw a disguise for some filmed clips; drawn heads, whose openings are known, are many people anyway.

    Args:
        other_features, with_whiskers: shares of the filmed samples that are given them.
    """
    if clip.opening is not None:
        return None
    side = clip.frames.shape[1]
    other, hairy = random.random(2) < (other_features, with_whiskers)
    if not (other or hairy):
        return None
    return Disguise(
        features.draw(random, side) if other else None, whiskers.draw(random, side) if hairy else None
    )
