import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from w2l_studio.composite import matte


@given(size=st.integers(32, 256), yaw=st.floats(-90, 90))
def test_nothing_at_the_border_nor_where_the_crop_is_kept(size, yaw):
    alpha = matte.mouth(size, yaw).alpha
    assert alpha.dtype == np.float32
    assert alpha.shape == (size, size)
    assert alpha.min() == 0
    assert alpha.max() <= 1
    assert not alpha[: size // 2 + 1].any()
    assert not alpha[-1].any()
    assert not alpha[:, [0, -1]].any()


@pytest.mark.parametrize("size", [96, 192, 256])
def test_it_is_whole_over_the_mouth_and_soft_everywhere(size):
    alpha = matte.mouth(size).alpha
    lips = alpha[round(0.60 * size) : round(0.85 * size), round(0.35 * size) : round(0.65 * size)]
    assert lips.min() > 0.9
    down, across = np.abs(np.diff(alpha, axis=0)).max(), np.abs(np.diff(alpha, axis=1)).max()
    assert max(down, across) * size < 21, "rises from 0 to 1 over at least a twentieth of the face"


def test_it_has_the_same_shape_at_every_size():
    small = matte.mouth(96).alpha
    large = cv2.resize(matte.mouth(288).alpha, (96, 96), interpolation=cv2.INTER_AREA)
    assert np.abs(small - large).max() < 0.08


def test_a_turned_head_narrows_it_on_the_far_side_only():
    frontal, turned = matte.mouth(96).alpha, matte.mouth(96, 35.0).alpha
    assert np.allclose(frontal, frontal[:, ::-1], atol=1e-5)
    assert np.array_equal(turned[:, :48], frontal[:, :48])
    assert turned[:, 48:].sum() < 0.8 * frontal[:, 48:].sum()
    assert np.allclose(matte.mouth(96, -35.0).alpha, turned[:, ::-1], atol=1e-5)


def test_lips_follow_the_corners():
    lips = matte.lips(96, np.array([[30, 60], [50, 60]], np.float32))
    y, x = np.unravel_index(np.flatnonzero(lips > 0.99), lips.shape)
    assert x.mean() == pytest.approx(40, abs=0.6)
    assert y.mean() == pytest.approx(60, abs=0.6)
    assert lips[60, 30] > 0.99
    assert lips[60, 20] < 0.5
    assert lips[5, 5] == 0


def test_lips_of_a_profile_keep_their_height():
    lips = matte.lips(96, np.array([[40, 60], [40, 60]], np.float32))
    assert lips[60 - 8, 40] > 0.9


@given(opening=st.floats(0, 1), more=st.floats(0.01, 0.5))
def test_lips_of_an_open_mouth_reach_further_down_and_nowhere_else(opening, more):
    shut, open_ = matte.lips(96, opening=opening), matte.lips(96, opening=opening + more)
    assert (open_ >= shut).all()
    assert np.array_equal(open_[:63], shut[:63])
    assert open_[63:].sum() > shut[63:].sum()


@given(arrays(np.float32, st.integers(0, 40), elements=st.floats(0, 1, width=32)))
def test_openings_are_made_calm_and_never_smaller(openings):
    calm = matte.calm(openings)
    assert calm.shape == openings.shape
    assert (calm >= openings).all()
    assert (calm <= openings.max(initial=0) + 1e-6).all()


def test_one_wide_moment_does_not_make_a_mask_jump():
    openings = np.zeros(20, np.float32)
    openings[10] = 0.5
    assert np.abs(np.diff(matte.calm(openings))).max() <= 0.11


def test_skin_is_generated_and_without_lips():
    skin = matte.skin(96)
    assert not skin[:50].any()
    assert not skin[matte.lips(96) == 1].any()
    assert skin.sum() > 500


def test_masks_cannot_be_written_to():
    for mask in (matte.mouth(96).alpha, matte.lips(96), matte.skin(96)):
        with pytest.raises(ValueError, match="read-only"):
            mask[0, 0] = 1
