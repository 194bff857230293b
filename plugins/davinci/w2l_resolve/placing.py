"""Where a take goes on the timeline as it is now: on its clip, or onto a track above. Pure arithmetic.

A take's first picture shows the media's frame `take_start`; everything here counts media and record frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from w2l_resolve.reading import Item, Placed, Timeline, rate, same_file


@dataclass(frozen=True)
class AsTake:
    """Frames `first` to `last` of the take, both included, on the item itself."""

    first: int
    last: int


@dataclass(frozen=True)
class Above:
    """Frames `first` to `stop` (not included) of the take, at an absolute record frame of another track.

    Args:
        frames: record frames that it has to fill.
    """

    record: int
    first: int
    stop: int
    frames: int

    def held_by(self, placed: Placed, kind: str) -> bool:
        """Tell whether what lies on a ``video`` or ``audio`` track is what belongs here."""
        in_sync = placed.start - placed.left == self.record - self.first
        begins = placed.start == self.record
        if kind == "audio":
            # What the user has cut off a stem since is the user's affair.
            return in_sync or (begins and self.first == 0)
        # Of another rate, offsets are no proof.
        return begins and (in_sync or self.stop - self.first != self.frames)


def whose(entry: dict[str, Any], timeline: Timeline) -> Item | None:
    """Return the item that a range of the report lies on: the topmost visible one of its media there."""
    at = timeline.start_frame + entry["record_start"]
    under = [item for item in timeline.items if item.visible and item.start <= at < item.stop]
    mine = [item for item in under if same_file(item.media, entry["media"] or "")]
    return max(mine, key=lambda item: item.track) if mine else None


def refusal(item: Item, timeline: Timeline) -> str:
    """Return why an item cannot carry a take; empty = it can."""
    if item.locked:
        return "its track is locked"
    if not item.kind.startswith("Video"):
        return f"takes are not made of {item.kind.lower() or 'what it is'}"
    if rate(item.rate) != rate(timeline.rate):
        return f"it runs at {item.rate} frames a second and the timeline at {timeline.rate}"
    if item.span is not None and abs(item.span - item.duration) > 1:
        return "it is retimed"
    return ""


def as_take(item: Item, take_start: int, take_frames: int) -> AsTake | None:
    """Return the frames of a take that an item shows; None where the take does not hold them all."""
    first = item.left_offset - take_start
    last = first + item.duration - 1
    return AsTake(first, last) if first >= 0 and last < take_frames else None


def cut_off(entries: list[dict[str, Any]], then: Item, was: Timeline, now: Timeline) -> list[Item]:
    """Return the parts that were cut off an item since: new clips that show marked frames of it.

    A copy is none: it shows frames that another part shows already.

    Args:
        entries: ranges of the report that lie on the item.
        then: the item when the job was started.
        was, now: the timeline when the job was started, and as it is.
    """
    known, whole, kept = {item.id for item in was.items}, _shown(then, was), now.item(then.id)
    seen, parts = [_shown(kept, now)] if kept else [], []
    # What lies where it lay goes before copies of it.
    for item in sorted(now.items, key=lambda one: shift(then, one, now) != 0):
        first, stop = _shown(item, now)
        marked = any(first < e["media_start"] + e["frames"] and e["media_start"] < stop for e in entries)
        new = item.id not in known and not item.ours and same_file(item.media, then.media)
        apart = all(stop <= begin or end <= first for begin, end in seen)
        if new and marked and apart and whole[0] <= first and stop <= whole[1]:
            parts.append(item)
            seen.append((first, stop))
    return parts


def above(
    entries: list[dict[str, Any]], then: Item, now: Item, timeline: Timeline, take_frames: int
) -> list[Above]:
    """Return where a take lies above its item: all of the item where it can, else the marked frames.

    Args:
        entries: ranges of the report that share the take and the item.
        then, now: the item when the job was started, and as it is.
    """
    take_start = entries[0]["take_start"]
    same_rate = rate(now.rate) == rate(timeline.rate)
    whole = as_take(now, take_start, take_frames) if same_rate else None
    if whole is not None:
        return [Above(now.start, whole.first, whole.last + 1, now.duration)]
    speed, moved, shown = _speed(now, timeline), shift(then, now, timeline), _shown(now, timeline)
    runs = []
    for first, stop, record_start in _runs(entries):
        # What was trimmed off since is not shown again.
        begin, end = max(first, shown[0]), min(stop, shown[1])
        if begin < end:
            record = timeline.start_frame + record_start + moved + round((begin - first) * speed)
            runs.append(Above(record, begin - take_start, end - take_start, int((end - begin) * speed)))
    return runs


def stale(laid: list[Placed], wanted: list[tuple[str, Above]], kind: str) -> list[Placed]:
    """Return which of the clips that were laid belong nowhere any more.

    Pieces that the user has cut off one that belongs there and laid beside it stay.

    Args:
        wanted: what belongs on these tracks, each with its file.
    """
    good = [
        one
        for one in laid
        if any(same_file(one.media, path) and place.held_by(one, kind) for path, place in wanted)
    ]
    return [one for one in laid if one not in good and not _is_piece(one, good)]


def _is_piece(one: Placed, good: list[Placed]) -> bool:
    same = [other for other in good if same_file(one.media, other.media)]
    return bool(same) and all(one.stop <= other.start or other.stop <= one.start for other in same)


def shift(then: Item, now: Item, timeline: Timeline) -> int:
    """Return by how many record frames an item's pictures were moved; trimming its head moves none."""
    return now.start - then.start - round((now.left_offset - then.left_offset) * _speed(now, timeline))


def marked(entry: dict[str, Any], then: Item, now: Item, timeline: Timeline) -> int:
    """Return the record frame of a range as it is now, or the nearest that its item still shows.

    Counted from the timeline's first frame, as markers are.
    """
    frame = timeline.start_frame + int(entry["record_start"]) + shift(then, now, timeline)
    return min(max(frame, now.start), now.stop - 1) - timeline.start_frame


def _shown(item: Item, timeline: Timeline) -> tuple[int, int]:
    """Return the first frame of an item's media that is shown, and the frame after the last one."""
    return item.left_offset, item.left_offset + math.ceil(item.duration / _speed(item, timeline))


def _speed(item: Item, timeline: Timeline) -> Fraction:
    """Return how many record frames one of the item's media is shown for."""
    of_media, of_timeline = rate(item.rate), rate(timeline.rate)
    return of_timeline / of_media if of_media and of_timeline else Fraction(1)


def _runs(entries: list[dict[str, Any]]) -> list[tuple[int, int, int]]:
    """Join ranges that touch or overlap; each as media frames and the record frame of the first."""
    runs: list[tuple[int, int, int]] = []
    for entry in sorted(entries, key=lambda one: int(one["media_start"])):
        first, stop = entry["media_start"], entry["media_start"] + entry["frames"]
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(stop, runs[-1][1]), runs[-1][2])
        else:
            runs.append((first, stop, entry["record_start"]))
    return runs
