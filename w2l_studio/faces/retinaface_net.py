"""RetinaFace (Deng et al. 2019) with MobileNet-0.25 and ResNet-50 bodies, key for key as published.

A network only: which body a state dict is for, and what its pictures must look like, is told by
`detect_retinaface`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Anchors per place of each of the three maps.
ANCHORS = 2


class RetinaFace(nn.Module):
    """Body, feature pyramid, context modules and heads.

    Key names are those of biubug6/Pytorch_Retinaface and of the retinaface-pytorch package.

    Args:
        resnet: ResNet-50 body (256 channels), else MobileNet-0.25 (64 channels).
    """

    def __init__(self, *, resnet: bool) -> None:
        super().__init__()
        width = 256 if resnet else 64
        self.body: nn.Module = _ResNet50() if resnet else _MobileNet()
        self.fpn = _Pyramid((512, 1024, 2048) if resnet else (64, 128, 256), width)
        self.ssh1, self.ssh2, self.ssh3 = (_Context(width) for _ in range(3))
        self.ClassHead = nn.ModuleList(_Head(width, 2) for _ in range(3))
        self.BboxHead = nn.ModuleList(_Head(width, 4) for _ in range(3))
        self.LandmarkHead = nn.ModuleList(_Head(width, 10) for _ in range(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look at pictures.

        Args:
            x: ``[N, 3, H, W]``, normalised as the weights ask for.

        Returns:
            Box corrections ``[N, A, 4]``, face probability ``[N, A]`` and point corrections
            ``[N, A, 10]``, A anchors in the order of `detect_retinaface.anchors`.
        """
        boxes, classes, points = self.raw(x)
        return boxes, classes.softmax(-1)[..., 1], points

    def raw(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look at pictures as `forward` does, with logits ``[N, A, 2]`` (no face, face) for training."""
        maps = self.fpn(self.body(x))
        maps = [ssh(m) for ssh, m in zip((self.ssh1, self.ssh2, self.ssh3), maps, strict=True)]
        boxes, classes, points = (
            torch.cat([head(m) for head, m in zip(heads, maps, strict=True)], 1)
            for heads in (self.BboxHead, self.ClassHead, self.LandmarkHead)
        )
        return boxes, classes, points


class _Head(nn.Module):
    def __init__(self, width: int, values: int) -> None:
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(width, ANCHORS * values, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv1x1(x)
        return out.permute(0, 2, 3, 1).reshape(len(out), -1, self.values)


def _conv(
    inputs: int, outputs: int, *, size: int = 3, stride: int = 1, leak: float | None = 0.0
) -> nn.Module:
    """Convolution and batch norm; `leak` None = no activation."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([] if leak is None else [nn.LeakyReLU(leak)]))


class _Pyramid(nn.Module):
    def __init__(self, inputs: tuple[int, int, int], width: int) -> None:
        super().__init__()
        leak = 0.1 if width <= 64 else 0.0
        self.output1, self.output2, self.output3 = (_conv(i, width, size=1, leak=leak) for i in inputs)
        self.merge1, self.merge2 = _conv(width, width, leak=leak), _conv(width, width, leak=leak)

    def forward(self, maps: tuple[Tensor, Tensor, Tensor]) -> list[Tensor]:
        fine, middle, coarse = self.output1(maps[0]), self.output2(maps[1]), self.output3(maps[2])
        middle = self.merge2(middle + F.interpolate(coarse, size=middle.shape[2:], mode="nearest"))
        fine = self.merge1(fine + F.interpolate(middle, size=fine.shape[2:], mode="nearest"))
        return [fine, middle, coarse]


class _Context(nn.Module):
    """SSH context module: fields of 3, 5 and 7 side by side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        leak = 0.1 if width <= 64 else 0.0
        self.conv3X3 = _conv(width, width // 2, leak=None)
        self.conv5X5_1 = _conv(width, width // 4, leak=leak)
        self.conv5X5_2 = _conv(width // 4, width // 4, leak=None)
        self.conv7X7_2 = _conv(width // 4, width // 4, leak=leak)
        self.conv7x7_3 = _conv(width // 4, width // 4, leak=None)

    def forward(self, x: Tensor) -> Tensor:
        five = self.conv5X5_1(x)
        seven = self.conv7x7_3(self.conv7X7_2(five))
        return F.relu(torch.cat([self.conv3X3(x), self.conv5X5_2(five), seven], 1))


class _MobileNet(nn.Module):
    """MobileNet v1 at a quarter of its width."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(
            _conv(3, 8, stride=2, leak=0.1),
            *(
                _separable(i, o, s)
                for i, o, s in [(8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]
            ),
        )
        self.stage2 = nn.Sequential(_separable(64, 128, 2), *(_separable(128, 128, 1) for _ in range(5)))
        self.stage3 = nn.Sequential(_separable(128, 256, 2), _separable(256, 256, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.stage1(x)
        middle = self.stage2(fine)
        return fine, middle, self.stage3(middle)


def _separable(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.LeakyReLU(0.1),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1),
    )


class _ResNet50(nn.Module):
    """ResNet-50 (He et al. 2015, stride in the 3x3 as torchvision has it) without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _stage(64, 64, 3, 1)
        self.layer2 = _stage(256, 128, 4, 2)
        self.layer3 = _stage(512, 256, 6, 2)
        self.layer4 = _stage(1024, 512, 3, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        fine = self.layer2(self.layer1(x))
        middle = self.layer3(fine)
        return fine, middle, self.layer4(middle)


def _stage(inputs: int, width: int, blocks: int, stride: int) -> nn.Module:
    rest = (_Bottleneck(width * 4, width, 1) for _ in range(blocks - 1))
    return nn.Sequential(_Bottleneck(inputs, width, stride), *rest)


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * 4
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(y + self.downsample(x))
