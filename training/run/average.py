"""A second network that follows the one that learns: the moving average of its weights and statistics."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

_MEMORY = 0.998
_N = TypeVar("_N", bound=nn.Module)


def begun(net: _N) -> _N:
    """Return a copy that will follow and never learns."""
    return copy.deepcopy(net).requires_grad_(False).eval()


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, number: int) -> None:
    """Move the average towards the network after step ``number``; it forgets faster in the beginning."""
    memory = min(_MEMORY, (number + 1) / (number + 10))
    mine, followed = average.state_dict(), net.state_dict()
    floats = [name for name, value in mine.items() if value.is_floating_point()]
    torch._foreach_lerp_([mine[n] for n in floats], [followed[n] for n in floats], 1 - memory)
    for name in mine.keys() - set(floats):
        mine[name].copy_(followed[name])
