"""How a cut-out head comes to its place in a picture: made smaller, turned, stretched, mirrored.

Moves pixels and points alike; paints nothing (`retouch`) and lays nothing down (`crowds`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from w2l_studio.terms import Doubles, Floats

#: Heads that lie: how often; of these so many lie straight, as in pictures of a phone held across.
_LYING, _STRAIGHT = 0.1, 0.5
#: Cut-outs are halved while their faces are higher than so many times what is wanted.
_HALVED = 1 / 0.6


def reduced(
    pixels: npt.NDArray[np.uint8], points: Floats, box: Floats, height: float
) -> tuple[npt.NDArray[np.uint8], Floats, Floats]:
    """Halve a cut-out until its face is hardly higher than wanted, before anything costly is done to it."""
    tall, wide = pixels.shape[:2]
    less = 1
    while (box[3] - box[1]) / less > _HALVED * height and min(tall, wide) >= 16 * less:
        less *= 2
    if less == 1:
        return pixels, points, box
    size = wide // less, tall // less
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    ratio = np.array([size[0] / wide, size[1] / tall], np.float32)
    corners = (box.reshape(2, 2) + 0.5) * ratio - 0.5
    return small, ((points + 0.5) * ratio - 0.5).astype(np.float32), corners.ravel().astype(np.float32)


def way(random: np.random.Generator, middle: Floats, scale: float) -> Doubles:
    """Return the map ``float64[2, 3]`` that turns, stretches and mirrors about a point and takes it to 0."""
    turn = random.normal(0, 0.3)
    if random.random() < _LYING:
        straight = random.random() < _STRAIGHT
        turn = random.choice([-1, 1]) * np.pi / 2 + turn / 2 if straight else random.uniform(-1.7, 1.7)
    wide = scale * np.exp(random.normal(0, 0.07))
    mirror = -1 if random.random() < 0.5 else 1
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.diag([mirror * wide, scale])
    return np.column_stack([matrix, -matrix @ middle])


def moved(points: Floats, matrix: Doubles) -> Doubles:
    """Return where a map takes points ``float[N, 2]``."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def oval(corners: Floats) -> Floats:
    """Return points on the oval in a box, so that turned faces get boxes no larger than they are."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
    middle, half = corners.mean(0), (corners[2] - corners[0]) / 2
    return np.asarray(middle + half * np.concatenate([np.cos(angle), np.sin(angle)], 1), np.float32)


def warped(pixels: npt.NDArray[np.uint8], matrix: Doubles, size: int) -> tuple[Floats, int, int]:
    """Return what lies inside of the picture, ``float32[h, w, 4]``, and where."""
    tall, wide = pixels.shape[:2]
    corners = moved(np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32), matrix)
    left, top = np.clip(np.floor(corners.min(0)), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)) + 1, 0, size).astype(int)
    if right <= left or bottom <= top:
        return np.zeros((0, 0, 4), np.float32), 0, 0
    inner = matrix.copy()
    inner[:, 2] -= [left, top]
    warped = cv2.warpAffine(pixels, inner, (int(right - left), int(bottom - top)), flags=cv2.INTER_LINEAR)
    return warped.astype(np.float32), int(left), int(top)
