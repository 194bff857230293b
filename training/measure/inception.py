"""Inception v3 as FID wants it: the network of 2015-12-05, in the key names of torchvision and pytorch-fid.

Holds layers and reads their weights, which are not ours to ship; compares nothing (`fid`). What differs from
torchvision's network: averages leave the border out, the last block takes a maximum, and there are 1008
classes, which only the weights file has (Szegedy et al., arXiv 1512.00567).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.nets import checkpoint

#: Side of the pictures, and channels of the last pooling layer: what FID compares.
SIDE_PX, FEATURES = 299, 2048
_CLASSES = 1008

Pair = tuple[int, int]
#: A unit: its name, output channels and kernel. A stage is one, or two beside each other; a branch a few.
Unit = tuple[str, int, Pair]
Branch = tuple[tuple[Unit, ...], ...]

_ONE, _THREE, _FIVE = (1, 1), (3, 3), (5, 5)
_WIDE, _HIGH = (1, 7), (7, 1)


class Inception(nn.Module):
    """From pictures to what FID compares; 23.9 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Unit(3, 32, _THREE, 2, 0)
        self.Conv2d_2a_3x3 = _Unit(32, 32, _THREE, 1, 0)
        self.Conv2d_2b_3x3 = _Unit(32, 64, _THREE, 1, 1)
        self.Conv2d_3b_1x1 = _Unit(64, 80, _ONE, 1, 0)
        self.Conv2d_4a_3x3 = _Unit(80, 192, _THREE, 1, 0)
        self.Mixed_5b = _fine(192, 32)
        self.Mixed_5c = _fine(256, 64)
        self.Mixed_5d = _fine(288, 64)
        self.Mixed_6a = _Mixed(288, _first_halving(), halving=True)
        self.Mixed_6b = _long(128)
        self.Mixed_6c = _long(160)
        self.Mixed_6d = _long(160)
        self.Mixed_6e = _long(192)
        self.Mixed_7a = _Mixed(768, _second_halving(), halving=True)
        self.Mixed_7b = _Mixed(1280, _forked(), pooled=192)
        self.Mixed_7c = _Mixed(2048, _forked(), pooled=192, largest=True)
        self.fc = nn.Linear(FEATURES, _CLASSES)

    def forward(self, pictures: Tensor) -> Tensor:
        """Describe pictures.

        Args:
            pictures: ``float32[N, 3, H, W]`` RGB 0..1, of any size.

        Returns:
            ``float32[N, 2048]``.
        """
        size = (SIDE_PX, SIDE_PX)
        x = functional.interpolate(pictures, size, mode="bilinear", align_corners=False) * 2 - 1
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(x, 3, 2)))
        x = functional.max_pool2d(x, 3, 2)
        for block in self.children():
            if isinstance(block, _Mixed):
                x = block(x)
        return x.mean((2, 3))


class _Unit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: Pair, stride: int, padding: int | Pair) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)), inplace=True)


class _Mixed(nn.Module):
    """Branches over one input, their channels behind each other, and last a pooling one.

    Args:
        pooled: channels of the unit behind the pooling.
        halving: the last unit of each branch, and the pooling, halve the size.
        largest: pool by the maximum where others average.
    """

    def __init__(
        self,
        inputs: int,
        branches: tuple[Branch, ...],
        *,
        pooled: int = 0,
        halving: bool = False,
        largest: bool = False,
    ) -> None:
        super().__init__()
        self._halving, self._largest = halving, largest
        self._names = []
        for branch in branches:
            channels = inputs
            for stage in branch:
                halved = halving and stage is branch[-1]
                for name, outputs, kernel in stage:
                    padding = 0 if halved else (kernel[0] // 2, kernel[1] // 2)
                    self.add_module(name, _Unit(channels, outputs, kernel, 2 if halved else 1, padding))
                channels = sum(outputs for _, outputs, _ in stage)
            self._names.append([[name for name, _, _ in stage] for stage in branch])
        if pooled:
            self.branch_pool = _Unit(inputs, pooled, _ONE, 1, 0)

    def forward(self, x: Tensor) -> Tensor:
        parts = []
        for branch in self._names:
            part = x
            for stage in branch:
                part = torch.cat([self.get_submodule(name)(part) for name in stage], 1)
            parts.append(part)
        return torch.cat([*parts, self._pooled(x)], 1)

    def _pooled(self, x: Tensor) -> Tensor:
        if self._halving:
            return functional.max_pool2d(x, 3, 2)
        if self._largest:
            x = functional.max_pool2d(x, 3, 1, 1)
        else:
            x = functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        pooled: Tensor = self.branch_pool(x)
        return pooled


def _chain(*units: Unit) -> Branch:
    return tuple((unit,) for unit in units)


def _fine(inputs: int, pooled: int) -> _Mixed:
    branches = (
        _chain(("branch1x1", 64, _ONE)),
        _chain(("branch5x5_1", 48, _ONE), ("branch5x5_2", 64, _FIVE)),
        _doubled(),
    )
    return _Mixed(inputs, branches, pooled=pooled)


def _doubled() -> Branch:
    return _chain(
        ("branch3x3dbl_1", 64, _ONE), ("branch3x3dbl_2", 96, _THREE), ("branch3x3dbl_3", 96, _THREE)
    )


def _first_halving() -> tuple[Branch, ...]:
    return (_chain(("branch3x3", 384, _THREE)), _doubled())


def _long(inner: int) -> _Mixed:
    doubled = _chain(
        ("branch7x7dbl_1", inner, _ONE),
        ("branch7x7dbl_2", inner, _HIGH),
        ("branch7x7dbl_3", inner, _WIDE),
        ("branch7x7dbl_4", inner, _HIGH),
        ("branch7x7dbl_5", 192, _WIDE),
    )
    single = _chain(("branch7x7_1", inner, _ONE), ("branch7x7_2", inner, _WIDE), ("branch7x7_3", 192, _HIGH))
    return _Mixed(768, (_chain(("branch1x1", 192, _ONE)), single, doubled), pooled=192)


def _second_halving() -> tuple[Branch, ...]:
    return (
        _chain(("branch3x3_1", 192, _ONE), ("branch3x3_2", 320, _THREE)),
        _chain(
            ("branch7x7x3_1", 192, _ONE),
            ("branch7x7x3_2", 192, _WIDE),
            ("branch7x7x3_3", 192, _HIGH),
            ("branch7x7x3_4", 192, _THREE),
        ),
    )


def _forked() -> tuple[Branch, ...]:
    def fork(name: str, first: str, second: str) -> tuple[Unit, ...]:
        return ((f"{name}_{first}", 384, (1, 3)), (f"{name}_{second}", 384, (3, 1)))

    return (
        _chain(("branch1x1", 320, _ONE)),
        ((("branch3x3_1", 384, _ONE),), fork("branch3x3", "2a", "2b")),
        (
            (("branch3x3dbl_1", 448, _ONE),),
            (("branch3x3dbl_2", 384, _THREE),),
            fork("branch3x3dbl", "3a", "3b"),
        ),
    )


def load(path: Path) -> Inception:
    """Read weights as pytorch-fid publishes them (``pt_inception-2015-12-05-6726825d.pth``), or safetensors.

    Raises:
        WeightsError: unreadable, or for another network; names the first key that does not fit.
    """
    state, _ = checkpoint.read(path)
    net = Inception()
    checkpoint.fill(net, state, path)
    return net.eval().requires_grad_(False)
