import cv2
import numpy as np
import pytest

from w2l_studio.composite import matte, texture


def test_all_is_kept_where_nothing_moved():
    assert texture.agreement(np.zeros((96, 96), np.float32), matte.lips(96)).min() == 1


def test_little_is_kept_where_lips_moved_and_more_on_skin():
    difference = np.full((96, 96), 6.0, np.float32)
    keep = texture.agreement(difference, matte.lips(96))
    lips = matte.lips(96)
    assert keep[lips == 1].max() < 0.1
    assert keep[lips == 0].min() > 0.5


def test_a_movement_on_skin_is_let_go():
    difference = np.zeros((96, 96), np.float32)
    difference[85:90] = 60
    keep = texture.agreement(difference, np.zeros((96, 96), np.float32))
    assert keep[87].max() < 0.05
    assert keep[70].min() > 0.99


def test_kept_detail_is_the_plates_own():
    rng = np.random.default_rng(0)
    plate = rng.normal(100, 5, (80, 80)).astype(np.float32)
    low = cv2.GaussianBlur(plate, (0, 0), 2)
    ones = np.ones_like(plate)
    assert low + texture.detail(plate, low, ones, ones) == pytest.approx(plate, abs=1e-3)


def test_grain_has_the_plates_strength_and_no_edges():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 2.0, (120, 120)).astype(np.float32)
    edge = np.zeros_like(noise)
    edge[:, 90:] = 80
    low = 100 + cv2.GaussianBlur(edge, (0, 0), 3)
    keep = np.ones_like(noise)
    keep[:, 60:] = 0
    added = texture.detail(100 + edge + noise, low, keep, np.ones_like(noise))
    assert added[:, 62:86].std() == pytest.approx(noise.std(), rel=0.25)
    assert np.abs(added[:, 62:]).max() < 8
    assert np.abs(added[:, 88:92].mean(0)).max() < 6


def test_a_clean_plate_gets_no_grain():
    plate = np.full((80, 80), 100, np.float32)
    plate[:, 40:] = 160
    nothing = np.zeros_like(plate)
    assert not texture.detail(plate, plate, nothing, np.ones_like(plate)).any()
