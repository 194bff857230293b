"""Trains our sync expert by contrast within one clip (the paper's: `paper.expert`).

Exports nothing (`export`) and measures nothing on people unseen (`evaluate`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.experts.openings import Openings
from training.packs.data import WINDOW, Clip, Sampler, begins
from training.run.loop import Told, one_cycle
from training.run.machine import Machine
from training.variety import augment, disguise, recordings, tempo
from w2l_studio.nets.contrast import Contrast, contrasted
from w2l_studio.sound.windows import COLUMNS
from w2l_studio.terms import Doubles, Floats, FramesBGR, Ints

#: Clips in a batch, and windows of each.
CLIPS, WINDOWS = 16, 8
_RATE = 2e-3
#: The rate for what has learned before.
_FURTHER_RATE = 1e-3
#: Pictures between a clip's windows at the first and at the last step: from far and easy to near and hard.
_FAR, _NEAR = 8.0, 2.4
#: What cosines are multiplied with before the softmax: begins there and is learned, up to a limit.
_SHARP, _SHARPEST = 14.0, 40.0
#: How far single pictures tremble, in the network's pixels: what a tracker leaves over.
_TREMBLE_PX = 0.2
#: Share of the clips whose pauses are digitally silent.
_HUSHED = 0.25
#: Shares of the filmed clips that are given other features, and moustaches and beards.
_FEATURES, _WHISKERS = 0.75, 0.7


def spacing(number: int, steps: int) -> float:
    """Return the pictures between windows at a step.

    >>> [spacing(n, 101) for n in (0, 100)]
    [8.0, 2.4]
    """
    return _FAR + (_NEAR - _FAR) * number / max(1, steps - 1)


def starts(windows: int, apart: float, random: np.random.Generator) -> Ints:
    """Draw the first pictures of eight windows of a clip, about ``apart`` from each other.

    Args:
        windows: how many the clip has, at least 8.
        apart: pictures between neighbours; less where the clip is too short for it.

    Returns:
        ``int64[8]``, ascending, all different.
    """
    apart = min(apart, (windows - 1) / (WINDOWS - 1))
    reach = apart * (WINDOWS - 1)
    # Sevenths do not always add up: what is left may be less than nothing by rounding.
    first = random.uniform(0, max(0.0, windows - 1 - reach))
    return np.asarray(np.floor(first + apart * np.arange(WINDOWS) + 1e-9), np.int64)


def inner_starts(windows: int, apart: float, random: np.random.Generator) -> Ints:
    """Draw eight windows as `starts`, each with a picture before and after it, for another tempo."""
    return starts(windows - 2, apart, random) + 1


def sounds(clip: Clip, at: Ints, random: np.random.Generator, pace: float = 1.0) -> Floats:
    """Return the windows' sounds in another recording, ``float32[K, 80, 16]``.

    Args:
        pace: the tempo (`tempo.hear`).
    """
    reach = around(at, clip, COLUMNS)
    spectrum = recordings.recording(random, clip.mel[:, reach], _HUSHED)
    return tempo.hear(spectrum, at, WINDOW, pace, since=reach.start)


def around(at: Ints, clip: Clip, columns: int) -> slice:
    """Return the columns that windows on pictures can reach, so that only these are changed.

    Args:
        columns: of a window.
    """
    first, last = begins(at[[0, -1]]).tolist()
    return slice(max(0, first - columns), min(clip.mel.shape[1], last + 2 * columns))


def mouths(
    clip: Clip, at: Ints, random: np.random.Generator, pace: float = 1.0, opening: Floats | None = None
) -> FramesBGR:
    """Return the windows' grey mouths through one camera, ``uint8[K, 5, 40, 64]``.

    Args:
        opening: ``float32[T]`` of a face that may be disguised; None = it stays as it is.
    """
    placed = augment.place(random, clip.frames.shape[1], augment.STRONG)
    worn = disguise.wear(random, clip, _FEATURES, _WHISKERS) if opening is not None else None

    def film(numbers: Ints) -> npt.NDArray[np.uint8]:
        pictures = clip.frames[numbers]
        if worn and opening is not None:
            pictures = np.stack([worn(*taken) for taken in zip(pictures, opening[numbers], strict=True)])
        pictures, near = augment.near_mouth(pictures, placed)
        crops = np.stack([augment.mouth(picture, tremble(near, random)) for picture in pictures])
        return augment.camera(random)(crops, random)

    return shown(film, at, pace)


def shown(film: Callable[[Ints], npt.NDArray[np.uint8]], at: Ints, pace: float) -> npt.NDArray[np.uint8]:
    """Return windows of 5 pictures at a tempo, ``uint8[K, 5, H, W]``; each picture is taken once.

    Args:
        film: takes pictures, ``uint8[N, H, W]``, by their numbers.
        at: the windows' first pictures; at another tempo than 1 their neighbours are needed too.
    """
    moments = tempo.stretched(at, WINDOW, at + (WINDOW - 1) / 2, pace)
    below = np.floor(moments).astype(np.int64)
    frames, rows = np.unique([below, np.ceil(moments)], return_inverse=True)
    taken = film(frames.astype(np.int64))
    low, high = rows.reshape(2, *below.shape)
    return taken[low] if pace == 1 else tempo.blend(taken[low], taken[high], moments - below)


def tremble(placed: Doubles, random: np.random.Generator) -> Doubles:
    """Move a place by what a tracker leaves over from picture to picture."""
    moved = placed.copy()
    moved[:, 2] += random.normal(0, _TREMBLE_PX, 2)
    return moved


def contrast(seen: Tensor, sound: Tensor, sharp: Tensor) -> tuple[Tensor, Tensor]:
    """Ask which of a clip's sounds belongs to which of its windows, and the other way round.

    Args:
        seen, sound: ``float32[clips, K, E]`` of unit length.
        sharp: what cosines are multiplied with.

    Returns:
        The mean cross-entropy (chance: ln K), and the share of windows that got their own sound.
    """
    logits = torch.einsum("cif,cjf->cij", seen, sound) * sharp
    wanted = torch.arange(logits.shape[2], device=logits.device).expand(logits.shape[:2])
    across = functional.cross_entropy(logits.transpose(1, 2).flatten(0, 1), wanted.flatten())
    loss = (functional.cross_entropy(logits.flatten(0, 1), wanted.flatten()) + across) / 2
    return loss, (logits.argmax(2) == wanted).float().mean()


class Moments(NamedTuple):
    """Windows, clip by clip: mouths ``uint8[8 C, 5, 40, 64]``, sounds ``float32[8 C, 1, 80, 16]``."""

    lips: Tensor
    heard: Tensor


@dataclass(frozen=True, eq=False)
class MomentSource:
    """Fulfils `feed.Source`: eight windows of each of 16 clips, nearer to each other from step to step.

    Args:
        openings: of filmed faces, which are given whiskers then; None = they stay as they are.
    """

    sampler: Sampler
    machine: Machine
    openings: Openings | None = None

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Moments:
        """Draw this process's part of a step's batch."""
        apart = spacing(number, steps)
        parts = self.machine.part(random, CLIPS)
        rows = [self.windows(self.sampler.draw(chance), apart, chance) for chance in parts]
        return Moments(*(torch.from_numpy(np.concatenate(part)) for part in zip(*rows, strict=True)))

    def windows(self, clip: Clip, apart: float, random: np.random.Generator) -> tuple[FramesBGR, Floats]:
        """Draw a clip's windows: mouths ``uint8[8, 5, 40, 64]`` and sounds ``float32[8, 1, 80, 16]``."""
        pace = tempo.draw(random)
        at = inner_starts(clip.windows, apart, random)
        opening = self.openings.of(clip) if self.openings else None
        return mouths(clip, at, random, pace, opening), sounds(clip, at, random, pace)[:, None]


class ContrastTrainee:
    """Fulfils `loop.Trainee`: which of a clip's eight sounds belongs to which of its eight windows.

    Windows of one clip share face, light and voice, so that nothing but the lips can tell; a softmax over
    both directions leaves chance within hundreds of steps, where published runs on pairs needed 100,000.

    Args:
        learned: what another run has learned, to begin with at a smaller rate.
        openings: as for `MomentSource`.
    """

    guessing = math.log(WINDOWS)

    def __init__(
        self,
        sampler: Sampler,
        machine: Machine | None = None,
        learned: nn.Module | None = None,
        openings: Openings | None = None,
    ) -> None:
        self._machine = machine or Machine()
        self._rate = _FURTHER_RATE if learned else _RATE
        self.source = self._source(sampler, openings)
        self.net = self._machine.ready((learned or self._network()).requires_grad_())
        self._sharp = nn.Parameter(torch.tensor(math.log(_SHARP), device=self._machine.device))
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        self._optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": 0.02},
                {"params": [*plain, self._sharp], "weight_decay": 0.0},
            ],
            self._rate,
            fused=self._machine.fused,
        )

    def _source(self, sampler: Sampler, openings: Openings | None) -> MomentSource:
        return MomentSource(sampler, self._machine, openings)

    def _network(self) -> nn.Module:
        return Contrast()

    def learn(self, number: int, steps: int, drawn: Moments) -> Told:
        """Learn from a batch; chance is ln 8 = 2.079."""
        batch = self._machine.place(drawn)
        seen, sound = self.embed(batch.lips, batch.heard)
        loss, hit = contrast(seen, sound, self._sharp.exp().clamp(max=_SHARPEST))
        self._machine.learn(loss, self._optimiser, rate=self._rate * one_cycle(number, steps))
        return {"loss": loss.detach(), "hit": hit, "sharp": self._sharp.detach().exp()}

    def embed(self, lips: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Embed a batch: two ``float32[clips, 8, 256]`` of unit length."""
        assert isinstance(self.net, Contrast)
        self.net.train()
        grey = contrasted(lips.float() / 255).contiguous(memory_format=torch.channels_last)
        with self._machine.autocast():
            seen, sound = self.net.face_encoder(grey), self.net.hear(heard)
        seen = functional.normalize(seen.float(), dim=1)
        return torch.unflatten(seen, 0, (-1, WINDOWS)), torch.unflatten(sound, 0, (-1, WINDOWS))

    def state_dict(self) -> dict[str, Any]:
        """Return network, temperature and optimiser."""
        return {
            "net": self.net.state_dict(),
            "sharp": self._sharp.detach().clone(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        with torch.no_grad():
            self._sharp.copy_(state["sharp"])
        self._optimiser.load_state_dict(state["optimiser"])
