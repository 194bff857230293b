"""YuNet as a detector, run by OpenCV.

Takes the published ONNX files as they are; fixed-size and dynamic ones alike.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from w2l_studio.errors import WeightsError
from w2l_studio.faces.fitting import fitted
from w2l_studio.terms import Faces, FramesBGR

#: Pictures are looked through at this longer side at most.
LONGEST_PX = 640
#: Faces less probable than this are no faces; of two that overlap by more than `OVERLAP` one stays.
PASS, OVERLAP = 0.6, 0.3
_MOST = 500
#: YuNet names sides as the person has them: right eye first. Ours are as seen in the picture, and the
#: person's right eye is the left one in the picture, so the order is the same and stays.
_POINTS = slice(4, 14)


class YuNet:
    """Fulfils `protocols.Detector`.

    Args:
        path: the ONNX file.
        name: whose weights these are.

    Raises:
        WeightsError: OpenCV cannot read it.
    """

    def __init__(self, path: Path, *, name: str = "yunet") -> None:
        self.name = name
        if not path.is_file():
            raise WeightsError("the face detector's weights are missing", where=str(path))
        try:
            self._net = cv2.FaceDetectorYN.create(
                str(path), "", (LONGEST_PX, LONGEST_PX), PASS, OVERLAP, _MOST
            )
        except cv2.error as error:
            raise WeightsError(
                "this OpenCV cannot read the file as YuNet",
                hint="use the fixed-size file yunet_n_640_640.onnx, or OpenCV 5 for the dynamic one",
                where=str(path),
            ) from error

    def detect(self, frames: FramesBGR) -> list[Faces]:
        """Find all faces.

        Args:
            frames: ``uint8[N, H, W, 3]`` BGR, upright, square pixels, any size.

        Returns:
            One `Faces` per picture, best first.
        """
        return [self._look(frame) for frame in frames]

    def _look(self, frame: FramesBGR) -> Faces:
        small = fitted(frame, LONGEST_PX)
        (height, width), size = frame.shape[:2], small.shape[1::-1]
        self._net.setInputSize(size)
        _, found = self._net.detect(small)
        rows = np.zeros((0, 15), np.float32) if found is None else np.asarray(found, np.float32)
        rows = rows[np.argsort(-rows[:, 14], kind="stable")]
        per_px = np.array([width / size[0], height / size[1]], np.float32)
        corners = np.stack([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1)
        return Faces(
            (corners * per_px - 0.5).reshape(-1, 4).astype(np.float32),
            (rows[:, _POINTS].reshape(-1, 5, 2) * per_px - 0.5).astype(np.float32),
            rows[:, 14].copy(),
        )
