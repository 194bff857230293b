"""Where every item of a timeline lies, in exact seconds: OTIO's rational times end here.

Walks and computes; changes nothing and opens no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import opentimelineio as otio

from w2l_studio.edit import settings
from w2l_studio.errors import EditError
from w2l_studio.timing import snap_rate

#: Media reference keys that begin so are ours, one per language.
OURS = "w2l_"
_UNKNOWN_SPEED = Fraction(-1)
_NO_TIME = (Fraction(0), Fraction(0))


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One item (clip, gap, track or stack) and its place on the timeline.

    Args:
        path: child indices from the top stack down; () is the top stack.
        kind: ``video``, ``audio`` or another track kind, lower case; sound within sound stays sound.
        enabled: whether it and all that hold it are enabled.
        offset: timeline seconds = the item's own seconds + offset.
        window: timeline seconds in which it is seen or heard, cut by all that hold it.
        retime: source seconds per timeline second; 1 = not retimed, -1 = unknown.
        extra: timeline seconds before and after `window` in which transitions beside it, or beside what holds
            it, show it.
        overlap: seconds of the item's own head and tail that lie inside transitions.
        start: the item's own seconds with which it begins.
        speed: how many seconds of its media it shows in one of its own, by its own effects; 1 where that is
            not constant, or not forwards (`retime` tells).
    """

    path: tuple[int, ...]
    item: Any
    kind: str
    enabled: bool
    offset: Fraction
    window: tuple[Fraction, Fraction]
    retime: Fraction = Fraction(1)
    extra: tuple[Fraction, Fraction] = _NO_TIME
    overlap: tuple[Fraction, Fraction] = _NO_TIME
    start: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)

    def media_s(self, record_s: Fraction) -> Fraction:
        """Return the second of a clip's media that is seen at one of the timeline.

        OTIO leaves a retimed clip its length: from its first frame on, media passes faster or slower.
        """
        return self.start + (record_s - self.offset - self.start) * self.speed

    def record_s(self, media_s: Fraction) -> Fraction:
        """Return the second of the timeline at which one of a clip's media is, or would be, seen."""
        return self.offset + self.start + (media_s - self.start) / self.speed

    @property
    def is_clip(self) -> bool:
        """Whether it is a clip."""
        return isinstance(self.item, otio.schema.Clip)


def seconds(time: Any) -> Fraction:
    """Return a RationalTime as exact seconds, its rate snapped.

    Raises:
        EditError: the rate is not positive.
    """
    try:
        return _exact(time.value, time.rate)
    except (ValueError, OverflowError) as error:
        raise EditError(f"holds a time of {time.value} at {time.rate} frames per second") from error


@lru_cache(maxsize=1 << 14)  # a reel's times are few, and each is asked for several times a walk
def _exact(value: float, rate: float) -> Fraction:
    return Fraction(value).limit_denominator(1_000_000) / snap_rate(rate)


def span(item: Any) -> tuple[Fraction, Fraction]:
    """Return start and duration of what is used of an item, in its own seconds.

    Raises:
        EditError: a clip whose length nothing tells, or is negative.
    """
    used = item.source_range
    if isinstance(item, otio.schema.Clip):
        used = used or _available(item)
        if used is None:
            raise EditError(
                f"the clip {item.name!r} has neither a source range nor an available range",
                hint="its length is unknown: trim it once in the host and export again",
            )
        if used.duration.value < 0:
            raise EditError(
                f"the clip {item.name!r} lasts {used.duration.value:g} frames",
                hint="trim it once in the host and export again",
            )
    if isinstance(item, otio.core.Composition):
        length = _length(item)
        # Converted EDLs carry the negative record start as their tracks' range, far from any child.
        if used is None or not -seconds(used.duration) < seconds(used.start_time) < length:
            return Fraction(0), length
    return seconds(used.start_time), seconds(used.duration)


def reference(clip: Any) -> Any:
    """Return the media reference that is not ours; None = the clip has no other."""
    return clip.media_references().get(reference_key(clip))


def reference_key(clip: Any) -> str:
    """Return the key of the media reference that is not ours, empty where there is none.

    The active one; where that is ours, the one that was active before (it says so itself); else the default,
    else the first.
    """
    references, active = clip.media_references(), clip.active_media_reference_key
    ours = [references[key] for key in (active, *references) if key in references and key.startswith(OURS)]
    before = [str(settings.told(media).get("beside", "")) for media in ours]
    keys = [active, *before, otio.schema.Clip.DEFAULT_MEDIA_KEY, *references]
    return next((key for key in keys if key in references and not key.startswith(OURS)), "")


def walk(timeline: Any) -> Iterator[Placed]:
    """Yield the top stack and every item below it, in the order of their paths; transitions are left out.

    Raises:
        EditError: no tracks, or a clip whose length nothing tells.
    """
    top = timeline.tracks
    if top is None:
        raise EditError("the timeline holds no tracks")
    start, duration = span(top)
    window, speed = (Fraction(0), duration), _speed(top)
    yield from _visit(Placed((), top, "video", top.enabled, -start, window, speed, start=start))


def _visit(placed: Placed) -> Iterator[Placed]:
    yield placed
    if not isinstance(placed.item, otio.core.Composition):
        return
    sequence = isinstance(placed.item, otio.schema.Track)
    at, children = Fraction(0), list(placed.item)
    for index, child in enumerate(children):
        if isinstance(child, otio.schema.Transition):
            continue
        start, duration = span(child)
        around = children[index - 1 if index else index : index + 2] if sequence else []
        yield from _visit(_below(placed, index, child, at - start, (at, at + duration), around))
        if sequence:
            at += duration


def _below(
    parent: Placed,
    index: int,
    child: Any,
    shift: Fraction,
    place: tuple[Fraction, Fraction],
    around: list[Any],
) -> Placed:
    """Place a child: its offset is the parent's plus ``shift``; ``place`` is where it lies in the parent."""
    begin, end = parent.offset + place[0], parent.offset + place[1]
    first = max(parent.window[0], begin)
    last = max(first, min(parent.window[1], end))
    # What transitions show of the parent beyond its window, they show of the child that reaches there.
    head = first - max(parent.window[0] - parent.extra[0], begin)
    tail = min(parent.window[1] + parent.extra[1], end) - last
    is_track = isinstance(child, otio.schema.Track)
    before = around[0] if around else None
    after = around[-1] if around else None
    inside, outside = _times(before, "out_offset", "in_offset"), _times(after, "in_offset", "out_offset")
    speed = _speed(child)
    return Placed(
        (*parent.path, index),
        child,
        child.kind.lower() if is_track and parent.kind == "video" else parent.kind,
        parent.enabled and child.enabled,
        parent.offset + shift,
        (first, last),
        parent.retime * speed if parent.retime >= 0 else _UNKNOWN_SPEED,
        (inside[1] + max(head, Fraction(0)), outside[1] + max(tail, Fraction(0))),
        (inside[0], outside[0]),
        place[0] - shift,
        speed if speed > 0 else Fraction(1),
    )


def _times(transition: Any, own: str, other: str) -> tuple[Fraction, Fraction]:
    """Return a transition's overlap into the item and beyond it, in seconds."""
    if not isinstance(transition, otio.schema.Transition):
        return _NO_TIME
    times = seconds(getattr(transition, own)), seconds(getattr(transition, other))
    if min(times) < 0:
        raise EditError(
            f"the transition {transition.name!r} has a negative offset ({float(min(times)):g} s)",
            hint="set it anew in the host and export again",
        )
    return times


def _speed(item: Any) -> Fraction:
    """Return source seconds per record second, -1 where an effect does not tell."""
    speed = Fraction(1)
    for effect in item.effects:
        if not isinstance(effect, otio.schema.TimeEffect) or not effect.enabled:
            continue
        if not isinstance(effect, otio.schema.LinearTimeWarp):
            return _UNKNOWN_SPEED
        speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
    return speed


def _length(composition: Any) -> Fraction:
    lengths = [span(child)[1] for child in composition if not isinstance(child, otio.schema.Transition)]
    if isinstance(composition, otio.schema.Track):
        return sum(lengths, Fraction(0))
    return max(lengths, default=Fraction(0))


def _available(clip: Any) -> Any:
    original = reference(clip)
    return original.available_range if original is not None else None
