"""A picture that shows a face whose place is known, and what a detector has to find in it.

The picture is a render of ours: the first frame of ``examples/two_voices/media/B001C001.mov``, reduced
to 320x180. Its face lies where MTCNN, RetinaFace and YuNet, as published, agree that it does.
"""

from __future__ import annotations

from importlib import resources

import cv2
import numpy as np

from w2l_studio.faces.overlap import iou
from w2l_studio.protocols import Detector
from w2l_studio.terms import FramesBGR

#: Left, top, right, bottom; and the five points, in pixels.
_BOX = np.array([[134, 36, 206, 133]], np.float32)
_POINTS = np.array([[148, 73], [178, 74], [156, 93], [150, 109], [176, 108]], np.float32)
#: Detectors that work overlap the box by 0.87 and more and miss no point by more than 0.05 of its height.
_OVERLAP, _OFF = 0.6, 0.12


def picture() -> FramesBGR:
    """Return the picture, ``uint8[180, 320, 3]`` BGR."""
    stored = resources.files("w2l_studio.faces").joinpath("known.jpg").read_bytes()
    return np.asarray(cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_COLOR))


def found_by(detector: Detector) -> bool:
    """Tell whether a detector finds the face, and its points, where they are."""
    (faces,) = detector.detect(picture()[None])
    if not len(faces.scores):
        return False
    off = np.linalg.norm(faces.points[0] - _POINTS, axis=1).max() / (_BOX[0, 3] - _BOX[0, 1])
    return bool(iou(faces.boxes[:1], _BOX)[0, 0] >= _OVERLAP and off <= _OFF)
