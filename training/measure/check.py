"""Checks before hours are spent: is the code the paper's, does it learn, from the right thing, how fast.

Each check tells one line and whether it passed. Changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from torch import nn

from training.packs.data import Clip, Sampler
from training.paper import recipes
from training.paper.expert import PairTrainee
from training.paper.faces import FaceSource
from training.paper.generator import PaperTrainee
from training.paper.pairs import Pairs, PairSource
from training.run import feed
from training.run.machine import Machine
from w2l_studio.nets.critic import Critic
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator

#: Parameters of the published networks at width 1.
_PUBLISHED: tuple[tuple[str, Callable[[], nn.Module], int], ...] = (
    ("generator", Generator, 36_298_035),
    ("expert", Expert, 16_435_072),
    ("critic", Critic, 14_113_793),
)
_CLIPS, _LEARNED, _AT_CHANCE = 8, 0.1, 0.66
_RATE = 1e-3
_MEMORY = 0.9
#: Batches whose time is taken.
_TIMED = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One check.

    Args:
        advice: what to do where it has not passed.
    """

    name: str
    told: str
    passed: bool
    advice: str


def run(
    clips: Sequence[Clip], machine: Machine, *, width: float, pairs: int, steps: int, workers: int
) -> Iterator[Finding]:
    """Make all checks, one after the other.

    Args:
        clips: of a pack; those of the split ``train`` are used.
        width: of the networks that are taught; the sizes are always checked at width 1.
        pairs: batch of the expert, a multiple of 8.
        steps: at most, for each network that is taught.
        workers: processes that draw.
    """
    yield from sizes()
    recipe = replace(recipes.published_expert(width=width), pairs=pairs, near=5, far=5, rate=_RATE)
    yield overfit(clips, recipe, machine, steps)
    yield shuffled(clips, recipe, machine, steps)
    yield speed(clips, replace(recipes.wav2lip(width), sync=0.0), machine, workers)


def sizes() -> Iterator[Finding]:
    """Count the parameters of the paper's networks."""
    for name, build, published in _PUBLISHED:
        with torch.device("meta"):
            count = sum(parameter.numel() for parameter in build().parameters())
        yield Finding(
            f"size of the {name}",
            f"{count:,} parameters, published {published:,}",
            count == published,
            "a layer was changed: published weights will not fit, and figures are another network's",
        )


def overfit(clips: Sequence[Clip], recipe: recipes.ExpertRecipe, machine: Machine, steps: int) -> Finding:
    """Learn one batch of eight clips by heart: a network, a loss and an optimiser that work can."""
    few = [clip for clip in clips if clip.split == "train"][:_CLIPS]
    trainee = PairTrainee(Sampler(few), recipe, machine)
    drawn = trainee.source.draw(0, steps, feed.chance(0, 0))
    loss, number = np.inf, 0
    for number in range(steps):
        loss = float(trainee.learn(number, steps, drawn)["loss"])
        if loss < _LEARNED:
            break
    told = f"loss {loss:.3f} after {number + 1} steps (wanted: below {_LEARNED})"
    advice = "give more --steps; if that is no help, network, loss or pictures are broken: look at some clips"
    return Finding(f"over-fit on {len(few)} clips", told, bool(loss < _LEARNED), advice)


@dataclass(frozen=True, slots=True, eq=False)
class Shuffled:
    """Pairs whose sounds have changed places, so that nothing but a mistake can tell right from wrong."""

    source: PairSource

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Pairs:
        """Draw a batch and deal its sounds anew."""
        drawn = self.source.draw(number, steps, random)
        return drawn._replace(heard=drawn.heard[random.permutation(len(drawn.heard))])


def shuffled(clips: Sequence[Clip], recipe: recipes.ExpertRecipe, machine: Machine, steps: int) -> Finding:
    """Try to learn from shuffled sounds: a loss below ln 2 shows that something else tells the label."""
    trainee = PairTrainee(Sampler(clips), recipe, machine)
    source, mean = Shuffled(trainee.source), np.inf
    for number in range(steps):
        drawn = source.draw(number, steps, feed.chance(1, number))
        loss = float(trainee.learn(number, steps, drawn)["loss"])
        mean = loss if not np.isfinite(mean) else _MEMORY * mean + (1 - _MEMORY) * loss
    told = f"loss {mean:.3f} after {steps} steps (wanted: ln 2 = 0.693, not below {_AT_CHANCE})"
    advice = "something beside lips and sound tells which pairs are right: nothing learned on this counts"
    return Finding("shuffled sound", told, bool(mean > _AT_CHANCE), advice)


def speed(clips: Sequence[Clip], recipe: recipes.GeneratorRecipe, machine: Machine, workers: int) -> Finding:
    """Measure how many batches a second are drawn, and how many are learned."""
    learned = [clip for clip in clips if clip.split == "train"]
    trainee = PaperTrainee(Sampler(learned), learned, recipe, machine=machine)
    drawn = _per_second(_batches(trainee.source, workers), machine)
    batch = trainee.source.draw(0, 1, feed.chance(0, 0))
    taught = _per_second((trainee.learn(n, 100, batch) for n in range(100)), machine)
    told = f"{drawn:.1f} batches a second drawn by {workers or 1} process(es), {taught:.1f} learned"
    advice = f"the network will wait for its batches: give --workers, more than {workers}"
    return Finding("loader against model", told, drawn > taught, advice)


def _batches(source: FaceSource, workers: int) -> Iterator[object]:
    return feed.batches(source, 0, 10_000, 0, workers)


def _per_second(things: Iterator[object], machine: Machine) -> float:
    for _ in islice(things, 1):
        pass
    _wait(machine)
    begin = time.perf_counter()
    for _ in islice(things, _TIMED):
        pass
    _wait(machine)
    return _TIMED / (time.perf_counter() - begin)


def _wait(machine: Machine) -> None:
    if machine.device.type == "cuda":
        torch.cuda.synchronize()
