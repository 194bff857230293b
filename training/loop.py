"""One loop for all trainers: steps, log, checkpoints, resume.

Knows no network; a step's chance depends on seed and step number alone, so a run that was killed and taken up
again takes the same steps as one that was not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from training import checkpoint

#: Share of the old value in the running means of the log.
_MEMORY = 0.98


class Trainee(Protocol):
    """What is trained: one step, and all state that a step changes."""

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Take step ``number`` of ``steps``; return what to log."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that `step` changes."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it back."""
        ...


def run(
    trainee: Trainee,
    folder: Path,
    *,
    steps: int,
    seed: int = 0,
    save_every: int = 100,
    log_every: int = 100,
    report: Callable[[str], None] = lambda line: print(line, flush=True),
) -> dict[str, float]:
    """Train up to a step count, taking up the folder's checkpoint where there is one.

    Args:
        folder: for ``checkpoint.pt`` and ``log.jsonl``.
        steps: of the whole run; schedules are laid over it, so keep it when resuming.
        seed: with the step number, all chance comes from it.

    Returns:
        Running means of what the steps reported.

    Raises:
        FloatingPointError: a step reported a number that is not finite; the last checkpoint stands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "checkpoint.pt"
    means: dict[str, float] = {}
    start = 0
    if path.exists():
        saved = checkpoint.load(path)
        trainee.load_state_dict(saved["trainee"])
        start, means = saved["step"], saved["means"]
        report(f"taken up at step {start}")
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        for number in range(start, steps):
            torch.manual_seed(seed * 1_000_003 + number)
            told = trainee.step(number, steps, np.random.default_rng((seed, number)))
            _remember(means, told, number)
            done = number + 1
            if done % log_every == 0 or done == steps:
                line = {"step": done, **{name: round(value, 5) for name, value in means.items()}}
                log.write(json.dumps(line) + "\n")
                log.flush()
                report(json.dumps(line))
            if done % save_every == 0 or done == steps:
                checkpoint.save(path, {"step": done, "means": means, "trainee": trainee.state_dict()})
    return means


def _remember(means: dict[str, float], told: dict[str, float], number: int) -> None:
    for name, value in told.items():
        if not math.isfinite(value):
            raise FloatingPointError(f"{name} is {value} at step {number}")
        means[name] = means.get(name, value) * _MEMORY + value * (1 - _MEMORY)


def one_cycle(number: int, steps: int, warm: float = 0.08, end: float = 0.01) -> float:
    """Return the factor of the learning rate: up in a straight line, down in a cosine.

    >>> [round(one_cycle(n, 100), 2) for n in (0, 7, 8, 99)]
    [0.12, 1.0, 1.0, 0.01]
    """
    rise = max(1, int(steps * warm))
    if number < rise:
        return (number + 1) / rise
    phase = (number - rise) / max(1, steps - 1 - rise)
    return end + (1 - end) * (1 + math.cos(math.pi * phase)) / 2
