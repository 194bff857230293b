"""RetinaFace as a detector: from pictures to boxes and points, for every published set of weights.

Reads no file; state dicts come in, so that only one place of the engine unpickles.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import torch
from torch import Tensor

from w2l_studio.errors import WeightsError
from w2l_studio.faces import fitting
from w2l_studio.faces.overlap import suppress
from w2l_studio.faces.retinaface_net import RetinaFace as Network
from w2l_studio.terms import Faces, Floats, FramesBGR

#: Pictures are looked through at this longer side at most, and where nobody is found once more, so many times
#: as large: who is far away, in shadow or lies on his side is seen better then.
LONGEST_PX, NEARER = 640, 2.0
#: Faces less probable than this are no faces; of two that overlap by more than `OVERLAP` one stays.
PASS, OVERLAP = 0.6, 0.4
#: Anchor sides per map and the distance of their centres (RetinaFace 3.2 in biubug6's reduced form).
SIDES, STEPS = ((16, 32), (64, 128), (256, 512)), (8, 16, 32)
#: What corrections of places and of sizes are divided by.
VARIANCES = (0.1, 0.2)
#: What biubug6's weights, and ours, have taken off every picture (BGR).
MEAN_BGR = (104.0, 117.0, 123.0)
_BATCH = 8
_PREFIX = "module."


class RetinaFace:
    """Fulfils `protocols.Detector`.

    Args:
        weights: state dict as published: biubug6's ``mobilenet0.25`` or ``Resnet50`` (keys with or
            without ``module.``), or ``resnet50_2020-07-20`` of retinaface-pytorch.
        name: whose weights these are.

    Raises:
        WeightsError: the state dict is of another network.
    """

    def __init__(self, weights: Mapping[str, Tensor], *, name: str = "retinaface") -> None:
        self.name = name
        prefixed = any(key.startswith(_PREFIX) for key in weights)
        state = {key.removeprefix(_PREFIX): value for key, value in weights.items()}
        resnet = "body.layer1.0.conv1.weight" in state
        # Retinaface-pytorch's: it trains on RGB pictures with ImageNet's mean and deviation.
        self.imagenet = resnet and not prefixed
        self._net = Network(resnet=resnet)
        try:
            self._net.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsError(
                "the weights are not RetinaFace's",
                hint="use mobilenet0.25_Final.pth, Resnet50_Final.pth or resnet50_2020-07-20 as published",
            ) from error
        self._net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def detect(self, frames: FramesBGR) -> list[Faces]:
        """Find all faces; pictures that show none are looked at again from nearer.

        Args:
            frames: ``uint8[N, H, W, 3]`` BGR, upright, square pixels, any size.

        Returns:
            One `Faces` per picture, best first.
        """
        if not len(frames):
            return []
        scale = min(1.0, LONGEST_PX / max(frames.shape[1:3]))
        found = self._look(frames, scale)
        empty = [i for i, faces in enumerate(found) if not len(faces.scores)]
        for i, faces in zip(empty, self._look(frames[empty], NEARER * scale), strict=True):
            found[i] = faces
        return found

    @torch.inference_mode()
    def _look(self, frames: FramesBGR, scale: float) -> list[Faces]:
        height, width = frames.shape[1:3]
        size = fitting.size(height, width, scale)
        way = cv2.INTER_AREA if scale <= 1 else cv2.INTER_CUBIC
        per_px = np.array([width / size[0], height / size[1]], np.float32)
        grid = anchors(size[1], size[0])
        found: list[Faces] = []
        for start in range(0, len(frames), _BATCH):
            seen = [cv2.resize(frame, size, interpolation=way) for frame in frames[start : start + _BATCH]]
            boxes, scores, points = (out.numpy() for out in self._net(self._tensor(np.stack(seen))))
            told = zip(boxes, scores, points, strict=True)
            found += [_faces(*decode(*one, grid, PASS), per_px) for one in told]
        return found

    def _tensor(self, seen: FramesBGR) -> Tensor:
        x = torch.from_numpy(seen).permute(0, 3, 1, 2).float()
        if not self.imagenet:
            return x - torch.tensor(MEAN_BGR).view(1, 3, 1, 1)
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        return (x.flip(1) / 255 - mean.view(1, 3, 1, 1)) / deviation.view(1, 3, 1, 1)


def anchors(height: int, width: int) -> Floats:
    """Return ``float32[A, 3]``: centre x, centre y and side of every anchor, in pixel edges."""
    parts = []
    for sides, step in zip(SIDES, STEPS, strict=True):
        y, x, side = np.meshgrid(
            (np.arange(-(-height // step)) + 0.5) * step,
            (np.arange(-(-width // step)) + 0.5) * step,
            np.array(sides, np.float64),
            indexing="ij",
        )
        parts.append(np.stack([x, y, side], -1).reshape(-1, 3))
    return np.concatenate(parts).astype(np.float32)


def decode(
    boxes: Floats, scores: Floats, points: Floats, grid: Floats, least: float
) -> tuple[Floats, Floats, Floats]:
    """Return what the anchors of one picture found: of boxes that overlap the most probable one.

    Args:
        boxes: ``float32[A, 4]``, corrections from each anchor to its box.
        scores: ``float32[A]``, probabilities of faces.
        points: ``float32[A, 10]``, corrections of the points.
        grid: ``float32[A, 3]`` as from `anchors`.
        least: faces less probable than this are no faces.

    Returns:
        Boxes ``[K, 4]`` and points ``[K, 5, 2]`` in pixel edges, and scores ``[K]``, best first.
    """
    rows = np.flatnonzero(scores > least)
    boxes, scores, points, grid = boxes[rows], scores[rows], points[rows], grid[rows]
    middle, side = grid[:, :2], grid[:, 2:]
    centre = middle + boxes[:, :2] * VARIANCES[0] * side
    half = side * np.exp(boxes[:, 2:] * VARIANCES[1]) / 2
    corners = np.concatenate([centre - half, centre + half], 1)
    places = middle[:, None] + points.reshape(-1, 5, 2) * VARIANCES[0] * side[:, None]
    kept = suppress(corners, scores, OVERLAP)
    return corners[kept], places[kept], scores[kept]


def _faces(corners: Floats, places: Floats, scores: Floats, per_px: Floats) -> Faces:
    # Edges become pixel centres: the centre of the first pixel is 0.
    return Faces(
        (corners.reshape(-1, 2, 2) * per_px - 0.5).reshape(-1, 4).astype(np.float32),
        (places * per_px - 0.5).astype(np.float32),
        scores.astype(np.float32),
    )
