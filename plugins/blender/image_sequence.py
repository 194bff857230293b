"""Image sequences: files that are numbered upwards by one, and the name that stands for all of them.

The engine takes and gives ``sh010.[1001-1100].exr`` (docs/glossary.md). Knows no
Blender data; looks at no disk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Pictures that the engine writes again without loss.
_ENDINGS = (".exr", ".dpx", ".tif", ".tiff", ".png")
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]+)(?P<ending>\.\w+)", re.DOTALL)
_WHOLE = re.compile(r"(?P<prefix>.*)\[(?P<first>[0-9]+)-(?P<last>[0-9]+)\](?P<ending>\.\w+)", re.DOTALL)


def whole(names: Sequence[str]) -> str | None:
    """Return the name that stands for files; None where `problem` says why there is none.

    >>> whole(["sh.0009.exr", "sh.0010.exr"])
    'sh.[0009-0010].exr'
    """
    return _expected(names) if not problem(names) else None


def files(name: str) -> list[str]:
    """Return the names of the files for which a name stands; none where it is that of one file.

    >>> files("sh.[0009-0010].exr"), files("scene[1-2].mov")
    (['sh.0009.exr', 'sh.0010.exr'], [])
    """
    told = _WHOLE.fullmatch(name)
    if told is None or told["ending"].lower() not in _ENDINGS:
        return []
    digits = len(told["first"])
    numbers = range(int(told["first"]), int(told["last"]) + 1)
    return [f"{told['prefix']}{number:0{digits}}{told['ending']}" for number in numbers]


def first(name: str) -> int:
    """Return the number of the first file for which a name stands.

    Raises:
        ValueError: the name is that of one file.
    """
    told = _WHOLE.fullmatch(name)
    if told is None:
        raise ValueError(f"{name} stands for no image sequence")
    return int(told["first"])


def numbered(name: str, start: int, frames: int) -> str:
    """Return what stands for PNG files of a scene's frames, numbered like these.

    >>> numbered("Anna", 101, 14)
    'Anna.[0101-0114].png'
    """
    return f"{name}.[{start:04}-{start + frames - 1:04}].png"


def problem(names: Sequence[str]) -> str:
    """Return why files are no image sequence, as what follows the name of their strip; empty where they are.

    >>> problem(["sh.1001.exr", "sh.1003.exr"])
    'shows sh.1003.exr where sh.1002.exr is to follow; number its files upwards by one'
    """
    expected = _expected(names)
    if expected is None:
        return f"shows {names[0]}; only numbered files of {' '.join(_ENDINGS)} are dubbed"
    wrong = next(((got, right) for got, right in zip(names, files(expected)) if got != right), None)
    if wrong is not None:
        return f"shows {wrong[0]} where {wrong[1]} is to follow; number its files upwards by one"
    return ""


def _expected(names: Sequence[str]) -> str | None:
    """Return the name that would stand for files if they followed the first; None if that has no number."""
    told = _NUMBERED.fullmatch(names[0])
    if told is None or told["ending"].lower() not in _ENDINGS:
        return None
    first = int(told["number"])
    last = f"{first + len(names) - 1:0{len(told['number'])}}"
    return f"{told['prefix']}[{told['number']}-{last}]{told['ending']}"
