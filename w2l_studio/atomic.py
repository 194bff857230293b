"""Files that appear whole or not at all.

Knows nothing of what is written, and says nothing about what goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Yield a name beside ``path`` to write under; it becomes ``path`` at the end, or is removed.

    Raises:
        OSError: it cannot be renamed.
    """
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
