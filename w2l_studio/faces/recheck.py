"""Looks at a face a second time, mirrored and tilted: what is no face is seldom found again in both ways.

Vases, hands and emblems fool a detector in one place and pose for seconds on end; real faces, blurred or half
covered, are found again in half of the looks at least. Follows nothing: one picture at a time.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.faces import crop
from w2l_studio.protocols import Detector
from w2l_studio.terms import Doubles, Faces, Floats, FramesBGR
from w2l_studio.terms.faces import EXCHANGED

_PICTURE_PX = 192
#: The face's window in parts of the picture: another size than it was found at, and room around it.
_SHARE = 1 / 3
_TILT = float(np.radians(20))
#: A face is the same one when its points lie within this many eye-mouth distances (mean).
_NEAR = 0.35


def again(detector: Detector, frame: FramesBGR, points: Floats) -> tuple[bool, bool]:
    """Tell whether a face is found where it was: in the mirror, and tilted to one side or the other.

    Args:
        detector: the one that found it.
        frame: ``uint8[H, W, 3]`` BGR.
        points: ``float32[5, 2]`` of the face in it.
    """
    window = crop.windows(points[None])
    upright = window * [1, 1, 1, 0]
    plain, left, right = (
        crop.affines(upright + np.array([0, 0, 0, tilt]), _PICTURE_PX, margin=1 / _SHARE)[0]
        for tilt in (0.0, -_TILT, _TILT)
    )
    pictures = np.stack([crop.sample(frame, each, _PICTURE_PX) for each in (plain, left, right)])
    pictures[0] = cv2.flip(pictures[0], 1)
    mirrored = (_moved(points, plain) * [-1, 1] + np.array([_PICTURE_PX - 1, 0]))[EXCHANGED]
    wanted = (mirrored, _moved(points, left), _moved(points, right))
    found = [_holds(*both) for both in zip(detector.detect(pictures), wanted, strict=True)]
    return found[0], found[1] or found[2]


def _moved(points: Floats, to_picture: Doubles) -> Doubles:
    return np.asarray(points @ to_picture[:, :2].T + to_picture[:, 2], np.float64)


def _holds(faces: Faces, wanted: Doubles) -> bool:
    """Tell whether one of the faces is the wanted one."""
    off = np.linalg.norm(faces.points - wanted, axis=2).mean(1)
    return bool((off <= _NEAR * _SHARE * _PICTURE_PX / crop.SIDE).any())
