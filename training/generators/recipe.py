"""What a generator learns by, as frozen values: from nothing, on from weights, for one actor.

Holds numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.packs.data import WINDOW


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a generator learns by.

    Args:
        name: what weights are told to be made by.
        width: channel multiplier of the network.
        face_px: side of the faces.
        sub_pixels: of the network's outer layers.
        warps: whether the network moves the reference's pixels before it draws upon them.
        lead_ms: where a mel window begins relative to its picture; -75 lays it evenly around the picture.
        columns: mel columns that the network hears: 40 = 500 ms, for 200 are too few to tell sounds apart.
        ears: share of the steps that teach the audio encoder alone, first.
        windows: windows of 5 consecutive pictures in a batch.
        singles: single pictures in a batch, each of another clip.
        rate: of AdamW, at its highest.
        lips: weight of an error on the lips; 1 = as anywhere.
        moved: extra weight of an error where the true picture differs from the reference, per unit of 0..1.
        edges: weight of the error in differences of neighbours, which keeps lips and teeth crisp.
        structure: weight of 1 - SSIM, which keeps skin where an error in levels is content with blur.
        opening: weight of the error in lip opening, by the opening network.
        spread: weight of the squared error in how much openings deviate within a process's part of a batch.
        looks: weight of the distance to the true lips in the expert's eyes.
        sync: weight of how much worse than the true lips the drawn ones fit the sound.
        real: weight of the critic's verdict that what is drawn is no picture.
        alike: weight of the difference to the true picture in the critic's layers.
        critic: the share of the steps after which the critic has a say; it learns a little earlier.
        finer: how much stronger than it is the critic sees what is fine.
        shut: share of references with shut lips, as the engine chooses them.
        open: share of the windows chosen among a clip's more open half.
        silent: share of the windows that are shut lips in digital silence.
        gap: least pictures between target and reference.
        paints: whether nothing learns but the layers that paint.
        soft: share of the samples with less detail than a face of this size has.
        features: share of the samples of filmed people that are given other features.
        whiskers: share of them that are given moustaches and beards.
    """

    name: str = "studio"
    width: float = 0.375
    face_px: int = 192
    sub_pixels: int = 2
    warps: bool = True
    lead_ms: int = -75
    columns: int = 40
    ears: float = 0.08
    windows: int = 4
    singles: int = 12
    rate: float = 1e-3
    lips: float = 4.0
    moved: float = 10.0
    edges: float = 0.5
    structure: float = 0.0
    opening: float = 1.0
    spread: float = 0.0
    looks: float = 0.05
    sync: float = 0.02
    real: float = 0.01
    alike: float = 0.2
    critic: float = 0.5
    finer: float = 0.0
    shut: float = 0.7
    open: float = 0.5
    silent: float = 0.08
    gap: int = 6
    paints: bool = False
    soft: float = 0.3
    features: float = 0.0
    whiskers: float = 0.0

    def with_pictures(self, count: int) -> Recipe:
        """Return the recipe with another batch, of which windows are as large a part.

        >>> [recipe.with_pictures(32) == recipe for recipe in (Recipe(), finish(1))]
        [True, True]
        """
        windows = max(1, round(self.windows * count / (WINDOW * self.windows + self.singles)))
        return replace(self, windows=windows, singles=count - WINDOW * windows)

    def early(self, steps: int) -> int:
        """Return how many of a run's steps teach the audio encoder alone."""
        return int(steps * self.ears)


def studio(width: float) -> Recipe:
    """Return what a generator begins with: expert and opening network show the way, the critic comes late."""
    return Recipe(width=width)


def finish(width: float) -> Recipe:
    """Return what the shipped weights were finished by: the critic nearly from the start, no expert.

    An expert that teaches for long is learned by heart; what is drawn then pleases it more than true lips do.
    Without it consecutive pictures say no more than single ones, of as many clips.
    """
    return replace(
        studio(width),
        name="finish",
        ears=0.0,
        windows=1,
        singles=27,
        rate=6e-4,
        lips=2.0,
        moved=0.0,
        edges=0.0,
        opening=4.0,
        looks=0.0,
        sync=0.0,
        real=0.02,
        alike=1.5,
        critic=0.05,
        structure=0.1,
        spread=8.0,
        features=0.75,
        whiskers=0.5,
    )


def paint(width: float) -> Recipe:
    """Return what gives weights texture, last: a critic that sees fine detail and that few layers follow.

    All layers together lose what they know of lips to a critic that sees well.
    """
    return replace(
        finish(width),
        name="paint",
        paints=True,
        rate=3e-4,
        structure=0.2,
        real=0.02,
        alike=0.5,
        critic=0.02,
        finer=8.0,
    )


def actor(face_px: int, lead_ms: int, columns: int) -> Recipe:
    """Return what `adapt` fits a generator to one actor by, with an expert.

    Args:
        face_px, lead_ms, columns: as the generator has them.
    """
    return replace(
        paint(1),
        name="actor",
        face_px=face_px,
        lead_ms=lead_ms,
        columns=columns,
        windows=2,
        singles=6,
        looks=0.5,
        real=0.05,
        sync=0.3,
        # One actor's batch is small, and the other terms are content with lips that hardly move.
        spread=60.0,
        critic=0.0,
        silent=0.0,
        soft=0.0,
        features=0.0,
        whiskers=0.0,
    )


RECIPES = {"studio": studio, "finish": finish, "paint": paint}
