"""How surely `dub` tells a listener's face from a speaker's, where a cue says only when its character speaks.

    python benchmarks/listeners.py FILM...

Faces of talking films, in stretches of one to three seconds. A stretch in which its own sound is speech for
seven tenths of the time speaks, and is asked with that sound. One that is silent, with a third of a second on
both sides, listens, and is asked with the speech of another film as production sound. For each length: how
many stretches of how many films; the share that is taken for listening by the lips alone (that is, where
there is no production sound), and by lips and sound as `dub` asks. Speakers that are taken for listeners keep
their old lips, so that share has to be next to nothing; the other is what is spared to whoever writes cues.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from w2l_studio.config import DubConfig
from w2l_studio.dub import cutting, geometry, listening, scan, sounds, wiring
from w2l_studio.errors import Unsupported
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import read_mono
from w2l_studio.mouths.openness import Openness
from w2l_studio.nets import weights
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.terms import Floats, FramesBGR
from w2l_studio.terms.sound import FPS
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
        opening: ``float32[T]``.
        heard: the film's own sound, a window per picture.
    """

    film: str
    crops: FramesBGR
    opening: Floats
    heard: sounds.Heard


def faces(path: Path, config: DubConfig, opening: Openness) -> Iterator[Face]:
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
            heard = sounds.hear(samples, begin, len(shown), listening.EXPERT_RATE)
            yield Face(path.stem, crops, opening(crops), heard)


def stretches(face: Face, length: int) -> Iterator[tuple[slice, bool]]:
    """Yield stretches that overlap by three quarters, each with whether it is spoken, if that is sure."""
    for start in range(0, len(face.crops) - length + 1, max(1, length // 4)):
        part = slice(start, start + length)
        around = slice(max(0, start - _AROUND), start + length + _AROUND)
        if face.heard.voiced[part].mean() >= _SPOKEN:
            yield part, True
        elif not face.heard.voiced[around].any():
            yield part, False


def main() -> None:
    """Print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("films", nargs="+", type=Path)
    given = ask.parse_args()
    config = DubConfig()
    opening = Openness(weights.load_opening(weights.find("w2l-opening", "opening").path))
    judge = ExpertJudge(weights.load_expert(weights.find("w2l-expert", "expert").path), name="w2l-expert")
    found: list[Face] = []
    for film in given.films:
        try:
            found += faces(film, config, opening)
        except Unsupported as error:
            print(error)
    limit, margin = config.faces.lips_still, config.faces.speaker_margin
    print(f"{len(found)} faces of {len({face.film for face in found})} films")
    print("| seconds | stretches | films | still lips | still lips that follow no sound |")
    print("|---|---|---|---|---|")
    for seconds in _LENGTHS_S:
        told: dict[bool, list[tuple[str, bool, bool]]] = {True: [], False: []}
        for n, face in enumerate(found):
            for part, spoken in stretches(face, seconds * FPS):
                still = float(np.ptp(np.percentile(face.opening[part], (5, 95)))) < limit
                heard = (face if spoken else foreign(found, n)).heard
                follows = still and judge.follow(face.crops[part], heard.of(part).voice()) >= margin
                told[spoken].append((face.film, still, still and not follows))
        for spoken, rows in told.items():
            films = len({film for film, _, _ in rows})
            alone, both = (np.mean([row[k] for row in rows]) if rows else np.nan for k in (1, 2))
            kind = "spoken" if spoken else "silent"
            print(f"| {seconds} | {len(rows)}, {kind} | {films} | {alone:.3f} | {both:.3f} |")


def foreign(found: list[Face], n: int) -> Face:
    """Return the next face of another film that is at least as long and in which most is speech."""
    others = found[n + 1 :] + found[:n]
    fit = (
        other
        for other in others
        if other.film != found[n].film
        and len(other.crops) >= len(found[n].crops)
        and other.heard.voiced.mean() > _SPOKEN / 2
    )
    return next(fit, max(others, key=lambda other: len(other.crops)))


if __name__ == "__main__":
    main()
