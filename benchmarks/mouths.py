"""What the generator's lips are worth on people it never saw: measured, and side by side on a sheet.

    python benchmarks/mouths.py PACK [--split unseen] [--weights NAME ...] [--sheet OUT.png]
        [--landmarks PYTHON --task face_landmarker.task]

Every clip of the split is dubbed twice: with its own sound (compared with its true lips) and with the
sound of another clip (judged against that sound). Beside the generator stand two baselines: the source as
it is, and shut lips. Columns: correlation of lip opening with the true one and its lag in pictures; mean
error of the lips in levels of 255, and of their mean over time (skin and whiskers, which hardly move);
detail (differences of neighbouring pixels there) in parts of the true picture's; offset, and distance
(1 - cosine), against the *other* sound, by the sync expert and by `w2l-judge`, which taught nothing; the
last row is what true lips of that sound reach. Each generator's lips stand there twice, as it draws them and
as `dub` makes them crisp; beside these lie pictures of the clip that are six or more away, or a clip's own
sound would find its own lips.
``--landmarks`` has MediaPipe, which is none of our networks, look at clips with their own sound, too:
correlation, lag and amplitude of the opening against what it sees in the clip. This and errors of the lips
are told by person, too: a mean hides a lost moustache.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks import lag, landmarks
from training.measure import redub, tables
from training.packs.data import SAMPLES_PER_FRAME, Clip, hear, read_pack
from training.variety import augment
from w2l_studio.composite import colour, likeness, matte, teeth
from w2l_studio.faces import reference
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.sharp import Sharp
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.sound.windows import COLUMNS
from w2l_studio.terms import Crops, Floats, FramesBGR, Ints, Voice

#: Rows and columns of the lips, as parts of the face's side.
_LIPS = ((25 / 48, 11 / 12), (1 / 6, 5 / 6))
_COLUMNS = 14


def lips(pixels: FramesBGR) -> FramesBGR:
    rows, columns = (slice(*(round(part * pixels.shape[1]) for part in parts)) for parts in _LIPS)
    return pixels[:, rows, columns]


def detail(pixels: FramesBGR) -> float:
    """Return the mean difference of neighbouring pixels at the lips, in levels."""
    return float(np.abs(np.diff(lips(pixels).astype(np.float32), axis=1)).mean())


def voice(clip: Clip, count: int, lead_ms: int = 0, columns: int = COLUMNS) -> Voice:
    windows = hear(clip.mel, np.arange(count), lead_ms, columns)
    return Voice(windows, windows.max((1, 2)) > -1)


def shut(pixels: FramesBGR, openings: Floats) -> Ints:
    return reference.closed(reference.uppers_of(pixels), openings, np.zeros(len(pixels), np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What clips are drawn and measured with; the outsider is `w2l-judge`."""

    judge: ExpertJudge
    outsider: SlimJudge
    opening: Openness
    sharp: Sharp
    finder: landmarks.Landmarker | None


def measure(
    clip: Clip, other: Clip, generators: Sequence[Wav2Lip], by: Instruments
) -> tuple[dict[str, dict[str, float]], dict[str, FramesBGR]]:
    """Return figures by method and the pictures of the clip dubbed with the other's sound."""
    side = generators[0].face_px
    pixels = augment.faces(clip.frames, side)
    true = by.opening(pixels)
    rows = shut(pixels, true)
    still = pixels.copy()
    still[:, side // 2 :] = pixels[rows][:, side // 2 :]
    count = min(len(pixels), len(other.frames))
    heard = voice(other, count)
    said = tables.pcm(other)[: count * SAMPLES_PER_FRAME]
    methods: dict[str, tuple[FramesBGR | None, FramesBGR]] = {
        generator.name: (
            _dubbed(generator, pixels, pixels[rows], clip, len(pixels)),
            _dubbed(generator, pixels, pixels[rows], other, count),
        )
        for generator in generators
    }
    methods |= {
        crisp(name): tuple(_sharpened(by.sharp, by.opening, drawn, pixels) for drawn in both)
        for name, both in methods.items()
    }
    methods |= {"source as it is": (None, pixels[:count]), "shut lips": (still, still[:count])}
    figures: dict[str, dict[str, float]] = {}
    for name, (drawn, spoken) in methods.items():
        verdict = by.judge.score(spoken, heard)
        at_zero = float(by.judge.distances(spoken, heard)[15])
        figures[name] = {
            "offset": verdict.offset_frames,
            "distance": at_zero,
            "best": verdict.distance,
            **_judged(by.outsider, spoken, said),
        }
        if drawn is not None:
            at = lag.correlations(by.opening(drawn), true)
            figures[name]["correlation"], figures[name]["lag"] = at[0], max(at, key=lambda n: at[n])
            off = lips(drawn).astype(float) - lips(pixels)
            figures[name]["lips_levels"] = float(np.abs(off).mean())
            figures[name]["lasting_levels"] = float(np.abs(off.mean(0)).mean())
            figures[name]["detail"] = detail(drawn) / detail(pixels)
    if by.finder:
        own = {name: drawn for name, (drawn, _) in methods.items() if drawn is not None}
        seen, *told = map(landmarks.opening, by.finder([pixels, *own.values()]))
        for name, mine in zip(own, told, strict=True):
            at = lag.correlations(mine, seen)
            figures[name]["correlation by landmarks"] = at[0]
            figures[name]["lag by landmarks"] = max(at, key=lambda n: at[n])
            figures[name]["amplitude by landmarks"] = float(np.std(mine) / np.std(seen))
    in_sync = by.judge.distances(augment.faces(other.frames, side)[:count], heard)
    figures["true lips of the sound"] = {
        "offset": 15 - int(np.nanargmin(in_sync)),
        "distance": float(in_sync[15]),
        **_judged(by.outsider, augment.faces(other.frames, side)[:count], said),
    }
    shown = {
        f"dubbed by {name}": methods[name][1]
        for generator in generators
        for name in (generator.name, crisp(generator.name))
    }
    return figures, {
        "source": pixels[:count],
        **shown,
        "lips that go with the sound": augment.faces(other.frames, side)[:count],
    }


def _judged(outsider: SlimJudge, spoken: FramesBGR, said: npt.NDArray[np.int16]) -> dict[str, float]:
    verdict = outsider.score(tables.small(spoken), said)
    told = {"offset": verdict.offset_frames, "distance": verdict.distance, "confidence": verdict.confidence}
    return {f"{name} by judge": value for name, value in told.items()}


def _dubbed(
    generator: Wav2Lip, pixels: FramesBGR, references: FramesBGR, said: Clip, count: int
) -> FramesBGR:
    windows = redub.heard(generator, said, count, int(generator.lead_ms))
    heard = Voice(windows, voice(said, count).voiced)
    return generator.speak(Crops(pixels[:count], np.zeros((count, 2, 3))), references[:count], heard)


def crisp(name: str) -> str:
    return f"{name}, made crisp"


def _sharpened(sharp: Sharp, opening: Openness, drawn: FramesBGR, pixels: FramesBGR) -> FramesBGR:
    """Make drawn lips crisp, with the clip's teeth, as `dub` does, but for what lies beside them."""
    mask, skin = matte.lips(drawn.shape[1]), matte.skin(drawn.shape[1])
    plate = pixels[: len(drawn)]
    match = colour.measure(plate, drawn, skin)
    seen = [match.undone(picture) for picture in pixels]
    looks = likeness.looks(seen, opening(pixels), mask)
    numbers = np.arange(len(pixels))
    beside = []
    for n, look in enumerate(likeness.looks(drawn, opening(drawn), mask)):
        away = numbers[np.abs(numbers - n) > reference.GAP]
        beside.append(seen[away[likeness.nearest(look[None], looks[away])[0]]])
    crisp = sharp(drawn, map(likeness.laid_over, beside, drawn), mask)
    toned = match.apply(
        np.stack([likeness.textured(*each, mask) for each in zip(crisp, beside, strict=True)])
    )
    own = teeth.measure(plate, toned, skin, mask)
    made = (match.undone(teeth.whitened(mouth, own, mask)) for mouth in toned)
    return np.stack([np.rint(mouth).clip(0, 255).astype(np.uint8) for mouth in made])


def sheet(shown: list[dict[str, FramesBGR]], path: Path) -> None:
    rows = []
    for pictures in shown:
        for frames in pictures.values():
            at = np.linspace(0, len(frames) - 1, _COLUMNS * 2).astype(int)[_COLUMNS // 2 :][:_COLUMNS]
            rows.append(np.hstack(list(frames[at])))
        rows.append(np.zeros((6, rows[-1].shape[1], 3), np.uint8))
    cv2.imwrite(str(path), np.vstack(rows))


def _generator(name: str) -> Wav2Lip:
    net, meta = weights.load_generator(weights.find(name, "generator").path)
    return Wav2Lip(net, name=name, lead_ms=meta.lead_ms, ear=weights.load_ear(meta, Path(name)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pack", type=Path, nargs="+")
    parser.add_argument("--split", default="unseen")
    parser.add_argument("--weights", nargs="+", default=["w2l-192"])
    parser.add_argument("--expert", default="expert")
    parser.add_argument("--opening", default="opening")
    parser.add_argument("--sharpener", default="sharpener")
    parser.add_argument("--most", type=int, default=30)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--landmarks", type=Path, metavar="PYTHON", help="one that has mediapipe")
    parser.add_argument("--task", type=Path, help="MediaPipe's face_landmarker.task")
    asked = parser.parse_args()
    if (asked.landmarks is None) != (asked.task is None):
        parser.error("--landmarks and --task go together")
    generators = [_generator(name) for name in asked.weights]
    by = Instruments(
        ExpertJudge(weights.load_expert(weights.find(asked.expert, "expert").path), name=asked.expert),
        SlimJudge(weights.load_judge(weights.find("w2l-judge", "judge").path), name="w2l-judge"),
        Openness(weights.load_opening(weights.find(asked.opening, "opening").path)),
        Sharp(weights.load_sharpener(weights.find(asked.sharpener, "sharpener").path)),
        landmarks.Landmarker(asked.landmarks, asked.task) if asked.task else None,
    )
    clips = [clip for clip in read_pack(asked.pack) if clip.split == asked.split and len(clip.frames) >= 40]
    order = np.random.default_rng(0).permutation(len(clips))[: asked.most]
    found: dict[str, list[dict[str, float]]] = {}
    shown = []
    for n, i in enumerate(order):
        other = clips[order[(n + 1) % len(order)]]
        figures, pictures = measure(clips[i], other, generators, by)
        for method, row in figures.items():
            found.setdefault(method, []).append(row)
        if n < 6:
            shown.append(pictures)
    print(f"{len(order)} clips of {len({clips[i].speaker for i in order})} people, split {asked.split}")
    for method, rows in found.items():
        lags = [key for key in rows[0] if key.startswith(("offset", "lag"))]
        keys = [key for key in rows[0] if key not in lags]
        means = {key: round(float(np.mean([row[key] for row in rows])), 4) for key in keys}
        for key in lags:
            means[f"{key} within 1"] = round(float(np.mean([abs(row[key]) <= 1 for row in rows])), 3)
            means[f"median {key}"] = float(np.median([row[key] for row in rows]))
        print(json.dumps({"method": method, **means}))
    people = np.array([clips[i].speaker for i in order])
    for method in (name for one in generators for name in (one.name, crisp(one.name))):
        for person in np.unique(people):
            rows = [row for row, who in zip(found[method], people, strict=True) if who == person]
            told = [key for key in rows[0] if key.endswith(("_levels", "by landmarks"))]
            means = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in told}
            print(json.dumps({"method": method, "person": person, **means}))
    if asked.sheet:
        sheet(shown, asked.sheet)


if __name__ == "__main__":
    main()
