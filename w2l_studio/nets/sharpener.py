"""A small network that makes drawn lips as crisp as filmed ones, beside a picture of lips like them.

Reads pixels only; which picture lies beside, and how, is the affair of `mouths.sharp`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Side of the crops whose lips it learned from, and the first row that it reads of them.
FACE_PX, FIRST_ROW = 192, 88
_WIDTH, _COARSE, _BLOCKS = 40, 56, 3


class Sharpener(nn.Module):
    """What is to be added to drawn lips: plain convolutions on half and a quarter of the pixels (0.27 M)."""

    def __init__(self) -> None:
        super().__init__()
        # Of each 2 x 2 pixels: drawn, alike, and how they differ.
        self.head = nn.Conv2d(9 * 4, _WIDTH, 3, 1, 1)
        self.before = _Block(_WIDTH)
        self.down = nn.Conv2d(_WIDTH, _COARSE, 3, 2, 1)
        self.coarse = nn.Sequential(*(_Block(_COARSE) for _ in range(_BLOCKS)))
        self.up = nn.Conv2d(_COARSE, 4 * _WIDTH, 1)
        self.after = _Block(_WIDTH)
        self.out = nn.Conv2d(_WIDTH, 3 * 4, 3, 1, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.get_parameter("bias"))

    def forward(self, drawn: Tensor, alike: Tensor) -> Tensor:
        """Make lips crisp; untaught, it gives them back as they are.

        Args:
            drawn: ``[N, 3, H, W]`` BGR 0..1, H and W multiples of 4.
            alike: of the same size, filmed lips that lie where the drawn ones do.

        Returns:
            ``[N, 3, H, W]``; a little beyond 0..1 at times.
        """
        seen = torch.cat([drawn - 0.5, alike - 0.5, alike - drawn], 1)
        fine = self.before(functional.relu(self.head(functional.pixel_unshuffle(seen, 2))))
        coarse = self.coarse(functional.relu(self.down(fine)))
        joined = self.after(functional.relu(fine + functional.pixel_shuffle(self.up(coarse), 2)))
        return drawn + functional.pixel_shuffle(self.out(joined), 2)


class _Block(nn.Module):
    """Adds to its input what two convolutions make of it; nothing, until it is taught."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, 1, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.get_parameter("bias"))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.second(functional.relu(self.first(x)))
        return x + added
