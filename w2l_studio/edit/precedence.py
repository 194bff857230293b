"""Which of several marks holds on the frames of one clip that they share.

Knows no clip and no plate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from w2l_studio.terms import Mark, folded
from w2l_studio.timing import FrameRange


def settled(hits: Sequence[Mark]) -> tuple[list[Mark], list[Mark]]:
    """Take from every mark the frames on which another one holds.

    A mark that says skip holds against all others. A marker holds against a cue that names nobody or the
    same character, and both against ``--all``, which knows no speaker. Two markers, or a marker and another
    character's cue, may speak at once.

    Args:
        hits: marks on one clip, with the clip's settings.

    Returns:
        What is left of the marks that dub, and the marks that say skip.
    """
    skips = [mark for mark in hits if mark.skip]
    lines = [mark for mark in hits if not mark.skip]
    return [replace(mark, record=rest) for mark in lines for rest in _left(mark, hits)], skips


def _left(mark: Mark, hits: Sequence[Mark]) -> list[FrameRange]:
    left = [mark.record]
    for other in hits:
        if other.skip or _outranks(other, mark):
            left = [rest for record in left for rest in _minus(record, other.record)]
    return left


def _outranks(other: Mark, mark: Mark) -> bool:
    if mark.source == "all":
        return other.source != "all"
    return other.source == "marker" and mark.source == "cue" and _same(mark.character, other.character)


def _same(character: str | None, other: str | None) -> bool:
    return character is None or (other is not None and folded(character) == folded(other))


def _minus(record: FrameRange, hole: FrameRange) -> Iterator[FrameRange]:
    if record.intersect(hole) is None:
        yield record
        return
    if record.start < hole.start:
        yield FrameRange(record.start, hole.start, record.rate)
    if hole.stop < record.stop:
        yield FrameRange(hole.stop, record.stop, record.rate)
