"""Second looks: points that a detector got wrong come right, on tilted and mirrored faces too."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.faces import crop, known
from w2l_studio.faces.points import Pointed
from w2l_studio.nets import weights
from w2l_studio.nets.points import SIDE_PX, Points
from w2l_studio.terms import Faces

EXCHANGED = [1, 0, 2, 4, 3]


class Says:
    """A detector that finds a face wherever it is told to."""

    name = "says"

    def __init__(self, points):
        self.points = np.asarray(points, np.float32).reshape(-1, 5, 2)

    def detect(self, frames):
        count = len(self.points)
        boxes = np.tile(np.float32([1, 2, 3, 4]), (count, 1))
        return [Faces(boxes, self.points, np.linspace(0.9, 0.7, count).astype(np.float32)) for _ in frames]


class Middle(torch.nn.Module):
    """A network for which the points always lie in the same places of a window."""

    PLACES = torch.tensor([[20.0, 20.0], [43.0, 20.0], [33.0, 30.0], [24.0, 42.0], [39.0, 42.0]])

    def forward(self, windows):
        assert windows.shape[1:] == (3, SIDE_PX, SIDE_PX)
        return self.PLACES.expand(len(windows), 5, 2)


@pytest.fixture(scope="module")
def ours():
    return weights.load_points(weights.find("w2l-points", "points").path)


@pytest.fixture(scope="module")
def scene():
    """A render of ours, and where three detectors agree that the points are."""
    return known.picture(), known._POINTS


def off(found, wanted):
    """Return the mean error in eye-mouth distances."""
    length = np.linalg.norm(wanted[:2].mean(0) - wanted[3:].mean(0))
    return float(np.linalg.norm(found - wanted, axis=1).mean() / length)


def turned(frame, points, degrees):
    middle = tuple(float(v) for v in points.mean(0))
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    picture = cv2.warpAffine(frame, matrix, frame.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return picture, (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


@pytest.mark.parametrize("degrees", [-25, -10, 0, 10, 25])
def test_points_that_know_nothing_of_a_tilt_come_right(ours, scene, degrees):
    frame, upright = scene
    picture, wanted = turned(frame, upright, degrees)
    given_ = upright + np.float32([3, -2])
    (faces,) = Pointed(Says(given_), ours).detect(picture[None])
    assert off(faces.points[0], wanted) < 0.12
    here, there = (crop.windows(points[None])[0, 3] for points in (faces.points[0], wanted))
    assert abs(np.degrees(here - there)) < 5


def test_two_first_guesses_end_at_the_same_place(ours, scene):
    frame, wanted = scene
    guesses = [wanted + np.float32([3, 2]), (wanted - wanted.mean(0)) * 1.15 + wanted.mean(0) - [2, 1]]
    found = [Pointed(Says(guess), ours).detect(frame[None])[0].points[0] for guess in guesses]
    assert off(found[0], found[1]) < 0.25 * off(guesses[0], guesses[1])


def test_a_mirrored_picture_mirrors_the_points(ours, scene):
    frame, wanted = scene
    flipped = (wanted * [-1, 1] + [frame.shape[1] - 1, 0])[EXCHANGED]
    (here,), (there,) = (
        Pointed(Says(points), ours).detect(picture[None])
        for points, picture in ((wanted, frame), (flipped, np.ascontiguousarray(frame[:, ::-1])))
    )
    mirrored = (here.points[0] * [-1, 1] + [frame.shape[1] - 1, 0])[EXCHANGED]
    assert np.abs(there.points[0] - mirrored).max() < 0.05


@settings(deadline=None, max_examples=30)
@given(x=st.floats(-50, 700), y=st.floats(-50, 500), scale=st.floats(0.05, 6), roll=st.floats(-3.1, 3.1))
def test_what_is_seen_in_a_window_is_told_in_the_pictures_pixels(x, y, scale, roll):
    """A network that says the same of every window says how the second window lies."""
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    upright = np.array([[-20, -25], [20, -25], [0, 5], [-16, 25], [16, 25]]) * scale
    points = (upright @ turn + [x, y]).astype(np.float32)
    (faces,) = Pointed(Says(points), Middle()).detect(np.zeros((1, 300, 400, 3), np.uint8))
    shape = Middle.PLACES.numpy()
    mirrored = (shape * [-1, 1] + [SIDE_PX - 1, 0])[EXCHANGED]
    wanted = (shape + mirrored) / 2
    size = np.linalg.norm(faces.points[0] - faces.points[0].mean(0))
    alike = (faces.points[0] - faces.points[0].mean(0)) / size
    shown = (wanted - wanted.mean(0)) / np.linalg.norm(wanted - wanted.mean(0))
    back = alike @ np.linalg.inv(turn)
    np.testing.assert_allclose(back, shown, atol=2e-3)


def test_nothing_but_the_points_changes(ours, scene):
    frame, wanted = scene
    given_ = Says(np.stack([wanted, wanted + 30]))
    before = given_.detect(frame[None])[0]
    pointed = Pointed(given_, ours)
    (faces,) = pointed.detect(frame[None])
    assert pointed.name == "says"
    assert np.array_equal(faces.boxes, before.boxes)
    assert np.array_equal(faces.scores, before.scores)
    assert (faces.points.shape, faces.points.dtype) == ((2, 5, 2), np.float32)
    none = Pointed(Says(np.zeros((0, 5, 2))), ours).detect(frame[None])[0]
    assert none.points.shape == (0, 5, 2)


def test_points_upon_each_other_are_no_crash(ours, scene):
    (faces,) = Pointed(Says(np.full((1, 5, 2), 50.0)), ours).detect(scene[0][None])
    assert np.isfinite(faces.points).all()


def test_a_window_of_one_colour_is_no_noise():
    told = Points().eval()(torch.full((1, 3, SIDE_PX, SIDE_PX), 17.0))
    assert torch.isfinite(told).all()
