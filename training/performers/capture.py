"""Captures performances: face units and lip measures of real clips, by MediaPipe's face landmarker.

Runs in an environment of its own, since mediapipe pins other packages; knows nothing of heads.
Usage: ``python training/performers/capture.py face_landmarker.task OUT CLIP.mp4...``; ``OUT/<name>.npz``
holds ``units`` (``float32[T, 52]``, 0..1), ``names`` (ARKit), ``opening`` (``float32[T]``, gap of the inner
lips over mouth width) and ``width`` (``float32[T]``, mouth width over distance of the outer eye corners).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TypedDict

import av
import mediapipe as mp
import numpy as np
import numpy.typing as npt
from mediapipe.tasks import python as tasks
from mediapipe.tasks.python import vision

#: Canonical face mesh: middles of the inner lips, mouth corners, outer eye corners.
_UPPER, _LOWER, _LEFT, _RIGHT, _EYES = 13, 14, 61, 291, (33, 263)


class Captured(TypedDict):
    """The arrays of one clip, as the file holds them."""

    units: npt.NDArray[np.float32]
    names: npt.NDArray[np.str_]
    opening: npt.NDArray[np.float32]
    width: npt.NDArray[np.float32]


def capture(task: Path, clip: Path) -> Captured:
    """Return the arrays of one clip; pictures without a face repeat the one before.

    Raises:
        ValueError: a fifth of the pictures or more show no face.
    """
    options = vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(task)),
        running_mode=vision.RunningMode.IMAGE,
        output_face_blendshapes=True,
        num_faces=1,
    )
    rows: list[tuple[list[float], float, float]] = []
    names: list[str] = []
    missing: list[int] = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker, av.open(str(clip)) as container:
        for i, frame in enumerate(container.decode(video=0)):
            picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame.to_ndarray(format="rgb24"))
            found = landmarker.detect(picture)
            if found.face_blendshapes:
                scores = found.face_blendshapes[0]
                names = [unit.category_name for unit in scores]
                size = (frame.width, frame.height, frame.width)
                points = np.array([(p.x, p.y, p.z) for p in found.face_landmarks[0]]) * size
                rows.append(([unit.score for unit in scores], *_lips(points)))
            else:
                missing.append(i)
                rows.append(rows[-1] if rows else ([], 0.0, 0.0))
    if len(missing) * 5 >= len(rows):
        raise ValueError(f"{clip}: {len(missing)} pictures without a face")
    rows = [row if row[0] else next(other for other in rows if other[0]) for row in rows]
    units, opening, width = zip(*rows, strict=True)
    return {
        "units": np.array(units, np.float32),
        "names": np.array(names),
        "opening": np.array(opening, np.float32),
        "width": np.array(width, np.float32),
    }


def _lips(points: np.ndarray) -> tuple[float, float]:
    mouth = float(np.linalg.norm(points[_LEFT] - points[_RIGHT]))
    eyes = float(np.linalg.norm(points[_EYES[0]] - points[_EYES[1]]))
    return float(np.linalg.norm(points[_UPPER] - points[_LOWER])) / mouth, mouth / eyes


def _write(path: Path, captured: Captured) -> None:
    """Write under another name first: `w2l_studio.atomic` is not in this environment."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, **captured)
    part.replace(path)


def main() -> None:
    """Capture the clips named on the command line; finished ones are passed over."""
    task, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for clip in map(Path, sys.argv[3:]):
        path = out / f"{clip.parent.name}__{clip.stem}.npz"
        if path.exists():
            continue
        try:
            _write(path, capture(task, clip))
        except ValueError as error:
            print(error, file=sys.stderr)


if __name__ == "__main__":
    main()
