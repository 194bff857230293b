"""Looks through a plate in reduced pictures: shots and face tracks of a range.

Decodes in two passes, cuts first, so that no track is ever carried across a cut; holds one picture at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from w2l_studio.composite import planes
from w2l_studio.dub import geometry
from w2l_studio.faces import shots, track
from w2l_studio.media import decode
from w2l_studio.media.moments import Moments
from w2l_studio.protocols import Detector
from w2l_studio.terms import FaceTrack, FramesBGR, Plate, Segment, Shot
from w2l_studio.timing import FrameRange

Tick = Callable[[str], None]


def quiet(_: str) -> None:
    """Count nothing: a `Tick`."""


def once_a_frame(plate: Plate, tick: Tick) -> Tick:
    """Return a tick that counts frames where it is called once per picture."""
    calls = itertools.count(1)

    def each(stage: str) -> None:
        if next(calls) % plate.per_frame == 0:
            tick(stage)

    return each


def pictures(
    plate: Plate, frames: FrameRange, view: geometry.View, moments: Moments | None = None
) -> Iterator[FramesBGR]:
    """Yield upright reduced pictures ``uint8[h, w, 3]`` BGR of a range; `moments` watches them go by."""
    with decode.open_plate(plate) as reader:
        seen = reader.read(frames.start, frames.stop)
        for picture in seen if moments is None else moments.watch(seen):
            yield view.upright(planes.analysis(picture, plate.tags, view.scale))


def by_fields(plate: Plate, frames: FrameRange) -> bool:
    """Tell whether a range shows a moment with every field, not one with every frame."""
    if plate.field_order is None:
        return False
    moments = Moments()
    with decode.open_plate(plate) as reader:
        for _ in moments.watch(reader.read(frames.start, frames.stop)):
            pass
    return moments.apart


def counted(segment: Segment, view: geometry.View, tick: Tick) -> tuple[Segment, tuple[Shot, ...]]:
    """Return a segment counted as its plate shows moments, by frames or by fields, and its shots.

    One pass tells both.
    """
    plate, frames = segment.plate, segment.render_range
    moments = Moments() if plate.field_order is not None else None
    found = split(plate, frames, view, tick, moments)
    if moments is None or not moments.apart:
        return segment, found
    return segment.in_fields, tuple(replace(shot, frames=shot.frames.finer(2)) for shot in found)


def split(
    plate: Plate, frames: FrameRange, view: geometry.View, tick: Tick, moments: Moments | None = None
) -> tuple[Shot, ...]:
    """Return the shots of a range; cuts baked into the clip are found, those of fields between frames.

    Args:
        moments: watches the frames go by; None = nobody asks.
    """
    each, whole = plate.per_frame, plate.in_frames
    first, last = frames.start // each, frames.stop // each
    seen = pictures(whole, FrameRange(first, last, whole.rate), view, moments)
    found = shots.split(_ticked(seen, "shots", tick), whole.rate, first)
    return tuple(replace(shot, frames=shot.frames.finer(each)) for shot in found)


def tracks(
    plate: Plate, shot: Shot, view: geometry.View, detector: Detector, every: int, tick: Tick
) -> tuple[FaceTrack, ...]:
    """Return the faces of a shot, in pixels of the view.

    Args:
        every: frames between detections.
        tick: called once per picture with the stage's name.
    """
    frames = _ticked(pictures(plate, shot.frames, view), "faces", once_a_frame(plate, tick))
    return track.link(frames, detector, shot=shot, every=every)


def within(found: FaceTrack, frames: FrameRange) -> FaceTrack:
    """Return a track over exactly ``frames``; where it does not reach, the face is not present."""
    wanted = np.arange(frames.start, frames.stop)
    inside = (wanted >= found.frames.start) & (wanted < found.frames.stop)
    rows = np.clip(wanted - found.frames.start, 0, len(found.frames) - 1)
    return FaceTrack(
        frames,
        found.boxes[rows],
        found.points[rows],
        np.where(inside, found.scores[rows], 0).astype(np.float32),
        found.present[rows] & inside,
    )


def _ticked(frames: Iterator[FramesBGR], stage: str, tick: Tick) -> Iterator[FramesBGR]:
    for frame in frames:
        yield frame
        tick(stage)
