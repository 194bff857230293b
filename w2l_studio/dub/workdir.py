"""The result folder: content keys, finished takes and the lock.

Knows nothing of what a take is made of; `dub.run` decides what to keep.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from w2l_studio import atomic
from w2l_studio.errors import OutputError
from w2l_studio.terms import sequence_of

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: Names that are devices on Windows, with any ending.
_DEVICE = re.compile(r"con|prn|aux|nul|com[1-9]|lpt[1-9]", re.IGNORECASE)
#: What a system says of a lock that somebody else holds.
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


def key(parts: Any) -> str:
    """Return the content key of JSON values: the SHA-256 of their canonical text, 64 hex digits."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write JSON as `atomic.write_text` does, in a folder that is made where it is missing."""
    with atomic.refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def file_name(clip: str) -> str:
    """Return a name that every system takes for a file of a clip's, without its ending.

    >>> file_name("A001/C001.mov"), file_name("con.mov")
    ('C001', 'con_')
    """
    kept = "".join(c if c.isalnum() or c in "-_" else "_" for c in Path(clip).stem)
    # Disks count bytes, not letters.
    kept = kept.encode()[:60].decode("utf-8", "ignore")
    return f"{kept}_" if _DEVICE.fullmatch(kept) else kept or "clip"


def keep_foreign(path: Path, mark: str) -> None:
    """Refuse a file that is there and that no run of ours wrote.

    Args:
        mark: text that all files of its kind hold that we write.

    Raises:
        OutputError: it is somebody else's.
    """
    with atomic.refusals(path):
        foreign = path.exists() and mark.encode() not in path.read_bytes()
    if foreign:
        raise OutputError(
            "is not of an earlier dub, so it is not overwritten",
            hint="give another folder with --out, or move it away",
            where=str(path),
        )


def _size(path: Path) -> int:
    """Return a take's bytes, 0 where it, or a file of it, is not there: where nothing is synced."""
    sequence = sequence_of(path)
    files = [path] if sequence is None else list(sequence.files())
    return sum(file.stat().st_size for file in files) if all(file.exists() for file in files) else 0


class WorkDir:
    """The folder of one edit's results, locked while it is open.

    Args:
        path: made when it is not there.

    Raises:
        OutputError: another run holds it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.media = path / "media"
        self._takes = path / "takes"
        self._lock = path / ".lock"
        self._new = False
        self._held = -1

    def __enter__(self) -> WorkDir:
        """Make the folder and take the lock."""
        with atomic.refusals(self.path):
            self._new = not self.path.exists()
            self.media.mkdir(parents=True, exist_ok=True)
            self._takes.mkdir(exist_ok=True)
        self._take_lock()
        for folder in (self.path, self.media, self._takes):
            atomic.clear(folder)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the lock back; a job that made nothing leaves no folder."""
        if sys.platform == "win32":
            os.close(self._held)
            with suppress(OSError):
                self._lock.unlink()
        else:
            # Gone before it is let go: whoever opens it later locks a file of their own. One that cannot be
            # removed locks nobody out, and hides no other trouble.
            with suppress(OSError):
                self._lock.unlink()
            os.close(self._held)
        for folder in (self.media, self._takes, *([self.path] if self._new else [])):
            with suppress(OSError):
                folder.rmdir()

    def finished(self, take_key: str) -> dict[str, Any] | None:
        """Return the record of a take whose media file, where it has one, is still whole; else None."""
        record = self._takes / f"{take_key}.json"
        try:
            value = json.loads(record.read_text(encoding="utf-8"))
            whole = _size(self.path / value["path"]) == value["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return value if whole else None

    def finish(self, take_key: str, media: Path, details: dict[str, Any]) -> None:
        """Record a take after its media file, where it has one, has its final name."""
        value = {"path": media.relative_to(self.path).as_posix(), "bytes": _size(media), **details}
        write_json(self._takes / f"{take_key}.json", value)

    def _take_lock(self) -> None:
        with atomic.refusals(self.path):
            held = os.open(self._lock, os.O_CREAT | os.O_RDWR)
        if not _locked(held):
            os.close(held)
            raise OutputError(
                "another run is writing here",
                hint="wait for it, or give another folder with --out",
                where=str(self.path),
            )
        self._held = held


def _locked(held: int) -> bool:
    """Lock an open file; the system lets go of it when the process ends, however it ends.

    Some network shares know no locks: there nothing keeps a second run away, and none is kept from working.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
    # Opened just before its holder removed it: no lock for anybody who comes after.
    return os.fstat(held).st_nlink > 0
