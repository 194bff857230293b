"""Drawn lips become crisp, and nothing else of a mouth changes."""

import cv2
import numpy as np
import pytest
import torch

from w2l_studio.composite import matte
from w2l_studio.faces import crop, known
from w2l_studio.mouths.sharp import Sharp
from w2l_studio.nets import weights
from w2l_studio.nets.sharpener import FACE_PX, FIRST_ROW, Sharpener

LIPS = matte.lips(FACE_PX)


@pytest.fixture(scope="module")
def ours():
    return weights.load_sharpener(weights.find("w2l-sharp", "sharpener").path)


@pytest.fixture(scope="module")
def face():
    """A render of ours as the engine cuts it, ``uint8[192, 192, 3]``."""
    windows = crop.windows(known._POINTS[None].astype(np.float64))
    return crop.sample(known.picture(), crop.affines(windows, FACE_PX)[0], FACE_PX)


def soft(face, sigma=3.0):
    return cv2.GaussianBlur(face, (0, 0), sigma)


def error(made, true, lips=LIPS):
    return float((np.abs(made.astype(float) - true).mean(2) * lips).sum() / lips.sum())


def test_soft_lips_become_crisp_beside_crisp_ones(ours, face):
    drawn = soft(face)
    (made,) = Sharp(ours, device="cpu", precision="fp32")(drawn[None], [face.astype(np.float32)], LIPS)
    assert error(made, face) < 0.7 * error(drawn, face)
    assert (made[LIPS == 0] == drawn[LIPS == 0]).all()


def test_it_needs_no_lips_that_are_alike(ours, face):
    drawn = soft(face)
    (made,) = Sharp(ours, device="cpu", precision="fp32")(drawn[None], [drawn.astype(np.float32)], LIPS)
    assert error(made, face) < 0.9 * error(drawn, face)


def test_crisp_lips_stay_nearly_as_they_are(ours, face):
    (made,) = Sharp(ours, device="cpu", precision="fp32")(face[None], [face.astype(np.float32)], LIPS)
    assert error(made, face) < 2.0


@pytest.mark.parametrize("side", [96, 256])
def test_crops_of_other_sizes_are_made_crisp_as_well(ours, face, side):
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    drawn, lips = soft(small, 3.0 * side / FACE_PX), matte.lips(side)
    (made,) = Sharp(ours, device="cpu", precision="fp32")(drawn[None], [small.astype(np.float32)], lips)
    assert made.shape == drawn.shape
    assert error(made, small, lips) < 0.7 * error(drawn, small, lips)


def test_a_network_that_knows_nothing_leaves_mouths_as_they_are(face):
    drawn = soft(face)[None].repeat(3, 0)
    made = Sharp(Sharpener(), device="cpu", precision="fp32")(drawn, [face.astype(np.float32)] * 3, LIPS)
    assert (made == drawn).all()


def test_each_mouth_has_its_own_beside_it_whatever_the_batch(ours, face):
    count = 19
    drawn = np.stack([soft(np.roll(face, n % 5, 1)) for n in range(count)])
    likes = [np.roll(face, n % 5, 1).astype(np.float32) for n in range(count)]
    sharp = Sharp(ours, device="cpu", precision="fp32")
    together = sharp(drawn, iter(likes), LIPS)
    for n in (0, 15, 16, 18):
        (alone,) = sharp(drawn[n : n + 1], likes[n : n + 1], LIPS)
        assert np.abs(alone.astype(int) - together[n]).max() <= 1


def test_no_mouths_are_no_mouths(ours):
    none = np.zeros((0, FACE_PX, FACE_PX, 3), np.uint8)
    assert Sharp(ours, device="cpu")(none, [], LIPS).shape == none.shape


def test_too_few_alike_are_an_error(ours, face):
    with pytest.raises(ValueError, match="2 mouths, and 1 pictures alike"):
        Sharp(ours, device="cpu")(face[None].repeat(2, 0), [face.astype(np.float32)], LIPS)


def test_the_network_adds_nothing_before_it_is_taught():
    drawn, alike = (
        torch.rand(2, 3, FACE_PX - FIRST_ROW, FACE_PX),
        torch.rand(2, 3, FACE_PX - FIRST_ROW, FACE_PX),
    )
    assert torch.equal(Sharpener()(drawn, alike), drawn)
