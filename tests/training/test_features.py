"""Other features: no face is folded or torn, and all its pictures change alike."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.packs.data import MARGIN
from training.variety import features
from w2l_studio.faces import crop

PX = 240
UNIT = PX / (crop.SIDE * MARGIN)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed):
    return features.draw(np.random.default_rng(seed), PX)


@given(SEEDS)
def test_no_face_is_folded_and_no_feature_leaves_its_place(seed):
    face = drawn(seed)
    down, across = np.mgrid[:PX, :PX]
    assert np.abs(np.stack([face.across - across, face.down - down])).max() < 0.25 * UNIT
    (across_down, across_across), (down_down, down_across) = np.gradient(face.across), np.gradient(face.down)
    assert (across_across * down_down - across_down * down_across).min() > 0


@given(SEEDS)
def test_both_sides_of_a_face_are_nearly_alike(seed):
    face = drawn(seed)
    down, across = np.mgrid[:PX, :PX]
    moved = np.stack([face.across - across, face.down - down])
    mirrored = moved[:, :, ::-1] * np.array([-1, 1])[:, None, None]
    common, other = (moved + mirrored) / 2, (moved - mirrored) / 2
    assert other.std() < common.std()


@given(SEEDS)
def test_levels_keep_their_order(seed):
    """What is dark in a mouth stays darker than its teeth."""
    face = drawn(seed)
    assert (np.diff(face.tones.astype(int)) >= 0).all()
    assert (face.tones[0], face.tones[-1]) == (0, 255)
    assert face.light.min() > 0


def test_faces_differ_from_seed_to_seed_and_not_from_picture_to_picture():
    noise = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (PX, PX, 3)).astype(np.uint8), (0, 0), 4
    )
    one, other = drawn(1), drawn(2)
    np.testing.assert_array_equal(one(noise), one(noise))
    assert one(noise).shape == noise.shape
    assert one(noise).dtype == np.uint8
    assert np.abs(one(noise).astype(int) - other(noise)).mean() > 3
