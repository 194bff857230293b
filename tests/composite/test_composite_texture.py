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


def _skin(seed: int, size: int = 192) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pores = cv2.GaussianBlur(rng.normal(0, 40, (size, size)).astype(np.float32), (0, 0), 1.5)
    return 120 + pores


def test_blurred_skin_gets_the_plates_pores_back_and_keeps_its_own_shade():
    plate = _skin(2)
    mouth = cv2.GaussianBlur(plate, (0, 0), 3) + 4
    given = texture.regained(mouth, plate, texture.alike(mouth - plate, 192), 192)
    inner = np.s_[20:-20, 20:-20]
    lost = np.abs(mouth - 4 - plate)[inner].mean()
    assert np.abs(given - 4 - plate)[inner].mean() < 0.5 * lost
    assert (given - mouth)[inner].mean() == pytest.approx(0, abs=0.2)


def test_an_open_mouth_gets_none_of_the_lips_that_were_shut():
    plate = _skin(3)
    plate[94:98, 60:130] -= 60  # the line between shut lips
    mouth = cv2.GaussianBlur(plate, (0, 0), 3)
    mouth[85:115, 60:130] = 30
    given = texture.regained(mouth, plate, texture.alike(mouth - plate, 192), 192)
    assert np.abs(given - mouth)[88:112, 65:125].max() < 4
    assert np.abs(given - mouth)[150:, :].max() > 5


def test_how_alike_counts_in_parts_of_the_crop():
    difference = np.zeros((192, 192), np.float32)
    difference[90:100, 90:100] = 80
    large = texture.alike(difference, 192)
    small = texture.alike(cv2.resize(difference, (96, 96), interpolation=cv2.INTER_AREA), 96)
    assert cv2.resize(large, (96, 96), interpolation=cv2.INTER_AREA) == pytest.approx(small, abs=0.2)
    assert large[95, 95] < 0.1
    assert large[20, 20] == 1
