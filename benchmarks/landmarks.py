"""Where the points of a face are, by an eye that is none of ours: MediaPipe's, in its own environment.

The measures are pure arrays. `find` runs this file with a Python that has ``mediapipe`` and ``numpy`` (it
pins other packages than ours, so nothing else is imported there):
``PYTHON benchmarks/landmarks.py face_landmarker.task FILMS.npz POINTS.npz``, an array per film.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import argparse

POINTS = 478
#: FaceMesh: the outline of the lips outside and inside, 20 points each.
LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)  # fmt: skip
#: Corners of the eyes and the nose from its root to its tip: what speech does not move.
STILL = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4)
#: Corners of the mouth; middles of the inner lips.
_CORNERS, _INNER = (61, 291), (13, 14)


@dataclass(frozen=True, slots=True)
class Landmarker:
    """MediaPipe's face landmarker.

    Args:
        python: one that has ``mediapipe``.
        task: its ``face_landmarker.task``.
    """

    python: Path
    task: Path

    def __call__(self, films: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Find the points of the one face in each picture, which knows nothing of the others.

        Args:
            films: each ``uint8[T, H, W, 3]``, BGR.

        Returns:
            Of each ``float32[T, 478, 2]`` in pixels, right and down; NaN where no face is found.

        Raises:
            CalledProcessError: the program failed; what it said stands on the terminal.
        """
        with tempfile.TemporaryDirectory() as folder:
            given, told = Path(folder, "films.npz"), Path(folder, "points.npz")
            np.savez(given, *films)
            subprocess.run([self.python, __file__, self.task, given, told], check=True)
            with np.load(told) as arrays:
                return [arrays[name] for name in arrays.files]


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options that ask for the landmarker."""
    parser.add_argument("--landmarks", type=Path, metavar="PYTHON", help="one that has mediapipe")
    parser.add_argument("--task", type=Path, help="MediaPipe's face_landmarker.task")


def asked_for(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> Landmarker | None:
    """Return the landmarker, if it is asked for; one option without the other ends the program."""
    if (asked.landmarks is None) != (asked.task is None):
        parser.error("--landmarks and --task go together")
    return Landmarker(asked.landmarks, asked.task) if asked.task else None


def apart(shown: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return how far lips are from the true ones once place and size of the heads agree.

    Args:
        shown: ``float32[T, 478, 2]``.
        true: the same of the true film.

    Returns:
        ``float64[T]``: mean over the 40 points of `LIPS`, in parts of the true mouth's mean width; NaN where
        a face was not found.
    """
    at = list(STILL)
    mine, theirs = shown[:, at].astype(np.float64), true[:, at].astype(np.float64)
    from_, to = mine.mean(1, keepdims=True), theirs.mean(1, keepdims=True)
    size = ((mine - from_) * (theirs - to)).sum((1, 2)) / ((mine - from_) ** 2).sum((1, 2))
    lips = (shown[:, list(LIPS)] - from_) * size[:, None, None] + to
    return np.linalg.norm(lips - true[:, list(LIPS)], axis=2).mean(1) / np.nanmean(_between(true, _CORNERS))


def opening(points: np.ndarray) -> np.ndarray:
    """Return the gap of the inner lips in parts of the mouth's width, ``float64[T]``.

    Pictures without a face get what lies between their neighbours; NaN if there is none with one.
    """
    gap = _between(points, _INNER) / _between(points, _CORNERS)
    seen = np.isfinite(gap)
    return np.interp(np.arange(len(gap)), np.flatnonzero(seen), gap[seen]) if seen.any() else gap


def _between(points: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    return np.linalg.norm(points[:, pair[0]].astype(np.float64) - points[:, pair[1]], axis=1)


def main() -> None:
    """Find points; this part runs where ``mediapipe`` is."""
    import mediapipe as mp
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import vision

    task, given, told = sys.argv[1:]
    # Pictures one by one: as a film they would be smoothed over time, which makes lips late.
    options = vision.FaceLandmarkerOptions(base_options=tasks.BaseOptions(model_asset_path=task), num_faces=1)
    found = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker, np.load(given) as films:
        for name in films.files:
            film = films[name]
            points = np.full((len(film), POINTS, 2), np.nan, np.float32)
            for row, picture in zip(points, film, strict=True):
                rgb = np.ascontiguousarray(picture[..., ::-1])
                faces = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb)).face_landmarks
                if faces:
                    row[:] = [(p.x * film.shape[2], p.y * film.shape[1]) for p in faces[0]]
            found.append(points)
    np.savez(told, *found)


if __name__ == "__main__":
    main()
