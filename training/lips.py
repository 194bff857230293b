"""Trains the network from sound to face units.

Moonshine's layers, which the network listens to, stay as they are. Exports nothing (`export`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.lessons import OUTSIDE, Lessons, Window, window
from training.loop import one_cycle
from w2l_studio.nets.lips import Lips
from w2l_studio.nets.moonshine import Moonshine
from w2l_studio.sound import mel

_BATCH = 16
_RATE = 3e-3
_TOLERANCE = 0.05
#: How often one of the network's two inputs is silent, so that neither is leant on alone.
_DEAF = 0.12
#: How wrong Moonshine's rows are, in parts of their deviation: all of a window's, and each of them.
_BIASED, _DOUBTED = 0.15, 0.15


class LipsTrainee:
    """Fulfils `loop.Trainee`.

    Args:
        found: what to learn from, with rows.
        ear: whose rows they are.
    """

    def __init__(self, found: Lessons, ear: Moonshine) -> None:
        self._lessons = found
        self.net = Lips()
        self.net.ear.load_state_dict(ear.state_dict())
        usual, spread = found.usual()
        self.net.usual.copy_(torch.from_numpy(usual))
        self.net.spread.copy_(torch.from_numpy(spread))
        self._usual, self._deviation = usual[mel.BANDS :, None], 1 / spread[mel.BANDS :, None]
        # Units that begin at random would drown what the sounds teach.
        torch.nn.init.zeros_(self.net.lips.weight)
        torch.nn.init.zeros_(self.net.lips.bias)
        self._optimiser = torch.optim.AdamW(self.net.parameters(), _RATE, weight_decay=0.02)

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Learn from 16 windows of three seconds."""
        drawn = [self._doubted(window(self._lessons.draw(random), random), random) for _ in range(_BATCH)]
        heard, rows, units, shut, sounds, weights = (
            torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True)
        )
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * one_cycle(number, steps)
        with torch.autocast("cpu", torch.bfloat16):
            told = self.net.train()(heard, rows)
        losses = {
            "units": apart(told.units, units, weights),
            "moves": apart(told.units.diff(dim=2), units.diff(dim=2), weights[:, :, 1:]),
            "closure": closure(told.closure, shut, sounds),
            "sounds": functional.cross_entropy(told.sounds, sounds, ignore_index=OUTSIDE),
        }
        # Sounds lead: where units weigh as much, the layers below learn neither.
        loss = losses["units"] * 2 + losses["moves"] * 3 + losses["closure"] * 3 + losses["sounds"]
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self._optimiser.step()
        return {"loss": loss.item(), **{name: value.item() for name, value in losses.items()}}

    def _doubted(self, drawn: Window, random: np.random.Generator) -> Window:
        """Make Moonshine's rows less sure, and now and then one of the two ears deaf."""
        heard, rows, *rest = drawn
        wrong = random.normal(0, _BIASED, (len(rows), 1)) + random.normal(0, _DOUBTED, rows.shape)
        rows = rows + (wrong * self._deviation).astype(np.float32)
        deaf = random.random()
        if deaf < _DEAF:
            heard = np.full_like(heard, mel.SILENCE)
        elif deaf < 2 * _DEAF:
            rows = np.broadcast_to(self._usual, rows.shape)
        return heard, rows, *rest

    def state_dict(self) -> dict[str, Any]:
        """Return network and optimiser."""
        return {"net": self.net.state_dict(), "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])


def apart(told: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Return the mean error of units, small ones squared: ``[N, 11, ...]`` all three."""
    error = functional.smooth_l1_loss(told, wanted, beta=_TOLERANCE, reduction="none")
    return (error * weights).sum() / weights.sum()


def closure(told: Tensor, shut: Tensor, sounds: Tensor) -> Tensor:
    """Return the cross-entropy of closures where sounds are known, logits against 0..1: ``[N, ...]`` all."""
    known = (sounds != OUTSIDE).float()
    error = functional.binary_cross_entropy_with_logits(told, shut, reduction="none")
    return (error * known).sum() / known.sum().clamp_min(1)
