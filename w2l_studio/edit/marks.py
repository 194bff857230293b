"""Finds what is marked for dubbing: markers on clips, tracks and stacks.

Ties no mark to a media file and cuts no segment (see `segments`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from w2l_studio.edit import layout, settings, turns, visible
from w2l_studio.edit.layout import Placed
from w2l_studio.edit.timeline import Edit, clip_at, frames, timecode
from w2l_studio.edit.turns import Turn
from w2l_studio.terms import ClipUse, Mark
from w2l_studio.timing import FrameRange

_TEXT = re.compile(r"\s*w2l\b[ \t\xa0\u202f:,;-]*([^\r\n\u2028\u2029]*)", re.IGNORECASE)
#: Names that Resolve gives by itself; they name no character.
_NO_NAME = re.compile(r"marker \d+", re.IGNORECASE)


def find(edit: Edit, marker_color: str | None = None) -> tuple[Mark, ...]:
    """Return all marks of an edit in record order.

    Args:
        edit: as read.
        marker_color: every marker of this colour marks, whatever its text.

    Returns:
        Marks clipped to the timeline. A marker without length marks the whole clip that it is on or
        over. A clip marker on frames that the edit does not show gives a mark without frames.

    Raises:
        EditError: settings that cannot be meant; names marker and timecode.
    """
    seen = visible.parts(edit.clips)
    uses = {clip.path: clip for clip in edit.clips}
    found = [
        mark
        for placed in layout.walk(edit.otio)
        if placed.enabled
        for mark in _marks_on(edit, placed, marker_color, seen, uses)
    ]
    return tuple(sorted(found, key=lambda mark: (mark.record, mark.id)))


def everywhere(edit: Edit, spoken: Sequence[Turn]) -> tuple[Mark, ...]:
    """Return marks over every clip that is seen while somebody speaks.

    Args:
        edit: as read.
        spoken: where stems speak, in seconds from the timeline's first frame.

    Returns:
        One mark per clip; where it names nobody and several speak during the clip, one per turn.
    """
    found = turns.turns(spoken)
    placed = {item.path: item for item in layout.walk(edit.otio)}
    chosen: dict[tuple[int, ...], list[Mark]] = {}
    for clip, part in visible.parts(edit.clips):
        if clip.path in chosen or _is_generator(placed[clip.path]) or not turns.within(found, part):
            continue
        own = settings.read(placed[clip.path].item, clip_at(edit, clip), of_clip=True)
        whole = Mark(f"all-{_dotted(clip.path)}", clip.record, clip_path=clip.path, source="all")
        chosen[clip.path] = list(_by_turn(settings.under(whole, own), turns.within(found, clip.record)))
    return tuple(mark for marks in chosen.values() for mark in marks)


def _by_turn(whole: Mark, found: Sequence[Turn]) -> Iterator[Mark]:
    shares = list(turns.shared(whole.record, found))
    if whole.character or len(shares) == 1:
        yield replace(whole, character=whole.character or shares[0][1])
        return
    for number, (record, who) in enumerate(shares):
        yield replace(whole, id=f"{whole.id}-{number}", record=record, character=who)


def _marks_on(
    edit: Edit,
    placed: Placed,
    color: str | None,
    seen: Sequence[visible.Part],
    uses: Mapping[tuple[int, ...], ClipUse],
) -> Iterator[Mark]:
    for index, marker in enumerate(placed.item.markers):
        spoken, character = _speaker(marker, color)
        if not spoken:
            continue
        record, point = _range(edit, placed, marker, whole=placed.path in uses)
        where = f"{edit.path.name}, marker {marker.name!r} at {timecode(edit, record.start)}"
        own = settings.read(marker, where)
        clip = uses.get(placed.path) or (_under(record, seen) if point else None)
        mark = Mark(
            id=f"{_dotted(placed.path)}#{index}",
            record=clip.record if point and clip is not None and len(record) else record,
            character=character or own.character or _by_name(marker),
            clip_path=clip.path if clip is not None else None,
            hint=own.hint,
            strength=own.strength,
            skip=own.skip,
        )
        if placed.path in uses:
            there = clip_at(edit, uses[placed.path])
            mark = settings.under(mark, settings.read(placed.item, there, of_clip=True))
        yield mark


def _speaker(marker: Any, color: str | None) -> tuple[bool, str | None]:
    """Return whether a marker is a mark, and the character that its text names."""
    resolve = marker.metadata.get("Resolve_OTIO")
    note = resolve.get("Note") if isinstance(resolve, Mapping) else None
    texts = [text for text in (marker.name, marker.comment, note) if isinstance(text, str)]
    matches = [match for text in texts if (match := _TEXT.match(text))]
    if matches:
        return True, next((match[1].strip() for match in matches if match[1].strip()), None)
    return color is not None and str(marker.color or "").casefold() == color.casefold(), None


def _by_name(marker: Any) -> str | None:
    """Return the marker's name as a character, for markers chosen by colour."""
    name = (marker.name or "").strip()
    return name if name and not _TEXT.match(name) and not _NO_NAME.fullmatch(name) else None


def _range(edit: Edit, placed: Placed, marker: Any, *, whole: bool) -> tuple[FrameRange, bool]:
    """Return a marker's frames of the timeline, and whether it is a point.

    Markers count in the own time of what they are on. Resolve writes points as one frame.

    Args:
        whole: a point means all of what it is on. Not so on sound, which may run under many pictures.
    """
    begin = layout.seconds(marker.marked_range.start_time) + placed.offset
    length = max(layout.seconds(marker.marked_range.duration), Fraction(0))
    limits = frames(placed.window, edit.rate)
    asked = frames((begin, begin + length), edit.rate)
    point = len(asked) <= 1
    if point and whole and asked.start in limits:
        return limits, True
    start = min(max(asked.start, limits.start), limits.stop)
    stop = max(start, min(max(asked.stop, asked.start + 1), limits.stop))
    return FrameRange(start, stop, edit.rate), point


def _under(record: FrameRange, seen: Sequence[visible.Part]) -> ClipUse | None:
    return next((clip for clip, part in seen if record.intersect(part) is not None), None)


def _is_generator(placed: Placed) -> bool:
    return isinstance(layout.reference(placed.item), otio.schema.GeneratorReference)


def _dotted(path: tuple[int, ...]) -> str:
    return ".".join(map(str, path)) or "top"
