"""The implementations that the contracts are tested over."""

import cv2
import numpy as np
import pytest

from w2l_studio.terms import Faces


class SpotDetector:
    """A fake in ten lines: eyes are green spots, noses white, mouth corners red; one face at most."""

    name = "spots"

    def detect(self, frames):
        return [self._look(frame) for frame in frames]

    def _look(self, frame):
        spots = [self._spots(frame, colour) for colour in ((0, 255, 0), (255, 255, 255), (0, 0, 255))]
        if [len(found) for found in spots] != [2, 1, 2]:
            return Faces(
                np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)
            )
        points = np.concatenate(spots).astype(np.float32)
        box = np.concatenate([points.min(0) - 10, points.max(0) + 10])
        return Faces(box[None], points[None], np.ones(1, np.float32))

    def _spots(self, frame, colour):
        near = (np.abs(frame.astype(int) - colour).max(2) < 60).astype(np.uint8)
        _, _, stats, centres = cv2.connectedComponentsWithStats(near)
        return sorted(centres[1:][stats[1:, 4] > 8].tolist())


@pytest.fixture(scope="session")
def spot_detector():
    return SpotDetector()
