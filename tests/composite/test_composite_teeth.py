"""White teeth: violet goes, everything else stays, and a plate that is bluer itself sets the limit."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.composite import matte, teeth

P = 64
SKIN, LIPS = matte.skin(P), matte.lips(P)
LUMA = np.array([0.0722, 0.7152, 0.2126])
INSIDE = LIPS > 0.9


def plate(skin=(100, 120, 165), mouth=(80, 80, 150)):
    """Three crops of one skin and one mouth, BGR."""
    face = np.tile(np.array(skin, np.float32), (P, P, 1))
    face[LIPS > 0.5] = mouth
    return np.tile(face[None], (3, 1, 1, 1)).astype(np.uint8)


def painted(colour):
    return np.tile(np.array(colour, np.float32), (P, P, 1))


def test_violet_teeth_become_white_and_keep_their_light():
    white = teeth.white(plate(), SKIN, LIPS)
    before = painted((150, 120, 118))
    after = teeth.whitened(before, white, LIPS)
    inside = after[INSIDE].mean(0)
    assert abs(inside[0] / inside[2] - 0.8) < 0.02
    assert inside[1] > before[0, 0, 1]
    np.testing.assert_allclose(after @ LUMA, before @ LUMA, atol=0.01)


def test_outside_of_the_lips_nothing_changes():
    white = teeth.white(plate(), SKIN, LIPS)
    before = painted((200, 60, 40))
    outside = LIPS == 0
    np.testing.assert_array_equal(teeth.whitened(before, white, LIPS)[outside], before[outside])


@given(blue=st.floats(0, 0.7), green=st.floats(0.3, 1), red=st.floats(2, 255))
def test_lips_tongue_and_ivory_stay(blue, green, red):
    white = teeth.white(plate(), SKIN, LIPS)
    before = painted((blue * red, green * red, red))
    np.testing.assert_array_equal(teeth.whitened(before, white, LIPS), before)


@given(st.lists(st.integers(0, 255), min_size=3, max_size=3))
def test_nothing_stays_bluer_than_the_limit_and_luma_never_moves(colour):
    white = teeth.white(plate(), SKIN, LIPS)
    before = painted(colour)
    after = teeth.whitened(before, white, LIPS)
    np.testing.assert_allclose(after @ LUMA, before @ LUMA, atol=0.02)
    if colour[2] >= 1:
        assert (after[INSIDE][:, 0] <= after[INSIDE][:, 2] * white[0] / white[2] * 1.06 + 0.1).all()


def test_what_the_plates_own_mouth_shows_may_be_drawn():
    creature = teeth.white(plate(mouth=(180, 100, 90)), SKIN, LIPS)
    before = painted((150, 90, 85))
    np.testing.assert_array_equal(teeth.whitened(before, creature, LIPS), before)


def test_the_depth_of_a_mouth_is_no_colour():
    plain, deep = plate(), plate()
    deep[:, LIPS > 0.8] = (40, 26, 25)
    np.testing.assert_allclose(teeth.white(deep, SKIN, LIPS), teeth.white(plain, SKIN, LIPS))


def test_in_blue_light_teeth_are_blue():
    night = teeth.white(plate(skin=(160, 120, 90), mouth=(90, 60, 70)), SKIN, LIPS)
    assert night[0] / night[2] > 1.9


@settings(max_examples=20)
@given(shape=st.sampled_from([0, 1, 3]), level=st.integers(0, 255))
def test_any_crops_have_a_white_of_luma_one(shape, level):
    found = teeth.white(np.full((shape, P, P, 3), level, np.uint8), SKIN, LIPS)
    assert np.isfinite(found).all()
    assert abs(float(found @ LUMA) - 1) < 1e-5
