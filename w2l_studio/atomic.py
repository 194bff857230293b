"""Files that appear whole or not at all, in one sentence why they cannot, and by what they are told apart.

Knows nothing of what is written.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from w2l_studio.errors import OutputError

ELSEWHERE = "give another folder with --out"
#: Names of files that are not whole yet: no file of a user's is called so.
_UNFINISHED = "*." + 16 * "[0-9a-f]" + ".part"
#: Bytes of a file's name that stay in the name of its unfinished one: no disk finds them too many.
_SHOWN = 100
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def written(path: Path, hint: str = ELSEWHERE) -> Iterator[Path]:
    """Yield an empty file beside ``path`` to write to; once it is on the disk it becomes ``path``, or goes.

    Its name is nobody else's: no file or link that is there is written to.

    Args:
        hint: as of `refusals`.

    Raises:
        OutputError: it cannot be renamed. What goes wrong before is raised as it is.
    """
    part = _unfinished(path)
    # `tempfile` would make it for its owner alone.
    part.touch(exist_ok=False)
    try:
        yield part
        with refusals(path, hint):
            _flush(part)
            part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


@contextmanager
def filled(path: Path, hint: str = ELSEWHERE) -> Iterator[Path]:
    """Yield an empty folder beside ``path``; once its files are on the disk it becomes ``path``, or goes.

    A folder of that name is replaced.

    Args:
        hint: as of `refusals`.

    Raises:
        OutputError: it cannot be made or renamed. What goes wrong between is raised as it is.
    """
    part = _unfinished(path)
    with refusals(path, hint):
        part.mkdir()
    try:
        yield part
        with refusals(path, hint):
            for file in part.iterdir():
                _flush(file)
            if path.exists():
                shutil.rmtree(path)
            part.replace(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _unfinished(path: Path) -> Path:
    shown = path.name.encode("utf-8", "ignore")[:_SHOWN].decode("utf-8", "ignore")
    return path.with_name(f"{shown}.{secrets.token_hex(8)}.part")


def _flush(path: Path) -> None:
    # Open for writing: Windows flushes no other file.
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def clear(folder: Path) -> None:
    """Remove unfinished files and folders that killed runs left in one; nobody may be writing there."""
    for part in folder.glob(_UNFINISHED):
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part, ignore_errors=True)
            continue
        with suppress(OSError):
            part.unlink()


def write_text(path: Path, text: str, hint: str = ELSEWHERE) -> None:
    """Write text as UTF-8; bytes of file names that are none become escapes.

    Args:
        hint: as of `refusals`.

    Raises:
        OutputError: it cannot be written.
    """
    with refusals(path, hint), written(path, hint) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a whole file, 64 hex digits; it is never held in memory.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def refusals(path: Path, hint: str = ELSEWHERE) -> Iterator[None]:
    """Turn the operating system's refusals to write at ``path`` into an `OutputError`.

    Args:
        hint: what to do, but for a full disk.
    """
    try:
        yield
    except OSError as error:
        raise refusal(path, error.errno, error.strerror or str(error), hint) from error


def refusal(path: Path, number: int | None, told: str, hint: str = ELSEWHERE) -> OutputError:
    """Say in one sentence why ``path`` could not be written.

    Args:
        number: the system's (`errno`).
        told: what the system or a library says.
        hint: as of `refusals`.
    """
    if number in _FULL:
        return OutputError(
            f"the disk is full ({_free_mb(path)} MB free)",
            hint="free some space and run again; what is finished is kept",
            where=str(path),
        )
    if number in _FORBIDDEN:
        return OutputError("writing is not allowed here", hint=hint, where=str(path))
    return OutputError(f"cannot be written ({told})", hint=hint, where=str(path))


def _free_mb(path: Path) -> int:
    folder = path
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free >> 20
