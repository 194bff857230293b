"""Which clip is seen in which frame: the topmost one wins.

Knows nothing of marks and media files.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from w2l_studio.terms import ClipUse
from w2l_studio.timing import FrameRange

#: A clip and the frames of the timeline in which it is seen, without a gap.
Part = tuple[ClipUse, FrameRange]


def parts(clips: Iterable[ClipUse]) -> tuple[Part, ...]:
    """Return what is seen, in record order; the ranges are disjoint.

    Paths order clips from bottom to top: a later child of a stack lies above an earlier one, and
    children of a track do not overlap. Titles, generators and adjustment layers name no media; they
    hide nothing.
    """
    clips = list(clips)
    events: dict[int, list[ClipUse]] = {}
    for clip in clips:
        for frame in (clip.record.start, clip.record.stop):
            events.setdefault(frame, []).append(clip)
    seen: list[Part] = []
    active: dict[tuple[int, ...], ClipUse] = {}
    edges = sorted(events)
    for start, stop in itertools.pairwise(edges):
        for clip in events[start]:
            if clip.record.start == start:
                active[clip.path] = clip
            else:
                active.pop(clip.path, None)
        if active:
            _append(seen, max(active.values(), key=_height), start, stop)
    return tuple(seen)


def _height(clip: ClipUse) -> tuple[bool, tuple[int, ...]]:
    return clip.media is not None or bool(clip.media_url), clip.path


def _append(seen: list[Part], clip: ClipUse, start: int, stop: int) -> None:
    if seen and seen[-1][0] is clip and seen[-1][1].stop == start:
        start = seen.pop()[1].start
    seen.append((clip, FrameRange(start, stop, clip.record.rate)))
