"""The structural term: SSIM as it is published, and what it weighs."""

import cv2
import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.generators import structure

EVEN = torch.ones(1, 1, 40, 64)


def pictures(seed, count=2):
    return torch.from_numpy(np.random.default_rng(seed).random((count, 3, 40, 64), np.float32))


def grey(picture):
    return cv2.cvtColor(picture.permute(1, 2, 0).numpy(), cv2.COLOR_BGR2GRAY).astype(np.float64)


def ssim(a, b):
    """Return SSIM of grey pictures ``[40, 64]``, 0..1, by OpenCV (Wang et al. 2004)."""

    def blur(values):
        return cv2.GaussianBlur(values, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT_101)

    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    return (2 * ma * mb + 1e-4) * (2 * ab + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_it_is_the_published_measure(seed):
    a, b = pictures(seed), pictures(seed + 1)
    greys = ([cv2.cvtColor(p.permute(1, 2, 0).numpy(), cv2.COLOR_BGR2GRAY) for p in x] for x in (a, b))
    wanted = np.mean(
        [1 - ssim(x.astype(np.float64), y.astype(np.float64)) for x, y in zip(*greys, strict=True)]
    )
    assert abs(float(structure.unlike(a, b, EVEN)) - wanted) < 1e-4


def test_the_same_is_not_unlike_and_blur_costs_more_than_another_shade():
    skin = 0.5 + 0.03 * (pictures(0) - 0.5)
    blurred = torch.full_like(skin, 0.5)
    assert float(structure.unlike(skin, skin, EVEN)) < 1e-6
    # Pixel by pixel the other shade is further away.
    assert structure.unlike(skin + 0.03, skin, EVEN) < 0.1 * structure.unlike(blurred, skin, EVEN)


def test_what_weighs_nothing_does_not_count():
    a, b = pictures(1), pictures(1)
    b[..., :32] = 0
    right = EVEN.clone()
    right[..., :40] = 0
    assert float(structure.unlike(a, b, right)) < 1e-6 < float(structure.unlike(a, b, EVEN))
