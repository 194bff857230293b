"""Yaw from five points, against a head turned in space."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.faces import pose

#: A head: x right in the picture, y down, z towards the camera; distance between the eyes is 1.
HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.6, 0.52], [-0.4, 1.1, 0], [0.4, 1.1, 0]])


def seen(yaw_deg, roll_deg=0.0, size=80.0, at=(300.0, 200.0)):
    yaw, roll = np.radians([yaw_deg, roll_deg])
    x = HEAD[:, 0] * np.cos(yaw) + HEAD[:, 2] * np.sin(yaw)
    flat = np.column_stack([x, HEAD[:, 1]]) * size
    turned = flat @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return (turned + at)[None].astype(np.float32)


@given(yaw=st.floats(-75, 75), roll=st.floats(-60, 60), size=st.floats(20, 400))
def test_a_turned_head_is_measured_whatever_its_roll_and_size(yaw, roll, size):
    assert pose.yaw(seen(yaw, roll, size))[0] == pytest.approx(yaw, abs=1.0)


def test_right_in_the_picture_is_positive():
    assert pose.yaw(seen(30))[0] > 25
    assert pose.yaw(seen(-30))[0] < -25


def test_points_that_fall_together_are_a_number():
    assert np.isfinite(pose.yaw(np.zeros((2, 5, 2), np.float32))).all()
