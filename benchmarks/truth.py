"""Truth pairs: one head, camera and light perform lines A and B; A is dubbed to B and compared with B.

    python benchmarks/truth.py [--pairs 4] [--speech DIR] [--weights NAME ...] [--sheet OUT.png]
        [--landmarks PYTHON --task face_landmarker.task]

Each pair goes the whole way: two films of one performer, an edit with the first of them marked, `dub` with
the second one's sound, and the take read back. Beside the dubs, one by each of the weights, stand the plate
as it is and a rendered head whose lips stay shut, both coded as takes are, and the truth itself as far as our
instruments see it.
Columns: mean error of lip opening against the exact one (parts of the mouth's width), its correlation, also
of those pictures alone whose words are known (most lines' are a recogniser's, and where it guessed the true
film says something else than the sound), and its lag in pictures, all by the opening network; SSIM in the
mouth; and at the matte's rim the mean step (levels of 255 from pixel to pixel) that the truth does not
have. ``--landmarks`` asks MediaPipe too, which is none of our networks and lives in an environment of its
own: mean distance of the 40 points of the lips from where it finds them in the true film (parts of the
mouth's width; of all pictures and of sure words), and the correlation of its opening with the exact one.
What a perfect dub would read stands in a row of its own: the truth, coded as takes are.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from benchmarks import dubbing, lag, landmarks
from benchmarks.stage import PICTURE_PX, Film, Line, Stage, example_lines, spoken_lines, turns
from training.performers import render
from w2l_studio.composite import matte
from w2l_studio.config import MouthConfig
from w2l_studio.faces import crop, smooth
from w2l_studio.mouths.openness import Openness
from w2l_studio.nets import weights
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.terms import Bools, Floats, FramesBGR
from w2l_studio.terms.sound import FPS, SAMPLE_RATE

#: Side of the crops in which pictures are compared.
COMPARED_PX = 192
_TILES = 10
#: Fewer pictures say nothing.
_LEAST_SURE = FPS
COLUMNS = ("opening error", "correlation", "of sure words", "lag", "SSIM", "step at rim")
LANDMARK_COLUMNS = ("lip landmarks apart", "of sure words", "correlation by landmarks")


def figures(shown: FramesBGR, truth: Film, sure: Bools, opening: Openness) -> list[float]:
    """Compare pictures with the truth; returns the values of `COLUMNS`.

    Args:
        sure: ``bool[T]``, where what is said is known.
    """
    measured = opening(cut(shown, truth.points, FACE_PX))
    everywhere = np.ones(len(sure), np.bool_)
    at = _correlations(measured, truth.opening, everywhere)
    ours, true = (cut(pixels, truth.points, COMPARED_PX) for pixels in (shown, truth.pixels))
    return [
        float(np.abs(measured - truth.opening).mean()),
        at[0],
        _correlations(measured, truth.opening, sure)[0],
        float(max(at, key=lambda late: at[late])) if np.isfinite(at[0]) else float("nan"),
        float(np.mean([_ssim(a, b) for a, b in zip(ours, true, strict=True)])),
        float(np.mean([_step(a, b) for a, b in zip(ours, true, strict=True)])),
    ]


def landmark_figures(shown: Floats, true: Floats, opening: Floats, sure: Bools) -> list[float]:
    """Compare landmarks with those of the true film; returns the values of `LANDMARK_COLUMNS`.

    Args:
        shown: ``float32[T, 478, 2]`` from `landmarks.Landmarker`.
        true: the same of the true film.
        opening: ``float32[T]``, the exact one.
        sure: ``bool[T]``, where what is said is known.
    """
    distance = landmarks.apart(shown, true)
    found = np.isfinite(distance)
    return [
        *(float(distance[which].mean()) if which.any() else float("nan") for which in (found, found & sure)),
        _correlations(landmarks.opening(shown), opening, np.ones(len(sure), np.bool_))[0],
    ]


def cut(pixels: FramesBGR, points: Floats, size_px: int) -> FramesBGR:
    """Cut the truth's windows out of pictures, as calm as the engine's: they tell nothing of its lips."""
    windows = smooth.windows(points, np.ones(len(points), np.bool_), Fraction(FPS))
    return crop.cut(pixels, crop.affines(windows, size_px), size_px).pixels


def _correlations(measured: Floats, true: Floats, asked: Bools) -> dict[int, float]:
    """Return the correlations of the pictures asked for, by lag; nan of less than a second."""
    if lag.inside(asked).sum() < _LEAST_SURE:
        return dict.fromkeys(lag.REACH, float("nan"))
    return lag.correlations(measured, true, asked)


def _ssim(a: FramesBGR, b: FramesBGR) -> float:
    """Return SSIM (Wang et al. 2004; Gaussian of 1.5 pixels) of grey mouths, by the mouth's matte."""
    x, y = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float64) for picture in (a, b))

    def blur(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    mx, my = blur(x), blur(y)
    xx, yy, xy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = (2 * mx * my + c1) * (2 * xy + c2) / ((mx * mx + my * my + c1) * (xx + yy + c2))
    weight = matte.lips(len(a))
    return float((similar * weight).sum() / weight.sum())


def _step(a: FramesBGR, b: FramesBGR) -> float:
    """Return the mean length of the gradient that a picture has beyond the truth's on the matte's ring."""
    mask = matte.mouth(len(a)).alpha
    ring = (mask > 0.02) & (mask < 0.6)
    beyond = (a.astype(np.float32) - b).mean(2)
    across, down = np.gradient(cv2.GaussianBlur(beyond, (0, 0), 1.0))
    return float(np.hypot(across, down)[ring].mean())


def pair(
    seed: int,
    lines: tuple[Line, Line],
    names: Sequence[str],
    opening: Openness,
    finder: landmarks.Landmarker | None,
) -> tuple[dict[str, list[float]], FramesBGR]:
    """Make one pair, dub it by each of the weights, and return figures by method and a strip of pictures."""
    a, b = lines
    frames = min(len(a.audio), len(b.audio), 4 * SAMPLE_RATE) * FPS // SAMPLE_RATE
    stage = Stage(seed, frames)
    with render.Renderer(PICTURE_PX, PICTURE_PX) as renderer:
        plate, truth, closed = (
            stage.film(renderer, units)
            for units in (stage.units(a), stage.units(b), stage.units(b, shut=True))
        )
    with tempfile.TemporaryDirectory() as temporary:
        sound, folders = (
            b.audio[: frames * SAMPLE_RATE // FPS],
            [Path(temporary, str(i)) for i in range(len(names))],
        )
        for folder in folders:
            folder.mkdir()
        takes = [dubbing.dubbed(plate.pixels, sound, *where) for where in zip(names, folders, strict=True)]
        # All as takes are: a codec's steps are on the rim, too.
        coded = [dubbing.coded(film.pixels, Path(temporary)) for film in (plate, closed, truth)]
    methods = {
        **{f"dub ({name})": take for name, take in zip(names, takes, strict=True)},
        **dict(zip(("plate as it is", "shut lips", "truth, coded again"), coded, strict=True)),
        "truth, as measured": truth.pixels,
    }
    at = np.linspace(0, frames - 1, _TILES + 2).astype(int)[1:-1]
    rows = [np.hstack(list(cut(pixels, truth.points, COMPARED_PX)[at])) for pixels in methods.values()]
    sure = b.sure(frames)
    told = {method: figures(pixels, truth, sure, opening) for method, pixels in methods.items()}
    if finder:
        seen = dict(zip(methods, finder(list(methods.values())), strict=True))
        for method, points in seen.items():
            told[method] += landmark_figures(points, seen["truth, as measured"], truth.opening, sure)
    return told, np.vstack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", nargs="+", default=[MouthConfig().weights])
    parser.add_argument("--speech", type=Path, help="utterances with phoneme times instead of the example's")
    parser.add_argument("--sheet", type=Path, help="write the first pairs' pictures, a row per method")
    landmarks.options(parser)
    asked = parser.parse_args()
    finder = landmarks.asked_for(parser, asked)
    lines = spoken_lines(asked.speech) if asked.speech else example_lines()
    if not lines:
        parser.error(f"{asked.speech}: no speaker stayed out of training")
    opening = Openness(weights.load_opening(weights.find(MouthConfig().opening, "opening").path))
    found: dict[str, list[list[float]]] = {}
    strips = []
    for seed, (a, b) in enumerate(itertools.islice(turns(lines, asked.seed), asked.pairs), asked.seed):
        told, strip = pair(seed, (a, b), asked.weights, opening, finder)
        for method, values in told.items():
            found.setdefault(method, []).append(values)
        strips.append(strip)
        print(f"pair {seed}: {a.name} -> {b.name}", flush=True)
    columns = COLUMNS + LANDMARK_COLUMNS if finder else COLUMNS
    print(f"\n| {asked.pairs} pairs | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for method, rows in found.items():
        print(f"| {method} | {' | '.join(_summed(columns, np.array(rows)))} |")
    if asked.sheet:
        cv2.imwrite(str(asked.sheet), np.vstack(strips[:4]))


def _summed(columns: tuple[str, ...], rows: np.ndarray) -> Iterator[str]:
    """Yield the mean of each column with its deviation between pairs; of the lag, the median."""
    for name, column in zip(columns, rows.T, strict=True):
        if np.isnan(column).all():
            yield "-"
        elif name == "lag":
            yield f"{np.nanmedian(column):+.0f} ({int((np.abs(column) <= 1).sum())} within 1)"
        else:
            yield f"{np.nanmean(column):.3f} ± {np.nanstd(column):.3f}"


if __name__ == "__main__":
    main()
