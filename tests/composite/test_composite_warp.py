"""Sampling planes into crops: what shrinks is averaged, along whichever axis."""

import numpy as np
import pytest

from w2l_studio.composite import warp


@pytest.mark.parametrize(("across", "down"), [(0.48, 0.48), (0.96, 0.48)])
@pytest.mark.parametrize("turned", [False, True])
def test_lines_finer_than_the_crops_pixels_become_grey(across, down, turned):
    """A chroma plane of 4:2:2 shrinks half as much across as down, an anamorphic plate likewise."""
    plane = np.zeros((400, 400), np.uint8)
    plane[::2] = 200
    to_crop = np.array([[across, 0, 0], [0, down, 0]], np.float64)
    if turned:
        plane, to_crop = plane.T, to_crop[:, [1, 0, 2]]
    seen = warp.crop(plane, to_crop, 96, (0, 0, 96, 96))
    assert seen[5:-5, 5:-5].std() < 8
    assert seen[5:-5, 5:-5].mean() == pytest.approx(100, abs=1)
