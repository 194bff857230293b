"""Batches ahead of their steps: drawn by other processes while the network learns.

What is drawn depends on seed and step number alone, so the number of processes changes nothing but the time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

#: Batches that wait per process.
_AHEAD = 3


class Source(Protocol):
    """Draws batches; touches neither network nor GPU."""

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Any:
        """Draw the batch of step ``number`` of ``steps``: CPU tensors in a tuple."""
        ...


def chance(seed: int, number: int) -> np.random.Generator:
    """Return the source of all chance in a step."""
    return np.random.default_rng((seed, number))


@dataclass(frozen=True, slots=True)
class Drawn(Dataset[Any]):
    """A source as a data set: item n is the batch of step n."""

    source: Source
    steps: int
    seed: int

    def __getitem__(self, number: int) -> Any:
        """Draw the batch of a step."""
        return self.source.draw(number, self.steps, chance(self.seed, number))

    def __len__(self) -> int:
        return self.steps


def batches(source: Source, first: int, steps: int, seed: int, workers: int = 0) -> Iterator[Any]:
    """Yield the batches of steps ``first`` to ``steps - 1`` in their order.

    Args:
        workers: processes that draw ahead; 0 = draw in this one. They share the packs' memory with this
            process, which needs a system that forks; elsewhere this process draws.
    """
    drawn = Drawn(source, steps, seed)
    if not workers or sys.platform in ("win32", "darwin"):
        return (drawn[number] for number in range(first, steps))
    # Before the fork: threads of OpenCV would be missing in the new processes, and waited for.
    cv2.setNumThreads(1)
    loader = DataLoader(
        drawn,
        batch_size=None,
        sampler=range(first, steps),
        num_workers=workers,
        prefetch_factor=_AHEAD,
        multiprocessing_context="fork",
        pin_memory=torch.cuda.is_available(),
    )
    return iter(loader)
