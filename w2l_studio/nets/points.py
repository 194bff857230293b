"""A small network that finds the five points of the one face in a window.

Reads pixels only; which window, and what a detector found, is the affair of `faces.points`.
"""

from __future__ import annotations

from torch import Tensor, nn

#: Side of the windows in pixels.
SIDE_PX = 64
#: What contrast is divided by at least (0..255), so that a dark or misty window is no noise.
_LEAST_CONTRAST = 8.0
_LEAK = 0.1


class Points(nn.Module):
    """Contrast-normalised window to five points, by plain convolutions and one linear layer (0.23 M)."""

    def __init__(self) -> None:
        super().__init__()
        units = ((3, 16, 2), (16, 32, 2), (32, 48, 1), (48, 64, 2), (64, 64, 1), (64, 96, 2), (96, 96, 1))
        self.body = nn.Sequential(
            *(_unit(*unit) for unit in units), nn.Conv2d(96, 32, 1), nn.LeakyReLU(_LEAK, inplace=True)
        )
        self.out = nn.Linear(32 * (SIDE_PX // 16) ** 2, 10)

    def forward(self, windows: Tensor) -> Tensor:
        """Find the points.

        Args:
            windows: ``[N, 3, 64, 64]`` BGR 0..255, one face in the middle of each.

        Returns:
            ``float32[N, 5, 2]`` x, y in pixels of the window, order as in `terms.Faces`.
        """
        x = windows.float()
        x = x - x.mean((1, 2, 3), keepdim=True)
        x = x / (x.std((1, 2, 3), keepdim=True) + _LEAST_CONTRAST)
        told: Tensor = self.out(self.body(x).flatten(1)).float()
        return SIDE_PX * (told.view(-1, 5, 2) + 0.5)


def _unit(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(_LEAK, inplace=True),
    )
