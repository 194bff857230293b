"""How pictures are sampled: averaged by the axis that shrinks most, as ever where both do; of what part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.faces import crop
from w2l_studio.terms.sampling import from_part, oversampled, reach


@given(
    side=st.floats(20, 4000),
    roll=st.floats(-3.1, 3.1),
    x=st.floats(-500, 3000),
    size=st.sampled_from([96, 192]),
    chroma=st.sampled_from([1.0, 2.0]),
)
def test_maps_that_shrink_alike_along_both_axes_stay_to_the_bit(side, roll, x, size, chroma):
    matrix = crop.affines(np.array([[x, 200.0, side, roll]]), size)[0] @ np.diag([chroma, chroma, 1.0])
    by_first_axis = max(1, int(np.ceil(1 / float(np.hypot(matrix[0, 0], matrix[1, 0])) - 0.25)))
    by_finer_axis = max(1, int(np.ceil(1 / float(np.hypot(*matrix[:, :2]).max()) - 0.25)))
    wanted = matrix * by_first_axis
    wanted[:, 2] += (by_first_axis - 1) / 2
    factor, finer = oversampled(matrix)
    assert by_first_axis == by_finer_axis == factor
    assert np.array_equal(finer, wanted)


@pytest.mark.parametrize(
    ("across", "down", "factor"), [(0.96, 0.48, 2), (0.48, 0.96, 2), (2.0, 0.2, 5), (1.5, 0.9, 1)]
)
@pytest.mark.parametrize("roll", [0.0, 0.7, np.pi / 2])
def test_the_axis_that_shrinks_most_decides(across, down, factor, roll):
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    matrix = np.column_stack([turn @ np.diag([across, down]), [3.0, -4.0]])
    before = matrix.copy()
    found, finer = oversampled(matrix)
    assert found == factor
    np.testing.assert_array_equal(matrix, before)
    # The middle of each square of samples is where the pixel was.
    at = np.array([10.0, 20.0, 1.0])
    np.testing.assert_allclose((finer @ at - (factor - 1) / 2) / factor, matrix @ at)


@given(
    side=st.floats(20, 4000),
    roll=st.floats(-3.1, 3.1),
    at=st.tuples(st.floats(-1, 96), st.floats(-1, 96)),
    origin=st.tuples(st.integers(-50, 900), st.integers(-50, 900)),
)
def test_what_a_crop_samples_lies_in_its_reach_and_a_part_of_it_maps_alike(side, roll, at, origin):
    matrix = crop.affines(np.array([[900.0, 200.0, side, roll]]), 96)[0]
    low, high = reach(matrix, (-1, -1, 96, 96))
    on_plate = np.linalg.solve(matrix[:, :2], at - matrix[:, 2])
    assert (low - 1e-6 <= on_plate).all()
    assert (on_plate <= high + 1e-6).all()
    moved = from_part(matrix[None], *origin)[0]
    np.testing.assert_allclose(moved[:, :2] @ (on_plate - origin) + moved[:, 2], at, atol=1e-6)
