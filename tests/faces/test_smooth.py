"""Steadying: calm on still faces, no lag on fast ones, each run by itself. Figures are measured."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.faces import crop, smooth

RATE = Fraction(25)


def windows(path, side=125.0, roll=0.0):
    """A window per row of ``path [T, 2]``."""
    count = len(path)
    return np.column_stack(
        [path, np.full(count, side) * np.ones(count), np.full(count, roll) * np.ones(count)]
    )


def everywhere(count):
    return np.ones(count, np.bool_)


def shake(values):
    """How much values tremble: the median second difference."""
    return float(np.median(np.abs(np.diff(values, 2, axis=0))))


@pytest.mark.parametrize(("noise_px", "left"), [(0.3, 0.05), (0.7, 0.25)])
def test_a_still_head_is_calm(noise_px, left):
    noise = np.random.default_rng(0).normal(0, noise_px, (200, 4)) * [1, 1, 1.5, 0.01]
    raw = windows(np.full((200, 2), 300.0)) + noise
    calm = smooth.steady_windows(raw, everywhere(200), RATE)
    for column in range(4):
        assert shake(calm[:, column]) < left * shake(raw[:, column])
    assert (calm[:, :2] - 300).std() < 0.6 * noise_px


@pytest.mark.parametrize("speed_px", [0.5, 3.0, 20.0])
def test_even_motion_is_followed_without_lag(speed_px):
    path = np.column_stack([100 + speed_px * np.arange(120), np.full(120, 200.0)])
    noisy = windows(path) + np.random.default_rng(1).normal(0, 0.5, (120, 4)) * [1, 1, 0, 0]
    calm = smooth.steady_windows(noisy, everywhere(120), RATE)
    behind = (path - calm[:, :2])[:, 0]
    assert abs(behind.mean()) < 0.1, "lag in pixels"
    assert np.abs(behind).max() < 1.2


def test_a_nod_keeps_its_height_and_its_moment():
    """A nod of 16 px within 0.3 s, on a face 125 px high."""
    t = np.arange(100)
    nod = 16 * np.exp(-0.5 * ((t - 50) / 2.2) ** 2)
    raw = windows(np.column_stack([np.full(100, 300.0), 200 + nod]))
    raw = raw + np.random.default_rng(2).normal(0, 0.3, (100, 4)) * [1, 1, 0, 0]
    calm = smooth.steady_windows(raw, everywhere(100), RATE)
    moved = calm[:, 1] - 200
    assert int(moved.argmax()) in (49, 50, 51)
    assert moved.max() > 14.5
    assert np.abs(moved - nod).max() < 1.5


def test_a_tilt_of_the_head_is_followed():
    roll = 0.35 * np.sin(np.arange(75) / 75 * 4 * np.pi)
    raw = windows(np.full((75, 2), 300.0), roll=roll)
    calm = smooth.steady_windows(raw, everywhere(75), RATE)
    assert np.abs(calm[:, 3] - roll).max() * 62.5 < 1.0, "in pixels at the rim"


def test_the_jaw_does_not_pump_the_size_but_a_zoom_does():
    t = np.arange(150)
    chatter = 125 * (1 + 0.03 * np.sin(t * 2 * np.pi / 6))
    calm = smooth.steady_windows(windows(np.full((150, 2), 300.0), side=chatter), everywhere(150), RATE)
    assert calm[:, 2].std() < 0.15 * chatter.std()
    zoom = 125 * np.exp(t / 150)
    calm = smooth.steady_windows(windows(np.full((150, 2), 300.0), side=zoom), everywhere(150), RATE)
    assert np.abs(calm[:, 2] / zoom - 1).max() < 0.02


def spoken(jaw, roll=0.2):
    """Windows on a still head whose mouth's corners go down by ``jaw [T]`` of the way from the eyes."""
    face = np.array([[-30, -25], [30, -25], [0, 5], [-20, 25], [20, 25.0]])
    points = np.repeat(face[None], len(jaw), 0)
    points[:, 3:, 1] += 50 * jaw[:, None]
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return crop.windows(points @ turn + [300, 200])


def test_windows_tell_nothing_of_how_far_lips_are_open():
    """Words of 0.2 to 0.5 s with the jaw a tenth down, as far as performers' go; shut lips beside."""
    t = np.arange(100) / 25
    jaw = 0.05 * np.clip(np.sin(2 * np.pi * 2.3 * t) + np.sin(2 * np.pi * 4.1 * t + 1), 0, None)
    raw = spoken(jaw)
    calm = smooth.steady_windows(raw, everywhere(100), RATE)
    shut = smooth.steady_windows(spoken(np.full(100, jaw.mean())), everywhere(100), RATE)
    side = shut[0, 2]
    apart = np.hypot(*(calm - shut)[:, :2].T) / side
    assert np.abs(raw[:, 2] / side - 1).max() > 0.06
    assert np.abs(calm[:, 2] / side - 1).max() < 0.005
    assert apart.max() < 0.002


def test_words_between_pauses_do_not_show_in_the_windows_that_faces_are_cut_by():
    """Else a generator reads them there, in place of listening."""
    opening = np.abs(np.sin(np.arange(75) * 0.9)) * (np.arange(75) % 25 > 5)
    points = np.tile([[60, 50], [100, 50], [80, 75], [66, 100], [94, 100.0]], (75, 1, 1))
    points[:, 3:, 1] += 6 * opening[:, None]  # the corners go down with the jaw
    raw, calm = (
        found[:, 1:3] for found in (crop.windows(points), smooth.windows(points, everywhere(75), RATE))
    )
    assert all(np.corrcoef(column, opening)[0, 1] > 0.99 for column in raw.T)
    assert (calm.std(0) < 0.2 * raw.std(0)).all()
    assert all(abs(np.corrcoef(column, opening)[0, 1]) < 0.25 for column in calm.T)


def test_the_roll_does_not_jump_at_half_a_turn():
    roll = np.pi - 0.05 + 0.1 * np.sin(np.arange(60) / 5)
    wrapped = np.angle(np.exp(1j * roll))
    calm = smooth.steady_windows(windows(np.full((60, 2), 300.0), roll=wrapped), everywhere(60), RATE)
    assert np.abs(np.diff(calm[:, 3])).max() < 0.05
    assert np.abs(np.angle(np.exp(1j * (calm[:, 3] - roll)))).max() < 0.03


def test_runs_do_not_hear_of_each_other():
    path = np.concatenate([np.full((40, 2), 100.0), np.full((10, 2), 5e4), np.full((40, 2), 900.0)])
    present = np.repeat([True, False, True], [40, 10, 40])
    calm = smooth.steady_windows(windows(path), present, RATE)
    assert np.abs(calm[:40, :2] - 100).max() < 1e-6
    assert np.abs(calm[50:, :2] - 900).max() < 1e-6
    assert np.array_equal(calm[40:50], windows(path)[40:50])


paths = st.integers(1, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(0, 500), min_size=n, max_size=n)] * 2)
)


@settings(max_examples=25, deadline=None)
@given(paths)
def test_time_reversed_gives_the_result_reversed(path):
    raw = windows(np.column_stack(path))
    there = everywhere(len(raw))
    forth = smooth.steady_windows(raw, there, RATE)
    back = smooth.steady_windows(raw[::-1], there, RATE)[::-1]
    np.testing.assert_allclose(forth, back, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(paths, st.tuples(st.floats(-300, 300), st.floats(-300, 300)))
def test_it_does_not_matter_where_in_the_picture(path, shift):
    raw = windows(np.column_stack(path))
    there = everywhere(len(raw))
    moved = smooth.steady_windows(raw + np.array([*shift, 0, 0]), there, RATE)
    np.testing.assert_allclose(moved - [*shift, 0, 0], smooth.steady_windows(raw, there, RATE), atol=1e-6)


def test_nobody_is_steadied_to_nothing():
    assert np.array_equal(
        smooth.steady_windows(windows(np.ones((5, 2))), ~everywhere(5), RATE), windows(np.ones((5, 2)))
    )
