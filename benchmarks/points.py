"""How still the windows of mouths lie, by detectors' own points and by our network's second looks.

    python benchmarks/points.py CLIP... [--retinaface FILE] [--yunet FILE] [--frames N]

Every picture of each clip is looked at alone, so nothing steadies what is told. Columns, medians over
pictures and then means over clips: how much the window shakes from picture to picture (its second difference,
which true motion hardly has): its middle and its side in per cent of its side, its turn in degrees; where it
lies beside MTCNN's (right and down in its sides, its side in parts, its turn), and how that differs between
clips (deviation); CPU milliseconds.
"""

from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path

import av
import numpy as np

from benchmarks.rival_mtcnn import Mtcnn
from w2l_studio.faces import crop
from w2l_studio.faces.detect_retinaface import RetinaFace
from w2l_studio.faces.detect_yunet import YuNet
from w2l_studio.faces.fitting import fitted
from w2l_studio.faces.points import Pointed
from w2l_studio.nets import weights
from w2l_studio.protocols import Detector
from w2l_studio.terms import Doubles, FramesBGR

_LONGEST_PX = 640


def frames(path: Path, most: int) -> FramesBGR:
    """Read the first pictures of a clip, as large as the engine looks for faces in them."""
    with av.open(str(path)) as container:
        shown = islice(container.decode(video=0), most)
        return np.stack([fitted(frame.to_ndarray(format="bgr24"), _LONGEST_PX) for frame in shown])


def windows(detector: Detector, shown: FramesBGR) -> tuple[Doubles, float]:
    """Return the window on the first face of each picture, NaN where there is none, and milliseconds."""
    began = time.process_time()
    found = [detector.detect(picture[None])[0] for picture in shown]
    spent = 1000 * (time.process_time() - began) / len(shown)
    none = np.full(4, np.nan)
    return np.array([crop.windows(one.points[:1])[0] if len(one.scores) else none for one in found]), spent


def shake(seen: Doubles) -> list[float]:
    """Return by how much middle and side (per cent of the side) and turn (degrees) leave a straight way."""
    bent = np.abs(seen[2:] - 2 * seen[1:-1] + seen[:-2])
    side = np.nanmedian(seen[:, 2]) / 100
    middle, size, turn = (np.nanmedian(bent[:, part]) for part in (slice(2), 2, 3))
    return [middle / side, size / side, float(np.degrees(turn))]


def beside(seen: Doubles, other: Doubles) -> list[float]:
    """Return where windows lie beside others: right, down, side, turn."""
    away = (seen[:, :2] - other[:, :2]) / other[:, 2:3]
    cos, sin = np.cos(other[:, 3]), np.sin(other[:, 3])
    right, down = away[:, 0] * cos + away[:, 1] * sin, away[:, 1] * cos - away[:, 0] * sin
    turn = np.degrees(seen[:, 3] - other[:, 3])
    return [float(np.nanmedian(part)) for part in (right, down, seen[:, 2] / other[:, 2], turn)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--retinaface", type=Path)
    parser.add_argument("--yunet", type=Path)
    parser.add_argument("--frames", type=int, default=50, help="Of each clip, from its begin.")
    asked = parser.parse_args()
    net = weights.load_points(weights.find("w2l-points", "points").path)
    ours = RetinaFace(weights.load_state(weights.find("w2l-faces", "retinaface").path))
    finders: dict[str, Detector] = {"MTCNN": Mtcnn(), "w2l-faces": ours}
    if asked.retinaface:
        finders["RetinaFace"] = RetinaFace(weights.load_state(asked.retinaface))
    if asked.yunet:
        finders["YuNet"] = YuNet(asked.yunet)
    pointed = {f"{name}, points by w2l-points": Pointed(one, net) for name, one in finders.items()}
    rows: dict[str, list[list[float]]] = {name: [] for name in (*finders, *pointed)}
    for clip in asked.clips:
        shown = frames(clip, asked.frames)
        first, _ = windows(finders["MTCNN"], shown)
        for name, detector in {**finders, **pointed}.items():
            seen, spent = windows(detector, shown)
            rows[name].append([np.isfinite(seen[:, 0]).mean(), *shake(seen), *beside(seen, first), spent])
    print(f"{len(asked.clips)} clips")
    print("| windows by | found | shake: middle %, side %, turn ° | beside MTCNN's | between clips | ms |")
    print("|---|---|---|---|---|---|")
    for name, told in rows.items():
        found, middle, side, turn, right, down, size, tilt, spent = np.mean(told, 0)
        apart = np.std(told, 0)
        print(
            f"| {name} | {found:.2f} | {middle:.2f}, {side:.2f}, {turn:.2f} "
            f"| {right:+.3f}, {down:+.3f}, {size:.3f}, {tilt:+.1f}° "
            f"| {apart[4]:.3f}, {apart[5]:.3f}, {apart[6]:.3f}, {apart[7]:.1f}° | {spent:.0f} |"
        )


if __name__ == "__main__":
    main()
