"""Reads of a QuickTime file's timecode track what FFmpeg does not tell: how it counts, and where it begins.

Sizes and places are those of Apple's QuickTime File Format Specification: Timecode Sample Description and
Edit List Atom. Knows nothing of pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

#: Where an atom's content begins and ends in the file.
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TimecodeTrack:
    """How a timecode track counts.

    Args:
        rate: frames a second that FFmpeg counts its timecode by; sometimes half as many as are shown.
        hidden_s: seconds of it that an edit list leaves out before the first picture.
    """

    rate: Fraction
    hidden_s: Fraction


def timecode_track(path: Path) -> TimecodeTrack | None:
    """Return a MOV's or MP4's first timecode track, None where there is none that is understood."""
    with path.open("rb") as file:
        whole = 0, path.stat().st_size
        for track in _below(file, whole, b"moov", b"trak"):
            media = next(_below(file, track, b"mdia"), (0, 0))
            if any(_read(file, span, 8, 4) == b"tmcd" for span in _below(file, media, b"hdlr")):
                return _track(file, track, media)
    return None


def _track(file: BinaryIO, track: _Span, media: _Span) -> TimecodeTrack | None:
    described = next(_below(file, media, b"minf", b"stbl", b"stsd"), None)
    header = next(_below(file, media, b"mdhd"), None)
    if described is None or header is None:
        return None
    # Of the first description, behind sizes and flags: units of a second, and how many a frame lasts.
    second, lasts = _number(file, described, 32), _number(file, described, 36)
    units = _number(file, header, 20 if _version(file, header) else 12)
    if not (second and lasts and units):
        return None
    edits = next(_below(file, track, b"edts", b"elst"), None)
    hidden = _first_time(file, edits) if edits else 0
    return TimecodeTrack(Fraction(second, lasts), Fraction(hidden, units))


def _first_time(file: BinaryIO, edits: _Span) -> int:
    """Return where in the track an edit list begins; an edit that shows nothing has -1."""
    wide = 8 if _version(file, edits) else 4
    for entry in range(_number(file, edits, 4)):
        at = 8 + entry * (2 * wide + 4) + wide
        begins = int.from_bytes(_read(file, edits, at, wide), "big", signed=True)
        if begins >= 0:
            return begins
    return 0


def _below(file: BinaryIO, span: _Span, kind: bytes, *kinds: bytes) -> Iterator[_Span]:
    """Yield the contents of atoms by the way to them."""
    for found, content in _atoms(file, span):
        if found == kind:
            if kinds:
                yield from _below(file, content, *kinds)
            else:
                yield content


def _atoms(file: BinaryIO, span: _Span) -> Iterator[tuple[bytes, _Span]]:
    """Yield kind and content of the atoms in a span, up to one that does not fit into it."""
    start, stop = span
    while start + 8 <= stop:
        size, begin = _number(file, (start, stop), 0), start + 8
        if size == 1:
            size, begin = int.from_bytes(_read(file, (start, stop), 8, 8), "big"), start + 16
        end = start + size if size else stop
        if not begin <= end <= stop:
            return
        yield _read(file, (start, stop), 4, 4), (begin, end)
        start = end


def _version(file: BinaryIO, span: _Span) -> int:
    return _read(file, span, 0, 1)[:1] == b"\1"


def _number(file: BinaryIO, span: _Span, at: int) -> int:
    return int.from_bytes(_read(file, span, at, 4), "big")


def _read(file: BinaryIO, span: _Span, at: int, count: int) -> bytes:
    """Return bytes of a content, fewer where it ends before."""
    file.seek(span[0] + at)
    return file.read(max(0, min(count, span[1] - span[0] - at)))
