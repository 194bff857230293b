"""Trains the generator by a recipe. Draws the lower half alone, which is all that the engine ever pastes.

Draws no samples (`sampling`) and exports nothing (`export`).
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.generators import start
from training.generators.recipe import Recipe
from training.generators.sampling import Batch, LipSource, Sounds
from training.generators.terms import Terms
from training.packs.data import Sampler
from training.run import average
from training.run.loop import Told, one_cycle
from training.run.machine import Machine
from training.speech.hearing import Thoughts
from w2l_studio.nets.contrast import EMBEDDING, Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening

_LIMIT = 1.0
#: How many of the last decoder blocks paint.
_PAINTING = 3


class GeneratorTrainee:
    """Fulfils `loop.Trainee`.

    Args:
        expert: judges drawn lips; never changed. None = without the terms that need it, as the paper's
            recipe begins (hparams.py: sync weight 0).
        opening: measures them; never changed.
        learned: where to begin, None = with mouths that are the reference's.
        ears: an audio encoder that has learned all it will (`ears.read_ears`), or, for a `learned` one that
            listens through the network from sound to lips, that network's thoughts. What hears stays as it is
            then (a listener learns the clips' sounds by heart: docs/decisions/0019); None = it learns.
    """

    def __init__(
        self,
        sampler: Sampler,
        expert: Contrast | None,
        opening: Opening,
        recipe: Recipe,
        learned: Generator | None = None,
        ears: dict[str, Tensor] | Thoughts | None = None,
        machine: Machine | None = None,
    ) -> None:
        thoughts = ears if isinstance(ears, Thoughts) else None
        self._ears_learn = ears is None
        # Ears that know all need no steps of their own.
        self.recipe = recipe if self._ears_learn else replace(recipe, ears=0.0)
        self._machine = machine or Machine()
        self.source = LipSource(sampler, opening, self.recipe, self._machine, thoughts)
        self.terms = Terms(self.recipe, expert, opening, self._machine)
        self._listens = thoughts.sha256 if thoughts else ""
        net = network(recipe, listens=bool(thoughts))
        if learned is None:
            start.stand_still(net)
        else:
            start.begin(net, learned)
        if isinstance(ears, dict):
            start.listen(net.ears, ears)
        net.ears.requires_grad_(self._ears_learn)
        if recipe.paints:
            paint_alone(net)
        self.net = self._machine.ready(net)
        self.mean = copy.deepcopy(self.net).requires_grad_(False)
        *_, said = net.ears.parameters()  # of its last layer: one for each channel
        self._ears = self._machine.ready(nn.Linear(len(said), EMBEDDING + 1))
        trained = [p for p in (*self.net.parameters(), *self._ears.parameters()) if p.requires_grad]
        self._optimiser = torch.optim.AdamW(
            trained, recipe.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=self._machine.fused
        )

    def learn(self, number: int, steps: int, drawn: Sounds | Batch) -> Told:
        """Teach the ears first, then ears and hand together."""
        early = self.recipe.early(steps)
        hearing = isinstance(drawn, Sounds)
        factor = one_cycle(number, early) if hearing else one_cycle(number - early, steps - early)
        placed = self._machine.place(drawn)
        told, loss = self._listen(placed) if hearing else self._draw(placed, number / steps)
        self._machine.learn(loss, self._optimiser, _LIMIT, rate=self.recipe.rate * factor)
        # The mean is what is exported.
        average.follow(self.mean, self.net, 0.0 if hearing else average.MEMORY)
        return told

    def _listen(self, batch: Sounds) -> tuple[dict[str, Tensor], Tensor]:
        """Let the audio encoder tell lip opening and what the expert hears."""
        self.net.train()
        told = self._ears(self.net.ears(batch.heard).flatten(1))
        error = functional.smooth_l1_loss(told[:, 0], batch.opening, beta=0.05)
        report = {"ears_opening": error.detach()}
        if self.terms.expert is None:
            return report, error * 4
        alike = functional.cosine_similarity(told[:, 1:], self.terms.expert.hear(batch.sound)).mean()
        return report | {"ears_alike": alike.detach()}, error * 4 + 1 - alike

    def _draw(self, batch: Batch, done: float) -> tuple[dict[str, Tensor], Tensor]:
        # Where only paint is learned, what was measured beneath it stays as it was.
        self.net.train(not self.recipe.paints)
        self.net.ears.train(self._ears_learn and not self.recipe.paints)
        with self._machine.autocast():
            drawn = self.net.lower_half(batch.heard, batch.faces).float()
        return self.terms.loss(drawn, batch, done)

    def state_dict(self) -> dict[str, Any]:
        """Return networks, mean, optimiser, and what `export` writes into the header."""
        return {
            "net": self.net.state_dict(),
            "average": self.mean.state_dict(),
            "ears": self._ears.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "terms": self.terms.state_dict(),
            "meta": {
                "recipe": self.recipe.name,
                "lead_ms": float(self.recipe.lead_ms),
                "from_reference": True,
                "warps": self.recipe.warps,
                "sub_pixels": self.recipe.sub_pixels,
                "columns": self.recipe.columns,
                "listens": self._listens,
            },
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["average"])
        self._ears.load_state_dict(state["ears"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.terms.load_state_dict(state["terms"])


def network(recipe: Recipe, *, listens: bool = False) -> Generator:
    """Return the untaught network of a recipe, with a listener if need be."""
    return Generator(
        recipe.width,
        recipe.face_px,
        from_reference=True,
        warps=recipe.warps,
        sub_pixels=recipe.sub_pixels,
        columns=recipe.columns,
        listens=listens,
    )


def painting(net: Generator) -> dict[str, nn.Parameter]:
    """Return the parameters of the layers that paint."""
    blocks = len(net.face_decoder_blocks)
    parts = tuple(f"face_decoder_blocks.{number}." for number in range(blocks - _PAINTING, blocks))
    return {
        name: p
        for name, p in net.named_parameters()
        if name.startswith((*parts, "output_block.", "flow_block."))
    }


def paint_alone(net: Generator) -> dict[str, nn.Parameter]:
    """Let nothing but the layers that paint learn; return their parameters."""
    net.requires_grad_(False)
    painted = painting(net)
    for parameter in painted.values():
        parameter.requires_grad_(True)
    return painted
