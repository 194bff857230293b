"""Files that are handed in: which are read at all.

Knows nothing of what stands in them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from w2l_studio.errors import SourceError

#: Bytes of text that are held in memory: hundreds of times the longest edits.
MOST_BYTES = 1 << 30


def there(path: str | Path) -> bool:
    """Tell whether something is there; of names that no disk takes, nothing is."""
    return os.path.exists(path)  # noqa: PTH110 - pathlib raises on names that are too long


def check_regular(path: Path, kind: type[SourceError]) -> None:
    """Refuse pipes and devices, which may have no end; folders are the affair of whoever opens them.

    Args:
        kind: error to raise.

    Raises:
        SourceError: (as ``kind``) it is one.
        OSError: it cannot be reached.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise kind("this is not a regular file", hint="copy it into one", where=str(path))


def read(path: Path, kind: type[SourceError]) -> bytes:
    """Return the bytes of a text file.

    Args:
        kind: error to raise.

    Raises:
        SourceError: (as ``kind``) a pipe, a device, or more than `MOST_BYTES`.
        OSError: it cannot be read.
    """
    check_regular(path, kind)
    check_size(path.stat().st_size, kind, path.name)
    return path.read_bytes()


def check_size(size: int, kind: type[SourceError], where: str) -> None:
    """Refuse text that would fill the memory.

    Args:
        size: in bytes.
        kind: error to raise.
    """
    if size > MOST_BYTES:
        raise kind(
            f"holds {size >> 20} MB of text, and {MOST_BYTES >> 20} MB is the most that is read",
            hint="export it again",
            where=where,
        )
