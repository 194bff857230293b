"""Pictures for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from w2l_studio.terms import Faces


def _clip(path: Path, longest_px: int = 640, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
    """Yield pictures ``uint8[h, w, 3]`` BGR of a shared clip, reduced."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if stop is not None and number >= stop:
                return
            if number < start:
                continue
            scale = min(1.0, longest_px / max(frame.width, frame.height))
            picture = frame.to_ndarray(format="bgr24")
            size = (round(frame.width * scale), round(frame.height * scale))
            yield cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def clip():
    return _clip


class Spots:
    """A detector for tests: eyes are green spots, the nose is white, mouth corners are red.

    Args:
        noise_px: how far points are off, by chance.
    """

    name = "spots"

    def __init__(self, noise_px=0.0):
        self.random, self.noise_px = np.random.default_rng(0), noise_px
        self.calls = 0

    def detect(self, frames):
        self.calls += len(frames)
        return [self._look(frame) for frame in frames]

    def _look(self, frame):
        eyes, noses, corners = (_spots(frame, c) for c in ((0, 255, 0), (255, 255, 255), (0, 0, 255)))
        faces = [self._face(nose, eyes, corners) for nose in noses if len(eyes) > 1 and len(corners) > 1]
        points = np.array(faces, np.float32).reshape(-1, 5, 2)
        boxes = np.concatenate([points.min(1) - 15, points.max(1) + 15], 1)
        return Faces(boxes, points, np.full(len(points), 0.9, np.float32))

    def _face(self, nose, eyes, corners):
        def nearest(spots):
            near = spots[np.argsort(np.linalg.norm(spots - nose, axis=1))[:2]]
            return near[np.argsort(near[:, 0])]

        points = np.concatenate([nearest(eyes), nose[None], nearest(corners)])
        return points + self.random.normal(0, self.noise_px, (5, 2))


def _spots(frame, colour):
    near = (np.abs(frame.astype(int) - colour).max(2) < 70).astype(np.uint8)
    _, _, stats, centres = cv2.connectedComponentsWithStats(near)
    return centres[1:][stats[1:, 4] > 6]


#: Eyes, nose and mouth corners around the middle of a face; eyes and mouth lie 50 apart.
SPOTS = np.array([[-20, -24], [20, -24], [0, 2], [-16, 26], [16, 26]], np.float32)


class Stage:
    """Draws faces with spots before a still background."""

    def __init__(self, width=400, height=220):
        rng = np.random.default_rng(5)
        blobs = cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)).astype(np.float32), (0, 0), 3)
        self.background = (128 + 30 * blobs / blobs.std()).clip(60, 190).astype(np.uint8)
        skin = cv2.GaussianBlur(rng.normal(0, 1, (90, 80, 3)).astype(np.float32), (0, 0), 2)
        self.skin = (130 + 20 * skin / skin.std()).clip(80, 180).astype(np.uint8)

    def draw(self, faces, *, spots=True):
        """Return a picture with faces at ``[(x, y), ...]``."""
        picture = self.background.copy()
        for x, y in faces:
            to_picture = np.array([[1, 0, x - 39.5], [0, 1, y - 44.5]])
            size = picture.shape[1::-1]
            cv2.warpAffine(self.skin, to_picture, size, picture, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
            if not spots:
                continue
            for (sx, sy), colour in zip(
                SPOTS + np.array([x, y]), [(0, 255, 0)] * 2 + [(255, 255, 255)] + [(0, 0, 255)] * 2
            ):
                centre = (round(float(sx) * 16), round(float(sy) * 16))
                cv2.circle(picture, centre, 4 * 16, colour, -1, cv2.LINE_AA, 4)
        return picture


@pytest.fixture(scope="session")
def stage():
    return Stage()


@pytest.fixture
def spots():
    """Return the detector of spots."""
    return Spots


@pytest.fixture(scope="session")
def spot_points():
    return SPOTS
