"""Draws what the paper's generators learn from: a window of faces, another of the same clip, and sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.packs.data import WINDOW, Sampler, hear
from training.paper.pairs import elsewhere
from training.paper.recipes import GeneratorRecipe
from training.run.machine import Machine
from training.variety import augment


class Faces(NamedTuple):
    """A batch of W windows of T pictures, N = W * T, window by window.

    Args:
        target, reference: ``uint8[N, P, P, 3]`` BGR, whole faces.
        heard: ``float32[N, 1, 80, 16]``, each picture's sound with the recipe's lead.
        sound: ``float32[W, 1, 80, 16]``, each window's as the expert hears it.
        other: ``float32[W, 1, 80, 16]``, of another moment of the same clip.
    """

    target: Tensor
    reference: Tensor
    heard: Tensor
    sound: Tensor
    other: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class FaceSource:
    """Fulfils `feed.Source`."""

    sampler: Sampler
    recipe: GeneratorRecipe
    machine: Machine

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Faces:
        """Draw this process's part of a batch; the same at every step of the run."""
        del number, steps
        rows = [self._window(chance) for chance in self.machine.part(random, self.recipe.windows)]
        return Faces(*(torch.from_numpy(np.concatenate(parts)) for parts in zip(*rows, strict=True)))

    def _window(self, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        recipe = self.recipe
        clip = self.sampler.draw(random)
        at = int(random.integers(clip.windows))
        near = elsewhere(at, clip.windows, recipe.gap, random)
        length = np.arange(recipe.frames)
        return (
            augment.faces(clip.frames[at + length], recipe.face_px),
            augment.faces(clip.frames[near + length], recipe.face_px),
            hear(clip.mel, at + length, recipe.lead_ms)[:, None],
            hear(clip.mel, np.array([at]))[:, None],
            hear(clip.mel, np.array([elsewhere(at, clip.windows, WINDOW, random)]))[:, None],
        )
