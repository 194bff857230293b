"""Trains the network that finds a face's five points, on portraits of performers.

Windows are off as those are that hang on a detector's points or on the network's own first look
(`faces.points`). Exports nothing (`export`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from training.performers import crowds
from training.performers.heads import Heads
from training.run.average import Followed
from training.run.loop import one_cycle
from training.run.machine import Machine
from w2l_studio.faces import crop
from w2l_studio.faces.points import MARGIN
from w2l_studio.nets.points import SIDE_PX, Points
from w2l_studio.terms import Floats, FramesBGR, Ints

_BATCH, _PORTRAIT_PX = 64, 128
_RATE, _DECAY = 2e-3, 1e-4
#: From which error on points are pulled at full strength, in parts of the window.
_NEAR = 0.01
#: How often a window hangs on a detector's points, and not on those of a first look; by how much either is
#: off (deviations): its middle in its sides, its side in parts (logarithm), its turn in radians.
_FIRST, _OFF, _OFF_AGAIN = 0.6, (0.07, 0.13, 0.35), (0.025, 0.045, 0.06)
_MEASURED = 512


class Windows(NamedTuple):
    """Windows and where the points are in them.

    Args:
        pictures: ``uint8[N, 3, 64, 64]`` BGR.
        points: ``float32[N, 5, 2]`` pixels of the window.
    """

    pictures: Tensor
    points: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """Fulfils `feed.Source`: draws batches of windows.

    Args:
        heads: cut-outs, `Heads`.
        rows: of those that may be used.
        backdrops: ``uint8[N, Q, Q, 3]``.
        machine: whose share of a batch is drawn.
    """

    heads: Heads
    rows: Ints
    backdrops: npt.NDArray[np.uint8]
    machine: Machine

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Windows:
        """Draw the batch of a step."""
        del number, steps
        return self.windows(self.machine.part(random, _BATCH))

    def windows(self, chances: list[np.random.Generator]) -> Windows:
        """Draw one window by each chance."""
        drawn = [self._window(one) for one in chances]
        pictures, points = (np.stack(part) for part in zip(*drawn, strict=True))
        return Windows(torch.from_numpy(pictures).permute(0, 3, 1, 2), torch.from_numpy(points))

    def _window(self, random: np.random.Generator) -> tuple[FramesBGR, Floats]:
        picture, edges = crowds.portrait(random, self.heads, self.rows, self.backdrops, _PORTRAIT_PX)
        points = edges.astype(np.float64) - 0.5
        window = crop.windows(points[None])
        middle, side, turn = _OFF if random.random() < _FIRST else _OFF_AGAIN
        window[0, :2] += random.normal(0, middle, 2) * window[0, 2]
        window[0, 2] = max(1.0, window[0, 2] * np.exp(random.normal(0, side)))
        window[0, 3] += random.normal(0, turn)
        (to_window,) = crop.affines(window, SIDE_PX, MARGIN)
        there = points @ to_window[:, :2].T + to_window[:, 2]
        return crop.sample(picture, to_window, SIDE_PX), there.astype(np.float32)


class PointsTrainee(Followed[Points]):
    """Fulfils `loop.Trainee` and `loop.Measured`.

    Args:
        source: what it learns from.
        unseen: portraits of other people, which it is measured on.
    """

    def __init__(self, source: Portraits, unseen: Portraits, machine: Machine | None = None) -> None:
        self.source, self._unseen, self._machine = source, unseen, machine or Machine()
        net = self._machine.ready(Points())
        super().__init__(net, torch.optim.AdamW(net.parameters(), _RATE, weight_decay=_DECAY))

    def learn(self, number: int, steps: int, drawn: Windows) -> dict[str, Tensor]:
        """Learn from windows."""
        placed: Windows = self._machine.place(drawn)
        with self._machine.autocast():
            said = self.net.train()(placed.pictures)
        loss = functional.smooth_l1_loss(said / SIDE_PX, placed.points / SIDE_PX, beta=_NEAR)
        self._machine.learn(loss, self._optimiser, rate=_RATE * one_cycle(number, steps))
        self.follow(number)
        return {"loss": loss.detach(), "off": _off(said.detach(), placed.points)}

    @torch.inference_mode()
    def measure(self) -> dict[str, float]:
        """Return loss and error of the points, in eye-mouth distances, on unseen people."""
        shown = self._machine.place(self._unseen.windows(np.random.default_rng(1).spawn(_MEASURED)))
        said = self._average(shown.pictures)
        loss = functional.smooth_l1_loss(said / SIDE_PX, shown.points / SIDE_PX, beta=_NEAR)
        return {"loss": float(loss), "off": float(_off(said, shown.points))}


def _off(said: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean error of points in eye-mouth distances of the faces."""
    length = (wanted[:, :2].mean(1) - wanted[:, 3:].mean(1)).norm(dim=-1, keepdim=True).clamp(min=1.0)
    error: Tensor = (said - wanted).norm(dim=-1) / length
    return error.mean()
