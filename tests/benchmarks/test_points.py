"""benchmarks/points.py: what moves straight on does not shake; windows are compared in their own sides."""

import numpy as np
import pytest

from benchmarks import points


def straight(count=20):
    time = np.arange(count)
    return np.column_stack([100 + 2.0 * time, 80 - time, 50 + 0.5 * time, 0.1 + 0.01 * time])


def test_a_straight_way_does_not_shake():
    assert points.shake(straight()) == pytest.approx([0, 0, 0], abs=1e-9)


def test_shaking_is_told_in_parts_of_the_side_and_in_degrees():
    seen = np.tile([100.0, 80.0, 50.0, 0.0], (21, 1))
    seen[1::2] += [1.0, 1.0, 0.5, np.radians(1)]
    middle, side, turn = points.shake(seen)
    assert middle == pytest.approx(4.0, rel=0.02)  # 2 of 50 pixels
    assert side == pytest.approx(2.0, rel=0.02)
    assert turn == pytest.approx(2.0)


def test_pictures_without_a_face_count_for_nothing():
    seen = straight()
    seen[7] = np.nan
    assert points.shake(seen) == pytest.approx([0, 0, 0], abs=1e-9)
    assert points.beside(seen, straight()) == pytest.approx([0, 0, 1, 0], abs=1e-9)


def test_places_are_told_as_the_other_window_lies():
    other = np.tile([100.0, 80.0, 50.0, np.pi / 2], (5, 1))  # its right is the picture's down
    seen = other + np.array([0, 5, 10, np.radians(3)])
    assert points.beside(seen, other) == pytest.approx([0.1, 0, 1.2, 3])
