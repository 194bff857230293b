"""Reads a video for training: pictures at 25 a second by time, shots, the only face of a shot.

Uses the engine's own detector, tracks and windows, so that networks are trained on what they will be given.
A video's pictures are never held whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from training.packs.data import LEAST_FRAMES
from w2l_studio.config import FaceConfig
from w2l_studio.errors import MediaError
from w2l_studio.faces import crop, shots, track
from w2l_studio.faces.detect_retinaface import RetinaFace
from w2l_studio.faces.fitting import fitted
from w2l_studio.faces.points import Pointed
from w2l_studio.media.files import opened
from w2l_studio.media.index import picture_stream
from w2l_studio.nets import weights
from w2l_studio.terms import FaceTrack, FramesBGR, Shot
from w2l_studio.terms.arrays import runs
from w2l_studio.terms.sound import FPS
from w2l_studio.timing import FrameRange

RATE = Fraction(FPS)
#: As the engine finds faces; smaller windows than it dubs hold no lips that could be read.
_FACES = FaceConfig()
#: Another face counts when it is at least this large beside the first, for a fifth of the shot.
_RIVAL, _RIVAL_TIME = 0.5, 0.2


def pictures(path: Path) -> Iterator[FramesBGR]:
    """Yield pictures ``uint8[H, W, 3]`` BGR at 25 a second by time, whatever the rate of the file.

    Picture n is the one that is on screen in the middle of its 25th of a second.

    Raises:
        MediaError: unreadable, or nothing in it decodes.
    """
    with opened(path) as container:
        stream = picture_stream(container, path)
        stream.thread_type = "SLICE"
        shown: FramesBGR | None = None
        begin, last, number = Fraction(0), Fraction(0), 0
        for frame in container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                continue
            time = frame.pts * frame.time_base
            if shown is None:
                begin = time
            else:
                while (number + Fraction(1, 2)) / FPS < time - begin:
                    yield shown
                    number += 1
            last, shown = time - begin, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        if shown is None:
            raise MediaError("no picture decodes", hint="export it again", where=str(path))
        while (number + Fraction(1, 2)) / FPS < last + Fraction(1, FPS):
            yield shown
            number += 1


def cuts(path: Path) -> tuple[Shot, ...]:
    """Find a video's shots, in pictures as `pictures` yields them.

    Raises:
        MediaError: unreadable, or nothing in it decodes.
    """
    return shots.split((_reduced(picture)[0] for picture in pictures(path)), RATE)


def one_face(frames: Iterator[FramesBGR], shot: Shot) -> FaceTrack | str:
    """Return the shot's only face in pixels of the video, or why there is none."""
    factors: list[float] = []

    def looked() -> Iterator[FramesBGR]:
        for frame in frames:
            small, factor = _reduced(frame)
            factors.append(factor)
            yield small

    tracks = track.link(looked(), _detector(), shot=shot, every=_FACES.every)
    if not tracks:
        return "no face"
    first, *others = (_longest_run(found) for found in tracks)
    side = _side(first)
    if any(_side(o) > _RIVAL * side and len(o.frames) > _RIVAL_TIME * len(shot.frames) for o in others):
        return "several faces"
    if side * factors[0] < _FACES.min_face_px:
        return "face too small"
    if len(first.frames) < LEAST_FRAMES:
        return "too short"
    return FaceTrack(
        first.frames, first.boxes * factors[0], first.points * factors[0], first.scores, first.present
    )


@cache
def _detector() -> Pointed:
    """Return this process's detector."""
    finder = RetinaFace(weights.load_state(weights.find(_FACES.detector, "retinaface").path))
    return Pointed(finder, weights.load_points(weights.find(_FACES.points, "points").path))


def _side(face: FaceTrack) -> float:
    return float(np.median(crop.windows(face.points)[:, 2]))


def _longest_run(found: FaceTrack) -> FaceTrack:
    """Return the longest stretch in which the face is there throughout."""
    start, stop = max(runs(found.present), key=lambda run: run[1] - run[0])
    rows, first = slice(start, stop), found.frames.start
    frames = FrameRange(first + start, first + stop, found.frames.rate)
    return FaceTrack(frames, found.boxes[rows], found.points[rows], found.scores[rows], found.present[rows])


def _reduced(picture: FramesBGR) -> tuple[FramesBGR, float]:
    """Return a picture for looking at and by how much the original is larger."""
    small = fitted(picture, _FACES.analysis_px)
    return small, max(picture.shape) / max(small.shape)
