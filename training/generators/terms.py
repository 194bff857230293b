"""What is wrong with drawn lips: a recipe's terms, and the critic that learns along with the generator."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.generators import structure
from training.generators.critic import Patches, difference, lips, mistakes
from training.generators.recipe import Recipe
from training.generators.sampling import Batch
from training.packs.data import WINDOW
from training.run.machine import Machine
from w2l_studio.nets.contrast import FACE_PX, Contrast
from w2l_studio.nets.opening import Opening

Judge = TypeVar("Judge", bound=nn.Module)
#: How much earlier than it has a say a critic begins to learn, as a share of the steps.
_FOREWARNED = 0.02
_CRITIC_RATE = 4e-4


class Terms:
    """Compares drawn lower halves with true ones.

    Args:
        expert: judges drawn lips; never changed. None = without the terms that need it, as the paper's
            recipe begins (hparams.py: sync weight 0).
        opening: measures them; never changed.
    """

    def __init__(self, recipe: Recipe, expert: Contrast | None, opening: Opening, machine: Machine) -> None:
        self._recipe, self._machine = recipe, machine
        self.expert = self._judge(expert) if expert else None
        self.opening = self._judge(opening)
        self.critic = machine.ready(Patches(recipe.finer))
        self._optimiser = torch.optim.AdamW(
            self.critic.parameters(), _CRITIC_RATE, betas=(0.5, 0.99), fused=machine.fused
        )
        self.weights = machine.place(_weights(recipe))

    def _judge(self, net: Judge) -> Judge:
        return self._machine.ready(net).eval().requires_grad_(False)

    def loss(self, drawn: Tensor, batch: Batch, done: float) -> tuple[dict[str, Tensor], Tensor]:
        """Return what to log, and the loss, after the critic has learned where its time has come.

        Args:
            drawn: ``float32[N, 3, P/2, P]`` BGR 0..1.
            batch: what it was drawn from, placed.
            done: share of the steps that are taken.
        """
        recipe = self._recipe
        told, loss = self.compared(drawn, batch)
        reference = _reference(batch)
        if done >= recipe.critic - _FOREWARNED:
            told["critic"] = self._teach(batch.target, drawn.detach(), reference)
        if done >= recipe.critic:
            judged = self._judged(drawn, batch.target, reference)
            loss = loss + recipe.real * judged["real"] + recipe.alike * judged["alike"]
            told |= {name: term.detach() for name, term in judged.items()}
        return told, loss

    def compared(self, drawn: Tensor, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        """Return what to log and the loss without the critic's part, which is another in each run."""
        recipe = self._recipe
        error = (drawn - batch.target).abs()
        moved = (batch.target - _reference(batch)).abs().mean(1, keepdim=True)
        small, true = reduced(drawn), reduced(batch.target)
        terms = {
            "l1": (error * self.weights * (1 + recipe.moved * moved)).mean(),
            "edges": structure.edges_apart(drawn, batch.target, self.weights),
            "structure": structure.unlike(drawn, batch.target, self.weights),
            **self._opened(small, true),
        }
        factors = {
            "l1": 1.0,
            "edges": recipe.edges,
            "structure": recipe.structure,
            "opening": recipe.opening,
            "spread": recipe.spread,
        }
        if self.expert is not None:
            terms |= self._followed(small, true, batch.sound, self.expert)
            factors |= {"looks": recipe.looks, "sync": recipe.sync}
        told = {name: term.detach() for name, term in terms.items()}
        told["lips_levels"] = lips(error).detach().mean() * 255
        return told, torch.stack([factors[name] * term for name, term in terms.items()]).sum()

    def _opened(self, drawn: Tensor, true: Tensor) -> dict[str, Tensor]:
        """Compare how far lips are open, picture by picture, and how far they move in all."""
        made, wanted = self.opening.measure(drawn), self.opening.measure(true)
        return {
            # Squared: an absolute error is content with the median, which is a mouth hardly open.
            "opening": functional.mse_loss(made, wanted),
            # Either error is least for lips that dare the less the less they know.
            "spread": (_deviation(made) - _deviation(wanted)).square(),
        }

    def _followed(self, drawn: Tensor, true: Tensor, heard: Tensor, expert: Contrast) -> dict[str, Tensor]:
        """Compare drawn lips with the true ones in the expert's eyes (stabilised sync, arXiv 2307.09368)."""
        count = len(heard) * WINDOW
        seen, wanted = (expert.see(_stacked(x[:count])) for x in (drawn, true))
        sound = expert.hear(heard)
        return {
            "looks": (1 - (seen * wanted).sum(1)).mean(),
            "sync": functional.relu((wanted * sound).sum(1) - (seen * sound).sum(1)).mean(),
        }

    def _teach(self, true: Tensor, drawn: Tensor, reference: Tensor) -> Tensor:
        """Let the critic learn from a batch; returns its loss (1 = it knows nothing)."""
        self.critic.requires_grad_(True)
        with self._machine.autocast():
            verdicts = self.critic(torch.cat([true, drawn]), torch.cat([reference, reference]))[-1].float()
        loss = mistakes(*verdicts.chunk(2))
        self._machine.learn(loss, self._optimiser)
        return loss.detach()

    def _judged(self, drawn: Tensor, true: Tensor, reference: Tensor) -> dict[str, Tensor]:
        """Ask the critic about drawn lips, without teaching it."""
        self.critic.requires_grad_(False)
        with self._machine.autocast():
            seen = self.critic(drawn, reference)
            with torch.no_grad():
                wanted = self.critic(true, reference)
        return {"real": -seen[-1].float().mean(), "alike": difference(seen, wanted).float()}

    def state_dict(self) -> dict[str, Any]:
        """Return the critic and its optimiser; nothing else changes."""
        return {"critic": self.critic.state_dict(), "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.critic.load_state_dict(state["critic"])
        self._optimiser.load_state_dict(state["optimiser"])


def _reference(batch: Batch) -> Tensor:
    """Return the lower halves of what is drawn from."""
    return batch.faces[:, 3:, batch.faces.shape[2] // 2 :]


def _deviation(values: Tensor) -> Tensor:
    # Of a single value, too, whose root has no slope.
    return (values.var(correction=0) + 1e-6).sqrt()


def _stacked(lower: Tensor) -> Tensor:
    """Lay the pictures of each window behind each other: ``[5 W, 3, 48, 96]`` to ``[W, 15, 48, 96]``."""
    return torch.unflatten(lower, 0, (-1, WINDOW)).flatten(1, 2)


def reduced(lower: Tensor) -> Tensor:
    """Make lower halves as small as expert and opening network read them: ``[N, 3, 48, 96]``."""
    return functional.interpolate(lower, size=(FACE_PX // 2, FACE_PX), mode="area")


def _weights(recipe: Recipe) -> Tensor:
    """Return the weight of each pixel's error ``[1, 1, P/2, P]``, with soft borders around the lips."""
    weights = torch.ones(1, 1, recipe.face_px // 2, recipe.face_px)
    lips(weights)[:] = recipe.lips
    reach = recipe.face_px // 24
    return functional.avg_pool2d(weights, 2 * reach + 1, 1, reach, count_include_pad=False)
