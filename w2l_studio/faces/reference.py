"""Chooses for every crop a reference: the same face with closed lips in a like pose, calm over time.

A reference with open lips shines through into closed ones; one that changes from picture to picture
flickers. Pure choice of rows: draws nothing and measures no lips itself.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from w2l_studio.terms import Doubles, Floats, FramesBGR, Ints

#: Pictures nearer than this are the same moment.
GAP = 5
#: Rows that may become references: the most closed one of each of so many stretches of time.
_CANDIDATES = 64
#: What costs 1 per picture: lips this far open (gap over mouth width), a head turned this much away, an
#: upper half that differs by so many levels (pitch, light, what covers the face).
_OPEN, _TURN_DEG, _LEVELS = 0.05, 12.0, 12.0
#: What another reference than in the picture before costs: half a second of a fairly unlike one.
_CHANGE = 12.0
#: What a reference of nearly the same moment costs: as much as lips a quarter open.
_NEAR = 25.0
_THUMB_PX = 16


def closed(uppers: Doubles, openness: Floats, yaw_deg: Floats) -> Ints:
    """Choose a reference for every crop, all of one face in one shot.

    The cheapest sequence of references over all pictures together (Viterbi): closed lips and a like pose
    in each picture, weighed against changes from one picture to the next.

    Args:
        uppers: ``float64[T, 128]``, what `uppers_of` returns for the crops.
        openness: ``float32[T]``, inner gap over mouth width.
        yaw_deg: ``float32[T]``.

    Returns:
        ``int64[T]`` rows, at least `GAP` away where one with closed lips is.
    """
    count = len(uppers)
    if count == 0:
        return np.zeros(0, np.int64)
    steady = _steady(openness)
    rows = _candidates(steady)
    cost = (steady[rows] / _OPEN) ** 2
    cost = cost + (np.subtract.outer(np.asarray(yaw_deg, np.float64), yaw_deg[rows]) / _TURN_DEG) ** 2
    cost += _unlike(uppers, rows) / _LEVELS**2
    cost[np.abs(np.subtract.outer(np.arange(count), rows)) < GAP] += _NEAR
    return rows[_cheapest(cost)]


def uppers_of(crops: FramesBGR) -> Doubles:
    """Return the upper halves of ``uint8[T, P, P, 3]`` crops, grey and tiny: ``float64[T, 128]``, 0..255."""
    size = (_THUMB_PX, _THUMB_PX // 2)
    thumbs = np.empty((len(crops), size[1], size[0]), np.float64)
    for thumb, crop in zip(thumbs, crops, strict=True):
        upper = cv2.cvtColor(crop[: crop.shape[0] // 2], cv2.COLOR_BGR2GRAY)
        thumb[:] = cv2.resize(upper, size, interpolation=cv2.INTER_AREA)
    return thumbs.reshape(len(crops), size[0] * size[1])


def _steady(openness: Floats) -> Doubles:
    """Return the largest opening of each row and its neighbours: lips in motion are not closed."""
    padded = np.pad(np.asarray(openness, np.float64), 1, mode="edge")
    return np.maximum(np.maximum(padded[:-2], padded[2:]), padded[1:-1])


def _candidates(openness: Doubles) -> Ints:
    """Return the most closed row of each stretch, ``int64[K]``, ascending."""
    edges = np.unique(np.linspace(0, len(openness), _CANDIDATES + 1).astype(np.int64))
    return np.array([a + np.argmin(openness[a:b]) for a, b in pairwise(edges)], np.int64)


def _unlike(uppers: Doubles, rows: Ints) -> Doubles:
    """Return the mean square difference of upper halves, ``float64[T, K]``, in squared levels."""
    power = (uppers**2).mean(1)
    unlike = power[:, None] + power[rows] - 2 * uppers @ uppers[rows].T / uppers.shape[1]
    return np.asarray(np.maximum(unlike, 0))


def _cheapest(cost: Doubles) -> Ints:
    """Return the cheapest column per row, ``int64[T]``, where each change of column costs `_CHANGE`."""
    total = cost[0]
    stayed = np.ones(cost.shape, np.bool_)
    cheapest = np.zeros(len(cost), np.int64)
    for t in range(1, len(cost)):
        cheapest[t] = np.argmin(total)
        change = total[cheapest[t]] + _CHANGE
        stayed[t] = total <= change
        total = cost[t] + np.where(stayed[t], total, change)
    chosen = np.empty(len(cost), np.int64)
    chosen[-1] = np.argmin(total)
    for t in range(len(cost) - 1, 0, -1):
        chosen[t - 1] = chosen[t] if stayed[t, chosen[t]] else cheapest[t]
    return chosen
