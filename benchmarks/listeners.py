"""How surely `dub` tells a listener's face from a speaker's, where a cue says only when its character speaks.

    python benchmarks/listeners.py FILM... [--heads 20]

Faces of talking films, in stretches of one to three seconds. A stretch in which its own sound is speech for
seven tenths of the time speaks, and is asked with that sound. One that is silent, with a third of a second on
both sides, listens, and is asked with the speech of another film as production sound. CGI heads do either
with the same line: speak it, or hear it with shut lips, while they look about and blink.
For each length: how many stretches of how many films; the share that is taken for listening by the lips alone
(that is, where there is no production sound), and by lips and sound as `dub` asks. Speakers that are taken
for listeners keep their old lips, so that share has to be next to nothing; the other is what is spared to
whoever writes cues. Once as filmed, and once as small as the smallest faces that are dubbed.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from benchmarks import truth
from benchmarks.stage import PICTURE_PX, Stage, example_lines
from training.performers import render
from w2l_studio.config import DubConfig, FaceConfig
from w2l_studio.dub import cutting, geometry, listening, scan, sounds, wiring
from w2l_studio.errors import Unsupported
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import read_mono
from w2l_studio.mouths.openness import Openness
from w2l_studio.nets import weights
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.terms import Floats, FramesBGR, Voice
from w2l_studio.terms.sound import FPS, SAMPLES_PER_FRAME
from w2l_studio.timing import FrameRange

_LENGTHS_S = (1, 2, 3)
_SPOKEN, _AROUND = 0.7, FPS // 3
#: A face has to be there for so much of a film, and a film to last for two stretches.
_THERE, _LEAST = 0.95, 2 * FPS


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face of a film at 25 pictures a second.

    Args:
        crops: ``uint8[T, 96, 96, 3]`` BGR.
        heard: the film's own sound, a window per picture.
        listens: whether it does, None = where its sound is silent.
    """

    film: str
    crops: FramesBGR
    heard: sounds.Heard
    listens: bool | None = None


def faces(path: Path, config: DubConfig) -> Iterator[Face]:
    """Yield the faces of a film that stay."""
    plate = probe(path)
    view, detector = geometry.view(plate, config.faces.analysis_px), wiring.detector(config.faces)
    samples = read_mono(path)
    for shot in scan.split(plate, FrameRange(0, plate.frames, plate.rate), view, scan.quiet):
        for track in scan.tracks(plate, shot, view, detector, config.faces.every, scan.quiet):
            shown = listening.at_expert_rate(len(track.frames), plate.rate)
            if track.present.mean() < _THERE or len(shown) < _LEAST:
                continue
            crops = cutting.cut(plate, [listening.windows(view, track)], FACE_PX, scan.quiet).pixels[shown]
            begin = Fraction(track.frames.start) / plate.rate
            yield Face(path.stem, crops, sounds.hear(samples, begin, len(shown), listening.EXPERT_RATE))


def heads(count: int) -> Iterator[Face]:
    """Yield seeded heads, each as it speaks one of the example's lines and as it hears it with shut lips."""
    for seed, line in zip(range(count), itertools.cycle(example_lines()), strict=False):
        frames = len(line.audio) // SAMPLES_PER_FRAME
        heard = sounds.hear(line.audio, Fraction(0), frames, listening.EXPERT_RATE)
        stage = Stage(seed, frames)
        with render.Renderer(PICTURE_PX, PICTURE_PX) as renderer:
            for listens in (False, True):
                film = stage.film(renderer, stage.units(line, shut=listens))
                crops = truth.cut(film.pixels, film.points, FACE_PX)
                yield Face(f"head {seed}", crops, heard, listens)


def small(face: Face, side_px: int) -> Face:
    """Return a face as it is where its window is so small."""
    crops = [cv2.resize(x, (side_px, side_px), interpolation=cv2.INTER_AREA) for x in face.crops]
    again = [cv2.resize(x, (FACE_PX, FACE_PX), interpolation=cv2.INTER_CUBIC) for x in crops]
    return replace(face, crops=np.stack(again))


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A part of a film, what is heard in it, and whether its face only listens to that."""

    film: str
    crops: FramesBGR
    opening: Floats
    voice: Voice
    listens: bool


def stretches(found: Sequence[Face], opening: Openness, length: int) -> Iterator[Stretch]:
    """Yield stretches that overlap by three quarters, as far as it is sure whether they are spoken."""
    for n, face in enumerate(found):
        opened = opening(face.crops)
        for start in range(0, len(face.crops) - length + 1, max(1, length // 4)):
            part = slice(start, start + length)
            around = slice(max(0, start - _AROUND), start + length + _AROUND)
            if face.heard.voiced[part].mean() >= _SPOKEN:
                heard, listens = face.heard, bool(face.listens)
            elif face.listens is None and not face.heard.voiced[around].any():
                heard, listens = foreign(found, n).heard, True
            else:
                continue
            yield Stretch(face.film, face.crops[part], opened[part], heard.of(part).voice(), listens)


def foreign(found: Sequence[Face], n: int) -> Face:
    """Return the next face of another film that is at least as long and in which most is speech."""
    others = [face for face in (*found[n + 1 :], *found[:n]) if face.film != found[n].film]
    fit = (
        face
        for face in others
        if len(face.crops) >= len(found[n].crops) and face.heard.voiced.mean() > _SPOKEN / 2
    )
    return next(fit, max(others, key=lambda face: len(face.crops)))


def tell(name: str, asked: Iterable[Stretch], judge: ExpertJudge, config: FaceConfig) -> None:
    """Print the rows of stretches of one length."""
    told: dict[bool, list[tuple[str, bool, bool]]] = {False: [], True: []}
    for one in asked:
        still = float(np.ptp(np.percentile(one.opening, (5, 95)))) < config.lips_still
        follows = still and judge.follow(one.crops, one.voice) >= config.speaker_margin
        told[one.listens].append((one.film, still, still and not follows))
    for listens, rows in told.items():
        if rows:
            films, kind = len({film for film, _, _ in rows}), "listens" if listens else "speaks"
            alone, both = (np.mean([row[k] for row in rows]) for k in (1, 2))
            print(f"| {name} | {kind} | {len(rows)} of {films} | {alone:.3f} | {both:.3f} |", flush=True)


def main() -> None:
    """Print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("films", nargs="*", type=Path)
    ask.add_argument("--heads", type=int, default=0, help="CGI heads beside them")
    given = ask.parse_args()
    config = DubConfig()
    opening = Openness(weights.load_opening(weights.find("w2l-opening", "opening").path))
    judge = ExpertJudge(weights.load_expert(weights.find("w2l-expert", "expert").path), name="w2l-expert")
    found: list[Face] = []
    for film in given.films:
        try:
            found += faces(film, config)
        except Unsupported as error:
            print(error)
    groups = {"filmed": found, "CGI": list(heads(given.heads))}
    least = config.faces.min_face_px
    print("| faces | which | stretches | still lips | still lips that follow no sound |")
    print("|---|---|---|---|---|")
    for name, group in groups.items():
        for size, shown in (("", group), (f" at {least} px", [small(face, least) for face in group])):
            for seconds in _LENGTHS_S:
                asked = stretches(shown, opening, seconds * FPS)
                tell(f"{name}{size}, {seconds} s", asked, judge, config.faces)


if __name__ == "__main__":
    main()
