"""Trains what makes drawn lips crisp: from what a generator draws of clips to their own lips, laid over it.

Where a generator is unsure it draws the mean of places, and an error to the true picture keeps it so. Once
the true lips are moved to where the drawn ones lie, being crisp costs nothing; where they show something else
(teeth for a shut mouth) they do not count. Exports nothing (`export`).
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.experts.openings import Openings
from training.generators import structure
from training.generators.recipe import finish
from training.generators.sampling import choose_moment, shown, shut_lips
from training.generators.terms import reduced
from training.packs.data import Clip, Sampler, hear
from training.run.average import Followed
from training.run.loop import one_cycle
from training.run.machine import Machine
from training.speech.hearing import Thoughts
from training.variety import augment
from w2l_studio.composite import colour, likeness, matte
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets.opening import Opening
from w2l_studio.nets.sharpener import FACE_PX, FIRST_ROW, Sharpener
from w2l_studio.terms import Crops, Floats, FramesBGR, Ints, Voice

#: Clips of a batch, pictures of each that are drawn, and of the shot's others that they may be like.
_CLIPS, _PICTURES, _OTHERS = 4, 6, 16
#: A picture so near is the same moment.
_GAP = 4
_RATE, _BETAS, _DECAY, _LIMIT = 1e-3, (0.9, 0.99), 0.01, 1.0
#: Share of the samples whose drawn lips are true ones made soft, by these deviations in pixels.
_MADE_SOFT, _SOFT = 0.4, (1.2, 4.5)
#: Share of the samples with nothing beside them that is like them.
_ALONE = 0.2
#: Difference of smoothed lips, in levels, at which true ones laid over drawn ones count half.
_HALF = 14.0
#: Weight of what is not lips; of 1 - SSIM, and of the squared error in opening.
_SKIN, _STRUCTURE, _OPENING = 0.15, 0.15, 4.0


class Lips(NamedTuple):
    """What a step learns from; all BGR 0..1, rows from `FIRST_ROW` on.

    Args:
        drawn: ``float32[N, 3, H, P]``, soft.
        alike: of the same size, other lips of the shot, laid over them.
        wanted: of the same size, the true lips, laid over them.
        counts: ``float32[N, 1, H, P]``, where these are the same lips.
        opening: ``float32[N]``, how far the drawn lips are open, or those that were made soft.
    """

    drawn: Tensor
    alike: Tensor
    wanted: Tensor
    counts: Tensor
    opening: Tensor


class DrawnLips:
    """Fulfils `feed.Source`.

    Args:
        hand: the generator whose lips are to be made crisp, on the CPU.
        thoughts: what it hears of clips; None = mel columns.
        opening: measures lips.
        machine: whose part of a batch is drawn.
    """

    def __init__(
        self, sampler: Sampler, hand: Wav2Lip, thoughts: Thoughts | None, opening: Opening, machine: Machine
    ) -> None:
        self._sampler, self._hand, self._thoughts, self._machine = sampler, hand, thoughts, machine
        self._openings, self._openness = Openings(opening), Openness(opening)
        # Light, softness and disguise as when the generator itself was finished.
        self._recipe = finish(1)
        self._skin, self._lips = matte.skin(FACE_PX), matte.lips(FACE_PX)

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Lips:
        """Draw this process's part of a step's batch."""
        del number, steps
        rows = [row for chance in self._machine.part(random, _CLIPS) for row in self._rows(chance)]
        drawn, alike, wanted, counts = (
            torch.from_numpy(np.stack(part)).permute(0, 3, 1, 2)
            for part in zip(*(pictures for pictures, _ in rows), strict=True)
        )
        return Lips(drawn, alike, wanted, counts, torch.tensor([opening for _, opening in rows]))

    def _rows(self, random: np.random.Generator) -> list[tuple[list[Floats], float]]:
        """Draw pictures of one clip, let the generator draw them, and lay others and the true ones over."""
        clip = self._sampler.draw(random)
        opening = self._openings.of(clip)
        count = len(opening)
        chosen = [choose_moment(opening[: clip.windows], random, self._recipe.open) for _ in range(_PICTURES)]
        others = random.permutation(count)[: int(random.integers(3, _OTHERS + 1))]
        still = int(random.choice(np.flatnonzero(shut_lips(opening))))
        at = np.concatenate([chosen, others, [still]]).astype(np.int64)
        face = shown(clip, opening, FACE_PX, random, self._recipe)
        placed = augment.place(random, clip.frames.shape[1], augment.SLIGHT, FACE_PX)
        pictures = np.stack([_levels(face(int(frame), placed)) for frame in at])
        plate, reference = pictures[:_PICTURES], pictures[-1:].repeat(_PICTURES, 0)
        made = self._spoken(clip, at[:_PICTURES], plate, reference, random)
        match = colour.measure(plate, made, self._skin)
        seen = [match.undone(picture) for picture in pictures]
        open_ = self._openness(made)
        beside = self._alike(made, open_, seen, at, opening)
        return [
            self._row(made[n], float(open_[n]), seen[n], seen[beside[n]] if beside[n] >= 0 else None, random)
            for n in range(_PICTURES)
        ]

    def _spoken(
        self,
        clip: Clip,
        at: Ints,
        plate: FramesBGR,
        reference: FramesBGR,
        random: np.random.Generator,
    ) -> FramesBGR:
        hand = self._hand
        heard = self._thoughts.of(clip, random) if self._thoughts else clip.mel
        windows = hear(heard, at, int(hand.lead_ms), hand.columns)
        voice = Voice(windows, np.ones(len(at), np.bool_))
        return hand.speak(Crops(plate, np.zeros((len(at), 2, 3))), reference, voice)

    def _alike(
        self, made: FramesBGR, open_: Floats, seen: list[Floats], at: Ints, opening: Floats
    ) -> list[int]:
        """Return for each drawn picture which of those seen is most like it, -1 where all are too near."""
        looks = likeness.looks(seen, opening[at], self._lips)
        mine = likeness.looks(made, open_, self._lips)
        found = []
        for n, look in enumerate(mine):
            away = np.flatnonzero(np.abs(at - at[n]) > _GAP)
            found.append(int(away[likeness.nearest(look[None], looks[away])[0]]) if len(away) else -1)
        return found

    def _row(
        self, made: FramesBGR, opening: float, true: Floats, like: Floats | None, random: np.random.Generator
    ) -> tuple[list[Floats], float]:
        drawn = made[FIRST_ROW:].astype(np.float32)
        wanted = likeness.laid_over(true, made)[FIRST_ROW:]
        counts = _same(wanted, drawn)
        alike = likeness.laid_over(like, made)[FIRST_ROW:] if like is not None else drawn
        if random.random() < _MADE_SOFT:
            # Laid over the drawn lips already: so what is alike lies over them, too.
            drawn, counts = _softened(wanted, random), np.ones_like(counts)
            whole = made.copy()
            whole[FIRST_ROW:] = np.rint(wanted).clip(0, 255)
            opening = float(self._openness(whole[None])[0])
        if random.random() < _ALONE:
            alike = drawn
        pictures = [np.clip(x / 255, 0, 1).astype(np.float32) for x in (drawn, alike, wanted)]
        return [*pictures, counts[..., None]], opening


class SharpenerTrainee(Followed[Sharpener]):
    """Fulfils `loop.Trainee`.

    Args:
        source: what it learns from.
        opening: measures lips; never changed.
        learned: where to begin, None = with lips as they are drawn.
    """

    def __init__(
        self, source: DrawnLips, opening: Opening, learned: Sharpener | None, machine: Machine
    ) -> None:
        self.source, self._machine = source, machine
        # A copy: the source measures with its own, on the CPU.
        self._opening = machine.ready(copy.deepcopy(opening)).eval().requires_grad_(False)
        self._area = machine.place(torch.from_numpy(_SKIN + matte.lips(FACE_PX)[FIRST_ROW:])[None, None])
        net = machine.ready(learned or Sharpener())
        super().__init__(net, torch.optim.AdamW(net.parameters(), _RATE, betas=_BETAS, weight_decay=_DECAY))

    def learn(self, number: int, steps: int, drawn: Lips) -> dict[str, Tensor]:
        """Learn from lips."""
        placed: Lips = self._machine.place(drawn)
        with self._machine.autocast():
            made = self.net.train()(placed.drawn, placed.alike).float()
        told = self.compared(made, placed)
        loss = told["l1"] + told["edges"] + _STRUCTURE * told["structure"] + _OPENING * told["opening"]
        self._machine.learn(loss, self._optimiser, _LIMIT, rate=_RATE * one_cycle(number, steps))
        self.follow(number)
        return {name: term.detach() for name, term in told.items()}

    def compared(self, made: Tensor, lips: Lips) -> dict[str, Tensor]:
        """Return how far lips are from what is wanted, each a mean over where that counts."""
        counts = lips.counts * self._area
        counts = counts / counts.mean().clamp(min=1e-6)
        return {
            "l1": ((made - lips.wanted).abs() * counts).mean(),
            "edges": structure.edges_apart(made, lips.wanted, counts),
            "structure": structure.unlike(made, lips.wanted, counts),
            # As far as they were drawn: an error to the true opening is least for lips that dare little.
            "opening": functional.mse_loss(self._opening.measure(reduced(_lower(made))), lips.opening),
        }


def _levels(face: Floats) -> FramesBGR:
    return np.rint(face * 255).astype(np.uint8)


def _same(wanted: Floats, drawn: Floats) -> Floats:
    """Return how far lips laid over drawn ones show the same at large, ``float32[H, P]`` 0..1."""
    # What is drawn is soft as it is.
    apart = cv2.GaussianBlur(wanted, (0, 0), 3.0) - cv2.GaussianBlur(drawn, (0, 0), 2.0)
    return np.asarray(1 / (1 + (np.abs(apart).max(2) / _HALF) ** 4), np.float32)


def _softened(picture: Floats, random: np.random.Generator) -> Floats:
    """Make a picture soft, more so across than along in one place than in another."""
    across = random.uniform(*_SOFT)
    soft = cv2.GaussianBlur(picture, (0, 0), across * random.uniform(0.5, 1), sigmaY=across)
    softer = cv2.GaussianBlur(soft, (0, 0), 1.5)
    where = cv2.resize(
        random.random((4, 6), np.float32), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC
    ).clip(0, 1)[..., None]
    return np.asarray(soft * where + softer * (1 - where), np.float32)


def _lower(lips: Tensor) -> Tensor:
    """Leave out the rows above the lower half."""
    return lips[:, :, FACE_PX // 2 - FIRST_ROW :]
