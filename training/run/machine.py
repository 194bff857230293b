"""What trains: a device, its precision, and the processes that share a batch (`torchrun`).

Knows no network and no data. Gradients are averaged once per step, after the backward pass, by hand: it works
for any number of networks and passes in a step, and costs a few milliseconds where a step takes hundreds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from w2l_studio.errors import UsageError
from w2l_studio.nets.device import chosen

Module = TypeVar("Module", bound=nn.Module)
_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a trainee runs; the default is this process alone, in fp32 on the CPU.

    Args:
        reduced: passes in bf16 where `autocast` is entered; weights and optimiser stay fp32, so no scaler is
            needed.
        compiled: networks go through ``torch.compile``.
        rank, world: which of how many processes.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    reduced: bool = False
    compiled: bool = False
    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes log and checkpoints."""
        return self.rank == 0

    def ready(self, net: Module) -> Module:
        """Return a network on the device, channels-last, with norms over the joined batch."""
        net.to(self.device)
        for parameter in net.parameters():
            if parameter.ndim in _CHANNELS_LAST:
                parameter.data = parameter.data.contiguous(memory_format=_CHANNELS_LAST[parameter.ndim])
        for module in net.modules():
            if self.world > 1 and isinstance(module, _BatchNorm):
                module.__class__ = SharedNorm
        if self.compiled:
            net.compile()
        return net

    def adam(
        self, net: nn.Module, rate: float, betas: tuple[float, float] = (0.9, 0.999)
    ) -> torch.optim.Adam:
        """Return the optimiser of a network that is ready; on a GPU one kernel updates all its weights."""
        return torch.optim.Adam(net.parameters(), rate, betas, fused=self.fused)

    @property
    def fused(self) -> bool | None:
        """Whether one kernel of an optimiser updates all weights; None = as torch has it.

        Before 2.6 that kernel refused gradients of 1x1 convolutions: strides of a single row may differ.
        """
        return (self.device.type == "cuda" and torch.__version__ >= "2.6") or None

    def autocast(self) -> torch.autocast:
        """Return the context in which networks pass forward."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced)

    def place(self, batch: Any) -> Any:
        """Return a batch (tensors in tuples) on the device."""
        if isinstance(batch, Tensor):
            return batch.to(self.device, non_blocking=True)
        placed = [self.place(part) for part in batch]
        return type(batch)(*placed) if hasattr(batch, "_fields") else tuple(placed)

    def part(self, random: np.random.Generator, count: int) -> list[np.random.Generator]:
        """Return one source of chance for each row of this process's part of a batch.

        Row i of the joined batch is drawn alike whatever the number of processes.

        Raises:
            UsageError: the rows cannot be shared evenly.
        """
        if count % self.world:
            raise UsageError(
                f"a batch of {count} cannot be shared by {self.world} processes",
                hint="start a number of processes that divides it",
            )
        share = count // self.world
        return random.spawn(count)[self.rank * share : (self.rank + 1) * share]

    def learn(
        self,
        loss: Tensor,
        optimiser: torch.optim.Optimizer,
        limit: float | None = None,
        *,
        rate: float | None = None,
    ) -> None:
        """Take one step of the optimiser down a loss that is a mean over this process's rows.

        Args:
            limit: largest norm of the gradient.
            rate: learning rate of this step and all later ones, None = as it is.
        """
        if rate is not None:
            for group in optimiser.param_groups:
                group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        learned = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
        self.share([p.grad for p in learned if p.grad is not None])
        if limit is not None:
            nn.utils.clip_grad_norm_(learned, limit)
        optimiser.step()

    def share(self, gradients: Iterable[Tensor]) -> None:
        """Replace gradients by their mean over all processes."""
        if self.world == 1:
            return
        gradients = list(gradients)
        joined = torch.cat([gradient.reshape(-1) for gradient in gradients])
        distributed.all_reduce(joined)
        parts = torch.split(joined.div_(self.world), [gradient.numel() for gradient in gradients])
        for gradient, mean in zip(gradients, parts, strict=True):
            gradient.copy_(mean.view_as(gradient))

    def agreed(self, told: Mapping[str, float]) -> dict[str, float]:
        """Return the first process's numbers, so that all decide alike."""
        if self.world == 1:
            return dict(told)
        numbers = torch.tensor(list(told.values()), dtype=torch.float64, device=self.device)
        distributed.broadcast(numbers, 0)
        return dict(zip(told, numbers.tolist(), strict=True))


class SharedNorm(_BatchNorm):
    """Batch norm whose statistics are those of all processes' rows; torch has that for GPUs alone."""

    # As all norms of ours have them.
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - torch's name
        del input

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``[N, C, ...]``; N is the same in every process."""
        if not self.training:
            normed: Tensor = super().forward(x)
            return normed
        full = x.float() if x.dtype == torch.bfloat16 else x
        others = (0, *range(2, x.ndim))
        each = (1, -1, *(1 for _ in range(2, x.ndim)))
        count = full.numel() // full.shape[1] * distributed.get_world_size()
        mean = _total(full.sum(others)) / count
        apart = full - mean.view(each)
        variance = _total(apart.square().sum(others)) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / max(1, count - 1), self.momentum)
            self.num_batches_tracked += 1
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (apart * scale.view(each) + self.bias.view(each)).to(x.dtype)


class _Total(torch.autograd.Function):
    """The sum over all processes; what flows back is summed as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        del ctx
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *flowing: Tensor) -> Tensor:
        del ctx
        total = flowing[0].clone()
        distributed.all_reduce(total)
        return total


def _total(x: Tensor) -> Tensor:
    total: Tensor = _Total.apply(x)  # type: ignore[no-untyped-call]
    return total


@contextmanager
def started(device: str = "auto", precision: str = "auto", *, compiled: bool = False) -> Iterator[Machine]:
    """Join the processes that ``torchrun`` started, if it did, and leave them in the end.

    Args:
        device, precision: as of `nets.device.chosen`; of several GPUs each process takes its own.

    Raises:
        UsageError: no such device.
    """
    placed, reduced = chosen(device, precision)
    world, rank = (
        int(os.environ.get(name, default)) for name, default in (("WORLD_SIZE", "1"), ("RANK", "0"))
    )
    if placed.type == "cuda":
        placed = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(placed)
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    if world > 1:
        distributed.init_process_group("nccl" if placed.type == "cuda" else "gloo")
    # Numbers too small for a normal float slow a CPU down a hundredfold; whoever comes after may need them.
    torch.set_flush_denormal(True)
    try:
        yield Machine(placed, reduced, compiled, rank, world)
    finally:
        torch.set_flush_denormal(False)
        if world > 1:
            distributed.destroy_process_group()
