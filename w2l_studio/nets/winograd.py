"""3x3 convolution by Winograd's minimal filtering, F(2x2, 3x3) (Lavin and Gray, arXiv 1509.09308).

Four outputs take 16 multiplications instead of 36; what is left to do are 16 matrix products. For inference.
"""

from __future__ import annotations

from typing import TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional

#: G of the paper: from three taps to the factors of four products.
_TAPS = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
#: Which of the 16 products goes into all four outputs, with sign +.
_IN_ALL = 5
#: With fewer channels the additions around the products eat up what is saved, in smaller pictures the rim.
_CHANNELS, _SIDE_PX = 256, 6


class Winograd(nn.Module):
    """Stands for a convolution that it `suits` and gives the same within rounding.

    Args:
        convolution: it is kept, for small pictures.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        factors = torch.einsum("ai,bj,ocij->baco", _TAPS, _TAPS, convolution.weight.detach())
        self.factors = nn.Parameter(factors.flatten(0, 1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, inputs, H, W]`` to ``[N, outputs, H, W]``, channels-last in memory."""
        height, width = x.shape[2:]
        if min(height, width) < _SIDE_PX:
            small: Tensor = self.convolution(x)
            return small
        x = functional.pad(x, (1, 1 + width % 2, 1, 1 + height % 2)).permute(0, 2, 3, 1)
        seen = _taken_in(_taken_in(x, 1), 3)  # [4 across, 4 down, N, rows, columns, inputs]
        products = torch.bmm(seen.flatten(0, 1).flatten(1, 3), self.factors)
        if self.convolution.bias is not None:
            products[_IN_ALL] += self.convolution.bias
        count, rows, columns, outputs = *seen.shape[2:5], products.shape[2]
        products = products.view(4, 4, count, rows, columns, outputs)
        across = products.new_empty(2, *products.shape[1:])
        _given_out(products, across)
        drawn = products.new_empty(count, rows, 2, columns, 2, outputs)
        _given_out(across.transpose(0, 1), drawn.permute(2, 4, 0, 1, 3, 5))
        return drawn.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)[:, :, :height, :width]


def suits(convolution: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Tell whether `Winograd` can stand for a module, and is quicker on a CPU."""
    return (
        isinstance(convolution, nn.Conv2d)
        and (convolution.kernel_size, convolution.stride, convolution.padding) == ((3, 3), (1, 1), (1, 1))
        and min(convolution.in_channels, convolution.out_channels) >= _CHANNELS
    )


def _taken_in(x: Tensor, axis: int) -> Tensor:
    """Return the other factors of the four products (B of the paper) for every two outputs along an axis.

    Returns:
        ``[4, ...]``, the axis as long as there are pairs of outputs: half of the inputs less one.
    """
    even, odd = torch.unflatten(x, axis, (-1, 2)).unbind(axis + 1)
    pairs = even.shape[axis] - 1
    first, third = (even.narrow(axis, start, pairs) for start in (0, 1))
    second, fourth = (odd.narrow(axis, start, pairs) for start in (0, 1))
    out = x.new_empty(4, *first.shape)
    torch.sub(first, third, out=out[0])
    torch.add(second, third, out=out[1])
    torch.sub(third, second, out=out[2])
    torch.sub(second, fourth, out=out[3])
    return out


def _given_out(products: Tensor, out: Tensor) -> None:
    """Write the two outputs ``[2, ...]`` of four products ``[4, ...]`` (A of the paper)."""
    torch.add(products[1], products[2], out=out[0]).add_(products[0])
    torch.sub(products[1], products[2], out=out[1]).sub_(products[3])
