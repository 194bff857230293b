"""Who only listens: faces under a cue whose lips stay at rest and follow no sound, so that another is heard.

A cue sheet, and `--all`, say when a character speaks and not who is seen: over the picture of a listener its
lips would follow the line. A marker on a picture is meant, and is not asked about. Reads the plate once for
each character of a shot that is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil

import numpy as np

from w2l_studio.config import FaceConfig
from w2l_studio.dub import cutting, listening, scan
from w2l_studio.dub.geometry import View
from w2l_studio.dub.pieces import Piece, SpeakerScores
from w2l_studio.errors import LipsStill
from w2l_studio.faces import speaker
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.terms import Floats, FramesBGR, Segment

#: In less time lips may rest between two words of whoever speaks.
_LEAST_S = 0.6
#: Percent of a part's pictures between which lips are measured: what measures slips now and then.
_MOST = (5, 95)
#: Lips are at rest if they are in each part of this length.
_PART_S = 3


@dataclass(frozen=True, slots=True, eq=False)
class SilentFaces:
    """Tells faces that only listen from those that speak.

    Args:
        openness: how far lips are open in crops, in parts of the mouth's width.
        listen: scores faces against the production sound.
    """

    segment: Segment
    openness: Callable[[FramesBGR], Floats]
    view: View
    listen: SpeakerScores
    faces: FaceConfig

    def among(self, found: Sequence[Piece]) -> list[Piece]:
        """Return those of a shot's pieces whose face only listens.

        All lines of a character count together: whoever moves his lips in one of them speaks, and rests in
        the next because his new line is longer than the old one.
        """
        asked: dict[str | None, list[Piece]] = {}
        for piece in found:
            mark = self.segment.lines[piece.line].mark
            if mark.source != "marker" and piece.rule != speaker.HEARD:
                asked.setdefault(mark.character, []).append(piece)
        return [piece for said in asked.values() if self._rests(said) for piece in said]

    def _rests(self, said: Sequence[Piece]) -> bool:
        count = sum(int(piece.dubbed.sum()) for piece in said)
        if count < _LEAST_S * said[0].frames.rate or any(map(self._move, self._parts(said))):
            return False
        scores = (self.listen([piece.face]) for piece in said)
        return all(score is None or score[0] < self.faces.speaker_margin for score in scores)

    def _move(self, crops: FramesBGR) -> bool:
        return bool(np.ptp(np.percentile(self.openness(crops), _MOST)) >= self.faces.lips_still)

    def _parts(self, said: Sequence[Piece]) -> Iterator[FramesBGR]:
        """Yield the crops of all pictures that would be dubbed, so few at a time that a word is many of them.

        An uncut clip under `--all` may be long, with few words in it, and mostly the first part tells.
        """
        wanted = [replace(listening.windows(self.view, piece.face), wanted=piece.dubbed) for piece in said]
        cut = cutting.pictures(self.segment.plate, wanted, FACE_PX, scan.quiet)
        pictures, count = (picture for _, picture in cut), ceil(_PART_S * said[0].frames.rate)
        while part := list(islice(pictures, count)):
            yield np.stack(part)


def trouble() -> LipsStill:
    """Return what is told of a listener."""
    return LipsStill(
        "the lips of the face do not move here: it listens to somebody else",
        hint="put a marker on the clip if its lips shall follow the line",
    )
