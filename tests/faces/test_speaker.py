"""Who speaks: the only face, the hint, the sound; never the largest."""

from fractions import Fraction

import numpy as np
import pytest

from w2l_studio.errors import NoFace, SpeakerUnclear
from w2l_studio.faces import speaker
from w2l_studio.terms import FaceHint, FaceTrack
from w2l_studio.timing import FrameRange

SIZE = (640, 360)


def face(x, y=180.0, height=120.0, present=None, count=20):
    """A face whose middle is at ``x`` (a number, or one per frame)."""
    middle = np.broadcast_to(np.asarray(x, np.float32), (count,))
    boxes = np.stack(
        [
            middle - height / 3,
            np.full(count, y - height / 2),
            middle + height / 3,
            np.full(count, y + height / 2),
        ],
        1,
    )
    there = np.ones(count, np.bool_) if present is None else np.isin(np.arange(count), present)
    points = np.zeros((count, 5, 2), np.float32)
    return FaceTrack(
        FrameRange(0, count, Fraction(24)), boxes.astype(np.float32), points, there.astype(np.float32), there
    )


def point(x, y=180.0):
    return FaceHint(x / 640, y / 360, x / 640, y / 360)


def choose(parts, hint=None, scores=None):
    return speaker.choose(parts, hint, SIZE, scores, margin=0.03)


def test_the_only_face_speaks_and_absent_ones_do_not_count():
    assert choose([face(100)]) == (0, "only-face")
    assert choose([face(100, present=[]), face(400)]) == (1, "only-face")
    assert choose([face(100, present=[]), face(400, present=[3])], point(100)) == (1, "only-face")


@pytest.mark.parametrize("parts", [[], [face(100, present=[])]])
def test_no_face(parts):
    with pytest.raises(NoFace):
        choose(parts)


def test_the_largest_is_never_chosen_silently():
    with pytest.raises(SpeakerUnclear, match="2 faces"):
        choose([face(150, height=300), face(500, height=40)])


@pytest.mark.parametrize(("x", "wanted"), [(150, 0), (190, 0), (500, 1), (470, 1)])
def test_a_point_names_the_face_under_it(x, wanted):
    assert choose([face(150), face(500)], point(x)) == (wanted, "hint")


def test_a_box_names_the_face_in_it_whatever_the_sound_says():
    box = FaceHint(400 / 640, 60 / 360, 600 / 640, 300 / 360)
    assert choose([face(150), face(500)], box, [0.9, 0.0]) == (1, "hint")


def test_a_small_face_is_named_before_a_large_one_beside_it():
    assert choose([face(200, height=300), face(330, height=60)], point(335)) == (1, "hint")


def test_a_hint_on_nobody_or_between_two_is_unclear():
    with pytest.raises(SpeakerUnclear, match="none of the faces"):
        choose([face(100), face(250)], point(600))
    with pytest.raises(SpeakerUnclear, match="between"):
        choose([face(100), face(260)], point(180))


def test_a_moving_face_is_meant_where_it_mostly_is():
    walks = np.linspace(100, 300, 20)
    assert choose([face(walks), face(500)], point(200)) == (0, "hint")


def test_the_lips_that_follow_the_sound_speak():
    parts = [face(100), face(300), face(500)]
    assert choose(parts, None, [0.01, 0.25, 0.21]) == (1, "lips-follow-sound")
    assert choose([face(100, present=[]), face(300), face(500)], None, [0.9, 0.05, 0.3]) == (
        2,
        "lips-follow-sound",
    )


@pytest.mark.parametrize("scores", [[0.25, 0.24], [0.02, -0.4], [-0.1, -0.5], [0.0, 0.0], None])
def test_without_a_clear_lead_over_the_next_and_over_nobody_it_is_unclear(scores):
    with pytest.raises(SpeakerUnclear) as caught:
        choose([face(100), face(400)], None, scores)
    assert "face: [x, y]" in caught.value.hint


def test_equal_places_are_unclear_not_the_first():
    with pytest.raises(SpeakerUnclear):
        choose([face(200), face(200)], point(200))
