"""Cuts the scene: writes two_voices.otio with its marks, from scene.yaml alone.

Run it as ``python examples/two_voices/edit.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import opentimelineio as otio
import scene

EDIT = scene.HERE / "two_voices.otio"


def build(told: scene.Scene) -> Any:
    """Return the edit as an OTIO timeline; media paths are relative to the folder of the example."""
    begin = otio.opentime.RationalTime(told.start_frame, told.rate)
    timeline = otio.schema.Timeline("two_voices", global_start_time=begin)
    pictures = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    pictures.extend([_clip(told, shot) for shot in told.shots])
    sound = otio.schema.Track("A1 original", kind=otio.schema.TrackKind.Audio)
    whole = _range(0, told.frames, told.rate)
    sound.append(otio.schema.Clip("original", _media(scene.PRODUCTION, whole), whole))
    timeline.tracks.extend([pictures, sound])
    return timeline


def write(timeline: Any, path: Path) -> None:
    """Write the edit."""
    path.write_text(otio.core.serialize_json_to_string(timeline, indent=4) + "\n", encoding="utf-8")


def _clip(told: scene.Scene, shot: scene.Shot) -> Any:
    take = told.take(shot.take)
    first = told.clock_frame + shot.start
    media = _media(take.path, _range(told.clock_frame + take.start, take.stop - take.start, told.rate))
    clip = otio.schema.Clip(shot.name, media, _range(first, shot.stop - shot.start, told.rate))
    clip.markers.extend([_marker(told, shot, mark) for mark in shot.marks])
    return clip


def _marker(told: scene.Scene, shot: scene.Shot, mark: dict[str, Any]) -> Any:
    """Write a mark down in one of the ways that docs/marks.md tells."""
    first, how = told.clock_frame + shot.start, mark["write"]
    begin, end = mark.get("from", 0), mark.get("to", shot.stop - shot.start)
    settings: dict[str, Any] = {"face": mark["face"]} if "face" in mark else {}
    name, comment = f"w2l {mark['who']}", ""
    if how == "comment":
        name, comment = "new lines", name
    elif how == "setting":
        name = "w2l"
        settings["character"] = mark["who"]
    length = end - begin if how == "range" else 0
    marker = otio.schema.Marker(name, _range(first + begin, length, told.rate), otio.schema.MarkerColor.RED)
    marker.comment = comment
    if settings:
        marker.metadata["w2l_studio"] = settings
    return marker


def _media(path: Path, available: Any) -> Any:
    media = otio.schema.ExternalReference(path.relative_to(scene.HERE).as_posix(), available)
    media.name = path.name
    return media


def _range(start: int, frames: int, rate: int) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, rate), time(frames, rate))


if __name__ == "__main__":
    write(build(scene.load()), Path(sys.argv[1]) if len(sys.argv) > 1 else EDIT)
