"""Trains the paper's sync expert: cosine of two embeddings and binary cross-entropy (section 3.3.1).

Exports nothing (`export`) and measures nothing on people unseen (`evaluate`).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from training.experts.expert import WINDOWS, contrast
from training.packs.data import Sampler
from training.paper.pairs import Pairs, PairSource
from training.paper.recipes import ExpertRecipe
from training.run.loop import one_cycle
from training.run.machine import Machine
from w2l_studio.nets.expert import Expert

#: In `crossed`, a cosine so near to 0 or 1 teaches nothing: its gradient would outweigh all others.
_LEAST = 1e-6
#: What centred cosines are multiplied with in the softmax. At 14 noise costs so much that nothing is learned.
_SHARP = 7.0


class PairTrainee:
    """Fulfils `loop.Trainee`: does this sound belong to these lips?

    With `ExpertRecipe.contrast` it is asked first which of a clip's eight sounds belongs to which window, of
    `centred` embeddings, in the end of plain ones; the alarm of `loop` then watches what follows.
    """

    guessing = math.log(2)

    def __init__(self, sampler: Sampler, recipe: ExpertRecipe, machine: Machine | None = None) -> None:
        self.recipe, self._machine = recipe, machine or Machine()
        self.source = PairSource(sampler, recipe, self._machine)
        self.net = self._machine.ready(Expert(recipe.width, recipe.frames))
        self._optimiser = self._machine.adam(self.net, recipe.rate)

    def learn(self, number: int, steps: int, drawn: Pairs) -> dict[str, Tensor]:
        """Learn from a batch; chance is ln 2 = 0.693, while it contrasts ln 8 = 2.079."""
        batch = self._machine.place(drawn)
        with self._machine.autocast():
            sound, seen = self.net.train()(batch.heard, pictured(batch))
        early = int(steps * self.recipe.contrast)
        if number < early:
            share = shared(number, early)
            seen, sound = (centred(_by_clip(x), share) for x in (seen, sound))
            loss, hit = contrast(seen, sound, torch.tensor(_SHARP))
            told = {"contrast": loss, "chosen": hit}
        elif self.recipe.crossed:
            loss, hit = crossed(_by_clip(seen), _by_clip(sound))
            told = {"loss": loss, "hit": hit}
        else:
            cosine = (sound * seen).sum(1)
            loss = together_loss(cosine, batch.together)
            told = {"loss": loss, "hit": ((cosine > 0.5) == (batch.together > 0.5)).float().mean()}
        rate = self.recipe.rate * one_cycle(number, steps) if self.recipe.cosine else None
        self._machine.learn(loss, self._optimiser, self.recipe.limit, rate=rate)
        return {name: value.detach() for name, value in told.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return network, optimiser, and what `export` writes into the header."""
        return {
            "net": self.net.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "meta": {"recipe": self.recipe.name},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])


def pictured(batch: Pairs) -> Tensor:
    """Return the lips as the expert reads them, ``float32[N, 3 Tv, 48, 96]`` in 0..1."""
    lit = (batch.lips.float() / 255 * batch.gain[:, None, None, None]).clamp(max=1)
    stacked = lit.permute(0, 1, 4, 2, 3).flatten(1, 2)
    return stacked.contiguous(memory_format=torch.channels_last)


def _by_clip(embedded: Tensor) -> Tensor:
    return torch.unflatten(embedded, 0, (-1, WINDOWS))


def shared(number: int, steps: int) -> float:
    """Return which share of what a clip's windows have in common is taken out at a step of the contrast.

    All in the first half. Then less and less: centred cosines do not say how much lips differ, and in plain
    ones, which an expert is asked for, the difference would be lost (cosine 0.9996 within a clip).

    >>> [shared(n, 9) for n in (0, 4, 6, 8)]
    [1.0, 1.0, 0.5, 0.0]
    """
    return min(1.0, 2 - 2 * number / max(1, steps - 1))


def centred(embedded: Tensor, share: float = 1.0) -> Tensor:
    """Take out what all windows of a clip have in common, or a share of it, and give the rest unit length.

    Embeddings after a ReLU have much in common, of one clip's lips nearly all: most of what pictures differ
    in is who is seen. With it in, the softmax soonest comes down to chance by making a clip's lips all alike,
    and there it stays; without it that gains nothing.

    Args:
        embedded: ``float32[clips, K, E]``.
    """
    return functional.normalize(embedded - share * embedded.mean(1, keepdim=True), dim=2)


def crossed(seen: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
    """Ask of each of a clip's windows whether each of the clip's sounds belongs to it.

    Args:
        seen, sound: ``float32[clips, K, E]`` of unit length, >= 0.

    Returns:
        The mean of `together_loss` over right and over wrong pairs, and the share rightly told, both kinds
        weighed alike: what pairs of even chance have in the mean.
    """
    cosine = torch.einsum("cif,cjf->cij", seen, sound).clamp(_LEAST, 1 - _LEAST)
    same = torch.eye(cosine.shape[2], dtype=torch.bool, device=cosine.device).expand_as(cosine)
    right, wrong = cosine[same], cosine[~same]
    loss = together_loss(right, torch.ones_like(right)) + together_loss(wrong, torch.zeros_like(wrong))
    told = (right > 0.5).float().mean() + (wrong <= 0.5).float().mean()
    return loss / 2, told / 2


def together_loss(cosine: Tensor, together: Tensor, reduction: str = "mean") -> Tensor:
    """Return the binary cross-entropy of cosines, 0..1 but for rounding (equations 1, 3; code: BCELoss)."""
    return functional.binary_cross_entropy(cosine.clamp(0, 1), together, reduction=reduction)
