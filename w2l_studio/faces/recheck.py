"""Looks at a face a second time, mirrored and at other sizes: what is no face is seldom found again.

Vases, hands and emblems fool a detector at one size and place for seconds on end; real faces, blurred or
half covered, are found again in half of the looks at least. Follows nothing: one picture at a time.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.faces import crop
from w2l_studio.protocols import Detector
from w2l_studio.terms import Floats, FramesBGR

_PICTURE_PX = 192
#: Side of the face's window in parts of the picture, and whether it is mirrored.
_LOOKS = ((1 / 3, True), (1 / 2, False))
#: How many looks `again` takes.
LOOKS = len(_LOOKS)
#: A face is the same one when its points lie within this many eye-mouth distances (mean).
_NEAR = 0.35
#: Points in the mirror: left and right are exchanged.
_EXCHANGED = [1, 0, 2, 4, 3]


def again(detector: Detector, frame: FramesBGR, points: Floats) -> int:
    """Count in how many of `LOOKS` looks a face is found where it was.

    Args:
        detector: the one that found it.
        frame: ``uint8[H, W, 3]`` BGR.
        points: ``float32[5, 2]`` of the face in it.
    """
    window = crop.windows(points[None])
    pictures, wanted = [], []
    for share, mirrored in _LOOKS:
        to_picture = crop.affines(window * [1, 1, 1, 0], _PICTURE_PX, margin=1 / share)[0]
        picture = crop.sample(frame, to_picture, _PICTURE_PX)
        there = points @ to_picture[:, :2].T + to_picture[:, 2]
        if mirrored:
            picture = np.ascontiguousarray(cv2.flip(picture, 1))
            there = (there * [-1, 1] + [_PICTURE_PX - 1, 0])[_EXCHANGED]
        pictures.append(picture)
        wanted.append((there, share * _PICTURE_PX / crop.SIDE))
    found = detector.detect(np.stack(pictures))
    return sum(
        bool((np.linalg.norm(faces.points - there, axis=2).mean(1) <= _NEAR * length).any())
        for faces, (there, length) in zip(found, wanted, strict=True)
    )
