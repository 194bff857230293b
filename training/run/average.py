"""A second network follows one that learns: the moving average of its weights and statistics."""

from __future__ import annotations

import copy
from typing import Any, Generic, TypeVar

import torch
from torch import nn

#: Share of the old value in an average that has been going for long.
MEMORY = 0.998
_N = TypeVar("_N", bound=nn.Module)


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, memory: float) -> None:
    """Move an average of a network towards it; what is no float becomes what the network has.

    Args:
        memory: share of the old value that stays, 0..1; 0 = it becomes the network.
    """
    mine, followed = average.state_dict(), net.state_dict()
    floats = [name for name, value in mine.items() if value.is_floating_point()]
    # All at once: on a GPU each of 300 calls would cost as much as a layer.
    torch._foreach_lerp_([mine[n] for n in floats], [followed[n] for n in floats], 1 - memory)
    for name in mine.keys() - set(floats):
        mine[name].copy_(followed[name])


class Followed(Generic[_N]):
    """Holds network, average and optimiser, and all of their state, as `loop.Trainee` asks for it.

    Args:
        net: learns.
        optimiser: of its parameters.
    """

    def __init__(self, net: _N, optimiser: torch.optim.Optimizer) -> None:
        self.net, self._optimiser = net, optimiser
        self._average = copy.deepcopy(net).requires_grad_(False).eval()

    def follow(self, number: int) -> None:
        """Move the average towards the network after step ``number``; it forgets faster in the beginning."""
        follow(self._average, self.net, min(MEMORY, (number + 1) / (number + 10)))

    def state_dict(self) -> dict[str, Any]:
        """Return network, average and optimiser."""
        return {
            "net": self.net.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
