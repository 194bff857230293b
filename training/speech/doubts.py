"""Makes what is heard less sure, so that a network does not lean on the voices that it learns from.

Works on windows of two ears side by side, mel columns and Moonshine's rows, each number brought to mean 0 and
deviation 1 (`nets.lips.Lips.joined`): what is 0 tells nothing. Draws all chance from torch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from w2l_studio.terms.sound import BANDS

#: How often a window takes on another one's mean and deviation, in part: so voices differ. Beta's parameter.
_MIXED, _BETA = 0.5, 0.3
#: How wrong Moonshine's rows are: all of a window's, and each of them.
_BIASED, _DOUBTED = 0.3, 0.2
#: Up to which share of the rows' numbers a window mutes, and for how many columns an ear hears nothing.
_MUTE, _LOST = 0.3, 16
#: How often one of the two ears is deaf, so that neither is leant on alone.
_DEAF = 0.12


def doubted(columns: Tensor, silence: Tensor) -> Tensor:
    """Spoil windows in all these ways.

    Args:
        columns: ``float32[N, 368, M]``.
        silence: ``float32[80]``, digital silence in mel columns.

    Returns:
        As many.
    """
    rows = torch.arange(columns.shape[1], device=columns.device)[:, None] >= BANDS
    heard = _noisy(_of_another_voice(columns), rows)
    return _deaf(_lost(heard, rows), rows, silence)


def _of_another_voice(columns: Tensor) -> Tensor:
    """Give windows mean and deviation of others (MixStyle, arXiv 2104.02008)."""
    count, device = len(columns), columns.device
    mean, deviation = columns.mean(2, keepdim=True), columns.std(2, keepdim=True) + 0.05
    others = torch.randperm(count, device=device)
    own = torch.distributions.Beta(_BETA, _BETA).sample((count, 1, 1)).to(device)
    own = torch.where(torch.rand(count, 1, 1, device=device) < _MIXED, own, 1)
    spread = own * deviation + (1 - own) * deviation[others]
    return (columns - mean) / deviation * spread + own * mean + (1 - own) * mean[others]


def _noisy(columns: Tensor, rows: Tensor) -> Tensor:
    """Add noise to Moonshine's rows, and mute some of their numbers through a whole window."""
    count, width, _ = columns.shape
    device = columns.device
    biased = torch.randn(count, width, 1, device=device) * _BIASED
    changed = columns + (biased + torch.randn_like(columns) * _DOUBTED) * rows
    share = torch.rand(count, 1, 1, device=device) * _MUTE
    return changed * ((torch.rand(count, width, 1, device=device) > share) | ~rows)


def _lost(columns: Tensor, rows: Tensor) -> Tensor:
    """Take a moment away from each ear."""
    count, _, length = columns.shape
    device, at = columns.device, torch.arange(columns.shape[2], device=columns.device)
    for ear in (rows, ~rows):
        first = torch.randint(0, length, (count, 1, 1), device=device)
        lasts = torch.randint(0, _LOST + 1, (count, 1, 1), device=device)
        columns = torch.where((at >= first) & (at < first + lasts) & ear, 0, columns)
    return columns


def _deaf(columns: Tensor, rows: Tensor, silence: Tensor) -> Tensor:
    chance = torch.rand(len(columns), 1, 1, device=columns.device)
    nothing = torch.zeros_like(columns[:1])
    nothing[:, :BANDS] = silence[:, None]
    gone = (chance < _DEAF) & ~rows | (chance >= _DEAF) & (chance < 2 * _DEAF) & rows
    return torch.where(gone, nothing, columns)
