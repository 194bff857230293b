"""Drawn crowds looked at again: mirrored, nearer or farther, in another light. Runs where the network runs.

Composing a picture costs more than learning from it, so that each is learned from more than once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.performers.crowds import Crowd
from w2l_studio.terms.faces import EXCHANGED

#: A picture becomes so much larger or smaller.
_SCALES = (0.75, 1.6)
#: Faces of which less than this stays inside, or that get lower (pixels), are not asked for.
_INSIDE, _LEAST_PX = 0.6, 9.0
_GREY, _DIM = 0.12, 0.12


class Shown(NamedTuple):
    """Pictures of one size and the faces in them.

    Args:
        pictures: ``uint8[N, 3, P, P]`` BGR.
        boxes: ``float32[N, M, 4]`` pixel edges.
        points: ``float32[N, M, 5, 2]`` likewise.
        wanted: ``int64[N, M]``: 1 = to be found, 0 = not asked for, -1 = no face, but a row left empty.
    """

    pictures: Tensor
    boxes: Tensor
    points: Tensor
    wanted: Tensor


def gathered(drawn: list[Crowd]) -> Shown:
    """Gather pictures of one size."""
    most = max(1, *(len(one.boxes) for one in drawn))
    boxes = np.zeros((len(drawn), most, 4), np.float32)
    points = np.zeros((len(drawn), most, 5, 2), np.float32)
    wanted = np.full((len(drawn), most), -1, np.int64)
    for row, one in enumerate(drawn):
        count = len(one.boxes)
        boxes[row, :count], points[row, :count], wanted[row, :count] = one.boxes, one.points, one.wanted
    pictures = np.stack([one.picture for one in drawn]).transpose(0, 3, 1, 2)
    return Shown(
        torch.from_numpy(np.ascontiguousarray(pictures)),
        torch.from_numpy(boxes),
        torch.from_numpy(points),
        torch.from_numpy(wanted),
    )


def mirrored(shown: Shown) -> Shown:
    """Return what a mirror shows."""
    side = shown.pictures.shape[-1]
    boxes = torch.stack(
        [side - shown.boxes[..., 2], shown.boxes[..., 1], side - shown.boxes[..., 0], shown.boxes[..., 3]], -1
    )
    points = shown.points[:, :, EXCHANGED]
    points = torch.stack([side - points[..., 0], points[..., 1]], -1)
    return Shown(shown.pictures.flip(3), boxes, points, shown.wanted)


def varied(shown: Shown, chance: torch.Generator) -> Shown:
    """Return another look at the pictures, floats of 0..255 now.

    Args:
        chance: on the pictures' device.
    """
    return _lit(_moved(shown, chance), chance)


def _moved(shown: Shown, chance: torch.Generator) -> Shown:
    """Cut a window out of each picture, or go back so far that black is seen around it."""
    count, side = len(shown.pictures), shown.pictures.shape[-1]
    uniform = torch.rand(3, count, 1, device=shown.pictures.device, generator=chance)
    low, high = np.log(_SCALES)
    scale = torch.exp(low + uniform[0] * (high - low))
    corner = uniform[1:].permute(1, 2, 0)[:, 0] * (side - side / scale)
    # Where the first and the last edge of the new picture lie in the old one, of which edges are -1 and 1.
    theta = torch.zeros(count, 2, 3, device=shown.pictures.device)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 / scale[:, 0]
    theta[:, :, 2] = 2 * corner / side + 1 / scale - 1
    grid = functional.affine_grid(theta, [count, 3, side, side], align_corners=False)
    pictures = functional.grid_sample(shown.pictures.float(), grid, align_corners=False)
    whole = (shown.boxes - corner.repeat(1, 2)[:, None]) * scale[:, None]
    points = (shown.points - corner[:, None, None]) * scale[:, None, None]
    boxes = whole.clamp(0, side)
    size = boxes[..., 2:] - boxes[..., :2]
    inside = size.prod(-1) / (whole[..., 2:] - whole[..., :2]).prod(-1).clamp(min=1e-6)
    clear = (inside >= _INSIDE) & (size[..., 1] >= _LEAST_PX)
    wanted = torch.where((shown.wanted == 1) & ~clear, 0, shown.wanted)
    return Shown(pictures, boxes, points, torch.where(inside > 0, wanted, -1))


def _lit(shown: Shown, chance: torch.Generator) -> Shown:
    """Change exposure, contrast, colour and grain of each picture."""
    count = len(shown.pictures)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, 1, 1, device=shown.pictures.device, generator=chance)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, device=shown.pictures.device, generator=chance)

    x = (shown.pictures / 255).clamp(1e-4, 1) ** torch.exp(0.2 * normal(1))
    grey = x.mean(1, keepdim=True)
    colourful = torch.where(uniform(0, 1) < _GREY, 0.0, uniform(0.4, 1.4))
    x = (grey + (x - grey) * colourful) * torch.exp(0.06 * normal(3) * (colourful > 0))
    middle = x.mean((1, 2, 3), keepdim=True)
    x = middle + (x - middle) * uniform(0.75, 1.25)
    x = x * torch.where(uniform(0, 1) < _DIM, uniform(0.2, 0.7), torch.exp(0.12 * normal(1)))
    grain = torch.randn(x.shape, device=x.device, generator=chance)
    x = x + 0.04 * uniform(0, 1) ** 2 * grain
    return shown._replace(pictures=x.clamp(0, 1) * 255)
