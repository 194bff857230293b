"""Opens OTIO bundles: unpacks .otioz safely, finds the timeline in .otiod.

Reads no timeline and writes only below the folder that it is given.
"""

from __future__ import annotations

import lzma
import os
import shutil
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from w2l_studio import atomic, inputs
from w2l_studio.errors import EditError

_CONTENT = "content.otio"
#: What zipfile raises of bytes that are damaged or missing (names of members among them) and, as
#: RuntimeError, of a password and of a compression that it does not know.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, LookupError, ValueError, RuntimeError),
)
#: The longest name that disks take.
_NAME_BYTES = 255
#: File systems that keep times coarsely keep them to two seconds (FAT).
_SAME_TIME_NS = 2 * 10**9


def open_folder(path: Path) -> bytes:
    """Return the timeline text of an .otiod folder."""
    return inputs.read(path / _CONTENT, EditError)


def unpack(path: Path, folder: Path | None) -> bytes:
    """Unpack an .otioz below ``folder`` and return its timeline text.

    Unpacked files bear the bundle's own time: what is there with that time and the right size is left alone.

    Raises:
        EditError: not a bundle, no folder, names that lead out of it, or not enough room on the disk.
    """
    if folder is None:
        raise EditError("is a bundle, and there is no folder to unpack it to", where=path.name)
    try:
        with zipfile.ZipFile(path) as bundle:
            members = [member for member in bundle.infolist() if not member.is_dir()]
            inputs.check_size(bundle.getinfo(_CONTENT).file_size, EditError, path.name)
            _check_names([member.filename for member in members], path)
            folder.mkdir(parents=True, exist_ok=True)
            stale = [member for member in members if not _fresh(folder / member.filename, member, path)]
            for parent in {(folder / member.filename).parent for member in members}:
                atomic.clear(parent)
            _check_room(sum(member.file_size for member in stale), folder, path)
            for member in stale:
                _extract(bundle, member, folder / member.filename, path.stat().st_mtime_ns)
            return bundle.read(_CONTENT)
    except _BROKEN as error:
        raise EditError(
            f"is not a readable .otioz bundle ({error})", hint="export it again", where=path.name
        ) from error


def _check_names(names: list[str], path: Path) -> None:
    taken = {PurePosixPath(name) for name in names}
    for name in names:
        place = PurePosixPath(name)
        if name.startswith("/") or "\\" in name or ":" in name or ".." in place.parts:
            raise EditError(
                f"holds a file with the unsafe name {name!r}", hint="do not use it", where=path.name
            )
        too_long = any(len(os.fsencode(part)) > _NAME_BYTES for part in place.parts)
        if too_long or not place.parts or not taken.isdisjoint(place.parents):
            raise EditError(
                f"holds a file whose name no disk takes: {name!r}", hint="export it again", where=path.name
            )


def _check_room(size: int, folder: Path, path: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise EditError(f"needs {size >> 20} MB to unpack and {free >> 20} MB are free", where=path.name)


def _fresh(target: Path, member: zipfile.ZipInfo, path: Path) -> bool:
    if not target.is_file():
        return False
    there = target.stat()
    same_time = abs(there.st_mtime_ns - path.stat().st_mtime_ns) <= _SAME_TIME_NS
    return there.st_size == member.file_size and same_time


def _extract(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, time_ns: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic.written(target) as part:
        with bundle.open(member) as source, part.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        os.utime(part, ns=(time_ns, time_ns))
