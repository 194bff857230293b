"""Timeline markers named ``w2l`` to ranges of a strip.

Blender's markers have no length: one begins a range and the next one ends it. Knows no Blender data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: As the engine reads markers (docs/marks.md).
_TEXT = re.compile(r"\s*w2l\b[ \t\xa0\u202f:,;-]*([^\r\n\u2028\u2029]*)", re.IGNORECASE)
_END = "end"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker of the scene."""

    frame: int
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Frames ``start <= frame < stop`` of the scene that are dubbed; None = nobody is named."""

    start: int
    stop: int
    character: str | None


def within(markers: Sequence[Marker], start: int, stop: int) -> tuple[Mark, ...]:
    """Return what is marked of a strip that is seen in ``start <= frame < stop``.

    ``w2l NAME`` begins a range, which lasts until the next ``w2l`` marker, ``w2l end`` or the strip's end.
    Where no range touches the strip, all of it is marked.

    >>> within([Marker(5, "w2l ANNA"), Marker(20, "w2l end")], 10, 50)
    (Mark(start=10, stop=20, character='ANNA'),)
    >>> within([Marker(5, "chorus")], 10, 50)
    (Mark(start=10, stop=50, character=None),)
    """
    told = sorted(
        (marker.frame, match[1].strip()) for marker in markers if (match := _TEXT.match(marker.name))
    )
    found = []
    for (begin, name), after in zip(told, [frame for frame, _ in told[1:]] + [stop]):
        first, last = max(begin, start), min(after, stop)
        if first < last and name.casefold() != _END:
            found.append(Mark(first, last, name or None))
    return tuple(found) or (Mark(start, stop, None),)
