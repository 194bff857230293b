"""What the generator's lips are worth on people it never saw: measured, and side by side on a sheet.

    python benchmarks/mouths.py PACK [--split unseen] [--sheet OUT.png]

Every clip of the split is dubbed twice: with its own sound (compared with its true lips) and with the
sound of another clip (judged against that sound). Beside the generator stand two baselines: the source as
it is, and shut lips. Columns: correlation of lip opening with the true one and its lag in pictures; mean
error of the lips in levels of 255; detail (differences of neighbouring pixels there) in parts of the true
picture's; offset, and distance (1 - cosine), by the sync expert against the
*other* sound; the last row is what true lips of that sound reach.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from benchmarks import lag
from training import augment, redub
from training.data import Clip, column, hear, read_pack
from w2l_studio.faces import reference
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.sound.windows import COLUMNS
from w2l_studio.terms import Crops, Floats, FramesBGR, Ints, Voice

#: Rows and columns of the lips, as parts of the face's side.
_LIPS = ((25 / 48, 11 / 12), (1 / 6, 5 / 6))
_COLUMNS = 14


def crops(clip: Clip, face_px: int) -> FramesBGR:
    placed = augment.place(np.random.default_rng(0), clip.frames.shape[1], face_px=face_px)
    return np.stack([augment.face(frame, placed, face_px) for frame in clip.frames])


def lips(pixels: FramesBGR) -> FramesBGR:
    rows, columns = (slice(*(round(part * pixels.shape[1]) for part in parts)) for parts in _LIPS)
    return pixels[:, rows, columns]


def detail(pixels: FramesBGR) -> float:
    """Return the mean difference of neighbouring pixels at the lips, in levels."""
    return float(np.abs(np.diff(lips(pixels).astype(np.float32), axis=1)).mean())


def voice(clip: Clip, count: int, lead_ms: int = 0, columns: int = COLUMNS) -> Voice:
    windows = np.stack([hear(clip.mel, column(n, lead_ms), columns) for n in range(count)])
    return Voice(windows, windows.max((1, 2)) > -1)


def shut(pixels: FramesBGR, openings: Floats) -> Ints:
    uppers, count = reference.uppers_of(pixels), len(pixels)
    return reference.closed(uppers, openings, np.zeros(count), np.ones(count, np.bool_), gap=5)


def measure(
    clip: Clip, other: Clip, generator: Wav2Lip, judge: ExpertJudge, opening: Openness
) -> tuple[dict[str, dict[str, float]], dict[str, FramesBGR]]:
    """Return figures by method and the pictures of the clip dubbed with the other's sound."""
    side = generator.face_px
    pixels = crops(clip, side)
    true = opening(pixels)
    rows = shut(pixels, true)
    still = pixels.copy()
    still[:, side // 2 :] = pixels[rows][:, side // 2 :]
    maps = np.zeros((len(pixels), 2, 3))

    def spoken(said: Clip, frames: int) -> Voice:
        return Voice(redub.heard(generator, said, frames, int(generator.lead_ms)), voice(said, frames).voiced)

    own = generator.speak(Crops(pixels, maps), pixels[rows], spoken(clip, len(pixels)))
    count = min(len(pixels), len(other.frames))
    dubbed = generator.speak(Crops(pixels[:count], maps[:count]), pixels[rows][:count], spoken(other, count))
    heard = voice(other, count)
    methods = {
        "generator": (own, dubbed),
        "source as it is": (None, pixels[:count]),
        "shut lips": (still, still[:count]),
    }
    figures = {}
    for name, (drawn, spoken) in methods.items():
        verdict = judge.score(spoken, heard)
        at_zero = float(judge.distances(spoken, heard)[15])
        figures[name] = {"offset": verdict.offset_frames, "distance": at_zero, "best": verdict.distance}
        if drawn is not None:
            at = lag.correlations(opening(drawn), true)
            figures[name]["correlation"], figures[name]["lag"] = at[0], max(at, key=lambda n: at[n])
            figures[name]["lips_levels"] = float(np.abs(lips(drawn).astype(float) - lips(pixels)).mean())
            figures[name]["detail"] = detail(drawn) / detail(pixels)
    in_sync = judge.distances(crops(other, side)[:count], heard)
    figures["true lips of the sound"] = {
        "offset": 15 - int(np.nanargmin(in_sync)),
        "distance": float(in_sync[15]),
    }
    return figures, {
        "source": pixels[:count],
        "dubbed": dubbed,
        "lips that go with the sound": crops(other, side)[:count],
    }


def sheet(shown: list[dict[str, FramesBGR]], path: Path) -> None:
    rows = []
    for pictures in shown:
        for frames in pictures.values():
            at = np.linspace(0, len(frames) - 1, _COLUMNS * 2).astype(int)[_COLUMNS // 2 :][:_COLUMNS]
            rows.append(np.hstack(list(frames[at])))
        rows.append(np.zeros((6, rows[-1].shape[1], 3), np.uint8))
    cv2.imwrite(str(path), np.vstack(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pack", type=Path, nargs="+")
    parser.add_argument("--split", default="unseen")
    parser.add_argument("--weights", default="w2l-192")
    parser.add_argument("--expert", default="expert")
    parser.add_argument("--opening", default="opening")
    parser.add_argument("--most", type=int, default=30)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    net, meta = weights.load_generator(weights.find(asked.weights, "generator").path)
    ear = weights.load_ear(meta, Path(asked.weights))
    generator = Wav2Lip(net, name=asked.weights, lead_ms=meta.lead_ms, ear=ear)
    judge = ExpertJudge(weights.load_expert(weights.find(asked.expert, "expert").path), name=asked.expert)
    opening = Openness(weights.load_opening(weights.find(asked.opening, "opening").path))
    clips = [clip for clip in read_pack(asked.pack) if clip.split == asked.split and len(clip.frames) >= 40]
    order = np.random.default_rng(0).permutation(len(clips))[: asked.most]
    found: dict[str, list[dict[str, float]]] = {}
    shown = []
    for n, i in enumerate(order):
        other = clips[order[(n + 1) % len(order)]]
        figures, pictures = measure(clips[i], other, generator, judge, opening)
        for method, row in figures.items():
            found.setdefault(method, []).append(row)
        if n < 6:
            shown.append(pictures)
    print(f"{len(order)} clips of {len({clips[i].speaker for i in order})} people, split {asked.split}")
    for method, rows in found.items():
        keys = [key for key in rows[0] if key not in ("offset", "lag")]
        means = {key: round(float(np.mean([row[key] for row in rows])), 4) for key in keys}
        for key in ("offset", "lag"):
            if key in rows[0]:
                means[f"{key} within 1"] = round(float(np.mean([abs(row[key]) <= 1 for row in rows])), 3)
                means[f"median {key}"] = float(np.median([row[key] for row in rows]))
        print(json.dumps({"method": method, **means}))
    if asked.sheet:
        sheet(shown, asked.sheet)


if __name__ == "__main__":
    main()
