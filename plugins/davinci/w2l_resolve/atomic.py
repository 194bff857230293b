"""Files that appear whole or not at all, as the engine writes its own; knows nothing of what is written."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Yield a file beside ``path`` to write to; after the block it becomes ``path``, or goes.

    Its name is nobody else's: of two hosts that write at once, neither writes into the other's.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
