import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.composite import colour, matte

SKIN = matte.skin(96)
LUMA = np.float32([0.0722, 0.7152, 0.2126])


def crops(count=6, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:96, 0:96] / 95
    shade = np.stack([70 * (x - 0.5) * (1 + 0.1 * t) - 60 * (y - 0.7) for t in range(count)])
    face = shade[..., None] + np.array([100, 120, 160]) + rng.normal(0, 2, (count, 96, 96, 3))
    return np.clip(np.rint(face), 0, 255).astype(np.uint8)


def cast(pixels, gain, offset):
    return np.clip(np.rint((pixels.astype(float) - offset) / gain), 0, 255).astype(np.uint8)


@settings(max_examples=25)
@given(gain=st.tuples(*[st.floats(0.9, 1.12)] * 3), offset=st.tuples(*[st.floats(-12, 12)] * 3))
def test_a_cast_is_taken_back(gain, offset):
    plate = crops()
    match = colour.measure(plate, cast(plate, gain, offset), SKIN)
    error = match.apply(cast(plate, gain, offset)) - plate
    on_skin = error[:, SKIN > 0.5]
    assert np.abs(on_skin.mean((0, 1))).max() < 1.0
    assert np.abs(on_skin).mean() < 2.0


def test_moving_parts_do_not_count():
    plate = crops()
    mouths = cast(plate, (1, 1, 1), (6, -4, 9))
    mouths[:, 80:, 20:76] = (20, 15, 12)
    mouths[::2, 55:70, 15:30] = 250
    match = colour.measure(plate, mouths, SKIN)
    assert match.apply(np.array([100, 120, 160])) == pytest.approx([106, 116, 169], abs=1.0)


def test_what_is_equal_stays():
    plate = crops()
    match = colour.measure(plate, plate, SKIN)
    apart = np.abs(match.apply(plate) - plate)
    assert np.quantile(apart, 0.998) < 0.01  # all but the very darkest


@pytest.mark.parametrize("shift_px", [2, 4])
def test_a_head_that_is_not_quite_in_place_keeps_its_contrast(shift_px):
    rng = np.random.default_rng(0)
    spots = rng.normal(0, 1, (6, 96, 96)).astype(np.float32)
    spots = np.stack([cv2.GaussianBlur(one, (0, 0), 4) for one in spots])
    face = np.clip(120 + 18 * spots[..., None] / spots.std() + np.zeros(3), 0, 255).astype(np.uint8)
    match = colour.measure(face, np.roll(face, shift_px, 2), SKIN)
    assert match.gain == pytest.approx(np.ones(3), abs=0.04)


def test_too_little_skin_changes_nothing():
    plate = crops(1)
    weight = np.zeros((96, 96), np.float32)
    weight[60:65, 20:25] = 1
    for few in (weight, np.zeros_like(weight)):
        match = colour.measure(plate, cast(plate, (1, 1, 1), (9, 9, 9)), few)
        assert np.array_equal(match.apply(plate), plate.astype(np.float32))
    assert np.array_equal(colour.measure(plate[:0], plate[:0], SKIN).gain, np.ones(3))


def test_it_is_no_more_than_a_graders_touch():
    plate = crops()
    match = colour.measure(plate, np.zeros_like(plate), SKIN)
    assert np.abs(match.apply(np.zeros(3))).max() <= 48.01
    assert match.gain.min() >= 0.8
    assert match.gain.max() <= 1.25


@pytest.mark.parametrize("lifted", [0, 20, 45])
def test_the_depth_of_a_mouth_is_no_blacker_than_the_shot(lifted):
    plate = np.maximum(crops(), lifted)
    plate[:, 40:44, 30:34] = lifted  # a nostril
    mouths = plate.copy()
    mouths[:, 70:80, 30:60] = (0, 4, 8)
    match = colour.measure(plate, mouths, SKIN)
    made = match.apply(mouths)
    deep = made[:, 70:80, 30:60] @ LUMA
    assert deep.min() >= lifted - 5
    assert deep.max() <= lifted + 9
    assert np.ptp(made[0, 75, 45]) == pytest.approx(8, abs=1.5)  # its hue stays
    # What is no blacker than the shot stays, and what was darker is.
    assert np.abs(made - mouths)[mouths @ LUMA >= lifted + 0.5].max() < 0.5
    greys = np.arange(256, dtype=np.float32)[:, None].repeat(3, 1)
    assert (np.diff(match.apply(greys) @ LUMA) > -1e-4).all()
