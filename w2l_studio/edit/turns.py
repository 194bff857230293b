"""Whose turn it is while several speak, and how a clip is shared out among them.

Knows spans of time and names only; hears nothing.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction

from w2l_studio.timing import FrameRange, nearest_frame

#: Seconds of the timeline from which and up to which somebody speaks, and who; None = nobody is named.
Turn = tuple[Fraction, Fraction, str | None]


def turns(spoken: Sequence[Turn]) -> list[Turn]:
    """Return disjoint turns in order: where several speak at once, the turn is whose speech began last."""
    found: list[Turn] = []
    waiting = sorted(spoken, key=lambda span: span[:2], reverse=True)
    active: list[Turn] = []
    for start, stop in itertools.pairwise(sorted({time for span in spoken for time in span[:2]})):
        while waiting and waiting[-1][0] <= start:
            active.append(waiting.pop())
        active = [span for span in active if span[1] > start]
        if active:
            found.append((start, stop, max(active, key=lambda span: span[:2])[2]))
    return found


def within(found: Sequence[Turn], frames: FrameRange) -> Sequence[Turn]:
    """Return those of `turns` that reach into frames of the timeline."""
    first = bisect_right(found, frames.start_s, key=lambda turn: turn[1])
    return found[first : bisect_left(found, frames.stop_s, key=lambda turn: turn[0])]


def shared(frames: FrameRange, found: Sequence[Turn]) -> Iterator[tuple[FrameRange, str | None]]:
    """Share frames out among those who speak in them; a pause belongs to who spoke before it."""
    runs = [(next(run)[0], who) for who, run in itertools.groupby(found, key=lambda turn: turn[2])]
    edges = [nearest_frame(start, frames.rate) for start, _ in runs[1:]]
    for (start, stop), (_, who) in zip(
        itertools.pairwise([frames.start, *edges, frames.stop]), runs, strict=True
    ):
        if start < stop:
            yield FrameRange(start, stop, frames.rate), who
