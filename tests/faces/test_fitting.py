import cv2
import numpy as np
import pytest

from w2l_studio.faces import fitting


@pytest.mark.parametrize("shape", [(1080, 1920), (1920, 1080), (641, 7), (7, 641), (900, 4096)])
def test_the_longer_side_fits_and_pixels_are_averaged(shape):
    frame = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    small = fitting.fitted(frame, 640)
    assert max(small.shape) == 640
    size = tuple(max(1, round(side * 640 / max(shape))) for side in shape[::-1])
    assert np.array_equal(small, cv2.resize(frame, size, interpolation=cv2.INTER_AREA))


def test_a_picture_that_fits_and_one_that_is_a_line_stay_pictures():
    frame = np.zeros((480, 640, 3), np.uint8)
    assert fitting.fitted(frame, 640) is frame
    assert fitting.fitted(np.zeros((1, 4000, 3), np.uint8), 640).shape == (1, 640, 3)
