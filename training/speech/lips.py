"""Trains the network from sound to face units.

The average of all weights so far is what is exported. Moonshine's layers, which the network listens to, stay
as they are. Exports nothing (`export`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.run.average import Followed
from training.run.loop import one_cycle
from training.run.machine import Machine
from training.speech import doubts
from training.speech.lessons import OUTSIDE, Lessons, window
from w2l_studio.nets.lips import Lips
from w2l_studio.nets.moonshine import Moonshine
from w2l_studio.terms.sound import BANDS, SILENCE

_BATCH = 64
#: Of what begins from nothing, and of what goes on.
_RATE, _LATER_RATE = 3e-3, 1e-3
_LIMIT = 2.0
_TOLERANCE = 0.05


class Windows(NamedTuple):
    """What a step learns from, N windows of three seconds.

    Args:
        heard: ``float32[N, 80, 240]``.
        rows: ``float32[N, 288, 240]``, of Moonshine.
        units: ``float32[N, 11, 240]``.
        shut: ``float32[N, 240]``.
        sounds: ``int64[N, 240]``, `OUTSIDE` where nobody knows.
        weights: ``float32[N, 11, 240]`` of the units' errors.
    """

    heard: Tensor
    rows: Tensor
    units: Tensor
    shut: Tensor
    sounds: Tensor
    weights: Tensor


class WindowSource:
    """Fulfils `feed.Source`.

    Args:
        found: what to learn from, with rows.
        machine: whose part of a batch is drawn.
    """

    def __init__(self, found: Lessons, machine: Machine) -> None:
        self._lessons, self._machine = found, machine

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Windows:
        """Draw this process's part of a batch; the same at every step of the run."""
        del number, steps
        drawn = [window(self._lessons.draw(chance), chance) for chance in self._machine.part(random, _BATCH)]
        return Windows(*(torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True)))


class LipsTrainee(Followed[Lips]):
    """Fulfils `loop.Trainee`.

    Args:
        found: what to learn from, with rows.
        ear: whose rows they are.
        learned: where to begin, its own ear apart; None = with lips that stand still.
    """

    def __init__(
        self, found: Lessons, ear: Moonshine, machine: Machine | None = None, learned: Lips | None = None
    ) -> None:
        self._machine = machine or Machine()
        self._rate = _RATE if learned is None else _LATER_RATE
        net = Lips()
        if learned is None:
            usual, spread = found.usual()
            net.usual.copy_(torch.from_numpy(usual))
            net.spread.copy_(torch.from_numpy(spread))
            # Units that begin at random would drown what the sounds teach.
            torch.nn.init.zeros_(net.lips.weight)
            torch.nn.init.zeros_(net.lips.bias)
        else:
            net.load_state_dict(learned.state_dict())
        net.ear.load_state_dict(ear.state_dict())
        self.source = WindowSource(found, self._machine)
        net = self._machine.ready(net)
        optimiser = torch.optim.AdamW(
            net.parameters(), self._rate, weight_decay=0.02, fused=self._machine.fused
        )
        super().__init__(net, optimiser)
        self._silence = (SILENCE - self.net.usual[:BANDS]) * self.net.spread[:BANDS]

    def learn(self, number: int, steps: int, drawn: Windows) -> dict[str, Tensor]:
        """Learn what lips do while this is heard."""
        batch = self._machine.place(drawn)
        self.net.train()
        columns = doubts.doubted(self.net.joined(batch.heard, batch.rows), self._silence)
        with self._machine.autocast():
            told = self.net.told(columns)
        units, weights = batch.units, batch.weights
        losses = {
            "units": apart(told.units, units, weights),
            "moves": apart(told.units.diff(dim=2), units.diff(dim=2), weights[:, :, 1:]),
            "closure": closure(told.closure, batch.shut, batch.sounds),
            "sounds": functional.cross_entropy(told.sounds, batch.sounds, ignore_index=OUTSIDE),
        }
        # Sounds lead: where units weigh as much, the layers below learn neither.
        loss = losses["units"] * 2 + losses["moves"] * 3 + losses["closure"] * 3 + losses["sounds"]
        self._machine.learn(loss, self._optimiser, _LIMIT, rate=self._rate * one_cycle(number, steps))
        self.follow(number)
        return {name: value.detach() for name, value in {"loss": loss, **losses}.items()}


def apart(told: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Return the mean error of units, small ones squared: ``[N, 11, ...]`` all three."""
    error = functional.smooth_l1_loss(told, wanted, beta=_TOLERANCE, reduction="none")
    return (error * weights).sum() / weights.sum()


def closure(told: Tensor, shut: Tensor, sounds: Tensor) -> Tensor:
    """Return the cross-entropy of closures where sounds are known, logits against 0..1: ``[N, ...]`` all."""
    known = (sounds != OUTSIDE).float()
    error = functional.binary_cross_entropy_with_logits(told, shut, reduction="none")
    return (error * known).sum() / known.sum().clamp_min(1)
