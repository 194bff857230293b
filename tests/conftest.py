"""What every room's tests may use: the shared folder beside the checkout, and a face that is ours."""

from pathlib import Path

import cv2
import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared():
    """Return ``find(path)``: a file of the shared folder beside the checkout; skips where it is missing."""

    def find(path):
        if not (SHARED / path).exists():
            pytest.skip(f"needs shared/{path} beside the checkout")
        return SHARED / path

    return find


class Canvas:
    """Soft ellipses on a square picture, in parts of its side; drawn at twice the size."""

    def __init__(self, size_px):
        self.size_px = size_px
        self.y, self.x = np.mgrid[0 : 2 * size_px, 0 : 2 * size_px] / (2 * size_px)
        self.picture = np.full((2 * size_px, 2 * size_px, 3), (120.0, 105.0, 95.0))

    def oval(self, x, y, wide, high, colour, soft=0.1, share=1.0):
        radius = np.hypot((self.x - x) / wide, (self.y - y) / high)
        mask = share * np.clip((1 - radius) / soft * min(wide, high) * 4, 0, 1)[..., None]
        self.picture = self.picture * (1 - mask) + np.asarray(colour, float) * mask

    def pixels(self):
        soft = cv2.GaussianBlur(self.picture, (0, 0), 1.2)
        small = cv2.resize(soft, (self.size_px, self.size_px), interpolation=cv2.INTER_AREA)
        return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def _face(size_px=240, opening=0.0):
    canvas = Canvas(size_px)
    light = (1 - 0.35 * np.abs(canvas.x - 0.46) / 0.3 - 0.15 * np.maximum(canvas.y - 0.55, 0) / 0.3)[
        ..., None
    ]
    canvas.oval(0.5, 0.42, 0.33, 0.38, (40, 45, 60), 0.05)
    canvas.oval(0.5, 0.95, 0.16, 0.25, (105, 130, 175), 0.05)
    canvas.oval(0.5, 0.5, 0.27, 0.36, np.array([157.0, 190, 246]) * light, 0.03)
    for x, side in ((0.385, -1), (0.615, 1)):
        canvas.oval(x, 0.435, 0.07, 0.045, (90, 110, 150), 0.5, 0.6)
        canvas.oval(x, 0.44, 0.05, 0.024, (215, 215, 225))
        canvas.oval(x, 0.44, 0.022, 0.022, (50, 50, 40))
        canvas.oval(x, 0.44, 0.01, 0.01, (10, 10, 10))
        canvas.oval(x, 0.424, 0.055, 0.018, (50, 55, 70), share=0.8)
        canvas.oval(x, 0.385, 0.075, 0.014, (45, 50, 65), 0.3, 0.7)
        canvas.oval(0.5 + side * 0.15, 0.58, 0.06, 0.05, (150, 170, 240), 0.8, 0.1)
        canvas.oval(0.5 + side * 0.1, 0.64, 0.015, 0.06, (80, 100, 150), 0.8, 0.2)
    canvas.oval(0.48, 0.53, 0.03, 0.12, (190, 215, 245), 0.6, 0.5)
    canvas.oval(0.53, 0.54, 0.02, 0.12, (95, 120, 165), 0.8, 0.5)
    canvas.oval(0.5, 0.605, 0.05, 0.035, (110, 135, 190), 0.6, 0.8)
    canvas.oval(0.5, 0.585, 0.025, 0.02, (200, 220, 250), 0.6, 0.5)
    for x in (0.472, 0.528):
        canvas.oval(x, 0.622, 0.013, 0.008, (36, 42, 60), 0.3)
    canvas.oval(0.5, 0.65, 0.012, 0.02, (100, 125, 180), 0.5, 0.2)
    canvas.oval(0.5, 0.70, 0.11, 0.03 + opening * 0.05, (105, 105, 190), 0.15)
    canvas.oval(0.5, 0.70 + opening * 0.01, 0.102, 0.004 + opening * 0.05, (40, 30, 70), 0.2)
    return canvas.pixels()


#: Eyes, nose, mouth corners of the drawn face, in parts of its side.
FACE_POINTS = np.array([[0.385, 0.44], [0.615, 0.44], [0.5, 0.6], [0.4, 0.7], [0.6, 0.7]], np.float32)


@pytest.fixture(scope="session")
def draw_face():
    """Return ``draw(size_px, opening) -> uint8[P, P, 3]``: a face that every detector takes for one."""
    return _face


@pytest.fixture(scope="session")
def face_points():
    """Return ``float32[5, 2]``: the drawn face's points in parts of its side."""
    return FACE_POINTS
