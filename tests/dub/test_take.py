"""Mouths of a piece become crisp, chunk by chunk, and say how far lips are open."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from w2l_studio.composite import colour, matte
from w2l_studio.composite.colour import ColourMatch
from w2l_studio.dub import take
from w2l_studio.dub.spool import Spool
from w2l_studio.faces import crop, known
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.sharp import Sharp
from w2l_studio.nets import weights

PX, COUNT = 192, 11
LIPS = matte.lips(PX)


@pytest.fixture(scope="module")
def studio():
    sharp = weights.load_sharpener(weights.find("w2l-sharp", "sharpener").path)
    opening = weights.load_opening(weights.find("w2l-opening", "opening").path)
    return SimpleNamespace(openness=Openness(opening), sharp=Sharp(sharp, device="cpu", precision="fp32"))


@pytest.fixture(scope="module")
def plate():
    """A face that shifts a little from picture to picture, ``uint8[11, 192, 192, 3]``."""
    windows = crop.windows(known._POINTS[None].astype(np.float64))
    face = crop.sample(known.picture(), crop.affines(windows, PX)[0], PX)
    return np.stack([np.roll(face, n % 4, 1) for n in range(COUNT)])


def error(pictures, true):
    return float((np.abs(pictures.astype(float) - true).mean(3) * LIPS).sum() / LIPS.sum() / len(true))


@pytest.mark.parametrize("chunk", [4, 256])
@pytest.mark.parametrize(
    "match",
    [
        colour.identity(),
        ColourMatch(np.float32([0.9, 1.1, 1]), np.float32([5, -8, 3]), 0.0),
    ],
)
def test_mouths_become_crisp_in_their_own_colour_however_they_are_cut(
    studio, plate, tmp_path, monkeypatch, chunk, match
):
    monkeypatch.setattr(take, "_CHUNK", chunk)
    true = np.stack([match.undone(picture) for picture in plate]).round().clip(0, 255).astype(np.uint8)
    soft = np.stack([cv2.GaussianBlur(picture, (0, 0), 3.0) for picture in true])
    with Spool(tmp_path) as spool:
        mouths, crops = spool.rows(COUNT, PX), spool.rows(COUNT, PX)
        mouths[0], crops[0] = soft, plate
        openings = take._sharpen(mouths, crops, studio.openness(plate), match, LIPS, studio)
        made = mouths[0:COUNT]
        np.testing.assert_array_equal(crops[0:COUNT], plate)
    assert error(made, true) < 0.7 * error(soft, true)
    assert (made[:, LIPS == 0] == soft[:, LIPS == 0]).all()
    assert openings.shape == (COUNT,)
    assert (openings >= studio.openness(plate) - 1e-6).all()
    assert (openings >= studio.openness(soft) - 1e-6).all()
