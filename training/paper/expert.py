"""Trains the paper's sync expert: cosine of two embeddings and binary cross-entropy (section 3.3.1).

Exports nothing (`export`) and measures nothing on people unseen (`evaluate`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.data import Sampler
from training.expert import WINDOWS, contrast
from training.loop import one_cycle
from training.machine import Machine
from training.paper.pairs import Pairs, PairSource
from training.paper.recipes import ExpertRecipe
from w2l_studio.nets.expert import Expert

#: Keeps the logarithm finite where a cosine is 0 or 1.
_LEAST = 1e-6
#: What cosines are multiplied with in the softmax; they lie in 0..1 here.
_SHARP = 14.0
_LIMIT = 1.0


class PairTrainee:
    """Fulfils `loop.Fed`: does this sound belong to these lips?

    With `ExpertRecipe.contrast` it is asked first which of a clip's eight sounds belongs to which window; the
    alarm of `loop` then watches what follows.
    """

    guessing = math.log(2)

    def __init__(self, sampler: Sampler, recipe: ExpertRecipe, machine: Machine | None = None) -> None:
        self.recipe, self._machine = recipe, machine or Machine()
        self.source = PairSource(sampler, recipe, self._machine)
        self.net = self._machine.ready(Expert(recipe.width, recipe.frames))
        self._optimiser = torch.optim.Adam(self.net.parameters(), recipe.rate)

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Draw and learn."""
        return self.learn(number, steps, self.source.draw(number, steps, random))

    def learn(self, number: int, steps: int, drawn: Pairs) -> dict[str, float]:
        """Learn from a batch; chance is ln 2 = 0.693, while it contrasts ln 8 = 2.079."""
        batch = self._machine.place(drawn)
        if self.recipe.cosine:
            for group in self._optimiser.param_groups:
                group["lr"] = self.recipe.rate * one_cycle(number, steps)
        with self._machine.autocast():
            sound, seen = self.net.train()(batch.heard, pictured(batch))
        if number < int(steps * self.recipe.contrast):
            loss, hit = contrast(
                *(x.unflatten(0, (-1, WINDOWS)) for x in (seen, sound)), torch.tensor(_SHARP)
            )
            told = {"contrast": loss, "chosen": hit}
        else:
            cosine = (sound * seen).sum(1)
            loss = together_loss(cosine, batch.together)
            told = {"loss": loss, "hit": ((cosine > 0.5) == (batch.together > 0.5)).float().mean()}
        self._machine.learn(loss, self._optimiser, _LIMIT)
        return {name: value.item() for name, value in told.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return network, optimiser, and what `export` writes into the header."""
        return {
            "net": self.net.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "meta": {"recipe": "paper"},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])


def pictured(batch: Pairs) -> Tensor:
    """Return the lips as the expert reads them, ``float32[N, 15, 48, 96]`` in 0..1."""
    lit = (batch.lips.float() / 255 * batch.gain[:, None, None, None]).clamp(max=1)
    stacked = lit.permute(0, 1, 4, 2, 3).flatten(1, 2)
    return stacked.contiguous(memory_format=torch.channels_last)


def together_loss(cosine: Tensor, together: Tensor) -> Tensor:
    """Return the binary cross-entropy of cosines that lie in 0..1 (equations 1 and 3)."""
    return functional.binary_cross_entropy(cosine.clamp(_LEAST, 1 - _LEAST), together)


def frozen(net: nn.Module) -> nn.Module:
    """Return a network that learns nothing any more."""
    return net.eval().requires_grad_(False)
