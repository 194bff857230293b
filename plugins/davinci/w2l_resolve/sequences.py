"""Image sequences: numbered files that Resolve, and the engine, name as one: ``shot.[1001-1100].exr``."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Endings of those that the engine writes; of any other file, brackets are just part of its name.
_NAMED = re.compile(r"(.*)\[(\d+)-(\d+)\](\.(?:exr|dpx|tiff?|png))", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class ImageSequence:
    """Files whose paths differ by their number, which goes up by one.

    Args:
        head, tail: what stands before and behind the number.
        first, last: numbers of the first and of the last file.
        digits: least digits of a number, filled up with zeros.
    """

    head: str
    first: int
    last: int
    digits: int
    tail: str

    @property
    def pattern(self) -> str:
        """Return the path as Resolve's calls take it, the number as ``%04d``."""
        return f"{self.head}%0{self.digits}d{self.tail}"

    def files(self) -> list[str]:
        """Return the path of every file."""
        return [f"{self.head}{n:0{self.digits}}{self.tail}" for n in range(self.first, self.last + 1)]


def sequence_of(path: str) -> ImageSequence | None:
    """Return the image sequence that a path stands for; None where it names a file."""
    named = _NAMED.fullmatch(path)
    if named is None:
        return None
    head, first, last, tail = named.groups()
    return ImageSequence(head, int(first), int(last), len(first), tail)
