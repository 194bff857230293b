"""Second looks at faces that a detector found: where their five points are, from a window on each.

A detector's own points are a by-product of finding; windows that hang on them turn and shake. Finds no faces.
"""

from __future__ import annotations

import numpy as np
import torch

from w2l_studio.faces import crop
from w2l_studio.nets.points import SIDE_PX, Points
from w2l_studio.protocols import Detector
from w2l_studio.terms import Doubles, Faces, Floats, FramesBGR
from w2l_studio.terms.faces import EXCHANGED

#: How much larger these windows are than those in which mouths are drawn (`faces.crop`).
MARGIN = 1.5
#: No window is smaller, whatever a detector says.
_LEAST_PX = 4.0
#: The second window hangs on what was seen in the first, which a tilted head has tilted.
_LOOKS = 2


class Pointed:
    """Fulfils `protocols.Detector`: the faces of another one, with points by our network.

    Args:
        detector: finds the faces.
        net: finds their points.
    """

    def __init__(self, detector: Detector, net: Points) -> None:
        self.name = detector.name
        self._detector = detector
        self._net = net.eval()

    def detect(self, frames: FramesBGR) -> list[Faces]:
        """Find all faces.

        Args:
            frames: ``uint8[N, H, W, 3]`` BGR, upright, square pixels, any size.

        Returns:
            One `Faces` per picture, best first.
        """
        return [
            Faces(faces.boxes, self._look(frame, faces.points), faces.scores)
            for frame, faces in zip(frames, self._detector.detect(frames), strict=True)
        ]

    def _look(self, frame: FramesBGR, points: Floats) -> Floats:
        if not len(points):
            return points
        found: Doubles = points.astype(np.float64)
        for _ in range(_LOOKS):
            windows = crop.windows(found)
            windows[:, 2] = np.maximum(windows[:, 2], _LEAST_PX)
            to_windows = crop.affines(windows, SIDE_PX, MARGIN)
            seen = self._seen(np.stack([crop.sample(frame, each, SIDE_PX) for each in to_windows]))
            back = np.linalg.inv(to_windows[:, :, :2])
            found = np.einsum("nij,npj->npi", back, seen - to_windows[:, None, :, 2])
        return found.astype(np.float32)

    @torch.inference_mode()
    def _seen(self, windows: FramesBGR) -> Doubles:
        """Find the points in windows and in their mirror images, and take the mean: ``float64[N, 5, 2]``."""
        plain = torch.from_numpy(windows).permute(0, 3, 1, 2)
        here, there = (self._net(each).double().numpy() for each in (plain, plain.flip(3)))
        there = there[:, EXCHANGED] * [-1, 1] + [SIDE_PX - 1, 0]
        return np.asarray((here + there) / 2)
