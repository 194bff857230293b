"""Faces and anchors: what every anchor of a picture should say, and what the anchors' words mean.

The detector's own anchors, coding and suppression (`faces.detect_retinaface`); learns nothing (`detector`).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from training.performers.crowds import Crowd
from w2l_studio.faces import detect_retinaface, overlap
from w2l_studio.faces.detect_retinaface import VARIANCES, anchors
from w2l_studio.terms import Floats

#: An anchor is a face's when they overlap by so much (and every face's best one is); one that overlaps less
#: than `_CLEAR` with all is none; those between teach nothing.
_MINE, _CLEAR = 0.35, 0.3
#: The best anchor of a face is taken at less overlap too, but not at none.
_BEST = 0.15
#: Score from which on an anchor has found a face.
_PASS = 0.5


def match(boxes: Tensor, points: Tensor, wanted: Tensor, grid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Tell every anchor of N pictures what it should say.

    Args:
        boxes: ``float32[N, M, 4]`` pixel edges.
        points: ``float32[N, M, 5, 2]`` likewise.
        wanted: ``int64[N, M]``: 1 = to be found, 0 = not asked for, -1 = no face, but a row left empty.
        grid: ``float32[A, 3]`` as from `anchors`.

    Returns:
        State ``int64[N, A]`` (1 = face, 0 = none, -1 = not asked), corrections of boxes ``float32[N, A, 4]``
        and of points ``float32[N, A, 10]``, which count where the state is 1.
    """
    common = _shared(boxes, grid).masked_fill((wanted < 0)[:, None], 0.0)
    asked = common.masked_fill((wanted != 1)[:, None], 0.0)
    mine, whose = asked.max(2)
    state = torch.where(common.amax(2) >= _CLEAR, -1, 0)
    state[mine >= _MINE] = 1
    best, row = asked.max(1)
    picture, face = torch.nonzero((best >= _BEST) & (wanted == 1), as_tuple=True)
    row = row[picture, face]
    state[picture, row], whose[picture, row] = 1, face
    chosen = torch.arange(len(boxes), device=boxes.device)[:, None]
    return state, *encode(boxes[chosen, whose], points[chosen, whose], grid)


def _shared(boxes: Tensor, grid: Tensor) -> Tensor:
    """Return the overlap ``float32[N, A, M]`` of anchors and boxes."""
    low, high = ((grid[:, :2] + side * grid[:, 2:] / 2)[None, :, None] for side in (-1, 1))
    corner, far = boxes[:, None, :, :2], boxes[:, None, :, 2:]
    both = (torch.minimum(high, far) - torch.maximum(low, corner)).clamp(min=0).prod(3)
    each = (far - corner).prod(3) + grid[:, 2].square()[None, :, None]
    return both / (each - both).clamp(min=1e-6)


def encode(boxes: Tensor, points: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """Return the corrections ``[N, A, 4]`` and ``[N, A, 10]`` from anchors to boxes and points (edges)."""
    middle, side = grid[:, :2], grid[:, 2:]
    centre, size = (boxes[..., :2] + boxes[..., 2:]) / 2, (boxes[..., 2:] - boxes[..., :2]).clamp(min=1.0)
    moved = (centre - middle) / (VARIANCES[0] * side)
    grown = torch.log(size / side) / VARIANCES[1]
    placed = (points - middle[:, None]) / (VARIANCES[0] * side[:, None])
    return torch.cat([moved, grown], -1), placed.flatten(-2)


def decode(boxes: Tensor, classes: Tensor, points: Tensor, *, size: int) -> tuple[Floats, Floats]:
    """Return boxes ``[K, 4]`` and points ``[K, 5, 2]`` (edges) that a network found in one square picture."""
    scores = classes.float().softmax(-1)[:, 1].cpu().numpy()
    told, placed = (x.float().cpu().numpy() for x in (boxes, points))
    corners, places, _ = detect_retinaface.decode(told, scores, placed, anchors(size, size), _PASS)
    return corners, places


def compared(crowd: Crowd, seen: Floats, places: Floats) -> tuple[list[float], int]:
    """Return the errors of the points of each wanted face that was found, and how many finds are none."""
    if not len(seen):
        return [], 0
    common = overlap.iou(crowd.boxes, seen) if len(crowd.boxes) else np.zeros((0, len(seen)), np.float32)
    errors = []
    for face in np.flatnonzero(crowd.wanted):
        best = int(common[face].argmax())
        if common[face, best] >= 0.4:
            off = np.linalg.norm(places[best] - crowd.points[face], axis=1).mean()
            errors.append(float(off / max(1.0, crowd.boxes[face, 3] - crowd.boxes[face, 1])))
    touched = common.max(0, initial=0.0) >= 0.3
    return errors, int((~touched).sum())
