"""Draws what the paper's expert learns from: windows with the right or a wrong sound of the same clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.experts.expert import WINDOWS, starts
from training.packs.data import WINDOW, Clip, Sampler, hear
from training.paper.recipes import ExpertRecipe
from training.run.machine import Machine
from training.variety import augment, recordings
from w2l_studio.terms import FramesBGR, Ints


class Pairs(NamedTuple):
    """A batch; where the recipe crosses, the windows stand clip by clip and all sounds are right.

    Args:
        lips: ``uint8[N, Tv, 48, 96, 3]``, lower halves.
        heard: ``float32[N, 1, 80, 16]``.
        together: ``float32[N]``, 1 where the sound is right.
        gain: ``float32[N, 3]``, how the light differs.
    """

    lips: Tensor
    heard: Tensor
    together: Tensor
    gain: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PairSource:
    """Fulfils `feed.Source`."""

    sampler: Sampler
    recipe: ExpertRecipe
    machine: Machine

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Pairs:
        """Draw this process's part of a step's batch."""
        apart = self.recipe.far + (self.recipe.near - self.recipe.far) * number / max(1, steps - 1)
        if self.recipe.crossed:
            return self._moments(apart, random)
        rows = []
        for chance in self.machine.part(random, self.recipe.pairs):
            clip = self.sampler.draw(chance)
            at = int(chance.integers(clip.windows))
            together = bool(chance.random() < 0.5)
            when = at if together else elsewhere(at, clip.windows, round(apart), chance)
            rows.append(self._row(clip, np.array([at]), np.array([when]), together, chance))
        return _joined(rows)

    def _moments(self, apart: float, random: np.random.Generator) -> Pairs:
        rows = []
        for chance in self.machine.part(random, self.recipe.pairs // WINDOWS):
            clip = self.sampler.draw(chance)
            at = starts(clip.windows, apart, chance)
            rows.append(self._row(clip, at, at, True, chance))
        return _joined(rows)

    def _row(self, clip: Clip, at: Ints, when: Ints, together: bool, chance: np.random.Generator) -> Pairs:
        moved = self.recipe.moved
        spectrum = recordings.voice(chance, clip.mel) if moved else clip.mel
        light = chance.uniform(0.75, 1.2) * chance.uniform(0.93, 1.07, 3) if moved else np.ones(3)
        return Pairs(
            torch.from_numpy(lower_windows(clip, at, self.recipe.frames, chance if moved else None)),
            torch.from_numpy(hear(spectrum, when))[:, None],
            torch.full((len(at),), float(together)),
            torch.tensor(light, dtype=torch.float32).expand(len(at), 3),
        )


def elsewhere(at: int, windows: int, apart: int, random: np.random.Generator) -> int:
    """Draw another moment of a clip, at least ``apart`` pictures away, or as far as the clip allows."""
    reach = max(at, windows - 1 - at)
    other = np.flatnonzero(np.abs(np.arange(windows) - at) >= min(max(1, apart), reach))
    return int(random.choice(other))


def lower_windows(
    clip: Clip, at: Ints, length: int = WINDOW, random: np.random.Generator | None = None
) -> FramesBGR:
    """Cut lower halves ``uint8[K, length, 48, 96, 3]`` of windows; given chance, moved, all alike."""
    wanted = at[:, None] + np.arange(length)
    frames, rows = np.unique(wanted, return_inverse=True)
    jitter = augment.STRONG if random else augment.STILL
    placed = augment.place(random or np.random.default_rng(0), clip.frames.shape[1], jitter)
    lower = np.stack([augment.lower(clip.frames[frame], placed) for frame in frames])
    if random and random.random() < 0.5:
        lower = lower[:, :, ::-1]
    return np.ascontiguousarray(lower[rows.reshape(wanted.shape)])


def _joined(rows: list[Pairs]) -> Pairs:
    return Pairs(*(torch.cat(parts) for parts in zip(*rows, strict=True)))
