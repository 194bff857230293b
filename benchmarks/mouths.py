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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks import lag, landmarks
from training.generators.critic import COLUMNS, ROWS
from training.measure import redub, tables
from training.packs.data import Clip, hear, read_pack
from training.variety import augment
from w2l_studio.composite import colour, likeness, matte, teeth
from w2l_studio.config import MouthConfig, ScoreConfig
from w2l_studio.faces import reference
from w2l_studio.judge.lse import SHIFT
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.judge.sync import ExpertJudge, verdict
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.sharp import Sharp
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.terms import Crops, Floats, FramesBGR, Voice
from w2l_studio.terms.sound import SAMPLES_PER_FRAME

#: Clips on the sheet, and pictures of each.
_SHOWN, _COLUMNS = 6, 14


def lips(pixels: FramesBGR) -> FramesBGR:
    side = pixels.shape[1]
    rows, columns = (slice(*(round(part * side) for part in parts)) for parts in (ROWS, COLUMNS))
    return pixels[:, side // 2 :][:, rows, columns]


def detail(pixels: FramesBGR) -> float:
    """Return the mean difference of neighbouring pixels at the lips, in levels."""
    return float(np.abs(np.diff(lips(pixels).astype(np.float32), axis=1)).mean())


def voice(windows: Floats) -> Voice:
    """Return mel windows ``float32[T, 80, C]`` with those told in which somebody speaks."""
    return Voice(windows, tables.voiced(windows))


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
    count = min(len(pixels), len(other.frames))
    heard, said = voice(hear(other.mel, np.arange(count))), tables.pcm(other)[: count * SAMPLES_PER_FRAME]
    own, spoken = _spoken(clip, other, pixels, generators, by)
    figures = {name: _fit(by, drawn, heard, said) for name, drawn in spoken.items()}
    true = by.opening(pixels)
    for name, drawn in own.items():
        figures[name] |= _likeness(drawn, pixels, by.opening(drawn), true)
    if by.finder:
        seen, *told = map(landmarks.opening, by.finder([pixels, *own.values()]))
        for name, mine in zip(own, told, strict=True):
            figures[name] |= _by_landmarks(mine, seen)
    there = augment.faces(other.frames, side)[:count]
    fit = _fit(by, there, heard, said)
    figures["true lips of the sound"] = {key: value for key, value in fit.items() if key != "best"}
    dubbed = [name for one in generators for name in (one.name, crisp(one.name))]
    return figures, {
        "source": pixels[:count],
        **{f"dubbed by {name}": spoken[name] for name in dubbed},
        "lips that go with the sound": there,
    }


def _spoken(
    clip: Clip, other: Clip, pixels: FramesBGR, generators: Sequence[Wav2Lip], by: Instruments
) -> tuple[dict[str, FramesBGR], dict[str, FramesBGR]]:
    """Return a clip's faces by method: with its own sound, shut lips among them, and with the other's."""
    rows = redub.closed(pixels, by.opening)
    count = min(len(pixels), len(other.frames))
    own: dict[str, FramesBGR] = {}
    spoken: dict[str, FramesBGR] = {}
    for drawn, said, frames in ((own, clip, len(pixels)), (spoken, other, count)):
        for one in generators:
            drawn[one.name] = _dubbed(one, pixels, pixels[rows], said, frames)
        for one in generators:
            drawn[crisp(one.name)] = _sharpened(by.sharp, by.opening, drawn[one.name], pixels)
    still = pixels.copy()
    half = pixels.shape[1] // 2
    still[:, half:] = pixels[rows][:, half:]
    spoken["source as it is"] = pixels[:count]
    own["shut lips"], spoken["shut lips"] = still, still[:count]
    return own, spoken


def _fit(by: Instruments, spoken: FramesBGR, heard: Voice, said: npt.NDArray[np.int16]) -> dict[str, float]:
    """Return how well lips fit a sound, by the expert and by the outsider."""
    distances = by.judge.distances(spoken, heard)
    best = verdict(distances, by.judge.name)
    return {
        "offset": best.offset_frames,
        "distance": float(distances[SHIFT]),
        "best": best.distance,
        **_judged(by.outsider, spoken, said),
    }


def _likeness(drawn: FramesBGR, pixels: FramesBGR, opening: Floats, true: Floats) -> dict[str, float]:
    """Return how near lips with their own sound come to the true ones."""
    at = lag.correlations(opening, true)
    off = lips(drawn).astype(float) - lips(pixels)
    return {
        "correlation": at[0],
        "lag": max(at, key=lambda n: at[n]),
        "lips_levels": float(np.abs(off).mean()),
        "lasting_levels": float(np.abs(off.mean(0)).mean()),
        "detail": detail(drawn) / detail(pixels),
    }


def _by_landmarks(mine: Floats, seen: Floats) -> dict[str, float]:
    at = lag.correlations(mine, seen)
    return {
        "correlation by landmarks": at[0],
        "lag by landmarks": max(at, key=lambda n: at[n]),
        "amplitude by landmarks": float(np.std(mine) / np.std(seen)),
    }


def _judged(outsider: SlimJudge, spoken: FramesBGR, said: npt.NDArray[np.int16]) -> dict[str, float]:
    found = outsider.score(tables.small(spoken), said)
    told = {"offset": found.offset_frames, "distance": found.distance, "confidence": found.confidence}
    return {f"{name} by judge": value for name, value in told.items()}


def _dubbed(
    generator: Wav2Lip, pixels: FramesBGR, references: FramesBGR, said: Clip, count: int
) -> FramesBGR:
    windows = redub.heard(generator, said, count, int(generator.lead_ms))
    heard = Voice(windows, voice(hear(said.mel, np.arange(count))).voiced)
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


def summary(found: Mapping[str, Sequence[dict[str, float]]]) -> Iterator[str]:
    """Yield a line for each method: means over clips; of offsets and lags medians and shares within 1."""
    for method, rows in found.items():
        lags = [key for key in rows[0] if key.startswith(("offset", "lag"))]
        means = {key: _mean(rows, key, 4) for key in rows[0] if key not in lags}
        for key in lags:
            means[f"{key} within 1"] = round(float(np.mean([abs(row[key]) <= 1 for row in rows])), 3)
            means[f"median {key}"] = float(np.median([row[key] for row in rows]))
        yield json.dumps({"method": method, **means})


def by_person(
    found: Mapping[str, Sequence[dict[str, float]]], people: Sequence[str], methods: Sequence[str]
) -> Iterator[str]:
    """Yield a line for each method and person."""
    for method in methods:
        for person in sorted(set(people)):
            rows = [row for row, who in zip(found[method], people, strict=True) if who == person]
            told = [key for key in rows[0] if key.endswith(("_levels", "by landmarks"))]
            means = {key: _mean(rows, key, 3) for key in told}
            yield json.dumps({"method": method, "person": person, **means})


def _mean(rows: Sequence[dict[str, float]], key: str, digits: int) -> float:
    return round(float(np.mean([row[key] for row in rows])), digits)


def _asked() -> tuple[argparse.Namespace, landmarks.Landmarker | None]:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pack", type=Path, nargs="+")
    parser.add_argument("--split", default="unseen")
    parser.add_argument("--weights", nargs="+", default=[MouthConfig().weights])
    parser.add_argument("--expert", default=MouthConfig().expert)
    parser.add_argument("--opening", default=MouthConfig().opening)
    parser.add_argument("--sharpener", default=MouthConfig().sharpener)
    parser.add_argument("--most", type=int, default=30)
    parser.add_argument("--sheet", type=Path)
    landmarks.options(parser)
    asked = parser.parse_args()
    return asked, landmarks.asked_for(parser, asked)


def _instruments(asked: argparse.Namespace, finder: landmarks.Landmarker | None) -> Instruments:
    judge = ScoreConfig().judge
    return Instruments(
        ExpertJudge(weights.load_expert(weights.find(asked.expert, "expert").path), name=asked.expert),
        SlimJudge(weights.load_judge(weights.find(judge, "judge").path), name=judge),
        Openness(weights.load_opening(weights.find(asked.opening, "opening").path)),
        Sharp(weights.load_sharpener(weights.find(asked.sharpener, "sharpener").path)),
        finder,
    )


def main() -> None:
    asked, finder = _asked()
    generators, by = [_generator(name) for name in asked.weights], _instruments(asked, finder)
    clips = [clip for clip in read_pack(asked.pack) if clip.split == asked.split and len(clip.frames) >= 40]
    chosen = [clips[i] for i in np.random.default_rng(0).permutation(len(clips))[: asked.most]]
    found: dict[str, list[dict[str, float]]] = {}
    shown = []
    for n, clip in enumerate(chosen):
        figures, pictures = measure(clip, chosen[(n + 1) % len(chosen)], generators, by)
        for method, row in figures.items():
            found.setdefault(method, []).append(row)
        if n < _SHOWN:
            shown.append(pictures)
    people = [clip.speaker for clip in chosen]
    print(f"{len(chosen)} clips of {len(set(people))} people, split {asked.split}")
    methods = [name for one in generators for name in (one.name, crisp(one.name))]
    print("\n".join([*summary(found), *by_person(found, people, methods)]))
    if asked.sheet:
        sheet(shown, asked.sheet)


if __name__ == "__main__":
    main()
