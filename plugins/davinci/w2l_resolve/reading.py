"""What is read of a Resolve timeline, as plain values.

Frames are integers; an item's `start` is absolute (the timeline's start frame included).
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

#: What the names of our own tracks begin with.
OURS = "W2L "


@dataclass(frozen=True)
class Marker:
    """A marker; `frame` counts from the timeline's first frame, on items from the media's first picture."""

    frame: int
    duration: int
    name: str
    note: str
    custom: str


@dataclass(frozen=True)
class Item:
    """A video clip of the timeline.

    Args:
        track: 1 = lowest.
        start: record frame, absolute.
        duration: record frames.
        left_offset: media frames before the first one that is shown.
        span: media frames from the first to the last one shown, None where Resolve does not tell.
        media: path of its file; empty for compound clips and the like.
        kind: Resolve's type of the media, e.g. ``Video + Audio``.
        rate: of the media, as Resolve writes it.
        colour_space: of the media, as colour management reads it; empty without colour management.
        visible: clip and track are enabled.
        ours: it lies on a track that an earlier job of ours laid.
    """

    id: str
    name: str
    track: int
    start: int
    duration: int
    left_offset: int
    span: int | None
    media: str
    kind: str
    rate: str
    locked: bool
    visible: bool
    markers: tuple[Marker, ...]
    ours: bool = False
    colour_space: str = ""

    @property
    def stop(self) -> int:
        """Return the record frame after the last one."""
        return self.start + self.duration


@dataclass(frozen=True)
class Placed:
    """What lies on a track, in absolute record frames; `left`: media frames before the first one shown."""

    start: int
    duration: int
    media: str
    left: int

    @property
    def stop(self) -> int:
        """Return the record frame after the last one."""
        return self.start + self.duration

    def meets(self, start: int, stop: int) -> bool:
        """Tell whether it lies anywhere in ``start <= frame < stop``."""
        return self.start < stop and start < self.stop


@dataclass(frozen=True)
class Timeline:
    """A timeline, its items from the lowest track to the highest; `sounds`: markers of its sound clips."""

    project: str
    id: str
    name: str
    rate: str
    start_frame: int
    items: tuple[Item, ...]
    markers: tuple[Marker, ...]
    sounds: tuple[Marker, ...] = ()

    def item(self, item_id: str) -> Item | None:
        """Return an item by its id."""
        return next((item for item in self.items if item.id == item_id), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def begun_at(timeline: Timeline, start_frame: int) -> Timeline:
    """Return a timeline as it would be with another start timecode: every item keeps its place in it."""
    later = start_frame - timeline.start_frame
    items = tuple(replace(item, start=item.start + later) for item in timeline.items)
    return replace(timeline, start_frame=start_frame, items=items)


def from_json(values: dict[str, Any]) -> Timeline:
    """Return a timeline from its JSON values."""
    items = [Item(**{**item, "markers": _markers(item["markers"])}) for item in values["items"]]
    # Jobs of older versions tell nothing of sounds.
    marked = {name: _markers(values.get(name, [])) for name in ("markers", "sounds")}
    return Timeline(**{**values, "items": tuple(items), **marked})


def markers(told: dict[float, dict[str, Any]] | None) -> tuple[Marker, ...]:
    """Return markers in order; Resolve counts their frames in floats."""
    return tuple(
        Marker(int(frame), int(m["duration"]), m["name"], m["note"], m.get("customData") or "")
        for frame, m in sorted((told or {}).items())
    )


def frames(told: str, duration: str, frame_rate: Fraction) -> int:
    """Return a length in frames: as it is told, else from a timecode; of sound, Resolve may tell that alone.

    Args:
        duration: at 29.97 and 59.94, one with a semicolon is drop-frame: each minute but every tenth
            leaves out the first two (or four) numbers.
        frame_rate: frames a second, of which the timecode counts the next whole number.

    Returns:
        0 where neither is told.
    """
    if told.isdigit() and int(told):
        return int(told)
    parts = duration.replace(";", ":").split(":")
    if len(parts) != 4 or not all(part.isdigit() for part in parts):
        return 0
    hours, minutes, seconds, rest = map(int, parts)
    nominal, minutes = round(frame_rate), hours * 60 + minutes
    drops = ";" in duration and frame_rate.denominator == 1001 and nominal % 30 == 0
    dropped = nominal // 15 * (minutes - minutes // 10) if drops else 0
    return (minutes * 60 + seconds) * nominal + rest - dropped


def rate(text: str) -> Fraction:
    """Return a frame rate as Resolve writes it (``23.976``, ``29.97 DF``) as an exact number; 0 = unknown."""
    try:
        number = float(text.split()[0])
    except (ValueError, IndexError):
        return Fraction(0)
    whole = round(number)
    if abs(number - whole) > 0.001 and abs(number - whole / 1.001) < 0.01:
        return Fraction(whole * 1000, 1001)
    return Fraction(number).limit_denominator(1000)


def same_file(one: str, other: str) -> bool:
    """Tell whether two paths name one file; macOS spells an umlaut in two ways."""
    return bool(one) and _spelled(one) == _spelled(other)


def below(path: str, folder: Path) -> bool:
    """Tell whether a file lies anywhere below a folder."""
    return bool(inside(path, folder))


def inside(path: str, folder: Path) -> tuple[str, ...]:
    """Return the folders from a folder to a file below it, and its name; empty = it does not lie there."""
    try:
        return Path(_spelled(path)).relative_to(_spelled(str(folder))).parts
    except ValueError:
        return ()


def own(takes: list[str], ours: Path) -> int:
    """Return which take is the user's own, from 1; 0 = none: takes from below `ours` are not."""
    return next((i for i, path in enumerate(takes, 1) if not below(path, ours)), 0)


def _spelled(path: str) -> str:
    return os.path.normcase(os.path.normpath(unicodedata.normalize("NFC", path)))


def _markers(values: list[dict[str, Any]]) -> tuple[Marker, ...]:
    return tuple(Marker(**one) for one in values)
