"""Fuses what was detected and what was carried into one track, looking both ways in time.

Pure least squares on numbers; which detection belongs to which face is told by `track`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from w2l_studio.faces import crop
from w2l_studio.terms import Bools, Doubles, FaceTrack, Floats, Ints
from w2l_studio.timing import FrameRange

#: Variance of a carried step against that of a detection. A filter that mixes 80/20 at every fourth
#: picture has this ratio; solved both ways, it does not lag.
_CARRIED, _LOST = 0.0125, 25.0
#: Detections further from the track than this share of the eye-mouth distance count less.
_ODD = 0.06
#: Steps that lead further than this past the next detection, in eye-mouth distances, followed something else:
#: what covered the face.
_ASTRAY = 0.12


@dataclass(slots=True, eq=False)
class Sightings:
    """What is known of one face.

    Args:
        points, boxes, scores: by frame, where the detector saw it.
        steps: by frame, how its points went from the frame before (absent where they were lost).
        missed: frames in which the detector looked for it in vain.
    """

    points: dict[int, Floats] = field(default_factory=dict)
    boxes: dict[int, Floats] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    steps: dict[int, Floats] = field(default_factory=dict)
    missed: set[int] = field(default_factory=set)

    def add(self, frame: int, box: Floats, points: Floats, score: float) -> None:
        """Note that the detector saw the face."""
        self.points[frame], self.boxes[frame], self.scores[frame] = points, box, score


def fuse(seen: Sightings, rate: Fraction, longest_gap: int) -> FaceTrack:
    """Build the track of one face from its first to its last sighting.

    Args:
        seen: with at least one detection; frame numbers of the plate.
        rate: of the plate.
        longest_gap: most frames between two detections that are bridged.
    """
    known = np.array(sorted(seen.points), np.int64)
    start, stop = int(known[0]), int(known[-1]) + 1
    present = np.zeros(stop - start, np.bool_)
    scores = np.interp(np.arange(start, stop), known, [seen.scores[n] for n in known])
    measured = _rows(seen.points, known)
    points = _between(known, measured, start, stop)
    seen = replace(seen, steps=_trusted(seen, known, _length(measured)))
    for first, last in _pieces(known, longest_gap):
        piece = slice(first - start, last + 1 - start)
        present[piece] = True
        points[piece] = _solve(seen, first, last)
    for one, other in pairwise(known.tolist()):
        reach = next((n for n in range(one + 1, other + 1) if n not in seen.steps), other + 1)
        back = next((n for n in range(other, one, -1) if n not in seen.steps), one)
        scores[reach - start : max(reach, back) - start] = 0
    places = points.reshape(-1, 5, 2).astype(np.float32)
    return FaceTrack(
        FrameRange(start, stop, rate),
        _boxes(seen, known, places, present),
        places,
        np.where(present, scores, 0).astype(np.float32),
        present,
    )


def _trusted(seen: Sightings, known: Ints, length: float) -> dict[int, Floats]:
    """Return the steps that hang on a detection and, where one failed between, lead to the next."""
    steps = dict(seen.steps)
    for one, other in pairwise(known.tolist()):
        between = range(one + 1, other + 1)
        lost = next((n for n in between if n not in steps), other)
        unfounded = range(lost + 1, other + 1)
        if seen.missed.intersection(between):
            went = np.sum([steps.get(n, np.zeros((5, 2))) for n in between], axis=0).mean(0)
            wanted = (seen.points[other] - seen.points[one]).mean(0)
            if np.hypot(*(went - wanted)) > _ASTRAY * length:
                unfounded = between
        for n in unfounded:
            steps.pop(n, None)
    return steps


def _length(measured: Doubles) -> float:
    """Return the typical distance from eyes to mouth in pixels."""
    return float(np.median(crop.length(measured.reshape(-1, 5, 2))))


def _pieces(known: Ints, longest_gap: int) -> list[tuple[int, int]]:
    """Return first and last frame of each stretch without a longer gap."""
    breaks = np.flatnonzero(np.diff(known) > longest_gap)
    first = known[np.concatenate([[0], breaks + 1])]
    last = known[np.concatenate([breaks, [len(known) - 1]])]
    return [(int(a), int(b)) for a, b in zip(first, last, strict=True)]


def _rows(by_frame: dict[int, Floats], known: Ints) -> Doubles:
    return np.array([by_frame[n] for n in known.tolist()], np.float64).reshape(len(known), -1)


def _between(known: Ints, values: Doubles, start: int, stop: int) -> Doubles:
    wanted = np.arange(start, stop)
    return np.column_stack([np.interp(wanted, known, column) for column in values.T])


def _solve(seen: Sightings, first: int, last: int) -> Doubles:
    """Least squares over positions and steps: ``float64[T, 10]``.

    Minimises ``sum w (x - detected)^2 + sum (x[t] - x[t-1] - step)^2 / q`` (a random walk smoother),
    with detections far off weighted down (Huber) in three rounds.
    """
    numbers = range(first, last + 1)
    here = np.array([n for n in numbers if n in seen.points], np.int64)
    measured = _rows(seen.points, here)
    here -= first
    still = np.zeros((5, 2), np.float32)
    steps = np.array([seen.steps.get(n, still) for n in numbers], np.float64).reshape(-1, 10)[1:]
    stiff = np.array([1 / (_CARRIED if n in seen.steps else _LOST) for n in numbers])[1:]
    length = _length(measured)
    weight = np.zeros(len(numbers))
    weight[here] = 1.0
    target = np.zeros((len(numbers), 10))
    target[here] = measured
    found = target
    for _ in range(3):
        found = _tridiagonal(weight, target, stiff, steps)
        off = np.sqrt(np.mean((found[here] - measured) ** 2, 1)) / (_ODD * length)
        weight[here] = 1 / np.maximum(1.0, off)
    return found


def _tridiagonal(weight: Doubles, target: Doubles, stiff: Doubles, steps: Doubles) -> Doubles:
    """Solve the normal equations (Thomas algorithm)."""
    count = len(weight)
    diagonal = weight.copy()
    diagonal[1:] += stiff
    diagonal[:-1] += stiff
    right = weight[:, None] * target
    right[1:] += stiff[:, None] * steps
    right[:-1] -= stiff[:, None] * steps
    for i in range(1, count):
        factor = stiff[i - 1] / diagonal[i - 1]
        diagonal[i] -= factor * stiff[i - 1]
        right[i] += factor * right[i - 1]
    right[-1] /= diagonal[-1]
    for i in range(count - 2, -1, -1):
        right[i] = (right[i] + stiff[i] * right[i + 1]) / diagonal[i]
    return right


def _boxes(seen: Sightings, known: Ints, points: Floats, present: Bools) -> Floats:
    """Hang the detector's boxes on the fused points: each box in parts of the window, evened out."""
    window = crop.windows(points)
    start = int(known[0])
    corners = _rows(seen.boxes, known).reshape(-1, 2, 2)
    own = window[known - start]
    relative = ((corners - own[:, None, :2]) / own[:, 2, None, None]).reshape(-1, 4)
    even = np.stack([np.median(relative[max(0, i - 2) : i + 3], 0) for i in range(len(known))])
    spread = _between(known, even, start, start + len(present)).reshape(-1, 2, 2)
    return (spread * window[:, 2, None, None] + window[:, None, :2]).reshape(-1, 4).astype(np.float32)
