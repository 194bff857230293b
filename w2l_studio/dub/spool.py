"""Pictures of a take that wait on disk: crops and mouths of a long uncut clip would not fit into memory.

Knows rows of equal pictures and one file without a name; what they show is the affair of `dub.take`.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from w2l_studio import atomic
from w2l_studio.terms import FramesBGR, Ints


class Spool:
    """A file that is gone when it is closed.

    Args:
        folder: has to have room: 0.11 MB for each picture of 192 pixels.

    Raises:
        OutputError: it cannot be written, here or in any later step.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._end = 0
        with atomic.refusals(folder):
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Spool:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the disk back."""
        # On a full disk closing writes once more, and would hide the error that says so.
        with suppress(OSError):
            self._file.close()

    def rows(self, count: int, px: int) -> Rows:
        """Reserve room for ``count`` square pictures of ``px`` pixels."""
        made = Rows(self, self._end, count, px)
        self._end += count * px * px * 3
        return made

    def write(self, at: int, pixels: FramesBGR) -> None:
        """Write pixels from byte ``at`` on."""
        with atomic.refusals(self._folder):
            self._file.seek(at)
            self._file.write(np.ascontiguousarray(pixels).data)

    def read(self, at: int, into: FramesBGR) -> None:
        """Fill an array from byte ``at`` on."""
        with atomic.refusals(self._folder):
            self._file.seek(at)
            self._file.readinto(into.data)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Pictures ``uint8[N, P, P, 3]`` in a spool, used like an array; rows never written are undefined.

    Args:
        start: byte of the first one.
        count: N.
        px: P.
    """

    spool: Spool
    start: int
    count: int
    px: int

    def __len__(self) -> int:
        """Return N."""
        return self.count

    def __getitem__(self, which: slice | Ints) -> FramesBGR:
        """Read rows into memory, ``uint8[K, P, P, 3]``."""
        wanted = np.arange(self.count)[which]
        pictures = np.empty((len(wanted), self.px, self.px, 3), np.uint8)
        for row, picture in zip(wanted, pictures, strict=True):
            self.spool.read(self._at(row), picture)
        return pictures

    def __setitem__(self, row: int, pictures: FramesBGR) -> None:
        """Write one picture, or several that follow each other, from ``row`` on."""
        if not 0 <= row <= self.count - pictures.size // self._bytes:
            raise IndexError(f"{pictures.size // self._bytes} pictures from row {row} on, of {self.count}")
        self.spool.write(self._at(row), pictures)

    def part(self, start: int, stop: int) -> Rows:
        """Return the rows ``start`` to ``stop`` as rows of their own: no copy."""
        return Rows(self.spool, self._at(start), stop - start, self.px)

    @property
    def _bytes(self) -> int:
        return self.px * self.px * 3

    def _at(self, row: int) -> int:
        return self.start + int(row) * self._bytes
