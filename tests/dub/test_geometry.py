from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.dub import geometry
from w2l_studio.terms import Plate


def plate(width: int = 64, height: int = 48, rotation: int = 0, aspect: Fraction = Fraction(1)) -> Plate:
    return Plate(
        Path("p.mov"), width, height, Fraction(25), 10, "prores", "yuv422p10le", 10,
        pixel_aspect=aspect, rotation=rotation,
    )  # fmt: skip


def on_plate_of(seen: geometry.View, points: np.ndarray) -> np.ndarray:
    """Map view pixels ``[..., 2]`` to plate pixels."""
    return points.astype(np.float64) @ seen.to_plate[:, :2].T + seen.to_plate[:, 2]


@pytest.mark.parametrize("rotation", [0, 90, 180, -90, 270])
def test_a_bright_sample_is_found_again_on_the_plate(rotation: int) -> None:
    source = plate(rotation=rotation)
    seen = geometry.view(source, 1000)
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[10, 50] = 255
    upright = seen.upright(stored)
    y, x = np.argwhere(upright[:, :, 0])[0]
    assert upright.shape[1::-1] == seen.size_px
    np.testing.assert_allclose(on_plate_of(seen, np.array([x, y], np.float32)), [50, 10], atol=1e-9)


def test_ninety_degrees_turn_counter_clockwise() -> None:
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[0, 63] = 255  # top right goes to the top left
    assert geometry.view(plate(rotation=90), 1000).upright(stored)[0, 0, 0] == 255


@given(
    st.integers(2, 4096), st.integers(2, 4096), st.sampled_from([0, 90, 180, 270]),
    st.sampled_from([Fraction(1), Fraction(4, 3), Fraction(16, 15), Fraction(8, 9)]),
)  # fmt: skip
def test_corners_of_the_view_are_the_corners_of_the_plate(
    width: int, height: int, rotation: int, aspect: Fraction
) -> None:
    seen = geometry.view(plate(width, height, rotation, aspect), 640)
    w, h = seen.size_px
    corners = np.array([[-0.5, -0.5], [w - 0.5, h - 0.5]], np.float32)
    on_plate = np.sort(on_plate_of(seen, corners), axis=0)
    np.testing.assert_allclose(on_plate, [[-0.5, -0.5], [width - 0.5, height - 0.5]], atol=1e-3)
    assert max(w, h) <= 640


def test_crop_maps_go_through_the_plate() -> None:
    seen = geometry.view(plate(rotation=90), 32)
    view_to_crop = np.array([[[2.0, 0.1, 3.0], [-0.1, 2.0, 4.0]]])
    point = np.array([5.0, 7.0])
    wanted = view_to_crop[0, :, :2] @ point + view_to_crop[0, :, 2]
    on_plate = on_plate_of(seen, point.astype(np.float32))
    got = seen.crop_maps(view_to_crop)[0] @ [*on_plate, 1]
    np.testing.assert_allclose(got, wanted, atol=1e-5)
