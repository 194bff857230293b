"""Texture from the plate's picture whose lips are most like the drawn ones."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.composite import likeness, matte
from w2l_studio.composite.colour import ColourMatch

SIZE = 192
LIPS = matte.lips(SIZE)


def _face(gap: float, pores: int = 0) -> np.ndarray:
    """Draw a mouth that is open so far, with lips that have lines."""
    face = np.full((SIZE, SIZE, 3), (120, 140, 190), np.float32)
    lips = np.zeros((SIZE, SIZE), np.uint8)
    inner = lips.copy()
    centre = (SIZE // 2, round(SIZE * 0.66))
    cv2.ellipse(lips, centre, (36, 10 + 2 * round(gap)), 0, 0, 360, 255, -1)
    cv2.ellipse(inner, centre, (28, 2 * round(gap)), 0, 0, 360, 255, -1)
    face[lips > 0] = (100, 100, 200)
    face[inner > 0] = (20, 20, 50)
    lines = cv2.GaussianBlur(np.random.default_rng(pores).normal(0, 25, (SIZE, SIZE)), (0, 0), 1.0)
    return (face + lines[..., None]).clip(0, 255).astype(np.uint8)


def _soft(face: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(face, (0, 0), 1.5)


def test_the_most_alike_lips_are_found_however_soft_they_are_drawn():
    gaps = [0, 3, 6, 9, 12]
    plate = np.stack([_face(gap, n) for n, gap in enumerate(gaps)])
    drawn = np.stack([_soft(face) for face in plate[::-1]])
    unknown = np.zeros(len(gaps), np.float32)
    found = likeness.nearest(likeness.looks(drawn, unknown, LIPS), likeness.looks(plate, unknown, LIPS))
    assert found.tolist() == [4, 3, 2, 1, 0]


def test_of_lips_that_look_alike_those_that_are_as_open_are_taken():
    plate = np.stack([_face(6, n) for n in range(3)])
    open_, mine = np.float32([0.05, 0.2, 0.35]), np.float32([0.21])
    found = likeness.nearest(
        likeness.looks(_soft(plate[0])[None], mine, LIPS), likeness.looks(plate, open_, LIPS)
    )
    assert found.tolist() == [1]


def test_what_lies_outside_the_lips_decides_nothing():
    plate = np.stack([_face(0), _face(9)])
    drawn = plate[1:].copy()
    drawn[:, LIPS == 0] = 255 - drawn[:, LIPS == 0]
    # Soft borders still see a little of it.
    new = likeness.looks(drawn, np.zeros(1, np.float32), LIPS)
    assert likeness.nearest(new, likeness.looks(plate, np.zeros(2, np.float32), LIPS)).tolist() == [1]


@pytest.mark.parametrize(("right", "down"), [(4, 0), (-3, 2), (0, 5)])
def test_lips_are_laid_over_soft_ones_and_stay_crisp(right, down):
    sharp = _face(6).astype(np.float32)
    moved = np.roll(sharp, (down, right), (0, 1))
    drawn = cv2.GaussianBlur(moved, (0, 0), 2.5)
    laid = likeness.laid_over(sharp, drawn)
    inside = LIPS > 0.9
    before, after = (np.abs(picture - moved)[inside].mean() for picture in (sharp, laid))
    assert after < 0.7 * before
    assert after < np.abs(drawn - moved)[inside].mean()


def test_lips_are_not_moved_across_the_face():
    sharp = _face(6).astype(np.float32)
    far = np.roll(sharp, 40, 0)
    laid = likeness.laid_over(sharp, far)
    # 10 of 192 pixels at most.
    before, after = (np.flatnonzero(p[:, SIZE // 2].sum(1) < 150).mean() for p in (sharp, laid))
    assert abs(after - before) <= 10


def test_soft_lips_become_as_crisp_as_those_that_they_are_like():
    sharp = _face(6)
    soft = _soft(sharp)
    made = likeness.textured(soft, sharp.astype(np.float32), LIPS)
    inside = LIPS > 0.9

    def error(picture: np.ndarray) -> float:
        return float(np.abs(picture.astype(float) - sharp)[inside].mean())

    assert error(made) < 0.6 * error(soft)
    assert (made[LIPS == 0] == soft[LIPS == 0]).all()


def test_lips_that_the_plate_never_shows_stay_as_they_are_drawn():
    soft = _soft(_face(12))
    made = likeness.textured(soft, _face(0).astype(np.float32), LIPS)
    gap = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(gap, (SIZE // 2, round(SIZE * 0.66)), (20, 16), 0, 0, 360, 255, -1)
    assert np.abs(made.astype(int) - soft)[gap > 0].max() <= 2


@given(st.integers(0, 12), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_picture_gives_itself_nothing_new(gap, seed):
    face = _face(gap, seed)
    assert (likeness.textured(face, face.astype(np.float32), LIPS) == face).all()


def test_nothing_is_taken_where_there_are_no_lips():
    soft = _soft(_face(6))
    assert likeness.textured(soft, _face(6).astype(np.float32), np.zeros_like(LIPS)) is soft


def test_a_plate_in_the_mouths_colour_comes_back_by_the_match():
    match = ColourMatch(
        np.array([0.9, 1.1, 1.2], np.float32), np.array([3.0, -8.0, 12.0], np.float32), -np.inf
    )
    face = _face(4)
    assert match.apply(match.undone(face)) == pytest.approx(face.astype(np.float32), abs=1e-3)
