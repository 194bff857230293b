"""Media URLs of an edit to local files and back.

Reads no media; says nothing of whether a file is a picture.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote, unquote

from w2l_studio import inputs

#: ``(OLD, NEW)`` folder prefixes: media that the edit names below OLD lies below NEW here.
Roots = Sequence[tuple[str, str]]

_WINDOWS = re.compile(r"/?([A-Za-z]):[\\/]")
_NUMBER = re.compile(r"%(?=0[1-9]d)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def to_path(url: str, folder: Path, roots: Roots = ()) -> Path | None:
    """Return the local file that a media URL names.

    Args:
        url: bare path, path relative to the edit, or file URL; Windows drives and UNC are recognised.
        folder: what relative paths are relative to (the edit's folder).
        roots: remapped prefixes; the first that fits is used.

    Returns:
        An absolute path (the file need not exist), in the spelling that the disk has of it: hosts on macOS
        write accents decomposed (NFD), most disks hold them composed (NFC). None where the URL names
        nothing that a file can be called, another machine, another system's drive, or is not a file URL.
    """
    name = _plain(url.strip(), folder)
    if not name or "\0" in name:
        return None
    for old, new in roots:
        rest = _below(name, old)
        if rest is not None:
            return _spelled(Path(new) / rest)
    if _foreign(name):
        return None
    return _spelled(folder / name)


def _spelled(path: Path) -> Path:
    """Return an absolute path, by other code points of the same name where it is not there as it is."""
    plain = Path(os.path.abspath(path))  # noqa: PTH100 - must not follow links
    if str(plain).isascii() or inputs.there(plain):
        return plain
    found = Path(plain.anchor)
    for part in plain.parts[1:]:
        forms = (found / form for form in (part, normalize("NFC", part), normalize("NFD", part)))
        found = next(filter(inputs.there, forms), found / part)
    # No file is called as an image sequence is; its folder is there.
    return found if inputs.there(found.parent) else plain


def to_url(path: Path, folder: Path) -> str:
    """Return the percent-encoded URL of a file: relative where it lies below ``folder``, else a file URL."""
    full, base = Path(os.path.abspath(path)), Path(os.path.abspath(folder))  # noqa: PTH100
    if full.is_relative_to(base):
        return quote(os.fsencode(full.relative_to(base).as_posix()))
    return full.as_uri()


def as_text(name: str) -> str:
    """Return a name, bytes of it that are no UTF-8 as escapes: neither edits nor media files hold them."""
    return name.encode("utf-8", "backslashreplace").decode()


def rebase(url: str, old: Path, new: Path) -> str:
    """Return a URL for an edit that moves from folder ``old`` to ``new``; only relative ones change."""
    relative = url.removeprefix("file://./")
    if _SCHEME.match(relative) or _foreign(relative) or relative.startswith(("/", "file:")):
        return url
    way = Path(os.path.relpath(old.absolute(), new.absolute())).as_posix()
    # A URL without escapes stays without: hosts that do not decode find the file all the same.
    return f"{quote(way) if '%' in relative else way}/{relative}"


def _plain(url: str, folder: Path) -> str | None:
    """Return the path that a URL spells (Windows forms with forward slashes), None for other schemes."""
    if _WINDOWS.match(url) or url.startswith("\\\\"):
        return url.replace("\\", "/")
    if url.lower().startswith("file:"):
        return _from_file_url(url[5:])
    if _SCHEME.match(url):
        return None
    # Hosts write bare paths as they are, others percent-encoded: what is there decides.
    return url if "%" not in url or inputs.there(folder / url) else _unquoted(url)


def _unquoted(url: str) -> str:
    """Return a path with what is percent-encoded in it; bytes that are no UTF-8 stay what they are.

    So do the numbers of image sequences (``%04d``): as an escape, that is a control character.
    """
    return unquote(_NUMBER.sub("%25", url), errors="surrogateescape")


def _from_file_url(rest: str) -> str:
    """Return the path of what follows ``file:``; another host becomes ``//host/path`` (UNC)."""
    if not rest.startswith("//"):
        return _unquoted(rest)
    host, _, path = rest[2:].partition("/")
    if host == ".":
        return _unquoted(path)
    local = host.lower() in ("", "localhost")
    plain = _unquoted(f"/{path}" if local else f"//{host}/{path}")
    return plain[1:] if _WINDOWS.match(plain) else plain


def _foreign(name: str) -> bool:
    """Tell whether a plain path is a Windows drive or UNC path that this system cannot open."""
    return os.name != "nt" and bool(_WINDOWS.match(name) or name.startswith(("//", "\\\\")))


def _below(name: str, root: str) -> str | None:
    """Return what follows a root in a plain path, None where it does not lie below."""
    old = (_plain(root, Path("/")) or root).rstrip("/")
    head, rest = name[: len(old)], name[len(old) :]
    same = head.lower() == old.lower() if _WINDOWS.match(name) else head == old
    return rest.lstrip("/") if same and rest.startswith("/") else None
