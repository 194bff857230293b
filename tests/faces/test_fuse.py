"""Detections and carried steps become one track: exact where they agree, sceptical where they do not."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.faces.fuse import Sightings, fuse

RATE = Fraction(25)
BOX = np.array([-30, -40, 30, 45], np.float32)


def sightings(path, face, seen, steps=None):
    """Detections at the frames ``seen``, and steps as they were or as given."""
    made = Sightings()
    for n in seen:
        made.add(n, BOX + np.tile(path[n], 2).astype(np.float32), (face + path[n]).astype(np.float32), 0.9)
    went = np.diff(path, axis=0) if steps is None else steps
    made.steps.update({n + 1: np.tile(step, (5, 1)).astype(np.float32) for n, step in enumerate(went)})
    return made


def middle(track):
    return track.points.mean(1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), every=st.integers(1, 9))
def test_where_all_agree_the_track_is_the_path(spot_points, seed, every):
    path = np.random.default_rng(seed).normal(0, 3, (40, 2)).cumsum(0) + 200
    seen = sorted({*range(0, 40, every), 39})
    track = fuse(sightings(path, spot_points, seen), RATE, 12)
    np.testing.assert_allclose(middle(track), path + spot_points.mean(0), atol=0.01)
    np.testing.assert_allclose(track.boxes[:, :2], path + BOX[:2], atol=0.05)
    assert track.present.all()
    assert (track.scores > 0.8).all()


def test_one_wild_detection_does_not_move_the_track(spot_points):
    path = np.full((41, 2), 200.0)
    made = sightings(path, spot_points, range(0, 41, 4))
    made.points[20] = made.points[20] + 12
    track = fuse(made, RATE, 12)
    assert np.abs(middle(track) - path - spot_points.mean(0)).max() < 1.5


def test_steps_that_followed_something_else_are_dropped(spot_points):
    """A hand held still before a face that goes on: flow says that nothing moved."""
    path = np.column_stack([200 + 2.0 * np.arange(25), np.full(25, 200.0)])
    steps = np.diff(path, axis=0)
    steps[8:16] = 0
    made = sightings(path, spot_points, [0, 4, 8, 16, 20, 24], steps)
    made.missed.add(12)
    track = fuse(made, RATE, 12)
    assert np.abs(middle(track) - path - spot_points.mean(0)).max() < 1.0
    assert (track.scores[9:16] == 0).all()
    assert (track.scores[:9] > 0).all()
    assert (track.scores[16:] > 0).all()


def test_steps_after_a_loss_hang_on_nothing(spot_points):
    path = np.column_stack([200 + 2.0 * np.arange(25), np.full(25, 200.0)])
    made = sightings(path, spot_points, [0, 4, 8, 16, 20, 24])
    for n in range(11, 17):
        made.steps[n] = np.full((5, 2), -3, np.float32)
    del made.steps[10]
    track = fuse(made, RATE, 12)
    assert np.abs(middle(track) - path - spot_points.mean(0)).max() < 1.0


@pytest.mark.parametrize(("gap", "bridged"), [(10, True), (11, True), (12, False)])
def test_gaps_up_to_the_longest_are_bridged(spot_points, gap, bridged):
    path = np.full((60, 2), 200.0)
    made = sightings(path, spot_points, [*range(0, 21, 4), *range(20 + gap, 60, 4)])
    track = fuse(made, RATE, 11)
    assert track.present[21 : 20 + gap].all() == bridged
    assert track.present[:21].all()
    assert track.present[20 + gap :].all()
    assert (track.scores[~track.present] == 0).all()


def test_a_single_sighting_is_a_track_of_one(spot_points):
    track = fuse(sightings(np.full((1, 2), 50.0), spot_points, [0]), RATE, 12)
    assert len(track.frames) == 1
    np.testing.assert_allclose(track.points[0], spot_points + 50, atol=1e-4)
