"""Measures by how many pictures a sound lies off the lips, and whether it is theirs at all.

Asks the engine's judges, each with its own view of the face; moves and writes nothing (`prepare` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from training.packs.data import hear
from w2l_studio.errors import WeightsError
from w2l_studio.faces import crop
from w2l_studio.judge import framing
from w2l_studio.judge.lse import SHIFT
from w2l_studio.judge.mfcc import pcm
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.judge.syncnet import SyncNetJudge
from w2l_studio.nets import weights
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.sound import mel
from w2l_studio.terms import Doubles, FaceTrack, Floats, FramesBGR, Voice

#: Sounds further off (240 ms) are not taken for slips: LatentSync's pipeline draws the line there as well.
FARTHEST = 6
#: An offset's neighbours fit nearly as well as itself; from here on they are others.
_APART = 4
#: By how much the expert must prefer the best offset to all others: its chance leads shrink with the root of
#: the number of pictures. Set on GRID and footage from the web (training/README.md).
_LEAST_LEAD = 0.4
#: Below, too many clips that are in sync would be dropped.
_LEAST_FRAMES = 60
#: SyncNet's confidence from which on public pipelines keep a clip (LatentSync).
_LEAST_CONFIDENCE = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out of one clip.

    Args:
        offset: by how many pictures the sound leads the lips; negative = it is late.
        confidence: median distance less that at the offset, in the judge's own measure.
        doubt: why the clip must not be learned from; empty where nothing is in the way.
    """

    offset: int
    confidence: float
    doubt: str


class Meter(Protocol):
    """A judge with its view of a face.

    Args:
        least_frames: shorter clips are not measured.
    """

    name: str
    least_frames: int

    def places(self, face: FaceTrack, window: Doubles) -> Doubles:
        """Return where to look in each picture of a track, a row for each.

        Args:
            face: in pixels of the pictures.
            window: ``float64[T, 4]``, its calm windows (`faces.smooth`).
        """
        ...

    def look(self, picture: FramesBGR, place: Doubles) -> FramesBGR:
        """Cut what the judge sees, ``uint8[S, S, 3]``, out of a picture ``uint8[H, W, 3]`` BGR."""
        ...

    def distances(self, seen: FramesBGR, samples: Floats) -> Floats:
        """Return the mean distance with the sound moved by -15..15 pictures, ``float32[31]``.

        Args:
            seen: ``uint8[T, S, S, 3]``, T >= `least_frames`, 25 a second.
            samples: ``float32[640 * T]``, 16 kHz.
        """
        ...

    def follows(self, distances: Floats, at: int, frames: int) -> bool:
        """Tell whether lips of so many pictures follow the sound, its offset being that of row ``at``."""
        ...


class ExpertMeter:
    """Fulfils `Meter` by a sync expert, which sees upright crops."""

    least_frames = _LEAST_FRAMES

    def __init__(self, judge: ExpertJudge) -> None:
        self.name = judge.name
        self._judge = judge

    def places(self, face: FaceTrack, window: Doubles) -> Doubles:
        """Return maps from picture to crop, ``float64[T, 2, 3]``."""
        del face
        return crop.affines(window, FACE_PX)

    def look(self, picture: FramesBGR, place: Doubles) -> FramesBGR:
        """Cut the face, ``uint8[96, 96, 3]``."""
        return crop.sample(picture, place, FACE_PX)

    def distances(self, seen: FramesBGR, samples: Floats) -> Floats:
        """Return the mean of 1 - cosine by offset."""
        heard = hear(mel.spectrogram(samples), np.arange(len(seen)))
        return self._judge.distances(seen, Voice(heard, np.ones(len(seen), np.bool_)))

    def follows(self, distances: Floats, at: int, frames: int) -> bool:
        """Tell whether the sound fits better here than anywhere else, by more than chance would have it."""
        others = distances[np.abs(np.arange(len(distances)) - at) >= _APART]
        return bool((others.min() - distances[at]) * np.sqrt(frames) >= _LEAST_LEAD)


class SyncNetMeter:
    """Fulfils `Meter` by SyncNet, which sees what `w2l-studio score` shows it."""

    #: run_pipeline.py drops shorter tracks.
    least_frames = framing.SHORT_FRAMES + 1

    def __init__(self, judge: SyncNetJudge) -> None:
        self.name = judge.name
        self._judge = judge

    def places(self, face: FaceTrack, window: Doubles) -> Doubles:
        """Return centres and half sides, ``float64[T, 3]``."""
        del window
        return framing.steady(face.boxes)

    def look(self, picture: FramesBGR, place: Doubles) -> FramesBGR:
        """Cut the face with its surroundings, ``uint8[224, 224, 3]``."""
        return framing.face(picture, place)

    def distances(self, seen: FramesBGR, samples: Floats) -> Floats:
        """Return SyncNet's mean distance by offset, as published."""
        lips = self._judge.lips()
        for picture in seen:
            lips.add(picture)
        return self._judge.score(lips, pcm(samples)).mean_distances

    def follows(self, distances: Floats, at: int, frames: int) -> bool:
        """Tell whether SyncNet is as confident as public pipelines ask."""
        del frames
        return bool(np.median(distances) - distances[at] >= _LEAST_CONFIDENCE)


@cache
def meter(name_or_path: str) -> Meter:
    """Return what measures; its network is loaded once in a process.

    Raises:
        WeightsError: missing, altered, or neither an expert nor SyncNet.
    """
    entry = weights.find(name_or_path)
    if entry.kind == "expert":
        return ExpertMeter(ExpertJudge(weights.load_expert(entry.path), name=entry.name))
    if entry.kind == "syncnet":
        return SyncNetMeter(SyncNetJudge(weights.load_syncnet(entry.path), name=entry.name))
    raise WeightsError(
        f"{entry.name} measures no offsets: {entry.kind}",
        hint="give a sync expert or SyncNet",
        where=str(entry.path),
    )


def findings(asked: Meter, curves: Sequence[Floats], frames: Sequence[int]) -> list[Finding]:
    """Conclude from the clips of one track: its sound lies off by one offset, and each clip must follow it.

    Args:
        curves: as from `Meter.distances`, clip by clip.
        frames: the clips' numbers of pictures.
    """
    at = int(np.mean(curves, axis=0).argmin())
    offset = SHIFT - at
    return [
        Finding(
            offset,
            float(np.median(curve) - curve[at]),
            _doubt(offset) if asked.follows(curve, at, count) else "lips do not follow the sound",
        )
        for curve, count in zip(curves, frames, strict=True)
    ]


def _doubt(offset: int) -> str:
    return f"sound more than {FARTHEST} pictures off" if abs(offset) > FARTHEST else ""
