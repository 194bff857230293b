"""Windows and crops: geometry, sub-pixel sampling, no aliasing."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.faces import crop

#: Upright, eyes 40 apart, mouth 50 below them.
UPRIGHT = np.array([[-20, -20], [20, -20], [0, 8], [-16, 30], [16, 30]], np.float64)

anywhere = st.tuples(st.floats(-200, 900), st.floats(-200, 700))
rolls = st.floats(-3.0, 3.0)


def placed(at, scale=1.0, roll=0.0):
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return ((UPRIGHT * scale) @ turn + at)[None].astype(np.float32)


@given(at=anywhere, scale=st.floats(0.3, 8), roll=rolls)
def test_the_window_goes_with_the_face(at, scale, roll):
    x, y, side, found = crop.windows(placed(at, scale, roll))[0]
    middle = np.array([0, -20 + crop.CENTRE * 50]) * scale
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    assert (x, y) == pytest.approx(tuple(middle @ turn + at), abs=1e-2)
    assert side == pytest.approx(crop.SIDE * 50 * scale, rel=1e-4)
    assert np.angle(np.exp(1j * (found - roll))) == pytest.approx(0, abs=1e-4)


@given(at=anywhere, scale=st.floats(0.3, 8), roll=rolls, size=st.sampled_from([96, 128, 192]))
def test_every_face_lands_upright_at_the_same_place(at, scale, roll, size):
    points = placed(at, scale, roll)
    to_crop = crop.affines(crop.windows(points), size)[0]
    landed = points[0] @ to_crop[:, :2].T + to_crop[:, 2]
    middle = (size - 1) / 2
    unit = size / (crop.SIDE * 50)
    wanted = (UPRIGHT - [0, -20 + crop.CENTRE * 50]) * unit + middle
    np.testing.assert_allclose(landed, wanted, atol=0.02)
    # The lips lie in the generated half, the eyes in the kept one.
    assert landed[3:, 1].min() > size / 2 > landed[:2, 1].max()


def test_a_profile_rolls_by_its_long_axis():
    profile = placed((100, 100), roll=0.3).astype(np.float64)
    for i in (1, 4):  # the far eye and corner fall on the near ones
        profile[0, i] = profile[0, i - 1] + [0.5, 0]
    assert crop.windows(profile.astype(np.float32))[0, 3] == pytest.approx(0.3, abs=0.15)


def wave(x, y):
    """A smooth pattern over crop coordinates, with fine stripes of 6 pixels."""
    return np.stack([128 + 60 * np.sin(x / 7) + 30 * np.cos(y / 5), 128 + 90 * np.sin(y / 9), x + y], -1)


@settings(max_examples=20, deadline=None)
@given(x=st.floats(150, 350), y=st.floats(150, 350), side=st.floats(70, 96 * 1.25), roll=st.floats(-3.1, 3.1))
def test_a_planted_pattern_comes_back_to_the_sub_pixel(x, y, side, roll):
    to_crop = crop.affines(np.array([[x, y, side, roll]]), 96)[0]
    grid = np.stack(np.meshgrid(np.arange(500), np.arange(500)), -1)
    on_crop = grid @ to_crop[:, :2].T + to_crop[:, 2]
    frame = np.clip(np.rint(wave(*np.moveaxis(on_crop, -1, 0))), 0, 255).astype(np.uint8)
    seen = crop.sample(frame, to_crop, 96).astype(float)
    wanted = wave(*np.meshgrid(np.arange(96.0), np.arange(96.0)))
    error = (seen - wanted)[3:-3, 3:-3]
    assert np.abs(error).mean() < 1.0, "half a pixel off would be 3 levels and more"
    assert abs(error.mean()) < 0.3


def test_large_faces_are_averaged_not_sampled():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (960, 960, 3)).astype(np.uint8)
    seen = crop.sample(noise, crop.affines(np.array([[479.5, 479.5, 960, 0.0]]), 96)[0], 96)
    wanted = noise.reshape(96, 10, 96, 10, 3).mean((1, 3))
    assert np.abs(seen - wanted).max() < 3
    assert seen.std() < 12, "a hundred pixels are averaged: 74 / 10"


def test_a_plate_that_shrinks_along_one_axis_only_is_averaged_too():
    lines = np.zeros((400, 400, 3), np.uint8)
    lines[::2] = 200
    seen = crop.sample(lines, np.array([[0.96, 0, 0], [0, 0.48, 0]]), 96)
    assert seen.std() < 8, "an anamorphic plate; sampled alone it would be 58"


def test_averaging_does_not_move_the_picture():
    frame = cv2.GaussianBlur(
        np.random.default_rng(1).integers(0, 256, (600, 600, 3)).astype(np.uint8), (0, 0), 8
    )
    at = np.array([[300.3, 299.6, 384.0, 0.2]])
    reduced = crop.sample(frame, crop.affines(at, 96)[0], 96)
    whole = crop.sample(frame, crop.affines(at, 384)[0], 384)
    wanted = cv2.resize(whole, (96, 96), interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - wanted).mean() < 0.5


def test_beyond_the_frame_its_edge_repeats():
    frame = np.full((100, 100, 3), 200, np.uint8)
    seen = crop.sample(frame, crop.affines(np.array([[0.0, 0.0, 80, 0.4]]), 96)[0], 96)
    assert (seen == 200).all()


def test_a_margin_shows_more_around_the_same_middle():
    at = np.array([[100.0, 80.0, 60, 0.3]])
    plain, wide = crop.affines(at, 96)[0], crop.affines(at, 128, margin=1.25)[0]
    for matrix, size in ((plain, 96), (wide, 128)):
        np.testing.assert_allclose(matrix[:, :2] @ [100, 80] + matrix[:, 2], (size - 1) / 2)
    assert np.hypot(*wide[0, :2]) == pytest.approx(128 / 75)


def test_cut_makes_one_crop_per_frame():
    rng = np.random.default_rng(2)
    frames = rng.integers(0, 256, (3, 120, 160, 3)).astype(np.uint8)
    maps = crop.affines(np.array([[80.0, 60, 90 + i, 0.1 * i] for i in range(3)]), 96)
    crops = crop.cut(frames, maps, 96)
    assert crops.pixels.shape == (3, 96, 96, 3)
    for i in range(3):
        assert np.array_equal(crops.pixels[i], crop.sample(frames[i], maps[i], 96))
    with pytest.raises(ValueError, match="zip"):
        crop.cut(frames[:2], maps, 96)
