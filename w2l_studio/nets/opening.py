"""A tiny network that measures how far lips are open in a crop.

Measures only: it chooses closed-lips references and checks results; it makes no mouth and knows no sound.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.nets.contrast import FACE_PX, contrasted, grey_mouth


class Opening(nn.Module):
    """Grey, contrast-normalised mouth to the gap between the inner lips in parts of the mouth's width."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _unit(1, 16, 2),
            _unit(16, 24, 1),
            _unit(24, 32, 2),
            _unit(32, 48, 2),
        )
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(48 * 5 * 8, 16), nn.ReLU(inplace=True), nn.Linear(16, 1)
        )

    def forward(self, crops: Tensor) -> Tensor:
        """Measure crops.

        Args:
            crops: ``[N, 3, 96, 96]`` BGR: ``uint8`` 0..255, or floats 0..1.

        Returns:
            ``float32[N]``: inner gap divided by mouth width, >= 0 (0 = shut).
        """
        crops = crops if crops.is_floating_point() else crops.float() / 255
        return self.measure(crops[:, :, FACE_PX // 2 :])

    def measure(self, lower: Tensor) -> Tensor:
        """Measure lower halves ``[N, 3, 48, 96]`` BGR 0..1; returns ``float32[N]``."""
        mouth = contrasted(grey_mouth(lower))
        opening: Tensor = self.head(self.body(mouth)).float()[:, 0]
        return functional.softplus(opening, beta=20.0)


def _unit(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )
