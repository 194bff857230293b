"""Faces and anchors: what every anchor of a picture should say, and what the anchors' words mean.

The detector's own anchors, coding and suppression (`faces.detect_retinaface`); learns nothing (`detector`).
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from training.performers.crowds import Crowd
from w2l_studio.faces import overlap
from w2l_studio.faces.detect_retinaface import OVERLAP, VARIANCES, anchors
from w2l_studio.terms import Floats, Ints

#: An anchor is a face's when they overlap by so much (and every face's best one is); one that overlaps less
#: than `_CLEAR` with all is none; those between teach nothing.
_MINE, _CLEAR = 0.35, 0.3
#: The best anchor of a face is taken at less overlap too, but not at none.
_BEST = 0.15
#: Score from which on an anchor has found a face.
_PASS = 0.5


def match(crowd: Crowd, grid: Floats) -> tuple[Ints, Floats, Floats]:
    """Tell every anchor what it should say.

    Args:
        grid: ``float32[A, 3]`` as from `anchors`.

    Returns:
        State ``int64[A]``, box corrections ``float32[A, 4]``, point corrections ``float32[A, 10]``.
    """
    state = np.zeros(len(grid), np.int64)
    boxes, points = np.zeros((len(grid), 4), np.float32), np.zeros((len(grid), 10), np.float32)
    if not len(crowd.boxes):
        return state, boxes, points
    half = grid[:, 2:] / 2
    common = overlap.iou(np.concatenate([grid[:, :2] - half, grid[:, :2] + half], 1), crowd.boxes)
    whose = np.where(crowd.wanted, common, 0).argmax(1)
    mine = common[np.arange(len(grid)), whose] * crowd.wanted[whose]
    state[common.max(1) >= _CLEAR] = -1
    state[mine >= _MINE] = 1
    for face in np.flatnonzero(crowd.wanted):
        best = int(common[:, face].argmax())
        if common[best, face] >= _BEST:
            state[best], whose[best] = 1, face
    rows = np.flatnonzero(state == 1)
    boxes[rows], points[rows] = encode(crowd.boxes[whose[rows]], crowd.points[whose[rows]], grid[rows])
    return state, boxes, points


def encode(boxes: Floats, points: Floats, grid: Floats) -> tuple[Floats, Floats]:
    """Return the corrections ``[K, 4]`` and ``[K, 10]`` that make boxes and points (edges) of anchors."""
    middle, side = grid[:, :2], grid[:, 2:]
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
    moved = (centre - middle) / (VARIANCES[0] * side)
    grown = np.log(size / side) / VARIANCES[1]
    placed = (points - middle[:, None]) / (VARIANCES[0] * side[:, None])
    return (
        np.concatenate([moved, grown], 1).astype(np.float32),
        placed.reshape(-1, 10).astype(np.float32),
    )


def decode(boxes: Tensor, classes: Tensor, points: Tensor, size: int) -> tuple[Floats, Floats]:
    """Return boxes ``[K, 4]`` and points ``[K, 5, 2]`` (edges) that a network found in one square picture."""
    grid = anchors(size, size)
    scores = classes.float().softmax(-1)[:, 1].cpu().numpy()
    rows = np.flatnonzero(scores > _PASS)
    middle, side = grid[rows, :2], grid[rows, 2:]
    told, placed = boxes.float().cpu().numpy()[rows], points.float().cpu().numpy()[rows]
    centre = middle + told[:, :2] * VARIANCES[0] * side
    half = side * np.exp(told[:, 2:] * VARIANCES[1]) / 2
    corners = np.concatenate([centre - half, centre + half], 1)
    places = middle[:, None] + placed.reshape(-1, 5, 2) * VARIANCES[0] * side[:, None]
    kept = overlap.suppress(corners, scores[rows], OVERLAP)
    return corners[kept], places[kept]


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
