"""Which weights this machine has: the built-in ones and those that the user added, each with its SHA-256.

Keeps files and a list; reads no tensor but to find out what a new file is. Needs no torch to list.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import platformdirs

from w2l_studio import atomic
from w2l_studio.errors import OutputError, UsageError, WeightsError
from w2l_studio.nets import checkpoint, public

_INDEX = "weights.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """Weights that can be used by name.

    Args:
        kind: as `checkpoint.kind_of` tells it.
        commercial: whether the licence allows paid work; False where that is not known.
        built_in: came with the engine.
    """

    name: str
    kind: str
    path: Path
    sha256: str
    licence: str
    commercial: bool
    description: str
    built_in: bool

    def to_json(self) -> dict[str, Any]:
        """Return the entry as plain JSON values."""
        return {**asdict(self), "path": str(self.path)}


#: Tries weights before they are kept; raises `WeightsError` where they do not work.
Trial: TypeAlias = Callable[[Entry], None]


def _untried(_: Entry) -> None:
    """Take weights as they are."""


def entries() -> list[Entry]:
    """Return all weights, built-in ones first, the user's in the order in which they were added.

    Raises:
        WeightsError: the user's list is damaged.
    """
    return listed(_built_in_folder(), built_in=True) + listed(_store())


def listed(folder: Path, *, built_in: bool = False) -> list[Entry]:
    """Return what a folder's list of weights names, nothing where it has none.

    Raises:
        WeightsError: the list is damaged.
    """
    index = folder / _INDEX
    if not index.is_file():
        return []
    try:
        return [_entry(row, folder, built_in) for row in json.loads(index.read_text(encoding="utf-8"))]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(
            "the list of weights is damaged", hint="delete it and add your weights again", where=str(index)
        ) from error


def _entry(row: dict[str, Any], folder: Path, built_in: bool) -> Entry:
    told = {key: row[key] for key in ("name", "kind", "sha256", "licence", "description")}
    if not all(isinstance(text, str) for text in told.values()):
        raise TypeError("not text")
    return Entry(**told, path=folder / row["file"], commercial=row["commercial"], built_in=built_in)


def enter(folder: Path, entry: Entry) -> None:
    """List weights that lie in a folder there, last; another of their name goes from the list.

    Raises:
        WeightsError: the list is damaged.
        OSError: it cannot be written.
    """
    others = [other for other in listed(folder) if other.name != entry.name]
    rows = [
        {
            "name": one.name,
            "kind": one.kind,
            "file": one.path.name,
            "sha256": one.sha256,
            "licence": one.licence,
            "commercial": one.commercial,
            "description": one.description,
        }
        for one in (*others, entry)
    ]
    with atomic.written(folder / _INDEX) as part:
        part.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def find(name_or_path: str | Path, kind: str | None = None) -> Entry:
    """Return weights by name or by path, checked by SHA-256.

    Args:
        name_or_path: a registered name comes before a file of that name.
        kind: what they must be for, None = anything.

    Raises:
        WeightsError: not there, altered since they were registered, or for something else.
    """
    name, known = str(name_or_path), entries()
    entry = next((entry for entry in known if entry.name == name), None)
    if entry is None and os.path.isfile(name):  # noqa: PTH113 - `Path.is_file` raises of too long a name
        entry = _unregistered(Path(name))
    if entry is None:
        fitting = [entry.name for entry in known if kind in (None, entry.kind)]
        what = f"{kind} weights" if kind else "weights"
        raise WeightsError(
            f"there are no {what} {name!r} (there is: {', '.join(fitting) or 'nothing'})",
            hint="add a file with `w2l-studio weights add FILE`",
        )
    if kind is not None and entry.kind != kind:
        raise WeightsError(f"{name} is for another network: {entry.kind}, not {kind}", where=str(entry.path))
    return verified(entry)


def verified(entry: Entry) -> Entry:
    """Return weights as they are, once their file is found to be as it was registered.

    Raises:
        WeightsError: it is gone, or was altered.
    """
    if not entry.path.is_file():
        raise WeightsError(f"the file of {entry.name} is gone", hint="add it again", where=str(entry.path))
    actual = checkpoint.sha256(entry.path)
    if actual != entry.sha256:
        raise WeightsError(
            f"the file of {entry.name} was altered: its SHA-256 is {actual}, registered is {entry.sha256}",
            hint="install the engine again" if entry.built_in else "add the file again",
            where=str(entry.path),
        )
    return entry


def add(path: Path, name: str | None = None, trial: Trial = _untried) -> Entry:
    """Register a weights file: find out what it is, copy it into the user's store, keep its SHA-256.

    Args:
        path: any file that `checkpoint.kind_of` knows.
        name: to use it by; default: from what it is. A name of the user's is given to the new file.
        trial: is shown what the file is before it is kept; what it raises keeps the file out.

    Raises:
        WeightsError: not readable, or for nothing that is known here.
        UsageError: the name is a built-in one, or not fit for a file name.
        OutputError: the store cannot be written.
    """
    found = _unregistered(path)
    free = _free(name or _default_name(found))
    trial(found)
    return _keep(found, free)


def fetch(source: str, name: str | None = None, trial: Trial = _untried) -> Entry:
    """Download public weights and register them, when their SHA-256 is the known one.

    Args:
        source: their public name.
        name: to use them by; default: the public one.
        trial: as for `add`.

    Raises:
        WeightsError: the source is not known, the download failed, or brought something else.
        UsageError: as `add`.
    """
    file, name = public.known(source), _free(name or source)
    with tempfile.TemporaryDirectory(prefix="w2l-studio-") as folder:
        path = Path(folder) / file.url.rpartition("/")[2]
        public.download(file, path)
        found = _unregistered(path)
        trial(found)
        return _keep(found, name, file.licence, file.description)


def _free(name: str) -> str:
    """Return a name that may be given to weights."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) is None:
        raise UsageError(f"{name!r} is no name for weights", hint="use letters, digits, dots and dashes")
    if any(entry.name == name and entry.built_in for entry in entries()):
        raise UsageError(f"{name} is the name of built-in weights", hint="choose another with --name")
    return name


def _store() -> Path:
    override = os.environ.get("W2L_STUDIO_WEIGHTS")
    return (
        Path(override) if override else platformdirs.user_data_path("w2l-studio", appauthor=False) / "weights"
    )


def _built_in_folder() -> Path:
    return Path(str(resources.files("w2l_studio.nets"))) / "data"


def _unregistered(path: Path) -> Entry:
    """Describe a file by its content."""
    kind = checkpoint.kind_of(path)
    header = checkpoint.header(path)
    return Entry(
        name=path.stem,
        kind=kind,
        path=path,
        sha256=checkpoint.sha256(path),
        licence=header.get("licence", "unknown"),
        commercial=header.get("commercial") == "True",
        description=header.get("description", path.name),
        built_in=False,
    )


def _default_name(found: Entry) -> str:
    if found.kind == "yunet":
        return "yunet"
    if found.kind == "retinaface":
        state, _ = checkpoint.read(found.path)
        return "retinaface-resnet50" if "body.conv1.weight" in state else "retinaface-mobilenet"
    return re.sub(r"[^A-Za-z0-9._-]+", "-", found.name).strip("-._") or found.kind


def _keep(found: Entry, name: str, licence: str = "", description: str = "") -> Entry:
    store = _store()
    kept = replace(
        found,
        name=name,
        path=store / f"{name}-{found.sha256[:12]}{found.path.suffix}",
        licence=licence or found.licence,
        description=description or found.description,
    )
    before = listed(store)
    try:
        store.mkdir(parents=True, exist_ok=True)
        with atomic.written(kept.path) as part:
            shutil.copyfile(found.path, part)
        enter(store, kept)
        used = {entry.path for entry in listed(store)}
        for entry in before:
            if entry.path not in used:
                entry.path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"weights cannot be kept ({error.strerror})", where=str(store)) from error
    return verified(kept)
