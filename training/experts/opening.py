"""Trains the lip-opening network on performers, whose opening is known exactly.

Exports nothing (`export`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.packs.data import Clip, Sampler
from training.run.loop import one_cycle
from training.run.machine import Machine
from training.variety import augment
from w2l_studio.nets.opening import Opening

_BATCH = 96
_RATE, _FURTHER_RATE = 3e-3, 1e-3
#: Openings differ by less than this between two looks at the same lips.
_TOLERANCE = 0.03


class Opened(NamedTuple):
    """Lips whose opening is known.

    Args:
        lower: ``float32[N, 3, 48, 96]`` BGR 0..1.
        opening: ``float32[N]``, in parts of the mouth's width.
    """

    lower: Tensor
    opening: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class OpenedLips:
    """Fulfils `feed.Source`: one picture each of 96 clips.

    Args:
        sampler: over clips whose opening is known.
        machine: whose part of a batch is drawn.
    """

    sampler: Sampler
    machine: Machine

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Opened:
        """Draw this process's part of a step's batch."""
        del number, steps
        samples = [_sample(self.sampler.draw(one), one) for one in self.machine.part(random, _BATCH)]
        pictures = torch.from_numpy(np.stack([picture for picture, _ in samples])).permute(0, 3, 1, 2)
        return Opened(pictures, torch.tensor([opening for _, opening in samples]))


class OpeningTrainee:
    """Fulfils `loop.Trainee`.

    Args:
        sampler: over clips; those without known opening are never drawn.
        learned: what another run has learned, to begin with at a smaller rate.
    """

    def __init__(
        self, sampler: Sampler, machine: Machine | None = None, learned: Opening | None = None
    ) -> None:
        self._machine = machine or Machine()
        self.source = OpenedLips(sampler.labelled(), self._machine)
        self._rate = _FURTHER_RATE if learned else _RATE
        self.net = self._machine.ready((learned or Opening()).requires_grad_())
        self._optimiser = torch.optim.AdamW(self.net.parameters(), self._rate, weight_decay=0.02)

    def learn(self, number: int, steps: int, drawn: Opened) -> dict[str, Tensor]:
        """Learn from pictures."""
        lower, wanted = self._machine.place(drawn)
        measured = self.net.train().measure(lower)
        loss = functional.smooth_l1_loss(measured, wanted, beta=_TOLERANCE)
        self._machine.learn(loss, self._optimiser, rate=self._rate * one_cycle(number, steps))
        return {"loss": loss.detach(), "error": (measured - wanted).detach().abs().mean()}

    def state_dict(self) -> dict[str, Any]:
        """Return network and optimiser."""
        return {"net": self.net.state_dict(), "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])


def _sample(clip: Clip, random: np.random.Generator) -> tuple[np.ndarray, float]:
    assert clip.opening is not None
    frame = int(random.integers(len(clip.frames)))
    picture = augment.lower(clip.frames[frame], augment.place(random, clip.frames.shape[1], augment.STRONG))
    return augment.look(random, faults=True)(picture, random), float(clip.opening[frame])
