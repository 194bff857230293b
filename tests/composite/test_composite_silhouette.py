"""The matte goes back where the face ends, and never in the lips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from w2l_studio.composite import matte, silhouette

LIPS = matte.lips(96)


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_an_outline_that_moved_gives_the_plate_back(plane):
    difference = np.zeros((3, 96, 96), np.float32)
    difference[plane, 60:90, 84:88] = 60
    stays = silhouette.inside(difference, LIPS)
    assert stays[75, 86] < 0.1
    assert stays[75, 70] > 0.95, "skin next to it keeps its new picture"


def test_lips_may_differ_as_they_like():
    difference = np.where(LIPS > 0.99, np.float32(90), np.float32(0))[None]
    assert silhouette.inside(difference, LIPS)[LIPS > 0.99].min() > 0.98


def test_the_lower_lip_of_a_wide_mouth_does_not_shine_through():
    difference = np.zeros((3, 96, 96), np.float32)
    difference[:, 74:78, 38:58] = 60  # below the lips of a shut mouth
    through = 1 - silhouette.inside(difference, LIPS)[74:78, 38:58]
    wide = 1 - silhouette.inside(difference, matte.lips(96, opening=0.6))[74:78, 38:58]
    assert through.max() > 0.4
    assert wide.max() < 0.1


def test_a_change_of_shade_is_no_outline():
    assert silhouette.inside(np.full((1, 96, 96), 2.0, np.float32), LIPS).min() > 0.95


def test_below_the_lips_more_may_differ_than_beside_them():
    stays = silhouette.inside(np.full((1, 96, 96), 6.5, np.float32), LIPS)
    assert stays[92, 48] > stays[92, 90] + 0.2


@given(arrays(np.float32, (3, 24, 24), elements=st.floats(-255, 255, width=32)))
def test_it_is_a_share(difference):
    stays = silhouette.inside(difference, matte.lips(24))
    assert ((stays >= 0) & (stays <= 1)).all()
