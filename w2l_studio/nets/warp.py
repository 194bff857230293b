"""Moves a picture's pixels by a flow that a network tells: skin, beard and lips stay as sharp as they are.

Learns nothing itself.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def warped(picture: Tensor, flow: Tensor, first_row: int) -> Tensor:
    """Take each pixel from where the flow points to, between pixels bilinearly (arXiv 1506.02025).

    Args:
        picture: ``[N, C, P, P]``.
        flow: ``[N, 2, R, P]``, right and down in pixels; 0 = from the same place.
        first_row: which row of the picture the flow's first one is.

    Returns:
        fp32 ``[N, C, R, P]``; what lies outside reads the picture's edge.
    """
    side = picture.shape[-1]
    rows = torch.arange(flow.shape[2], device=flow.device, dtype=torch.float32) + first_row
    columns = torch.arange(side, device=flow.device, dtype=torch.float32)
    right = columns + flow[:, 0].float()
    down = rows[:, None] + flow[:, 1].float()
    grid = (torch.stack([right, down], -1) * 2 + 1) / side - 1
    return functional.grid_sample(picture.float(), grid, padding_mode="border", align_corners=False)
