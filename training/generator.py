"""Trains the generator by a recipe. Draws the lower half alone, which is all that the engine ever pastes.

Draws no samples (`sampling`) and exports nothing (`export`).
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import augment, start
from training.critic import Patches, difference, lips, mistakes
from training.data import WINDOW, Sampler
from training.hearing import Thoughts
from training.loop import Told, one_cycle
from training.machine import Machine
from training.recipe import Recipe
from training.sampling import Batch, LipSource, Sounds
from w2l_studio.nets.contrast import EMBEDDING, Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening

Judge = TypeVar("Judge", bound=nn.Module)
#: How much earlier than it has a say a critic begins to learn, as a share of the steps.
_FOREWARNED = 0.02
_CRITIC_RATE = 4e-4
#: Share of the old value in the mean of the weights, which is what is exported.
_EMA = 0.998
_LIMIT = 1.0


class GeneratorTrainee:
    """Fulfils `loop.Fed`.

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
        self._expert = self._judge(expert) if expert else None
        self._opening = self._judge(opening)
        self._listens = thoughts.sha256 if thoughts else ""
        net = network(recipe, listens=bool(thoughts))
        if learned is None:
            start.stand_still(net)
        else:
            start.begin(net, learned)
        if isinstance(ears, dict):
            start.listen(net.audio_encoder, ears)
        for hears in (net.audio_encoder, net.listener):
            if hears is not None:
                hears.requires_grad_(self._ears_learn)
        self.net = self._machine.ready(net)
        self.mean = copy.deepcopy(self.net).requires_grad_(False)
        self._ears = self._machine.ready(
            nn.Linear(net.audio_encoder[-1].conv_block[0].out_channels, EMBEDDING + 1)
        )
        trained = [p for p in (*self.net.parameters(), *self._ears.parameters()) if p.requires_grad]
        fused = self._machine.fused
        self._optimiser = torch.optim.AdamW(
            trained, recipe.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=fused
        )
        self._critic = self._machine.ready(Patches())
        self._critic_optimiser = torch.optim.AdamW(
            self._critic.parameters(), _CRITIC_RATE, betas=(0.5, 0.99), fused=fused
        )
        self._weights = self._machine.place(_weights(recipe))

    def _judge(self, net: Judge) -> Judge:
        return self._machine.ready(net).eval().requires_grad_(False)

    def step(self, number: int, steps: int, random: np.random.Generator) -> Told:
        """Draw and learn."""
        return self.learn(number, steps, self.source.draw(number, steps, random))

    def learn(self, number: int, steps: int, drawn: Sounds | Batch) -> Told:
        """Teach the ears first, then ears and hand together."""
        early = self.recipe.early(steps)
        hearing = isinstance(drawn, Sounds)
        factor = one_cycle(number, early) if hearing else one_cycle(number - early, steps - early)
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.rate * factor
        placed = self._machine.place(drawn)
        told, loss = self._listen(placed) if hearing else self._draw(placed, number / steps)
        self._machine.learn(loss, self._optimiser, _LIMIT)
        self._remember(0.0 if hearing else _EMA)
        return told

    def _listen(self, batch: Sounds) -> tuple[dict[str, Tensor], Tensor]:
        """Let the audio encoder tell lip opening and what the expert hears."""
        self.net.train()
        told = self._ears(self.net.audio_encoder(batch.heard).flatten(1))
        error = functional.smooth_l1_loss(told[:, 0], batch.opening, beta=0.05)
        report = {"ears_opening": error.detach()}
        if self._expert is None:
            return report, error * 4
        alike = functional.cosine_similarity(told[:, 1:], self._expert.hear(batch.sound)).mean()
        return report | {"ears_alike": alike.detach()}, error * 4 + 1 - alike

    def _draw(self, batch: Batch, done: float) -> tuple[dict[str, Tensor], Tensor]:
        recipe = self.recipe
        reference = batch.faces[:, 3:, recipe.face_px // 2 :]
        self.net.train()
        self.net.audio_encoder.train(self._ears_learn)
        with self._machine.autocast():
            drawn = self.net.lower_half(batch.heard, batch.faces).float()
        error = (drawn - batch.target).abs()
        moved = (batch.target - reference).abs().mean(1, keepdim=True)
        small, true = _reduced(drawn), _reduced(batch.target)
        terms = {
            "l1": (error * self._weights * (1 + recipe.moved * moved)).mean(),
            "edges": (_edges(drawn) - _edges(batch.target)).abs().mul(self._weights[..., 1:, 1:]).mean(),
            # Squared: an absolute error is content with the median, which is a mouth hardly open.
            "opening": functional.mse_loss(self._opening.measure(small), self._opening.measure(true)),
        }
        factors = {"l1": 1.0, "edges": recipe.edges, "opening": recipe.opening}
        if self._expert is not None:
            terms |= self._followed(small, true, batch.sound, self._expert)
            factors |= {"looks": recipe.looks, "sync": recipe.sync}
        told: dict[str, Tensor] = {}
        if done >= recipe.critic - _FOREWARNED:
            told["critic"] = self._teach_critic(batch.target, drawn.detach(), reference)
        if done >= recipe.critic:
            terms |= self._judged(drawn, batch.target, reference)
            factors |= {"real": recipe.real, "alike": recipe.alike}
        loss = torch.stack([factors[name] * term for name, term in terms.items()]).sum()
        told |= {name: term.detach() for name, term in terms.items()}
        told["lips_levels"] = lips(error).detach().mean() * 255
        return told, loss

    def _teach_critic(self, true: Tensor, drawn: Tensor, reference: Tensor) -> Tensor:
        """Let the critic learn from a batch; returns its loss (1 = it knows nothing)."""
        self._critic.requires_grad_(True)
        with self._machine.autocast():
            verdicts = self._critic(torch.cat([true, drawn]), torch.cat([reference, reference]))[-1].float()
        loss = mistakes(*verdicts.chunk(2))
        self._machine.learn(loss, self._critic_optimiser)
        return loss.detach()

    def _judged(self, drawn: Tensor, true: Tensor, reference: Tensor) -> dict[str, Tensor]:
        """Ask the critic about drawn lips, without teaching it."""
        self._critic.requires_grad_(False)
        with self._machine.autocast():
            seen = self._critic(drawn, reference)
            with torch.no_grad():
                wanted = self._critic(true, reference)
        return {"real": -seen[-1].float().mean(), "alike": difference(seen, wanted).float()}

    def _followed(self, drawn: Tensor, true: Tensor, heard: Tensor, expert: Contrast) -> dict[str, Tensor]:
        """Compare drawn lips with the true ones in the expert's eyes (stabilised sync, arXiv 2307.09368)."""
        count = len(heard) * WINDOW
        seen, wanted = (expert.see(_stacked(x[:count])) for x in (drawn, true))
        sound = expert.hear(heard)
        return {
            "looks": (1 - (seen * wanted).sum(1)).mean(),
            "sync": functional.relu((wanted * sound).sum(1) - (seen * sound).sum(1)).mean(),
        }

    def _remember(self, memory: float) -> None:
        held, new = (
            [value for value in net.state_dict().values() if value.is_floating_point()]
            for net in (self.mean, self.net)
        )
        with torch.no_grad():
            # All at once: on a GPU each of 300 calls would cost as much as a layer.
            torch._foreach_lerp_(held, new, 1 - memory)

    def state_dict(self) -> dict[str, Any]:
        """Return networks, mean, optimiser, and what `export` writes into the header."""
        return {
            "net": self.net.state_dict(),
            "average": self.mean.state_dict(),
            "ears": self._ears.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "critic": self._critic.state_dict(),
            "critic_optimiser": self._critic_optimiser.state_dict(),
            "meta": {
                "recipe": self.recipe.name,
                "lead_ms": float(self.recipe.lead_ms),
                "from_reference": True,
                "warps": self.recipe.warps,
                "sub_pixels": self.recipe.sub_pixels,
                "listens": self._listens,
            },
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["average"])
        self._ears.load_state_dict(state["ears"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._critic.load_state_dict(state["critic"])
        self._critic_optimiser.load_state_dict(state["critic_optimiser"])


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


def _stacked(lower: Tensor) -> Tensor:
    """Lay the pictures of each window behind each other: ``[5 W, 3, 48, 96]`` to ``[W, 15, 48, 96]``."""
    return lower.unflatten(0, (-1, WINDOW)).flatten(1, 2)


def _reduced(lower: Tensor) -> Tensor:
    """Make lower halves as small as expert and opening network read them: ``[N, 3, 48, 96]``."""
    return functional.interpolate(lower, size=(augment.FACE_PX // 2, augment.FACE_PX), mode="area")


def _edges(x: Tensor) -> Tensor:
    """Return differences to the right and below, ``[N, 6, H - 1, W - 1]``."""
    return torch.cat([x[..., 1:, 1:] - x[..., 1:, :-1], x[..., 1:, 1:] - x[..., :-1, 1:]], 1)


def _weights(recipe: Recipe) -> Tensor:
    """Return the weight of each pixel's error ``[1, 1, P/2, P]``, with soft borders around the lips."""
    weights = torch.ones(1, 1, recipe.face_px // 2, recipe.face_px)
    lips(weights)[:] = recipe.lips
    reach = recipe.face_px // 24
    return functional.avg_pool2d(weights, 2 * reach + 1, 1, reach, count_include_pad=False)
