"""What a judge says of faces of a film: judges of ours see their own crops, SyncNet what its protocol shows.

Decodes one range of the film, once, whatever the number of faces; finds neither shots nor faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from w2l_studio.dub import cutting, geometry, listening, scan, sounds
from w2l_studio.dub.listening import EXPERT_RATE
from w2l_studio.judge import framing
from w2l_studio.judge.lse import Lse
from w2l_studio.judge.mfcc import pcm
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.judge.syncnet import SyncNetJudge
from w2l_studio.media.sound import read_mono
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.protocols import Judge
from w2l_studio.terms import Doubles, FaceTrack, Floats, Ints, Plate, Stem
from w2l_studio.terms.sound import SAMPLE_RATE, SAMPLES_PER_FRAME
from w2l_studio.timing import FrameRange

#: What scores films.
FilmJudge: TypeAlias = Judge | SlimJudge | SyncNetJudge


@dataclass(frozen=True, slots=True)
class Figures:
    """A judge's numbers; an expert's are no LSE, so that each has its own place.

    Args:
        offset_frames: at 25 a second, > 0 = sound leads.
        lse_d, lse_c: SyncNet's.
        distance, confidence: an expert's or our own judge's, one minus a cosine.
    """

    offset_frames: int
    lse_d: float | None = None
    lse_c: float | None = None
    distance: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """Picture and sound that are to be scored.

    Args:
        sound: the film's own.
        small: the picture that faces are looked for in.
        full: the whole picture, upright, with square pixels.
    """

    plate: Plate
    sound: Stem
    small: geometry.View
    full: geometry.View

    @property
    def frames(self) -> FrameRange:
        """All of the film."""
        return FrameRange(0, self.plate.frames, self.plate.rate)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Frames of a film as pictures at 25 a second, with their sound.

    Args:
        first: number of the first picture, counted from the film's begin.
        shown: ``int64[N]``, the film's frame in each picture.
        samples: ``float32[N * 640]``, 16 kHz.
    """

    first: int
    shown: Ints
    samples: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face while it is there.

    Args:
        track: present in every frame, pixels of the small picture.
    """

    track: FaceTrack
    part: Part


def part(film: Film, frames: FrameRange) -> Part:
    """Return frames at 25 a second as far as the film's sound goes."""
    first, shown = listening.expert_frames(frames)
    begin, end = first / EXPERT_RATE, (first + len(shown)) / EXPERT_RATE
    samples = read_mono(film.sound.path, SAMPLE_RATE, begin, end)
    count = min(len(shown), len(samples) // SAMPLES_PER_FRAME)
    return Part(first, shown[:count], samples[: count * SAMPLES_PER_FRAME])


def of_faces(film: Film, faces: Sequence[Face], judge: FilmJudge) -> list[Figures]:
    """Score the faces of one shot, each of a second or more."""
    if isinstance(judge, SyncNetJudge):
        return _by_syncnet(film, faces, judge)
    return _by_crops(film, faces, judge)


def of_whole(film: Film, whole: Part, judge: SyncNetJudge) -> Figures:
    """Score the whole picture of the whole film, squashed to SyncNet's square."""
    lips = judge.lips()
    frames = FrameRange(int(whole.shown[0]), int(whole.shown[-1]) + 1, film.plate.rate)
    for n, picture in enumerate(scan.pictures(film.plate, frames, film.full), frames.start):
        squashed = framing.squashed(picture)
        for _ in _times(whole, n):
            lips.add(squashed)
    return _figures(judge.score(lips, pcm(whole.samples)))


def boxes(film: Film, face: Face) -> Floats:
    """Return the face's box in each picture at 25 a second: ``float32[N, 4]``, full picture's pixels."""
    larger = np.divide(film.full.size_px, film.small.size_px)
    rows = face.part.shown - face.track.frames.start
    return np.asarray(face.track.boxes[rows] * np.tile(larger, 2), np.float32)


def _by_crops(film: Film, faces: Sequence[Face], judge: Judge | SlimJudge) -> list[Figures]:
    windows = [_windows(film, face) for face in faces]
    joined = cutting.cut(film.plate, windows, FACE_PX, scan.quiet)
    found = []
    for face, crops in zip(faces, cutting.parted(joined, windows), strict=True):
        shown, begin = face.part.shown, face.part.first / EXPERT_RATE
        pictures = crops.pixels[np.searchsorted(np.unique(shown), shown)]
        if isinstance(judge, SlimJudge):
            said = judge.score(pictures, pcm(face.part.samples))
        else:
            heard = sounds.heard(film.sound, begin, len(shown), EXPERT_RATE)
            said = judge.score(pictures, heard.voice())
        found.append(Figures(said.offset_frames, distance=said.distance, confidence=said.confidence))
    return found


def _windows(film: Film, face: Face) -> cutting.Windows:
    found = listening.windows(film.small, face.track)
    numbers = np.arange(face.track.frames.start, face.track.frames.stop)
    return replace(found, wanted=np.isin(numbers, face.part.shown))


def _by_syncnet(film: Film, faces: Sequence[Face], judge: SyncNetJudge) -> list[Figures]:
    lips = [judge.lips() for _ in faces]
    where: list[Doubles] = [framing.steady(boxes(film, face)) for face in faces]
    first = min(int(face.part.shown[0]) for face in faces)
    last = max(int(face.part.shown[-1]) for face in faces) + 1
    frames = FrameRange(first, last, film.plate.rate)
    for n, picture in enumerate(scan.pictures(film.plate, frames, film.full), first):
        for face, seen, centres in zip(faces, lips, where, strict=True):
            for i in _times(face.part, n):
                seen.add(framing.face(picture, centres[i]))
    return [_figures(judge.score(seen, pcm(f.part.samples))) for f, seen in zip(faces, lips, strict=True)]


def _times(shown: Part, frame: int) -> range:
    """Return which pictures at 25 a second a frame is: none, one, or several."""
    begin, end = (int(np.searchsorted(shown.shown, frame, side)) for side in ("left", "right"))
    return range(begin, end)


def _figures(said: Lse) -> Figures:
    return Figures(said.offset_frames, lse_d=said.lse_d, lse_c=said.lse_c)
