"""Checkpoints: everything that a run changes, written whole or not at all.

For taking a run up again only; what is shipped is made by `export`.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from w2l_studio import atomic
from w2l_studio.errors import WeightsError


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename it: a killed run leaves the old one."""
    with atomic.written(path) as part:
        torch.save(state, part)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint of ours; never runs code from the file.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251 - optimisers too
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise WeightsError(
            "not a checkpoint, or an incomplete one", hint="delete it to start anew", where=str(path)
        ) from error
    if not isinstance(state, dict) or not {"step", "means", "trainee"} <= state.keys():
        raise WeightsError("not a checkpoint of a trainer", hint="delete it to start anew", where=str(path))
    return state
