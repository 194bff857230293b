"""Who speaks where, by the markers of a timeline; and an exported edit in which only chosen clips are marked.

Follows docs/marks.md in the little that a dialog has to know before the engine reads the edit.
"""

from __future__ import annotations

import copy
import re
from fractions import Fraction
from typing import Any, Iterator

from w2l_resolve.reading import OURS, Item, Marker, Timeline, rate

_MARK = re.compile(r"\s*w2l\b[ \t\xa0\u202f:,;-]*([^\r\n\u2028\u2029]*)", re.IGNORECASE)
#: Under which name the engine's settings stand in metadata.
KEY = "w2l_studio"


def characters(timeline: Timeline, chosen: list[str] | None = None) -> list[str]:
    """Return the characters of all marks, or of the chosen items; ``""`` = a mark that names nobody."""
    if chosen is not None:
        items = [item for item in timeline.items if item.id in chosen]
        return sorted({who for item in items for who in (_on(item) or [character_of(item, timeline)])})
    on_items = [who for item in timeline.items for who in _on(item)]
    return sorted({*on_items, *_named(timeline.markers), *_named(timeline.sounds)})


def users(timeline: Timeline, chosen: list[str]) -> list[str]:
    """Return chosen items; in place of one that an earlier job of ours laid stands the user's below it."""
    items = [_users(item, timeline) for item in map(timeline.item, chosen) if item is not None]
    return list(dict.fromkeys(item.id for item in items if item is not None))


def only(edit: dict[str, Any], timeline: Timeline, chosen: list[str]) -> dict[str, Any]:
    """Return a copy of an exported edit in which nothing is marked but the chosen items.

    An item with marks of its own keeps them; another one is marked as a whole, with the character of a
    timeline mark that lies over it.
    """
    edit = copy.deepcopy(edit)
    stack = edit["tracks"]
    _unmark(stack)
    videos = [track for track in stack["children"] if track.get("kind") == "Video"]
    for track in stack["children"]:
        _unmark(track)
        if track.get("kind") != "Video":
            for sound in track["children"]:
                _unmark(sound)
    for number, track in enumerate(videos, 1):
        items = [item for item in timeline.items if item.track == number and item.id in chosen]
        for start, clip in placed(track, rate(timeline.rate)):
            item = next((one for one in items if one.start - timeline.start_frame == start), None)
            if item is None:
                _unmark(clip)
            elif not _on(item):
                clip.setdefault("markers", []).append(_marker(clip, character_of(item, timeline)))
    return edit


def without_ours(edit: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of an exported edit without the tracks that an earlier job of ours laid.

    Else a dub above its clip would be dubbed, and its stem taken for the sound of the set.
    """
    edit = copy.deepcopy(edit)
    tracks = edit["tracks"]["children"]
    edit["tracks"]["children"] = [track for track in tracks if not track["name"].startswith(OURS)]
    return edit


def character_of(item: Item, timeline: Timeline) -> str:
    """Return who a timeline mark over an item says that speaks; empty = nobody is named."""
    for marker in timeline.markers:
        first = marker.frame + timeline.start_frame
        if first < item.stop and item.start < first + max(1, marker.duration):
            for who in _named([marker]):
                return who
    return ""


def _users(item: Item, timeline: Timeline) -> Item | None:
    if not item.ours:
        return item
    below = [one for one in timeline.items if one.visible and not one.ours and one.track < item.track]
    seen = [one for one in below if one.start <= item.start < one.stop]
    return seen[-1] if seen else None


def _on(item: Item) -> list[str]:
    return _named(item.markers)


def _named(markers: Any) -> list[str]:
    """Return the character of every marker that marks."""
    found = []
    for marker in markers:
        matches = [match for match in map(_MARK.match, _texts(marker)) if match]
        if matches:
            found.append(next((match.group(1).strip() for match in matches if match.group(1).strip()), ""))
    return found


def _texts(marker: Marker) -> tuple[str, str]:
    return marker.name, marker.note


def _unmark(thing: dict[str, Any]) -> None:
    """Take the marks off a part of an edit; other markers stay."""
    if not thing.get("markers"):
        return
    kept = []
    for marker in thing["markers"]:
        note = ((marker.get("metadata") or {}).get("Resolve_OTIO") or {}).get("Note")
        texts = (marker.get("name"), marker.get("comment"), note)
        if not any(_MARK.match(text) for text in texts if isinstance(text, str)):
            kept.append(marker)
    thing["markers"] = kept


def placed(track: dict[str, Any], frame_rate: Fraction) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield every clip of a track with its record frame, counted from the timeline's first one."""
    at = Fraction(0)
    for child in track["children"]:
        if child["OTIO_SCHEMA"].startswith("Transition"):
            continue
        if child["OTIO_SCHEMA"].startswith("Clip"):
            yield round(at * frame_rate), child
        duration = _range(child)["duration"]
        at += Fraction(duration["value"]) / rate(str(duration["rate"]))


def _range(item: dict[str, Any]) -> dict[str, Any]:
    """Return what an item uses of its source: all of its media where it says nothing."""
    if item.get("source_range"):
        return dict(item["source_range"])
    references = item["media_references"]
    return dict(references[item["active_media_reference_key"]]["available_range"])


def _marker(clip: dict[str, Any], character: str) -> dict[str, Any]:
    start = _range(clip)["start_time"]
    nothing = {"OTIO_SCHEMA": "RationalTime.1", "rate": start["rate"], "value": 0.0}
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": ("w2l " + character).strip(),
        "color": "GREEN",
        "marked_range": {"OTIO_SCHEMA": "TimeRange.1", "start_time": dict(start), "duration": nothing},
        "metadata": {KEY: {}},
    }
