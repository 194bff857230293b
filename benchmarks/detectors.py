"""Face detectors side by side on real pictures, counted against the faces that published ones agree on.

    python benchmarks/detectors.py FOLDER... --retinaface FILE --yunet FILE [--ours FILE] [--sheet OUT.png]

Every video below the folders gives pictures at even distances; a folder's name is its column, and so are
some of the pictures shrunk (160 px) and darkened. A face is *agreed* when two families of published detectors
(RetinaFace, YuNet, MTCNN) see it; ours has no say in that. Columns: agreed faces found; finds that no other
family shares; points, as mean distance to the median of the other families' points in eye-mouth distances;
the crop's window beside the one by MTCNN's points (shift right and down in its sides, its side in parts of
MTCNN's); CPU milliseconds a picture.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks import points
from benchmarks.rival_mtcnn import Mtcnn
from w2l_studio.config import FaceConfig
from w2l_studio.faces import crop, overlap
from w2l_studio.faces.detect_retinaface import RetinaFace
from w2l_studio.faces.detect_yunet import YuNet
from w2l_studio.faces.fitting import fitted
from w2l_studio.nets import weights
from w2l_studio.protocols import Detector
from w2l_studio.terms import Faces, Floats, FramesBGR

_VIDEOS = {".mp4", ".mov", ".mkv", ".webm"}
_LONGEST_PX, _SMALL_PX = 640, 160
#: Of two detectors' boxes that overlap by more the face is the same.
_SAME = 0.35
_OURS = "ours"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    group: str
    pixels: FramesBGR


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One face of a picture: which detector found it at which row of its finds."""

    rows: dict[str, int]
    box: Floats


def pictures(folders: list[Path], every_s: float, most: int) -> list[Picture]:
    """Return pictures of all videos, then some of them small, and dark with noise."""
    found = []
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _VIDEOS):
            found += [Picture(path.parent.name, frame) for frame in frames(path, every_s, most)]
    random = np.random.default_rng(0)
    some = found[::5]
    small = [Picture("small", fitted(one.pixels, _SMALL_PX)) for one in some]
    dark = [Picture("dark", darkened(one.pixels, random)) for one in some[::2]]
    return found + small + dark


def frames(path: Path, every_s: float, most: int) -> list[FramesBGR]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        step = max(1, round(every_s * float(stream.average_rate or 25)))
        shown = []
        for number, frame in enumerate(container.decode(stream)):
            if number % step == step // 2:
                shown.append(fitted(frame.to_ndarray(format="bgr24"), _LONGEST_PX))
        return (
            shown
            if len(shown) <= most
            else [shown[i] for i in np.linspace(0, len(shown) - 1, most).astype(int)]
        )


def darkened(picture: FramesBGR, random: np.random.Generator) -> FramesBGR:
    dark = 255 * (picture / 255.0) ** 2.2 * 0.5 + random.normal(0, 4, picture.shape)
    return np.clip(dark, 0, 255).astype(np.uint8)


def look(detector: Detector, shown: list[Picture]) -> tuple[list[Faces], list[float]]:
    detector.detect(shown[0].pixels[None])
    found, spent = [], []
    for one in shown:
        before = time.process_time()
        found += detector.detect(one.pixels[None])
        spent.append(1000 * (time.process_time() - before))
    return found, spent


def joined(finds: dict[str, Faces]) -> list[Seen]:
    """Join the finds of all detectors in one picture: the same face lies under one entry."""
    faces: list[Seen] = []
    for name, found in finds.items():
        for row, box in enumerate(found.boxes):
            same = [
                one
                for one in faces
                if name not in one.rows and overlap.iou(box[None], one.box[None])[0, 0] > _SAME
            ]
            if same:
                max(same, key=lambda one: overlap.iou(box[None], one.box[None])[0, 0]).rows[name] = row
            else:
                faces.append(Seen({name: row}, box))
    return faces


def family(name: str) -> str:
    return name.split(":")[0]


def agreed(face: Seen) -> bool:
    return len({family(name) for name in face.rows} - {_OURS}) >= 2


def alone(face: Seen, name: str) -> bool:
    return {family(other) for other in face.rows} == {family(name)}


def points_of(face: Seen, finds: dict[str, Faces], name: str) -> Floats:
    return finds[name].points[face.rows[name]]


def table(shown: list[Picture], found: dict[str, list[Faces]], spent: dict[str, list[float]]) -> str:
    groups = sorted({one.group for one in shown}, key=[one.group for one in shown].index)
    by_picture = [{name: found[name][i] for name in found} for i in range(len(shown))]
    faces = [
        (one.group, finds, face)
        for one, finds in zip(shown, by_picture, strict=True)
        for face in joined(finds)
    ]
    total = {g: sum(agreed(face) for group, _, face in faces if group == g) for g in groups}
    lines = [
        "| detector | " + " | ".join(f"{g} {total[g]}" for g in groups)
        + f" | all {sum(total.values())} | alone | points | window: right, down, side | ms median / p95 |",
        "|---" * (len(groups) + 6) + "|",
    ]  # fmt: skip
    for name in found:
        hits = {g: sum(agreed(f) and name in f.rows for group, _, f in faces if group == g) for g in groups}
        more = sum(name in f.rows and alone(f, name) for _, _, f in faces)
        ms = np.array(spent[name])
        cells = [
            name,
            *(str(hits[g]) for g in groups),
            f"{sum(hits.values()) / sum(total.values()):.3f}",
            f"+{more}",
        ]
        cells += [
            f"{off(faces, name):.3f}",
            window(faces, name),
            f"{np.median(ms):.0f} / {np.quantile(ms, 0.95):.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def off(faces: list[tuple[str, dict[str, Faces], Seen]], name: str) -> float:
    errors = []
    for _, finds, face in faces:
        others = [n for n in face.rows if family(n) not in (_OURS, family(name))]
        if agreed(face) and name in face.rows and others:
            middle = np.median([points_of(face, finds, n) for n in others], 0)
            mine = points_of(face, finds, name)
            errors.append(
                np.linalg.norm(mine - middle, axis=1).mean() / (crop.windows(middle[None])[0, 2] / crop.SIDE)
            )
    return float(np.median(errors)) if errors else float("nan")


def window(faces: list[tuple[str, dict[str, Faces], Seen]], name: str) -> str:
    """Return how the windows by a detector's points lie beside those by MTCNN's (medians)."""
    pairs = [
        [crop.windows(points_of(face, finds, n)[None])[0] for n in (name, "mtcnn")]
        for _, finds, face in faces
        if agreed(face) and name in face.rows and "mtcnn" in face.rows
    ]
    if not pairs:
        return "-"
    right, down, side, _ = points.beside(*np.array(pairs).swapaxes(0, 1))
    return f"{right:+.3f}, {down:+.3f}, {side:.3f}"


def sheet(shown: list[Picture], found: dict[str, list[Faces]], name: str, path: Path) -> None:
    """Draw the pictures in which a detector missed an agreed face (white) or found one alone (red)."""
    tiles = []
    for i, one in enumerate(shown):
        finds = {other: found[other][i] for other in found}
        canvas = cv2.copyMakeBorder(one.pixels, 0, 0, 0, 0, cv2.BORDER_CONSTANT)
        wrong = False
        for face in joined(finds):
            missed, more = agreed(face) and name not in face.rows, name in face.rows and alone(face, name)
            wrong |= missed or more
            colour = (255, 255, 255) if missed else (0, 0, 255) if more else (0, 255, 0)
            if name in face.rows or missed:
                left, top, right, bottom = (
                    round(float(v))
                    for v in (finds[name].boxes[face.rows[name]] if name in face.rows else face.box)
                )
                cv2.rectangle(canvas, (left, top), (right, bottom), colour, 2)
        if wrong:
            scale = min(240 / canvas.shape[1], 180 / canvas.shape[0])
            small = cv2.resize(canvas, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            tiles.append(
                cv2.copyMakeBorder(
                    small, 0, 180 - small.shape[0], 0, 240 - small.shape[1], cv2.BORDER_CONSTANT
                )
            )
    tiles += [np.zeros((180, 240, 3), np.uint8)] * (-len(tiles) % 8)
    if tiles:
        cv2.imwrite(str(path), np.vstack([np.hstack(tiles[i : i + 8]) for i in range(0, len(tiles), 8)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--retinaface", type=Path, action="append", default=[])
    parser.add_argument("--yunet", type=Path, action="append", default=[])
    parser.add_argument("--ours", default=FaceConfig().detector, help="Weights of ours: a name or a file.")
    parser.add_argument("--every", type=float, default=1.0, help="Seconds between pictures of a video.")
    parser.add_argument("--most", type=int, default=12, help="Pictures of a video.")
    parser.add_argument("--sheet", type=Path, help="Write ours' misses and false alarms as a picture.")
    asked = parser.parse_args()
    detectors: dict[str, Detector] = {"mtcnn": Mtcnn()}
    for path in asked.retinaface:
        detectors[f"retinaface:{path.stem}"] = RetinaFace(weights.load_state(path))
    for path in asked.yunet:
        detectors[f"yunet:{path.stem}"] = YuNet(path)
    detectors[_OURS] = RetinaFace(weights.load_state(weights.find(asked.ours, "retinaface").path))
    shown = pictures(asked.folders, asked.every, asked.most)
    looked = {name: look(detector, shown) for name, detector in detectors.items()}
    found, spent = ({name: one[part] for name, one in looked.items()} for part in (0, 1))
    print(f"{len(shown)} pictures")
    print(table(shown, found, spent))
    if asked.sheet:
        sheet(shown, found, _OURS, asked.sheet)


if __name__ == "__main__":
    main()
