"""RetinaFace's second look: where nobody is found, from twice as near."""

import numpy as np
import pytest
import torch

from w2l_studio.faces import detect_retinaface
from w2l_studio.faces.detect_retinaface import RetinaFace
from w2l_studio.faces.retinaface_net import RetinaFace as Network

BLOCK = 96


class Sees(torch.nn.Module):
    """Stands for the network: a face is where a white block is as wide as `BLOCK` in what it is shown."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, shown):
        height, width = shown.shape[2:]
        self.sizes += [(len(shown), width, height)]
        grid = torch.from_numpy(detect_retinaface.anchors(height, width))
        white = shown.mean(1) > 100
        scores = torch.zeros(len(shown), len(grid))
        boxes = torch.zeros(len(shown), len(grid), 4)
        for i, one in enumerate(white):
            rows, columns = torch.nonzero(one, as_tuple=True)
            if len(rows) and abs(int(columns.max() - columns.min()) + 1 - BLOCK) < 4:
                middle = torch.stack([columns.float().mean(), rows.float().mean()]) + 0.5
                near = int((grid[:, :2] - middle).norm(dim=1).argmin())
                side = grid[near, 2]
                scores[i, near] = 0.9
                boxes[i, near, :2] = (middle - grid[near, :2]) / (0.1 * side)
                boxes[i, near, 2:] = torch.log(BLOCK / side) / 0.2
        return boxes, scores, torch.zeros(len(shown), len(grid), 10)


@pytest.fixture
def sees():
    detector = RetinaFace(Network(resnet=False).state_dict())
    detector._net = Sees()
    return detector


def block(width, height, left, top, side):
    picture = np.zeros((height, width, 3), np.uint8)
    picture[top : top + side, left : left + side] = 255
    return picture


@pytest.mark.parametrize(("width", "height"), [(320, 180), (640, 360), (1920, 1080)])
def test_who_is_found_at_once_is_not_looked_at_twice(sees, width, height):
    side = round(BLOCK * max(1, width / 640))
    (found,) = sees.detect(block(width, height, 40, 20, side)[None])
    assert len(found.scores) == 1
    assert len(sees._net.sizes) == 1
    np.testing.assert_allclose(found.boxes[0], [39.5, 19.5, 39.5 + side, 19.5 + side], atol=3)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (640, 360), (1920, 1080)])
def test_where_nobody_is_found_a_picture_is_looked_at_from_nearer_and_told_in_its_own_pixels(
    sees, width, height
):
    scale = max(1, width / 640)
    near, far = round(BLOCK * scale), round(BLOCK * scale / 2)
    shown = np.stack([block(width, height, 40, 20, far), block(width, height, 40, 20, near)])
    first, second = sees.detect(shown)
    small = round(width / scale), round(height / scale)
    assert sees._net.sizes == [(2, *small), (1, 2 * small[0], 2 * small[1])]
    np.testing.assert_allclose(first.boxes[0], [39.5, 19.5, 39.5 + far, 19.5 + far], atol=3)
    np.testing.assert_allclose(second.boxes[0], [39.5, 19.5, 39.5 + near, 19.5 + near], atol=3)


def test_an_empty_picture_stays_empty(sees):
    (found,) = sees.detect(np.zeros((1, 180, 320, 3), np.uint8))
    assert found.boxes.shape == (0, 4)
    assert len(sees._net.sizes) == 2
