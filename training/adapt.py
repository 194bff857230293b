"""Fits a generator to one actor by minutes of their own footage, and keeps what changed as a small delta.

Only the layers that paint are taught (the last two decoder blocks and the output): skin, teeth and beard
become this actor's, while how lips follow the sound stays the base's. Trains with `loop`; measures on clips
that it keeps out.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from training import redub
from training.data import Clip, Sampler, column, hear
from training.evaluate import SHIFT
from training.feed import chance
from training.hearing import Thoughts
from training.loop import one_cycle
from training.machine import Machine
from training.paper.faces import faces
from w2l_studio.errors import MediaError, OutputError
from w2l_studio.mouths.wav2lip import Wav2Lip, assemble
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.nets.meta import Meta

_PICTURES = 16
_RATE = 3e-4
#: Least pictures between target and reference, as when the base was trained.
_GAP = 6
#: Weight of the error in differences of neighbours, which keeps teeth and beard crisp.
_EDGES = 0.5
#: Each so-manieth clip is kept out for figures.
_KEPT_OUT = 5
_MEASURED = 4


class Pictures(NamedTuple):
    """``uint8[N, P, P, 3]`` targets and references, ``float32[N, 1, B, C]`` sounds."""

    target: Tensor
    reference: Tensor
    heard: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PictureSource:
    """Fulfils `feed.Source`: single pictures, each with another one of its clip as reference.

    Args:
        thoughts: what a generator that listens hears of clips; None = mel columns.
    """

    sampler: Sampler
    face_px: int
    lead_ms: int
    columns: int
    machine: Machine
    thoughts: Thoughts | None = None

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Pictures:
        """Draw this process's part of a batch."""
        del number, steps
        rows = [self._picture(one) for one in self.machine.part(random, _PICTURES)]
        return Pictures(*(torch.from_numpy(np.stack(parts)) for parts in zip(*rows, strict=True)))

    def _picture(self, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        clip = self.sampler.draw(random)
        numbers = np.arange(len(clip.frames))
        at = int(random.choice(numbers))
        near = int(random.choice(numbers[np.abs(numbers - at) >= _GAP]))
        target, reference = faces(clip, np.array([at, near]), self.face_px)
        if random.random() < 0.5:
            target, reference = target[:, ::-1], reference[:, ::-1]
        spectrum = self.thoughts.of(clip, random) if self.thoughts else clip.mel
        heard = hear(spectrum, column(at, self.lead_ms), self.columns)
        return target.copy(), reference.copy(), heard[None]


class AdaptTrainee:
    """Fulfils `loop.Fed` and `loop.Measured`.

    Args:
        net: the base; it is copied. Its batch norms keep their statistics.
        clips: of one actor; each fifth is kept out.
        lead_ms: the base's.
        thoughts: what a base that listens hears of clips.
    """

    def __init__(
        self,
        net: Generator,
        clips: Sequence[Clip],
        lead_ms: int,
        thoughts: Thoughts | None = None,
        machine: Machine | None = None,
    ) -> None:
        self._machine = machine or Machine()
        learned, kept = apart(clips)
        told = (net.face_px, lead_ms, net.columns)
        self.source = PictureSource(_sampler(learned), *told, self._machine, thoughts)
        self._kept = PictureSource(_sampler(kept), *told, Machine(), thoughts)
        self.net = self._machine.ready(copy.deepcopy(net).eval().requires_grad_(False))
        self._painting = painting(self.net)
        for parameter in self._painting.values():
            parameter.requires_grad_(True)
        self._optimiser = torch.optim.Adam(self._painting.values(), _RATE)

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Draw and learn."""
        return self.learn(number, steps, self.source.draw(number, steps, random))

    def learn(self, number: int, steps: int, drawn: Pictures) -> dict[str, float]:
        """Learn from 16 pictures."""
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * one_cycle(number, steps)
        loss = self._error(self._machine.place(drawn))
        self._machine.learn(loss, self._optimiser, 1.0)
        return {"loss": loss.item()}

    def _error(self, batch: Pictures) -> Tensor:
        half = batch.target.shape[1] // 2
        true = batch.target[:, half:].permute(0, 3, 1, 2).float() / 255
        with self._machine.autocast():
            made = self.net.lower_half(batch.heard, assemble(batch.target, batch.reference)).float()
        steps = [(made - true).diff(dim=axis).abs().mean() for axis in (2, 3)]
        return (made - true).abs().mean() + _EDGES * torch.stack(steps).sum()

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Return the same error on clips kept out."""
        batches = (self._machine.place(self._kept.draw(0, 1, chance(1, n))) for n in range(_MEASURED))
        return {"loss": float(np.mean([self._error(batch).item() for batch in batches]))}

    def state_dict(self) -> dict[str, Any]:
        """Return what paints, and its optimiser."""
        net = {name: parameter.detach().clone() for name, parameter in self._painting.items()}
        return {"painting": net, "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        with torch.no_grad():
            for name, parameter in self._painting.items():
                parameter.copy_(state["painting"][name])
        self._optimiser.load_state_dict(state["optimiser"])


def painting(net: Generator) -> dict[str, nn.Parameter]:
    """Return the parameters of the layers that paint."""
    last = len(net.face_decoder_blocks) - 2
    parts = tuple(f"face_decoder_blocks.{number}." for number in (last, last + 1))
    return {
        name: p
        for name, p in net.named_parameters()
        if name.startswith((*parts, "output_block.", "flow_block."))
    }


def apart(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Return the clips to learn from, and each fifth, kept out.

    Raises:
        MediaError: fewer than two clips.
    """
    if len(clips) < 2:
        raise MediaError(
            "one clip is too few to learn from and to measure on",
            hint="give some minutes in several files or shots",
        )
    kept = list(clips[:: max(2, min(_KEPT_OUT, len(clips)))])
    return [clip for clip in clips if clip not in kept], kept


def _sampler(clips: Sequence[Clip]) -> Sampler:
    return Sampler([replace(clip, split="train") for clip in clips])


@dataclass(frozen=True, slots=True)
class Figures:
    """How near a generator comes to an actor, on clips kept out.

    Args:
        error: mean error in the mouth, in levels of 255.
        sharpness: of the mouth, in parts of the true one's.
        distance: of drawn lips and sound by the sync expert (1 - cosine).
    """

    error: float
    sharpness: float
    distance: float


def figures(
    net: Generator,
    lead_ms: int,
    kept: Sequence[Clip],
    judge: nn.Module,
    opening: nn.Module,
    ear: Lips | None = None,
) -> Figures:
    """Let a generator speak the clips kept out, each from its picture with the lips most shut.

    Args:
        ear: what it hears through; None = its own ears.
    """
    hand = Wav2Lip(net, name="adapt", lead_ms=lead_ms, precision="fp32", device="cpu", ear=ear)
    rows = []
    for clip in kept:
        true, made = redub.spoken(hand, clip, redub.shut(clip, hand.face_px, opening), lead_ms)
        sharp = redub.sharpness(made) / max(redub.sharpness(true), 1e-6)
        rows.append((redub.error_levels(made, true), sharp, redub.distances(judge, made, clip)[SHIFT]))
    return Figures(*np.mean(rows, 0).tolist())


def table(before: Figures, after: Figures) -> str:
    """Return both rows as text."""
    rows = [f"{'':<8} mouth error  sharpness  sync distance"]
    for name, told in (("base", before), ("adapted", after)):
        rows.append(f"{name:<8} {told.error:>11.2f}  {told.sharpness:>9.3f}  {told.distance:>13.4f}")
    return "\n".join(rows)


def adapted(base: Generator, changed: dict[str, Tensor]) -> Generator:
    """Return a copy of the base with other paint."""
    net = copy.deepcopy(base)
    with torch.no_grad():
        for name, parameter in painting(net).items():
            parameter.copy_(changed[name])
    return net.eval()


def write_delta(base: Generator, changed: dict[str, Tensor], meta: Meta, path: Path) -> None:
    """Write what differs from the base, fp16, with the base's hash in the header (`nets.weights` adds it up).

    Args:
        meta: of the result, with `Meta.base`.

    Raises:
        OutputError: it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    held = painting(base)
    delta = {name: (changed[name].cpu() - held[name].detach().cpu()).half().contiguous() for name in held}
    partial = path.with_name(path.name + ".part")
    try:
        save_file(delta, partial, meta.to_header())
        partial.chmod(0o644)  # safetensors writes for the owner alone
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"the delta cannot be written ({error})", where=str(path)) from error
