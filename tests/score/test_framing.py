"""What SyncNet is shown, against run_pipeline.py's own lines."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.judge import framing


def published(image, x, y, s):
    """run_pipeline.py, crop_video: one picture of its loop."""
    cs = 0.40
    bsi = int(s * (1 + 2 * cs))
    frame = np.pad(image, ((bsi, bsi), (bsi, bsi), (0, 0)), "constant", constant_values=(110, 110))
    my, mx = y + bsi, x + bsi
    face = frame[int(my - s) : int(my + s * (1 + 2 * cs)), int(mx - s * (1 + cs)) : int(mx + s * (1 + cs))]
    return cv2.resize(face, (224, 224))


@given(x=st.floats(0, 160), y=st.floats(0, 120), half=st.floats(12, 90))
def test_a_face_is_cut_as_published(x, y, half):
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    assert np.array_equal(framing.face(image, np.array([x, y, half])), published(image, x, y, half))


def test_by_hand_a_box_of_100_becomes_140_a_little_lower():
    """Box 100 x 80 around (200, 150): half = 50, columns 130..270, rows 100..240, enlarged 1.6 times."""
    image = np.zeros((400, 400, 3), np.uint8)
    image[100:240, 130:270] = 255
    (x, y, half), *_ = framing.steady(np.tile(np.float32([150, 110, 250, 190]), (30, 1)))
    assert (x, y, half) == (200, 150, 50)
    assert (framing.face(image, np.array([x, y, half])) == 255).all()


def test_outside_of_the_picture_is_grey():
    seen = framing.face(np.zeros((50, 50, 3), np.uint8), np.array([500.0, 500.0, 20.0]))
    assert (seen == 110).all()


def test_boxes_are_a_median_over_thirteen_with_zeros_past_the_ends():
    boxes = np.random.default_rng(1).uniform(50, 90, (40, 4)).astype(np.float32)
    boxes[:, 2:] += 100
    middle = np.float64(boxes)
    rows = np.stack([
        (middle[:, 0] + middle[:, 2]) / 2,
        (middle[:, 1] + middle[:, 3]) / 2,
        np.maximum(middle[:, 2] - middle[:, 0], middle[:, 3] - middle[:, 1]) / 2,
    ], axis=1)  # fmt: skip
    padded = np.pad(rows, ((6, 6), (0, 0)))
    wanted = [np.median(padded[i : i + 13], axis=0) for i in range(40)]
    assert framing.steady(boxes) == pytest.approx(np.array(wanted))


def test_the_other_protocol_squashes_the_whole_picture():
    wide = np.random.default_rng(0).integers(0, 256, (90, 400, 3)).astype(np.uint8)
    assert np.array_equal(framing.squashed(wide), cv2.resize(wide, (224, 224)))
