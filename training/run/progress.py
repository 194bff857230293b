"""How far a run is, kept in a checkpoint and taken up again; refuses what another run has kept.

Takes no step (`loop`); the file itself is `checkpoint`'s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from training.run import checkpoint
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.run.loop import Trainee


@dataclass(slots=True)
class Progress:
    """What a run changes beside its trainee.

    Args:
        means: running means of what the steps reported.
        best: lowest loss that was measured.
        waited: measurements since.
    """

    step: int = 0
    seed: int = 0
    means: dict[str, float] = field(default_factory=dict)
    best: float = math.inf
    waited: int = 0


def taken_up(trainee: Trainee, path: Path, seed: int) -> Progress:
    """Give a trainee the state of a checkpoint; without one the run begins, with ``seed``.

    Raises:
        UsageError: it is of another network or recipe.
    """
    if not path.exists():
        return Progress(seed=seed)
    saved = checkpoint.load(path)
    try:
        trainee.load_state_dict(saved["trainee"])
    except (KeyError, RuntimeError, ValueError) as error:
        # What a GPU reports, memory that is full above all, is a RuntimeError too.
        if isinstance(error, RuntimeError) and _fits(saved["trainee"], trainee.state_dict()):
            raise
        raise UsageError(
            "the folder holds a run of another network, or of one of another size",
            hint="give another --out",
            where=str(path.parent),
        ) from error
    # Checkpoints of before recipes were noted have none.
    if saved.get("recipe", _recipe(trainee)) != _recipe(trainee):
        raise UsageError(
            "the folder holds a run by another recipe",
            hint="give the options that it began with, or another --out",
            where=str(path.parent),
        )
    kept = {name: saved[name] for name in ("seed", "best", "waited") if name in saved}
    return Progress(saved["step"], means=saved["means"], **{"seed": seed, **kept})


def _fits(saved: Any, own: Any) -> bool:
    """Tell whether two states have the same names and shapes, but for what an optimiser knows of steps."""
    if isinstance(own, Tensor):
        return isinstance(saved, Tensor) and saved.shape == own.shape
    if not isinstance(own, Mapping):
        return True
    if not isinstance(saved, Mapping):
        return False
    # Optimisers number their states, and have none before the first step.
    names = {name for name in own if isinstance(name, str)}
    return names == {name for name in saved if isinstance(name, str)} and all(
        _fits(saved[name], own[name]) for name in names
    )


def _recipe(trainee: Trainee) -> str:
    """Return what a trainee learns by as text, empty where it has but one way."""
    return repr(getattr(trainee, "recipe", ""))


def keep(path: Path, trainee: Trainee, progress: Progress) -> None:
    """Write all that a run has changed into a checkpoint."""
    told = {name: getattr(progress, name) for name in ("step", "means", "seed", "best", "waited")}
    checkpoint.save(path, {**told, "recipe": _recipe(trainee), "trainee": trainee.state_dict()})
