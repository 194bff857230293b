"""Who only listens: faces under a cue whose lips stay at rest and follow no sound, so that another is heard.

A cue sheet, and `--all`, say when a character speaks and not who is seen: over the picture of a listener its
lips would follow the line. A marker on a picture is meant, and is not asked about. Reads the plate once for
each character of a shot that is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

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
#: Percent of the pictures between which lips are measured: a detector slips now and then.
_MOST = (5, 95)
_BATCH = 64


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
        if count < _LEAST_S * said[0].frames.rate:
            return False
        if np.ptp(np.percentile(self._opened(said), _MOST)) >= self.faces.lips_still:
            return False
        scores = (self.listen([piece.face]) for piece in said)
        return all(score is None or score[0] < self.faces.speaker_margin for score in scores)

    def _opened(self, said: Sequence[Piece]) -> Floats:
        """Return how far the lips of all pictures are open that would be dubbed."""
        wanted = [replace(listening.windows(self.view, piece.face), wanted=piece.dubbed) for piece in said]
        cut = cutting.pictures(self.segment.plate, wanted, FACE_PX, scan.quiet)
        pictures = (picture for _, picture in cut)
        # Part by part: an uncut clip under `--all` may be long.
        parts = iter(lambda: list(islice(pictures, _BATCH)), [])
        return np.concatenate([self.openness(np.stack(part)) for part in parts])


def trouble() -> LipsStill:
    """Return what is told of a listener."""
    return LipsStill(
        "the lips of the face do not move here: it listens to somebody else",
        hint="put a marker on the clip if its lips shall follow the line",
    )
