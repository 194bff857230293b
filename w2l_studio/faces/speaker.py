"""Chooses which face speaks: the only one, the one hinted at, or the one whose lips follow the sound.

Never the largest and never a guess: where nothing tells, the plate stays. Scores come from outside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2l_studio.errors import NoFace, SpeakerUnclear
from w2l_studio.terms import Doubles, FaceHint, FaceTrack

#: What chose the face, as the report tells it.
ONLY, HINTED, HEARD = "only-face", "hint", "lips-follow-sound"
#: A hint means a face whose middle comes this near to it, in heights of the face ...
_REACH = 1.0
#: ... and only if every other face is further off by this factor: a box around two people names nobody.
_CLEARLY = 1.5


def choose(
    parts: Sequence[FaceTrack],
    hint: FaceHint | None,
    size_px: tuple[int, int],
    scores: Sequence[float] | None,
    *,
    margin: float,
) -> tuple[int, str]:
    """Choose the speaker among the faces of a range.

    Args:
        parts: tracks over the same frames; those that are never present there do not count.
        hint: where the mark says that the speaker is.
        size_px: ``(width, height)`` of the picture that the tracks are measured in.
        scores: how much better the lips of each part fit the production sound in place than out of place
            (about 0 for somebody who is silent), None = there is no sound to ask.
        margin: by how much the speaker's score must lead the next one's, and nobody's (0).

    Returns:
        Index in ``parts`` and the rule that chose: `ONLY`, `HINTED` or `HEARD`.

    Raises:
        NoFace: no face is present.
        SpeakerUnclear: several are, and neither hint nor sound tells which of them speaks.
    """
    there = [index for index, part in enumerate(parts) if part.present.any()]
    if not there:
        raise NoFace("no face was found", hint="check the mark, or skip it")
    if len(there) == 1:
        return there[0], ONLY
    if hint is not None:
        return there[_hinted([parts[index] for index in there], hint, size_px)], HINTED
    if scores is not None:
        return there[_heard([scores[index] for index in there], margin)], HEARD
    raise _unclear(f"there are {len(there)} faces and no production sound that tells which of them speaks")


def _hinted(parts: Sequence[FaceTrack], hint: FaceHint, size_px: tuple[int, int]) -> int:
    """Return the face that a hint means; faces move, so its place is the middle one over time."""
    middle = np.array([hint.left + hint.right, hint.top + hint.bottom]) / 2 * size_px
    away = [_away(part, middle) for part in parts]
    typical = [float(np.median(distances)) for distances in away]
    best = int(np.argmin(typical))
    if away[best].min() > _REACH:
        raise _unclear("the mark's face hint lies on none of the faces")
    if any(_CLEARLY * typical[best] >= other for i, other in enumerate(typical) if i != best):
        raise _unclear("the mark's face hint lies between faces")
    return best


def _away(part: FaceTrack, middle: Doubles) -> Doubles:
    """Return how far a point lies from the face's middle where it is present, in heights of the face."""
    boxes = np.asarray(part.boxes[part.present], np.float64)
    centres, heights = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    return np.asarray(np.linalg.norm(centres - middle, axis=1) / np.maximum(heights, 1))


def _heard(scores: Sequence[float], margin: float) -> int:
    best = int(np.argmax(scores))
    others = [score for i, score in enumerate(scores) if i != best]
    if scores[best] - max(0.0, *others) < margin:
        raise _unclear(f"the lips of none of the {len(scores)} faces follow the production sound clearly")
    return best


def _unclear(message: str) -> SpeakerUnclear:
    return SpeakerUnclear(message, hint="say where the speaker is: `face: [x, y]` in the mark")
