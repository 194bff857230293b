"""What is told of a take: here the verdict, of pictures that follow each other."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from w2l_studio.composite import colour
from w2l_studio.dub import facts, listening, sounds
from w2l_studio.dub.pieces import Piece
from w2l_studio.dub.spool import Spool
from w2l_studio.dub.take import Performance, Spoken
from w2l_studio.terms import ClipUse, FaceTrack, Line, Mark, Plate, Segment, Stem, Verdict, Voice
from w2l_studio.timing import FrameRange

RATE, PX = Fraction(25), 4


def frames(start: int, stop: int) -> FrameRange:
    return FrameRange(start, stop, RATE)


@pytest.mark.parametrize(
    ("gone", "wanted"), [((), (100, 180)), ((130,), (131, 180)), ((110, 160), (111, 160))]
)
def test_the_judge_sees_pictures_without_a_hole_and_hears_them_where_they_are(
    gone: tuple[int, ...], wanted: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face that was turned away for a while leaves a hole: what comes after it is not earlier for that."""
    whole = frames(100, 180)
    kept = [n for n in range(whole.start, whole.stop) if n not in gone]
    plate = Plate(tmp_path / "a.mov", 64, 64, RATE, 200, "h264", "yuv420p", 8)
    line = Line(Mark("m", frames(0, 80)), whole, (True, True))
    clip = ClipUse((0, 0), "a", frames(0, 80), whole, None, plate.path)
    segment = Segment("s", clip, plate, whole, whole, Fraction(0), True, (line,))
    some = np.zeros(len(whole), np.float32)
    face = FaceTrack(whole, some, some, some, some > 0)
    piece = Piece(0, whole, np.zeros((80, 2, 3)), some, some, some, 100.0, "only-face", face)
    asked: dict[str, Any] = {}

    def heard(stem: Stem, first_s: Fraction, count: int, rate: Fraction) -> sounds.Heard:
        asked.update(first_s=first_s, count=count)
        silence, begins = np.zeros((80, 0), np.float32), np.zeros(count, np.int64)
        return sounds.Heard(silence, begins, 16, np.ones(count, np.bool_))

    def judged(judge: object, mouths: Any, rate: Fraction, voice: Voice) -> Verdict:
        asked["seen"] = mouths[:][:, 0, 0, 0].tolist()
        return Verdict(0, 0.1, 0.5, "fake")

    monkeypatch.setattr(sounds, "heard", heard)
    monkeypatch.setattr(listening, "judged", judged)
    with Spool(tmp_path) as spool:
        mouths = spool.rows(len(kept), PX)
        mouths[0] = np.repeat(np.array(kept, np.uint8), PX * PX * 3).reshape(-1, PX, PX, 3)
        spoken = Spoken(
            piece, Stem(tmp_path / "fr.wav", None, Fraction(0), Fraction(9), "timeline-start"),
            {n: row for row, n in enumerate(kept)}, np.zeros((len(kept), 2, 3)), mouths,
            colour.identity(), np.ones(3, np.float32), np.zeros(len(kept), np.float32),
        )  # fmt: skip
        studio = SimpleNamespace(
            judge=None,
            detector=SimpleNamespace(name="fake"),
            generator=SimpleNamespace(face_px=PX, lead_ms=0.0),
        )
        told = facts.of_line(0, Performance(segment, (), (spoken,), ((),)), studio, 4.0)
    assert told["judge"] == "fake"
    assert asked["seen"] == list(range(*wanted))
    assert (asked["first_s"], asked["count"]) == (Fraction(wanted[0] - 100, 25), wanted[1] - wanted[0])
