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

#: What torch raises on files that are no checkpoints.
_BROKEN = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    pickle.UnpicklingError,
)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename it: a killed run leaves the old one.

    Raises:
        OutputError: it cannot be written; the old one stands.
    """
    with atomic.refusals(path), atomic.written(path) as part, part.open("wb") as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:
            # torch ends its file where the disk is full, too, and what that says hides why.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint of ours; never runs code from the file.

    Raises:
        WeightsError: it is not there, or cannot be read.
    """
    if not path.exists():
        raise WeightsError(
            "there is no checkpoint", hint="give the folder of a run that has taken steps", where=str(path)
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251 - optimisers too
    except _BROKEN as error:
        raise WeightsError(
            "not a checkpoint, or an incomplete one", hint="delete it to start anew", where=str(path)
        ) from error
    if not isinstance(state, dict) or not {"step", "means", "trainee"} <= state.keys():
        raise WeightsError("not a checkpoint of a trainer", hint="delete it to start anew", where=str(path))
    return state
