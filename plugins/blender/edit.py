"""Strips as an OpenTimelineIO document, which the engine reads.

Plain values in, plain JSON values out: knows no Blender data and needs no library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from .marks import Mark

#: The metadata key that is the engine's.
KEY = "w2l_studio"


@dataclass(frozen=True, slots=True)
class Picture:
    """A strip of a movie or an image sequence that is dubbed.

    Args:
        name: of the strip.
        path: of the movie, or what stands for the image sequence.
        start: first frame of the scene in which it is seen.
        stop: the frame after the last one.
        media_first: the frame of it, counted from 0, that is seen at `start`.
        media_frames: length of it.
        marks: what of it is dubbed.
    """

    name: str
    path: Path
    start: int
    stop: int
    media_first: int
    media_frames: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound in the scene.

    Args:
        path: of the file.
        start: first frame of the scene in which it is heard.
        stop: the frame after the last one.
        media_first: the frame of the file, at the scene's rate, that is heard at `start`.
        stem: whether it is dubbed sound: then it lies here whatever time reference the file carries.
    """

    path: Path
    start: int
    stop: int
    media_first: int
    stem: bool


def origin(pictures: Sequence[Picture], sounds: Sequence[Sound]) -> int:
    """Return the scene's frame with which the document begins."""
    return min([*(picture.start for picture in pictures), *(sound.start for sound in sounds)])


def document(
    name: str, rate: Fraction, first: int, pictures: Sequence[Picture], sounds: Sequence[Sound]
) -> dict[str, Any]:
    """Return the timeline: a video track for each picture and an audio track for each sound.

    Args:
        name: of the timeline.
        rate: frames per second of the scene.
        first: the scene's frame that is the timeline's first, see `origin`.
        pictures: from the lowest channel to the highest.
        sounds: dubbed sound and production sound.
    """
    tracks = [
        _track(picture.name, "Video", picture.start - first, _clip(picture, rate), rate)
        for picture in pictures
    ]
    tracks += [
        _track(sound.path.name, "Audio", sound.start - first, _heard(sound, rate), rate) for sound in sounds
    ]
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "metadata": {}, "children": tracks}
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": name,
        "metadata": {},
        "global_start_time": _time(0, rate),
        "tracks": stack,
    }


def which(mark_id: str) -> tuple[int, int]:
    """Return which picture and which of its marks a mark's id in the engine's report means.

    >>> which("2.1#0")
    (2, 0)
    """
    path, _, mark = mark_id.partition("#")
    return int(path.split(".")[0]), int(mark)


def _track(name: str, kind: str, gap: int, item: dict[str, Any], rate: Fraction) -> dict[str, Any]:
    before = [{"OTIO_SCHEMA": "Gap.1", "source_range": _range(0, gap, rate)}] if gap else []
    return {"OTIO_SCHEMA": "Track.1", "name": name, "kind": kind, "metadata": {}, "children": [*before, item]}


def _clip(picture: Picture, rate: Fraction) -> dict[str, Any]:
    used = _range(picture.media_first, picture.stop - picture.start, rate)
    clip = _media_clip(picture.name, picture.path, used, _range(0, picture.media_frames, rate))
    ahead = picture.media_first - picture.start
    clip["markers"] = [
        {
            "OTIO_SCHEMA": "Marker.2",
            "name": f"w2l {mark.character or ''}".strip(),
            "metadata": {},
            "marked_range": _range(mark.start + ahead, mark.stop - mark.start, rate),
        }
        for mark in picture.marks
    ]
    return clip


def _heard(sound: Sound, rate: Fraction) -> dict[str, Any]:
    length = sound.stop - sound.start
    used = _range(sound.media_first, length, rate)
    clip = _media_clip(sound.path.stem, sound.path, used, _range(0, sound.media_first + length, rate))
    if sound.stem:
        clip["metadata"] = {KEY: {"place": "here"}}
    return clip


def _media_clip(name: str, path: Path, used: dict[str, Any], available: dict[str, Any]) -> dict[str, Any]:
    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": path.name,
        "target_url": path.as_uri(),
        "available_range": available,
        "metadata": {},
    }
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": name,
        "source_range": used,
        "metadata": {},
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _range(start: int, frames: int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(frames, rate)}


def _time(frames: int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": float(frames), "rate": float(rate)}
