"""Trains the generator by a recipe. Draws the lower half alone, which is all that the engine ever pastes.

Draws no samples (`sampling`) and exports nothing (`export`).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import augment
from training.data import WINDOW, Sampler
from training.loop import one_cycle
from training.recipe import Recipe
from training.sampling import HALF_PX, Batch, Lips
from w2l_studio.nets.contrast import EMBEDDING, Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening

#: Lips and what moves with them, in rows and columns of the lower half.
_LIPS = (slice(2, 40), slice(16, 80))
#: Share of the old value in the mean of the weights, which is what is exported.
_EMA = 0.998


class GeneratorTrainee:
    """Fulfils `loop.Trainee`.

    Args:
        expert: judges drawn lips; never changed. None = without the terms that need it, as the paper's
            recipe begins (hparams.py: sync weight 0).
        opening: measures them; never changed.
    """

    def __init__(self, sampler: Sampler, expert: Contrast | None, opening: Opening, recipe: Recipe) -> None:
        self.recipe = recipe
        self._clips = Lips(sampler, opening)
        self._expert = expert.eval().requires_grad_(False) if expert else None
        self._opening = opening.eval().requires_grad_(False)
        self.net = Generator(recipe.width, from_reference=True).to(memory_format=torch.channels_last)
        # So the first mouths are the reference's, in its colours; what the sound changes is learned.
        nn.init.zeros_(self.net.output_block[1].weight)
        nn.init.zeros_(self.net.output_block[1].bias)
        self.mean = copy.deepcopy(self.net).requires_grad_(False)
        self._ears = nn.Linear(self.net.audio_encoder[-1].conv_block[0].out_channels, EMBEDDING + 1)
        trained = [*self.net.parameters(), *self._ears.parameters()]
        self._optimiser = torch.optim.AdamW(trained, recipe.rate, betas=(0.9, 0.99), weight_decay=0.01)
        self._weights = _weights(recipe.lips)

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Teach the ears first, then ears and hand together."""
        early = int(steps * self.recipe.ears)
        hearing = number < early
        factor = one_cycle(number, early) if hearing else one_cycle(number - early, steps - early)
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.rate * factor
        told, loss = self._listen(random) if hearing else self._draw(random)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self._optimiser.step()
        self._remember(0.0 if hearing else _EMA)
        return told

    def _listen(self, random: np.random.Generator) -> tuple[dict[str, float], Tensor]:
        """Let the audio encoder tell lip opening and what the expert hears."""
        heard, sound, opening = self._clips.sounds(random, 128, self.recipe)
        self.net.train()
        told = self._ears(self.net.audio_encoder(heard).flatten(1))
        error = functional.smooth_l1_loss(told[:, 0], opening, beta=0.05)
        report = {"ears_opening": error.item()}
        if self._expert is None:
            return report, error * 4
        alike = functional.cosine_similarity(told[:, 1:], self._expert.hear(sound)).mean()
        return report | {"ears_alike": alike.item()}, error * 4 + 1 - alike

    def _draw(self, random: np.random.Generator) -> tuple[dict[str, float], Tensor]:
        recipe = self.recipe
        batch = self._clips.batch(random, recipe)
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            drawn = self.net.lower_half(batch.heard, batch.faces).float()
        error = (drawn - batch.target).abs()
        moved = (batch.target - batch.faces[:, 3:, HALF_PX:]).abs().mean(1, keepdim=True)
        terms = {
            "l1": (error * self._weights * (1 + recipe.moved * moved)).mean(),
            "edges": (_edges(drawn) - _edges(batch.target)).abs().mul(self._weights[..., 1:, 1:]).mean(),
            # Squared: an absolute error is content with the median, which is a mouth hardly open.
            "opening": functional.mse_loss(self._opening.measure(drawn), self._opening.measure(batch.target)),
        }
        factors = {"l1": 1.0, "edges": recipe.edges, "opening": recipe.opening}
        if self._expert is not None:
            terms |= self._followed(drawn, batch, self._expert)
            factors |= {"looks": recipe.looks, "sync": recipe.sync}
        loss = torch.stack([factors[name] * term for name, term in terms.items()]).sum()
        told = {name: term.item() for name, term in terms.items()}
        told["lips_levels"] = error[:, :, _LIPS[0], _LIPS[1]].mean().item() * 255
        return told, loss

    def _followed(self, drawn: Tensor, batch: Batch, expert: Contrast) -> dict[str, Tensor]:
        """Compare drawn lips with the true ones in the expert's eyes (stabilised sync, arXiv 2307.09368)."""
        count = self.recipe.windows * WINDOW
        seen, wanted = (expert.see(_stacked(x[:count])) for x in (drawn, batch.target))
        sound = expert.hear(batch.sound)
        return {
            "looks": (1 - (seen * wanted).sum(1)).mean(),
            "sync": functional.relu((wanted * sound).sum(1) - (seen * sound).sum(1)).mean(),
        }

    def _remember(self, memory: float) -> None:
        with torch.no_grad():
            held, new = self.mean.state_dict().values(), self.net.state_dict().values()
            for mean, now in zip(held, new, strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - memory)

    def state_dict(self) -> dict[str, Any]:
        """Return networks, mean, optimiser, and what `export` writes into the header."""
        return {
            "net": self.net.state_dict(),
            "average": self.mean.state_dict(),
            "ears": self._ears.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "meta": {"recipe": "studio", "lead_ms": float(self.recipe.lead_ms), "from_reference": True},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["average"])
        self._ears.load_state_dict(state["ears"])
        self._optimiser.load_state_dict(state["optimiser"])


def _stacked(lower: Tensor) -> Tensor:
    """Lay the pictures of each window behind each other: ``[5 W, 3, 48, 96]`` to ``[W, 15, 48, 96]``."""
    return lower.unflatten(0, (-1, WINDOW)).flatten(1, 2)


def _edges(x: Tensor) -> Tensor:
    """Return differences to the right and below, ``[N, 6, H - 1, W - 1]``."""
    return torch.cat([x[..., 1:, 1:] - x[..., 1:, :-1], x[..., 1:, 1:] - x[..., :-1, 1:]], 1)


def _weights(lips: float) -> Tensor:
    weights = torch.ones(1, 1, HALF_PX, augment.FACE_PX)
    weights[..., _LIPS[0], _LIPS[1]] = lips
    return functional.avg_pool2d(weights, 9, 1, 4, count_include_pad=False)
