"""What every open plate can do, however its pictures are stored. Holds the contract only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from w2l_studio.terms import Planes


class Reader(Protocol):
    """An open plate: a film by frames (`decode`) or by `fields`, or an image sequence (`images.plate`)."""

    def read(self, start: int, stop: int) -> Iterator[Planes]:
        """Yield the pictures ``start <= n < stop`` in native code values; one `read` at a time.

        Args:
            start: first number; 0 is the first picture of the plate that is shown.
            stop: number after the last one, at most ``plate.frames``.

        Raises:
            ValueError: the range is not one of this plate.
            MediaError: a picture is missing or damaged; the error names it.
        """
        ...

    def digest(self, start: int, stop: int) -> str:
        """Return the SHA-256 of all that is stored of the pictures ``start <= n < stop``, 64 hex digits.

        Raises:
            MediaError: the plate is gone or unreadable.
        """
        ...

    def close(self) -> None:
        """Close what is open."""
        ...
