"""MTCNN (Zhang et al. 2016) with the weights inside the ``mtcnn`` wheel: the detector before `w2l-faces`.

Finds boxes and five points in single pictures; nothing is carried from picture to picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks import rival_mtcnn_net as net
from w2l_studio.faces.fitting import fitted
from w2l_studio.faces.overlap import areas, shared, suppress
from w2l_studio.terms import Faces, Floats, FramesBGR, Ints

#: Pictures are looked through at this longer side at most.
LONGEST_PX = 640
#: The smallest face that is looked for, in parts of the picture's height, and in pixels.
SMALLEST = 1 / 18
SMALLEST_PX = 20.0
#: Probabilities that a candidate needs to pass each of the three networks.
PASS = (0.6, 0.7, 0.8)
_FIELD, _STRIDE, _STEP = 12, 2, 0.709
_BATCH = 512


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Boxes of several pictures in pixel edges: ``owner`` says which picture."""

    owner: Ints
    boxes: Floats
    scores: Floats

    def take(self, rows: Ints) -> _Candidates:
        return _Candidates(self.owner[rows], self.boxes[rows], self.scores[rows])


class Mtcnn:
    """Fulfils `protocols.Detector`.

    Args:
        folder: where ``pnet.lz4``, ``rnet.lz4`` and ``onet.lz4`` lie; None = in the installed wheel.

    Raises:
        WeightsError: weights missing or altered.
    """

    name = "mtcnn"

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or net.weights_folder()
        self._pnet, self._rnet, self._onet = (
            net.read_layers(folder / f"{name}.lz4", net.SHA256[name]) for name in ("pnet", "rnet", "onet")
        )

    def detect(self, frames: FramesBGR) -> list[Faces]:
        """Find all faces; pictures that show none are looked through again with equalised contrast.

        Args:
            frames: ``uint8[N, H, W, 3]`` BGR, upright, square pixels, any size.

        Returns:
            One `Faces` per picture, best first.
        """
        if not len(frames):
            return []
        reduced = np.stack([fitted(frame, LONGEST_PX) for frame in frames])
        found = self._cascade(reduced)
        empty = [i for i, faces in enumerate(found) if not len(faces.scores)]
        if empty:
            again = self._cascade(np.stack([_equalise(reduced[i]) for i in empty]))
            for i, faces in zip(empty, again, strict=True):
                found[i] = faces
        scale = np.divide(frames.shape[2:0:-1], reduced.shape[2:0:-1], dtype=np.float32)
        return [_enlarge(faces, scale) for faces in found]

    @torch.inference_mode()
    def _cascade(self, frames: FramesBGR) -> list[Faces]:
        candidates = self._propose(frames)
        candidates = self._refine(frames, candidates)
        return self._finish(frames, candidates)

    def _propose(self, frames: FramesBGR) -> _Candidates:
        height, width = frames.shape[1:3]
        scale = _FIELD / max(SMALLEST_PX, height * SMALLEST)
        none = np.zeros((0, 4), np.float32)
        parts = [_Candidates(np.zeros(0, np.int64), none, none[:, 0])]
        while min(height, width) * scale >= _FIELD:
            size = (round(width * scale), round(height * scale))
            small = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])
            shifts, scores = (t.numpy() for t in net.proposals(_tensor(small), self._pnet))
            owner, y, x = np.nonzero(scores >= PASS[0])
            corner = np.column_stack([x, y, x, y]) * _STRIDE + np.array([0, 0, _FIELD, _FIELD])
            shift = shifts[owner, :, y, x] * _FIELD
            per_px = np.array([width / size[0], height / size[1]] * 2)
            level = _Candidates(owner, corner.astype(np.float32), scores[owner, y, x])
            kept = _suppress(level, 0.5)
            boxes = ((corner + shift) * per_px)[kept].astype(np.float32)
            parts.append(_Candidates(owner[kept], boxes, level.scores[kept]))
            scale *= _STEP
        merged = _Candidates(*(np.concatenate([getattr(p, n) for p in parts]) for n in _Candidates.__slots__))
        return merged.take(_suppress(merged, 0.7))

    def _refine(self, frames: FramesBGR, given: _Candidates) -> _Candidates:
        squares = _squares(given.boxes)
        shifts, scores = np.zeros((len(squares), 4), np.float32), np.zeros(len(squares), np.float32)
        for part in _batches(len(squares)):
            patches = _cut(frames, given.owner[part], squares[part], 24)
            shifts[part], scores[part] = (t.numpy() for t in net.refine(_tensor(patches), self._rnet))
        passed = np.flatnonzero(scores >= PASS[1])
        found = _Candidates(given.owner, _shifted(squares, shifts), scores).take(passed)
        return found.take(_suppress(found, 0.7))

    def _finish(self, frames: FramesBGR, given: _Candidates) -> list[Faces]:
        squares = _squares(given.boxes)
        count = len(squares)
        shifts, relative = np.zeros((count, 4), np.float32), np.zeros((count, 10), np.float32)
        scores = np.zeros(count, np.float32)
        for part in _batches(count):
            patches = _cut(frames, given.owner[part], squares[part], 48)
            shifts[part], relative[part], scores[part] = (
                t.numpy() for t in net.landmarks(_tensor(patches), self._onet)
            )
        side = (squares[:, 2:] - squares[:, :2])[:, None]
        points = squares[:, None, :2] + relative.reshape(-1, 2, 5).transpose(0, 2, 1) * side
        boxes = _shifted(squares, shifts)
        faces = []
        for picture in range(len(frames)):
            rows = np.flatnonzero((given.owner == picture) & (scores >= PASS[2]))
            rows = rows[_not_inside(boxes[rows], scores[rows], 0.7)]
            # Edges become pixel centres here: the centre of the first pixel is 0.
            faces.append(
                Faces(
                    (boxes[rows] - 0.5).astype(np.float32),
                    (points[rows] - 0.5).astype(np.float32),
                    scores[rows],
                )
            )
        return faces


def _equalise(frame: FramesBGR) -> FramesBGR:
    """Equalise contrast in tiles (CLAHE on lightness): shows faces in shadow and fog."""
    lab = cv2.cvtColor(frame, cv2.COLOR_BGR2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    equalised: FramesBGR = cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)
    return equalised


def _enlarge(faces: Faces, scale: Floats) -> Faces:
    boxes = ((faces.boxes.reshape(-1, 2, 2) + 0.5) * scale - 0.5).reshape(-1, 4)
    return Faces(boxes, (faces.points + 0.5) * scale - 0.5, faces.scores)


def _tensor(pictures: FramesBGR) -> torch.Tensor:
    rgb = torch.from_numpy(np.ascontiguousarray(pictures[..., ::-1].transpose(0, 3, 1, 2)))
    return (rgb.float() - 127.5) / 128


def _suppress(given: _Candidates, limit: float) -> Ints:
    """Suppress within each picture."""
    kept = [np.zeros(0, np.int64)]
    for picture in np.unique(given.owner):
        rows = np.flatnonzero(given.owner == picture)
        kept.append(rows[suppress(given.boxes[rows], given.scores[rows], limit)])
    return np.concatenate(kept)


def _not_inside(boxes: Floats, scores: Floats, limit: float) -> Ints:
    """Suppress by the share of the smaller box, as MTCNN ends: what is inside a better box goes."""
    size = areas(boxes)
    share = shared(boxes, boxes) / np.maximum(np.minimum(size[:, None], size), 1e-9)
    kept: list[int] = []
    for row in np.argsort(-scores, kind="stable"):
        if (share[row, kept] <= limit).all():
            kept.append(int(row))
    return np.array(kept, np.int64)


def _squares(boxes: Floats) -> Floats:
    """Return boxes grown to squares of whole pixels, so that patch and coordinates agree exactly."""
    side = np.maximum(np.round((boxes[:, 2:] - boxes[:, :2]).max(1, initial=1)), 1)
    corner = np.round((boxes[:, :2] + boxes[:, 2:] - side[:, None]) / 2)
    return np.concatenate([corner, corner + side[:, None]], 1).astype(np.float32)


def _shifted(squares: Floats, shifts: Floats) -> Floats:
    side = squares[:, 2:3] - squares[:, :1]
    return np.asarray(squares + shifts * side, np.float32)


def _batches(count: int) -> list[slice]:
    return [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]


def _cut(frames: FramesBGR, owner: Ints, squares: Floats, size_px: int) -> FramesBGR:
    """Cut and reduce squares; what lies outside the picture is black, as in training."""
    out = np.empty((len(squares), size_px, size_px, 3), np.uint8)
    for i, (picture, square) in enumerate(zip(owner, squares.astype(np.int64), strict=True)):
        left, top, right, bottom = (int(v) for v in square)
        patch = frames[picture, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        if patch.shape[0] != bottom - top or patch.shape[1] != right - left:
            whole = np.zeros((bottom - top, right - left, 3), np.uint8)
            y, x = max(-top, 0), max(-left, 0)
            whole[y : y + patch.shape[0], x : x + patch.shape[1]] = patch
            patch = whole
        out[i] = cv2.resize(patch, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return out
