"""Fits a generator to one actor by minutes of their own footage, and keeps what changed as a small delta.

Only the layers that paint are taught (the last three decoder blocks, flow and output): skin, teeth, beard and
how far this mouth opens become the actor's, while what is heard stays the base's. Trains with `loop` by the
recipe `actor`; measures on clips that it keeps out.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.generators.generator import paint_alone, painting
from training.generators.recipe import actor
from training.generators.sampling import Batch, LipSource
from training.generators.terms import Terms
from training.measure import redub, tables
from training.packs.data import Clip, Sampler
from training.run.feed import chance
from training.run.loop import Told, one_cycle
from training.run.machine import Machine
from training.speech.hearing import Thoughts
from w2l_studio.errors import MediaError
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening

#: Each so-manieth clip is kept out for figures.
_KEPT_OUT = 5
_MEASURED = 4


class AdaptTrainee:
    """Fulfils `loop.Trainee` and `loop.Measured`.

    Args:
        net: the base; it is copied. Its batch norms keep their statistics.
        clips: of one actor; each fifth is kept out.
        lead_ms: the base's.
        expert, opening: say what is wrong with lips; never changed.
        thoughts: what a base that listens hears of clips.
    """

    def __init__(
        self,
        net: Generator,
        clips: Sequence[Clip],
        lead_ms: int,
        expert: Contrast,
        opening: Opening,
        thoughts: Thoughts | None = None,
        machine: Machine | None = None,
    ) -> None:
        self._machine = machine or Machine()
        self._recipe = actor(net.face_px, lead_ms, net.columns)
        learned, kept = apart(clips)
        told = (opening, self._recipe)
        self.source = LipSource(_sampler(learned), *told, self._machine, thoughts)
        self._kept = LipSource(_sampler(kept), *told, Machine(), thoughts)
        self._terms = Terms(self._recipe, expert, opening, self._machine)
        self.net = self._machine.ready(copy.deepcopy(net).eval())
        self._painting = paint_alone(self.net)
        self._optimiser = torch.optim.AdamW(
            self._painting.values(), self._recipe.rate, betas=(0.9, 0.99), weight_decay=0.01
        )

    def learn(self, number: int, steps: int, drawn: Batch) -> Told:
        """Learn from two windows and six pictures."""
        batch = self._machine.place(drawn)
        told, loss = self._terms.loss(self._drawn(batch), batch, number / steps)
        self._machine.learn(loss, self._optimiser, 1.0, rate=self._recipe.rate * one_cycle(number, steps))
        return told

    def _drawn(self, batch: Batch) -> Tensor:
        with self._machine.autocast():
            return self.net.lower_half(batch.heard, batch.faces).float()

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Return the loss but the critic's part on clips kept out."""
        batches = (self._machine.place(self._kept.batch(chance(1, n))) for n in range(_MEASURED))
        losses = [self._terms.compared(self._drawn(batch), batch)[1].item() for batch in batches]
        return {"loss": float(np.mean(losses))}

    def state_dict(self) -> dict[str, Any]:
        """Return what paints, and its optimiser."""
        net = {name: parameter.detach().clone() for name, parameter in self._painting.items()}
        return {"painting": net, "optimiser": self._optimiser.state_dict(), "terms": self._terms.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        with torch.no_grad():
            for name, parameter in self._painting.items():
                parameter.copy_(state["painting"][name])
        self._optimiser.load_state_dict(state["optimiser"])
        self._terms.load_state_dict(state["terms"])


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
        movement: deviation of how far lips are open, in parts of the true lips'.
        distance, confidence: of drawn lips and sound by the judge, which has taught nothing.
        offset: in pictures, by the judge.
    """

    error: float
    sharpness: float
    movement: float
    distance: float
    confidence: float
    offset: float


def figures(
    net: Generator,
    lead_ms: int,
    kept: Sequence[Clip],
    judge: SlimJudge,
    opening: Openness,
    ear: Lips | None = None,
) -> Figures:
    """Let a generator speak the clips kept out, drawn from the references that the engine would choose.

    Args:
        ear: what it hears through; None = its own ears.
    """
    hand = Wav2Lip(net, name="adapt", lead_ms=lead_ms, precision="fp32", device="cpu", ear=ear)
    rows = []
    for clip in kept:
        true, made = redub.spoken(hand, clip, opening, lead_ms)
        sharp = redub.sharpness(made) / max(redub.sharpness(true), 1e-6)
        moved = float(opening(made).std()) / max(float(opening(true).std()), 1e-6)
        said = judge.score(tables.small(made), tables.pcm(clip))
        told = (said.distance, said.confidence, said.offset_frames)
        rows.append((redub.error_levels(made, true), sharp, moved, *told))
    return Figures(*np.mean(rows, 0).tolist())


def table(before: Figures, after: Figures, judge: str) -> str:
    """Return both rows as text."""
    rows = [f"{'':<8} mouth error  sharpness  movement  distance  confidence  offset (by {judge})"]
    for name, told in (("base", before), ("adapted", after)):
        rows.append(
            f"{name:<8} {told.error:>11.2f}  {told.sharpness:>9.3f}  {told.movement:>8.2f}"
            f"  {told.distance:>8.4f}  {told.confidence:>10.4f}  {told.offset:>+6.1f}"
        )
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
    held = painting(base)
    delta = {name: (changed[name].cpu() - held[name].detach().cpu()).half().contiguous() for name in held}
    weights.write(delta, path, meta.to_header())
