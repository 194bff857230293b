"""The three units that the paper's networks are built of, with the published key names.

Holds layers only; which of them make a network is told in `generator`, `expert` and `critic`.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

Pair = int | tuple[int, int]


def scaled(channels: int, width: float) -> int:
    """Return a layer's channels in a network of another width: a multiple of 8, at least 16.

    >>> [scaled(c, 0.5) for c in (16, 32, 512)], scaled(384, 1.0)
    ([16, 16, 256], 384)
    """
    return max(16, round(channels * width / 8) * 8)


class Conv(nn.Module):
    """Convolution, batch norm, the input added where `residual`, ReLU.

    Args:
        residual: add the input before the ReLU (needs equal channels and size).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Pair,
        stride: Pair = 1,
        padding: int = 0,
        *,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs)
        )
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, inputs, H, W]`` to ``[N, outputs, H', W']``, >= 0."""
        out: Tensor = self.conv_block(x)
        if self.residual:
            out += x
        return functional.relu(out, inplace=True)


class Up(nn.Module):
    """Transposed convolution, batch norm, ReLU; never residual."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        output_padding: int = 0,
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, output_padding),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, inputs, H, W]`` to ``[N, outputs, H', W']``, >= 0."""
        return functional.relu(self.conv_block(x), inplace=True)


class Plain(nn.Module):
    """Convolution and leaky ReLU (slope 0.01) without a norm, as the quality critic has it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: Pair = 1, padding: int = 0) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, padding))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, inputs, H, W]`` to ``[N, outputs, H', W']``."""
        return functional.leaky_relu(self.conv_block(x), 0.01, inplace=True)


def residuals(channels: int, count: int) -> list[Conv]:
    """Return ``count`` residual 3x3 units that keep channels and size."""
    return [Conv(channels, channels, 3, 1, 1, residual=True) for _ in range(count)]


def audio_encoder(width: float, residuals_256: int, embedding: int, columns: int = 16) -> nn.Sequential:
    """Return the audio tower that generator and expert share (paper 3.3.1, 3.4).

    Args:
        width: channel multiplier.
        residuals_256: residual units at 256 channels: 2 in the expert, 1 in the generator.
        embedding: output channels.
        columns: of the mel window; the last kernel but one spans what strides of 3 and 2 leave of them.

    Returns:
        A module from ``[N, 1, 80, columns]`` to ``[N, embedding, 1, 1]``.
    """
    left = ((columns - 1) // 3) // 2 + 1
    a, b, c, d, e = (scaled(channels, width) for channels in (32, 64, 128, 256, 512))
    return nn.Sequential(
        Conv(1, a, 3, 1, 1),
        *residuals(a, 2),
        Conv(a, b, 3, (3, 1), 1),
        *residuals(b, 2),
        Conv(b, c, 3, 3, 1),
        *residuals(c, 2),
        Conv(c, d, 3, (3, 2), 1),
        *residuals(d, residuals_256),
        Conv(d, e, (3, left), 1, 0),
        Conv(e, embedding, 1, 1, 0),
    )


def fold_time(x: Tensor, time_axis: int) -> Tensor:
    """Fold the time axis into the batch time-major, as published: row t * B + b.

    Args:
        x: 5-D, batch first.
        time_axis: 1 for audio ``[B, T, 1, 80, 16]``, 2 for pictures ``[B, C, T, H, W]``.
    """
    return x.movedim(time_axis, 0).flatten(0, 1)


def unfold_time(x: Tensor, batch: int) -> Tensor:
    """Undo `fold_time` for pictures: ``[T * B, C, H, W]`` to ``[B, C, T, H, W]``."""
    return x.reshape(-1, batch, *x.shape[1:]).permute(1, 2, 0, 3, 4)
