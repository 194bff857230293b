"""Teeth are the shot's own where it shows some; else violet and green go, a bluer plate sets the limit."""

import numpy as np
import pytest
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


def toothed(faces, colour):
    """The same crops with a band of teeth in the mouth."""
    shown = faces.copy()
    shown[:, 40:44, 26:38] = colour
    return shown


def measured(faces, drawn=None):
    mouths = (faces if drawn is None else drawn).astype(np.float32)
    return teeth.measure(faces, mouths, SKIN, LIPS)


def band(mouth):
    return mouth[40:44, 26:38].reshape(-1, 3).mean(0)


def test_drawn_teeth_take_the_colour_of_the_shots_own_and_are_as_bright():
    own, drawn = toothed(plate(), (200, 205, 210)), toothed(plate(), (120, 158, 155))
    told = measured(own, drawn)
    made = teeth.whitened(drawn[0].astype(np.float32), told, LIPS)
    np.testing.assert_allclose(band(made), (200, 205, 210), rtol=0.06)
    assert 1.25 < told.brighter < 1.4
    beside = (LIPS > 0.9) & (np.abs(np.indices((P, P))[0] - 41.5) > 5)
    np.testing.assert_allclose(made[beside], drawn[0][beside], atol=0.5)


def test_teeth_brighter_than_the_shots_own_are_dimmed():
    own, drawn = toothed(plate(), (130, 140, 150)), toothed(plate(), (150, 160, 165))
    told = measured(own, drawn)
    assert told.brighter < 0.95
    made = teeth.whitened(drawn[0].astype(np.float32), told, LIPS)
    np.testing.assert_allclose(band(made), (130, 140, 150), rtol=0.05)


def test_teeth_become_at_most_so_much_brighter():
    assert measured(toothed(plate(), (240, 245, 250)), toothed(plate(), (95, 120, 120))).brighter == 1.4


def test_the_shots_own_teeth_stay_as_they_are():
    own = toothed(plate(), (170, 180, 195))
    made = teeth.whitened(own[0].astype(np.float32), measured(own), LIPS)
    np.testing.assert_allclose(band(made), (170, 180, 195), atol=2)


def test_a_shot_that_shows_no_teeth_does_not_tell_how_bright_they_are():
    assert measured(plate()).brighter is None
    few = np.concatenate([plate()] * 4)
    few[0, 41, 30] = (200, 205, 210)
    assert measured(few).brighter is None


def test_a_dark_background_beside_a_turned_face_is_no_tooth():
    turned = plate()
    turned[:, :, 40:] = (60, 40, 25)
    assert measured(turned).brighter is None


def test_shut_lips_stay_though_the_shot_shows_teeth():
    told = measured(toothed(plate(), (200, 205, 210)))
    shut = plate()[0].astype(np.float32)
    np.testing.assert_allclose(teeth.whitened(shut, told, LIPS), shut, atol=0.5)


def test_painted_lips_stay_though_the_shot_shows_white_teeth():
    own = toothed(plate(mouth=(180, 100, 90)), (200, 205, 210))
    told = measured(own)
    made = teeth.whitened(own[0].astype(np.float32), told, LIPS)
    assert told.brighter is not None
    painted_lips = (LIPS > 0.9) & (np.abs(np.indices((P, P))[0] - 41.5) > 5)
    np.testing.assert_allclose(made[painted_lips], own[0][painted_lips], atol=0.5)
    np.testing.assert_allclose(band(made), (200, 205, 210), atol=2)


@pytest.mark.parametrize("drawn", [(110, 150, 130), (95, 160, 170)])
def test_green_and_yellow_teeth_become_as_white_as_skin_tells_where_the_shot_shows_none(drawn):
    made = teeth.whitened(painted(drawn), measured(plate()), LIPS)
    blue, green, red = made[INSIDE].mean(0)
    np.testing.assert_allclose((blue / red, green / red), (1.3 * 100 / 165, 1.2 * 120 / 165), atol=0.01)


def test_violet_teeth_become_white_and_keep_their_light():
    told = measured(plate())
    before = painted((150, 120, 118))
    after = teeth.whitened(before, told, LIPS)
    inside = after[INSIDE].mean(0)
    assert abs(inside[0] / inside[2] - 0.8) < 0.02
    assert abs(inside[1] / inside[2] - 1.2 * 120 / 165) < 0.02
    np.testing.assert_allclose(after @ LUMA, before @ LUMA, atol=0.01)


def test_outside_of_the_lips_nothing_changes():
    told = measured(plate())
    before = painted((200, 60, 40))
    outside = LIPS == 0
    np.testing.assert_array_equal(teeth.whitened(before, told, LIPS)[outside], before[outside])


@given(blue=st.floats(0, 0.7), green=st.floats(0.3, 0.78), red=st.floats(2, 255))
def test_lips_and_tongue_stay(blue, green, red):
    told = measured(plate())
    before = painted((blue * red, green * red, red))
    np.testing.assert_array_equal(teeth.whitened(before, told, LIPS), before)


@given(st.lists(st.integers(0, 255), min_size=3, max_size=3))
def test_nothing_stays_bluer_than_the_limit_and_luma_never_moves(colour):
    told = measured(plate())
    before = painted(colour)
    after = teeth.whitened(before, told, LIPS)
    np.testing.assert_allclose(after @ LUMA, before @ LUMA, atol=0.02)
    if colour[2] >= 1:
        assert (after[INSIDE][:, 0] <= after[INSIDE][:, 2] * told.limit[0] * 1.06 + 0.1).all()


def test_what_the_plates_own_mouth_shows_may_be_drawn():
    creature = measured(plate(mouth=(180, 100, 90)))
    before = painted((150, 90, 85))
    np.testing.assert_array_equal(teeth.whitened(before, creature, LIPS), before)


def test_the_depth_of_a_mouth_is_no_colour():
    plain, deep = plate(), plate()
    deep[:, LIPS > 0.8] = (40, 26, 25)
    np.testing.assert_allclose(measured(deep).white, measured(plain).white)


def test_in_blue_light_teeth_are_blue():
    night = measured(plate(skin=(160, 120, 90), mouth=(90, 60, 70))).white
    assert night[0] / night[2] > 1.9


@settings(max_examples=20)
@given(shape=st.sampled_from([0, 1, 3]), level=st.integers(0, 255))
def test_any_crops_have_a_white_of_luma_one(shape, level):
    found = measured(np.full((shape, P, P, 3), level, np.uint8)).white
    assert np.isfinite(found).all()
    assert abs(float(found @ LUMA) - 1) < 1e-5
