"""Trains the face detector: RetinaFace's loss (Deng et al. 2019, 3.1, sparse part), focal classes, crowds.

Anchors, coding and picture format are those of `faces.detect_retinaface`; pictures come from
`performers.crowds`, other looks at them from `varying`. Exports nothing (`export`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.faces.matching import compared, decode, match
from training.faces.varying import Shown, gathered, mirrored, varied
from training.performers import crowds
from training.performers.crowds import Crowd
from training.performers.heads import Heads
from training.run.average import Followed
from training.run.loop import one_cycle
from training.run.machine import Machine
from w2l_studio.faces.detect_retinaface import MEAN_BGR, anchors
from w2l_studio.faces.retinaface_net import RetinaFace
from w2l_studio.terms import Floats, FramesBGR, Ints

_RATE, _DECAY, _LIMIT = 3e-3, 5e-4, 10.0
#: Losses are per anchor with a face, of which a picture counts as having so many at least.
_LEAST = 4
#: The focal loss: weight of anchors with a face (the others have the rest), and the power of doubt.
_SHARE, _FOCUS = 0.25, 2.0
#: Logit against a face in the beginning.
_DOUBT = 4.0
#: The focal loss leaves scores modest. What is a half to it is 0.6 to published ones, for which engines ask.
_MODEST = 0.4
#: Points weigh little: `faces.points` looks again at what is found.
_CLASS_WEIGHT, _BOX_WEIGHT, _POINT_WEIGHT = 4.0, 0.75, 0.05
#: From which error on (tenths of an anchor's side) points are pulled at full strength: a head's tilt moves
#: them by so little that a wider curve has it hardly learned (Feng et al. 2018, "Wing loss", 4).
_NEAR = 0.15
#: One of so many people stays out of training.
HELD_OUT = 10
_MEASURED, _MEASURED_PX = 64, 192


@dataclass(frozen=True, slots=True)
class Diet:
    """What a step is fed with.

    Args:
        batches: side of the pictures and how many of them, by turns; large faces need large pictures.
        looks: how often each drawn picture is learned from.
    """

    batches: tuple[tuple[int, int], ...]
    looks: int


#: One core composes as fast as another learns; a GPU should be full, and outruns the processes that compose.
CPU = Diet(((192, 32), (192, 32), (416, 6)), 1)
GPU = Diet(((224, 64), (448, 16)), 4)


class Batch(NamedTuple):
    """Pictures and what every anchor of them should say.

    Args:
        pictures: ``float32[N, 3, P, P]``.
        state: ``int64[N, A]``: 1 = face, 0 = none, -1 = not asked.
        boxes: ``float32[N, A, 4]`` corrections, where ``state`` is 1.
        points: ``float32[N, A, 10]`` likewise.
    """

    pictures: Tensor
    state: Tensor
    boxes: Tensor
    points: Tensor


def losses(told: tuple[Tensor, Tensor, Tensor], batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return the losses of boxes, of classes and of points, per anchor that is a face.

    Args:
        told: as `RetinaFace.raw` gives it.
    """
    boxes, classes, points = told
    faces = batch.state == 1
    # A batch nearly without faces must not shout.
    count = faces.sum().clamp(min=_LEAST * len(faces))
    classes = classes.float()
    right = torch.where(faces, 1.0, -1.0) * (classes[..., 1] - classes[..., 0] - _MODEST)
    weights = torch.where(faces, _SHARE, 1 - _SHARE) * (batch.state >= 0)
    # Lin et al. 2017, (5): what is sure already hardly counts, so that all anchors may speak.
    class_loss = (weights * torch.sigmoid(-right) ** _FOCUS * functional.softplus(-right)).sum() / count
    box_loss, point_loss = (
        (functional.smooth_l1_loss(said.float(), wanted, reduction="none", beta=near).sum(-1) * faces).sum()
        / count
        for said, wanted, near in ((boxes, batch.boxes, 1.0), (points, batch.points, _NEAR))
    )
    return box_loss, class_loss, point_loss


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """Fulfils `feed.Source`: draws batches of crowds.

    Args:
        heads: cut-outs, `Heads`.
        rows: of those that may be used.
        backdrops: ``uint8[N, Q, Q, 3]``.
        machine: whose share of a batch is drawn.
        diet: sizes of batches.
    """

    heads: Heads
    rows: Ints
    backdrops: npt.NDArray[np.uint8]
    machine: Machine
    diet: Diet = CPU

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Shown:
        """Draw the batch of a step."""
        del steps
        size, count = self.diet.batches[number % len(self.diet.batches)]
        count = -(-count // self.machine.world) * self.machine.world
        drawn = [self.crowd(one, size) for one in self.machine.part(random, count)]
        return gathered(drawn)

    def crowd(self, random: np.random.Generator, size: int) -> Crowd:
        """Draw one picture."""
        return crowds.compose(random, self.heads, self.rows, self.backdrops, size)


def batch(shown: Shown) -> Batch:
    """Make a batch of pictures, where they are."""
    device = shown.pictures.device
    mean = torch.tensor(MEAN_BGR, device=device).view(1, 3, 1, 1)
    pictures = (shown.pictures.float() - mean).contiguous(memory_format=torch.channels_last)
    grid = torch.from_numpy(anchors(*shown.pictures.shape[2:])).to(device)
    return Batch(pictures, *match(shown.boxes, shown.points, shown.wanted, grid))


def unsure(net: RetinaFace) -> RetinaFace:
    """Return an untaught network that takes nearly nothing for a face: the many empty anchors are no news."""
    for bias in (p for p in net.ClassHead.parameters() if p.ndim == 1):
        nn.init.constant_(bias, 0.0)
        bias.data[0::2] = _DOUBT
    return net


def split(people: Ints, *, held_out: bool) -> Ints:
    """Return the rows of those who are learned from, or of the others.

    Args:
        people: ``int64[N]`` who is shown.
    """
    return np.flatnonzero((people % HELD_OUT == HELD_OUT - 1) == held_out)


class DetectorTrainee(Followed[RetinaFace]):
    """Fulfils `loop.Trainee`, `loop.Measured` and `loop.Shown`.

    Args:
        source: what it learns from.
        unseen: pictures of other people, which it is measured on.
        minutes: after so long the rate is down, should the steps not be over by then.
        clock: tells seconds.
    """

    def __init__(
        self,
        source: Scenes,
        unseen: Scenes,
        machine: Machine | None = None,
        minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source, self._unseen, self._machine = source, unseen, machine or Machine()
        self._seconds, self._clock, self._began = 60 * (minutes or math.inf), clock, math.nan
        net = self._machine.ready(unsure(RetinaFace(resnet=False)))
        decayed = [p for p in net.parameters() if p.ndim > 1]
        others = [p for p in net.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": _DECAY}, {"params": others, "weight_decay": 0.0}]
        super().__init__(net, torch.optim.AdamW(groups, _RATE))

    def learn(self, number: int, steps: int, drawn: Shown) -> dict[str, float]:
        """Learn from pictures as drawn, then from other looks at them."""
        shown: Shown = self._machine.place(drawn)
        rate = _RATE * one_cycle(*self._way(number, steps))
        chance = torch.Generator(self._machine.device).manual_seed(number)
        looks, told = self.source.diet.looks, []
        for look in range(looks):
            seen = varied(mirrored(shown) if look % 2 else shown, chance) if look else shown
            told.append(self._learn(batch(seen), looks * number + look, rate))
        means = torch.stack(told).mean(0).tolist()
        return dict(zip(("loss", "box", "class", "points"), means, strict=True))

    def _way(self, number: int, steps: int) -> tuple[int, int]:
        """Return how much of how much is done, by steps or by time, whichever is further."""
        now = self._clock()
        self._began = now if math.isnan(self._began) else self._began
        spent = (now - self._began) / self._seconds
        return max(number, min(steps - 1, int(steps * spent))), steps

    def _learn(self, placed: Batch, number: int, rate: float) -> Tensor:
        with self._machine.autocast():
            said = self.net.train().raw(placed.pictures)
        boxes, classes, points = losses(said, placed)
        loss = _BOX_WEIGHT * boxes + _CLASS_WEIGHT * classes + _POINT_WEIGHT * points
        self._machine.learn(loss, self._optimiser, _LIMIT, rate=rate)
        self.follow(number)
        return torch.stack([loss, boxes, classes, points]).detach()

    @torch.inference_mode()
    def measure(self) -> dict[str, float]:
        """Return figures on unseen people: loss, recall, false finds, points' error in box heights."""
        told: list[dict[str, float]] = []
        found = wanted = false = 0
        errors: list[float] = []
        for part in range(_MEASURED // 8):
            random = np.random.default_rng((1, part))
            drawn = [self._unseen.crowd(one, _MEASURED_PX) for one in random.spawn(8)]
            asked = batch(self._machine.place(gathered(drawn)))
            said = self._average.raw(asked.pictures)
            boxes, classes, points = (one.item() for one in losses(said, asked))
            told.append(
                {
                    "loss": _BOX_WEIGHT * boxes + _CLASS_WEIGHT * classes + _POINT_WEIGHT * points,
                    "class": classes,
                    "points": points,
                }
            )
            for row, crowd in enumerate(drawn):
                seen, places = decode(*(one[row] for one in said), size=_MEASURED_PX)
                hit, more = compared(crowd, seen, places)
                found, wanted, false = found + len(hit), wanted + int(crowd.wanted.sum()), false + more
                errors += hit
        means = {name: float(np.mean([one[name] for one in told])) for name in told[0]}
        return {
            **means,
            "recall": found / max(1, wanted),
            "false": float(false),
            "off": float(np.median(errors)) if errors else 1.0,
        }

    def sheet(self) -> FramesBGR:
        """Return pictures of unseen people with what was found (green) and what was wanted (white)."""
        rows = []
        for one in np.random.default_rng(2).spawn(12):
            crowd = self._unseen.crowd(one, _MEASURED_PX)
            with torch.inference_mode():
                asked = batch(self._machine.place(gathered([crowd])))
                said = self._average.raw(asked.pictures)
                seen, places = decode(*(part[0] for part in said), size=_MEASURED_PX)
            picture = crowd.picture.copy()
            for box in crowd.boxes[crowd.wanted]:
                _rectangle(picture, box, (255, 255, 255))
            for box, points in zip(seen, places, strict=True):
                _rectangle(picture, box, (0, 255, 0))
                for x, y in points:
                    cv2.circle(picture, (round(float(x)), round(float(y))), 1, (0, 0, 255), -1)
            rows.append(picture)
        return np.vstack([np.hstack(rows[i : i + 4]) for i in range(0, 12, 4)])


def _rectangle(picture: FramesBGR, box: Floats, colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = (round(float(v)) for v in box)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, 1)
