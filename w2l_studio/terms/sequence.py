"""Image sequences: one numbered file per picture, named as a whole ``shot.[1001-1100].exr``.

Knows names and numbers; looks at no disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Endings of files that hold one picture. Of anything else, brackets are just part of a name.
_STILLS = (
    *(".exr", ".dpx", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".tga"),
    *(".cin", ".bmp", ".jp2", ".j2k", ".sgi", ".webp", ".hdr", ".psd", ".dng", ".ari", ".arx"),
)
#: As DaVinci Resolve names them.
_NAMED = re.compile(
    r"(?P<prefix>.*)\[(?P<first>[0-9]{1,9})-(?P<last>[0-9]{1,9})\](?P<suffix>[^\[\]#%]*(?P<kind>\.\w+))",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """Files of one folder that differ by their number, which goes up by one.

    Args:
        folder: where they lie.
        prefix, suffix: what stands before and behind the number.
        first, last: numbers of the first and of the last one; files between them may be missing.
        digits: least digits of a number, filled up with zeros.
    """

    folder: Path
    prefix: str
    first: int
    last: int
    digits: int
    suffix: str

    def __len__(self) -> int:
        """Return how many files there are to be."""
        return self.last - self.first + 1

    @property
    def path(self) -> Path:
        """What stands for the whole where one path names one medium; no file is called so.

        >>> ImageSequence(Path("/x"), "shot.", 8, 12, 4, ".exr").path.name
        'shot.[0008-0012].exr'
        """
        first, last = (f"{number:0{self.digits}}" for number in (self.first, self.last))
        return self.folder / f"{self.prefix}[{first}-{last}]{self.suffix}"

    def file(self, frame: int) -> Path:
        """Return the file of a frame, counted from 0."""
        return self.folder / f"{self.prefix}{self.first + frame:0{self.digits}}{self.suffix}"

    def files(self) -> Iterator[Path]:
        """Yield the file of each frame, in order; nothing says that it is there."""
        return map(self.file, range(len(self)))


def sequence_of(path: Path) -> ImageSequence | None:
    """Return the image sequence that a path stands for; None where it names a file.

    >>> sequence_of(Path("shot.[0008-0012].exr")).file(2).name
    'shot.0010.exr'
    >>> sequence_of(Path("scene[1-2].mov")) is None
    True
    """
    named = _NAMED.fullmatch(path.name)
    if named is None or named["kind"].lower() not in _STILLS or int(named["first"]) > int(named["last"]):
        return None
    first, last = int(named["first"]), int(named["last"])
    return ImageSequence(path.parent, named["prefix"], first, last, len(named["first"]), named["suffix"])
