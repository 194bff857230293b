"""Who only listens: lips at rest under a cue, that follow no sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from w2l_studio.config import DubConfig
from w2l_studio.dub import geometry, pieces, silent
from w2l_studio.terms import ClipUse, FaceTrack, Line, Mark, Plate, Segment
from w2l_studio.timing import FrameRange

RATE = Fraction(25)
PLATE = Plate(Path("a.mov"), 640, 360, RATE, 200, "prores", "yuv422p10le", 10)
WHOLE = FrameRange(0, 200, RATE)
SPEAKS = 0.1 + 0.1 * np.sin(np.arange(200) / 2)
RESTS = 0.004 * np.sin(np.arange(200) / 2) + 0.2  # a gap between the teeth, and noise


def line(start: int, stop: int, who: str | None, source: str) -> Line:
    frames = FrameRange(start, stop, RATE)
    return Line(Mark(f"{source}-{start}", frames, who, source=source), frames, (True, True))


def piece(index: int, of: Line, rule: str = "only-face") -> pieces.Piece:
    frames, count = of.plate_range, len(of.plate_range)
    face = FaceTrack(
        frames,
        np.zeros((count, 4), np.float32),
        np.tile(np.float32([[280, 160], [320, 160], [300, 180], [286, 204], [314, 204]]), (count, 1, 1)),
        np.ones(count, np.float32),
        np.ones(count, np.bool_),
    )
    some = np.ones(count, np.float32)
    return pieces.Piece(
        index,
        frames,
        np.zeros((count, 2, 3)),
        np.zeros((count, 2, 2), np.float32),
        some,
        some,
        90.0,
        rule,
        face,
    )


@pytest.fixture
def among(monkeypatch):
    """Asks about lines over one clip whose lips open by so much, picture by picture."""

    def ask(lines, opening, scores=None, rule="only-face"):
        def pictures(plate, windows, face_px, tick):
            for window in windows:
                for n in range(window.frames.start, window.frames.stop):
                    yield n, np.full((face_px, face_px, 3), n, np.uint8)

        monkeypatch.setattr(silent.cutting, "pictures", pictures)
        clip = ClipUse((0, 0), "shot", WHOLE, WHOLE, None, PLATE.path)
        one = Segment("0.0", clip, PLATE, WHOLE, WHOLE, Fraction(0), True, tuple(lines))
        config = DubConfig().faces
        view = geometry.view(PLATE, config.analysis_px)
        told = silent.SilentFaces(
            one, lambda crops: np.float32(opening)[crops[:, 0, 0, 0]], view, lambda _: scores, config
        )
        found = [piece(n, each, rule) for n, each in enumerate(lines)]
        return [each.line for each in told.among(found)]

    return ask


@pytest.mark.parametrize("source", ["cue", "all"])
@pytest.mark.parametrize("scores", [None, [0.0]])
def test_lips_that_rest_under_a_cue_listen(among, source, scores):
    assert among([line(0, 100, "BEN", source)], RESTS, scores) == [0]
    assert among([line(0, 100, "BEN", source)], SPEAKS, scores) == []


def test_a_marker_is_meant(among):
    assert among([line(0, 100, "BEN", "marker")], RESTS) == []


def test_lips_that_follow_the_production_sound_speak_however_little_they_open(among):
    assert among([line(0, 100, "BEN", "cue")], RESTS, [0.2]) == []


def test_a_face_that_the_production_sound_chose_speaks(among):
    assert among([line(0, 100, "BEN", "cue")], RESTS, rule="lips-follow-sound") == []


def test_whoever_speaks_in_one_line_of_a_shot_speaks_in_all_and_others_do_not(among):
    opening = np.where(np.arange(200) < 60, SPEAKS, RESTS)
    lines = [line(0, 60, "ANNA", "cue"), line(80, 120, "BEN", "cue"), line(130, 190, "ANNA", "cue")]
    assert among(lines, opening) == [1]


def test_little_time_tells_nothing(among):
    assert among([line(0, 14, "BEN", "cue")], RESTS) == []
    assert among([line(0, 10, "BEN", "cue"), line(20, 30, "BEN", "cue")], RESTS) == [0, 1]


def test_a_slip_of_what_measures_lips_is_no_speech(among):
    opening = RESTS.copy()
    opening[50:53] = 0.4
    assert among([line(0, 100, "BEN", "cue")], opening) == [0]


def test_a_word_in_a_long_line_is_speech(among):
    opening = RESTS.copy()
    opening[150:158] = SPEAKS[150:158]
    assert among([line(0, 200, "BEN", "all")], opening) == []
