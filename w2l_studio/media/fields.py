"""Fields of interlaced plates: whole pictures of them, and frames woven of such pictures again.

FFmpeg's `bwdif` does the work, plane by plane as grey, so that every layout and depth goes alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice

import numpy as np
from av.video.frame import VideoFrame

from w2l_studio.errors import MediaError
from w2l_studio.media.filters import Filter
from w2l_studio.media.reader import Reader
from w2l_studio.terms import FieldOrder, Plane, Planes, Plate

#: What counts as the time of a frame: filters ask for one, nobody here for its length.
_TICK = Fraction(1, 25)
#: Of each field a picture, its own rows as they are, the others from their neighbours in space and time.
_BOB = "mode=send_field:parity={}:deint=all"
#: What FFmpeg's filters call an order of fields.
PARITY: dict[FieldOrder, str] = {"top": "tff", "bottom": "bff"}


class FieldReader:
    """The fields of an interlaced plate as whole pictures, in the order in which they are seen.

    As `decode.PlateReader`; field 2n is the first of frame n.

    Args:
        frames: the plate, read by frames.
        plate: counted by fields.
    """

    def __init__(self, frames: Reader, plate: Plate) -> None:
        self._frames = frames
        self._plate = plate

    def close(self) -> None:
        """Close the file."""
        self._frames.close()

    def read(self, start: int, stop: int) -> Iterator[Planes]:
        """Yield the fields ``start <= n < stop``.

        Yields:
            Planes of a whole frame's size, in which a field's own rows are the plate's.

        Raises:
            ValueError: the range is not one of this plate.
            MediaError: a frame is missing or damaged; the error names it.
        """
        if not 0 <= start <= stop <= self._plate.frames:
            raise ValueError(f"fields {start}..{stop} of {self._plate.frames} in {self._plate.path}")
        if start == stop:
            return
        first, last = start // 2, (stop + 1) // 2
        before = list(self._neighbour(first - 1))
        seen = chain(before, self._frames.read(first, last), self._neighbour(last))
        skipped = 2 * len(before) + start % 2
        assert self._plate.field_order is not None
        yield from islice(_bobbed(seen, self._plate.field_order), skipped, skipped + stop - start)

    def digest(self, start: int, stop: int) -> str:
        """Return the SHA-256 of what is stored of the frames that fields depend on, 64 hex digits.

        Raises:
            MediaError: the file is gone or unreadable.
        """
        first, last = max(0, start // 2 - 1), min((stop + 1) // 2 + 1, self._plate.in_frames.frames)
        return self._frames.digest(first, last)

    def _neighbour(self, frame: int) -> Iterator[Planes]:
        """Yield a frame beside those asked for, where there is one that decodes: it helps, no more."""
        if 0 <= frame < self._plate.in_frames.frames:
            try:
                yield from self._frames.read(frame, frame + 1)
            except MediaError:
                return


def woven(first: Planes, second: Planes, order: FieldOrder) -> Planes:
    """Return the frame of two fields: of each picture the rows that are its own.

    Args:
        first, second: as `FieldReader` yields them.
        order: of the plate.
    """
    top, bottom = (first, second) if order == "top" else (second, first)
    planes = []
    for upper, lower in zip(top.planes, bottom.planes, strict=True):
        plane = lower.copy()
        plane[::2] = upper[::2]
        planes.append(plane)
    return Planes(tuple(planes), first.pix_fmt)


def tops(like: VideoFrame) -> Filter:
    """Return what lets through interlaced frames whose upper field is seen first: PyAV does not tell."""
    return Filter("select", "eq(interlace_type,TOPFIRST)", like)


def _bobbed(frames: Iterable[Planes], order: FieldOrder) -> Iterator[Planes]:
    """Yield two pictures for each frame, the first one's first."""
    filters, pix_fmt = list[Filter](), ""
    for n, frame in enumerate(frames):
        greys = [_grey(plane, n) for plane in frame.planes]
        pix_fmt = frame.pix_fmt
        filters = filters or [Filter("bwdif", _BOB.format(PARITY[order]), grey) for grey in greys]
        yield from _pictures(filters, greys, pix_fmt)
    yield from _pictures(filters, [None] * len(filters), pix_fmt)


def _pictures(filters: list[Filter], greys: Iterable[VideoFrame | None], pix_fmt: str) -> Iterator[Planes]:
    passed = (one.through(grey) for one, grey in zip(filters, greys, strict=True))
    for planes in zip(*passed, strict=True):
        yield Planes(tuple(plane.to_ndarray() for plane in planes), pix_fmt)


def _grey(plane: Plane, number: int) -> VideoFrame:
    grey = VideoFrame.from_ndarray(plane, "gray" if plane.dtype == np.uint8 else "gray16le")
    grey.pts, grey.time_base = number, _TICK
    return grey
