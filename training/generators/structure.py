"""How unlike two mouths are in structure, as a loss: edges, and 1 - SSIM of their grey pictures.

An error in levels weighs a tooth's edge more than all of a lip's skin, and is content with smooth skin. SSIM
(Wang et al. 2004, Gaussian of 1.5 pixels) weighs a pattern by how strong it stands where it is.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from w2l_studio.nets.contrast import LUMA

_SIGMA, _REACH = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2


def unlike(drawn: Tensor, true: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of 1 - SSIM, 0..2.

    Args:
        drawn: ``float[N, 3, H, W]`` BGR 0..1.
        true: of the same size.
        weights: ``float[1, 1, H, W]``.
    """
    # The squares' differences are small: not in half precision.
    x, y = (_grey(picture.float()) for picture in (drawn, true))
    means = _blurred(torch.cat([x, y, x * x, y * y, x * y], 1))
    mx, my, xx, yy, xy = means.unbind(1)
    xx, yy, xy = xx - mx * mx, yy - my * my, xy - mx * my
    alike = (2 * mx * my + _C1) * (2 * xy + _C2) / ((mx * mx + my * my + _C1) * (xx + yy + _C2))
    return ((1 - alike) * weights[:, 0]).mean() / weights.mean()


def edges_apart(drawn: Tensor, true: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean difference of what neighbours to the right and below differ by.

    Args:
        drawn, true, weights: as of `unlike`; the weights' mean is 1, or the result is as much larger.
    """
    return (_edges(drawn) - _edges(true)).abs().mul(weights[..., 1:, 1:]).mean()


def _edges(x: Tensor) -> Tensor:
    """Return differences to the right and below, ``[N, 6, H - 1, W - 1]``."""
    return torch.cat([x[..., 1:, 1:] - x[..., 1:, :-1], x[..., 1:, 1:] - x[..., :-1, 1:]], 1)


def _grey(picture: Tensor) -> Tensor:
    return (picture * picture.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)


def _blurred(values: Tensor) -> Tensor:
    """Blur each channel, rows first; what lies outside is what lies mirrored inside."""
    steps = torch.arange(-_REACH, _REACH + 1, device=values.device, dtype=values.dtype)
    bell = torch.exp(-(steps**2) / (2 * _SIGMA**2))
    bell = (bell / bell.sum()).expand(values.shape[1], 1, -1)
    groups = values.shape[1]
    padded = functional.pad(values, (_REACH,) * 4, mode="reflect")
    rows = functional.conv2d(padded, bell[..., None], groups=groups)
    return functional.conv2d(rows, bell[:, :, None], groups=groups)
