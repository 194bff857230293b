"""Puts the plugins into their hosts, takes them away again, and says what is missing.

Touches nothing but files of its own; the plugins themselves lie in `plugins/`, in a wheel below this package.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from w2l_studio import __version__, atomic, bridge
from w2l_studio.errors import OutputError

#: What every menu script of ours says, and no other file.
_OURS = "w2l-studio plugin install resolve"
_PACKAGE, _RECORD = "w2l_resolve", "installed.json"
#: A package that is not whole yet, and one that is going; what of them is left over has no other use.
_COMING, _GOING = f"{_PACKAGE}.part", f"{_PACKAGE}.old"
_ALLOWED = "run it as administrator, or without --all-users"
_BLACKMAGIC = Path("Blackmagic Design") / "DaVinci Resolve"


def fusion_folder(*, all_users: bool, home: Path | None = None) -> Path:
    """Return Resolve's `Fusion` folder, whose `Scripts/Edit` is in the menu."""
    home = Path.home() if home is None else home
    if sys.platform == "darwin":
        return (Path("/") if all_users else home) / "Library" / "Application Support" / _BLACKMAGIC / "Fusion"
    if sys.platform == "win32":
        if all_users:
            return Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / _BLACKMAGIC / "Fusion"
        roaming = Path(os.environ.get("APPDATA", home / "AppData" / "Roaming"))
        return roaming / _BLACKMAGIC / "Support" / "Fusion"
    if all_users:
        places = [Path("/opt/resolve/Fusion"), Path("/home/resolve/Fusion")]
        return next((place for place in places if place.parent.exists()), places[0])
    return home / ".local" / "share" / "DaVinciResolve" / "Fusion"


def install_resolve(fusion: Path) -> list[Path]:
    """Copy menu scripts, package and bridge below a `Fusion` folder.

    Returns:
        The menu scripts.

    Raises:
        OutputError: not allowed, or a file of somebody else's is in the way.
    """
    source, package = _source("davinci"), fusion / "W2L Studio" / _PACKAGE
    scripts = {
        path: fusion / "Scripts" / "Edit" / path.name for path in sorted((source / "scripts").glob("*.py"))
    }
    for target in scripts.values():
        if target.exists() and not _is_ours(target):
            raise OutputError("another script has this name", hint="move it away", where=str(target))
    if package.exists() and not (package / _RECORD).exists():
        raise OutputError("something else is in the way", hint="move it away", where=str(package))
    with _writing(fusion):
        _put(source / _PACKAGE, package)
        for path, target in scripts.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic.clear(target.parent)
            text = path.read_text(encoding="utf-8")
            text = text.replace('PACKAGE = ""', f"PACKAGE = {str(package.parent)!r}")
            atomic.write_text(target, text, _ALLOWED)
    return list(scripts.values())


def uninstall_resolve(fusion: Path) -> list[Path]:
    """Take away what `install_resolve` put there; settings and results stay.

    Returns:
        What is gone.

    Raises:
        OutputError: not allowed.
    """
    package = fusion / "W2L Studio" / _PACKAGE
    # With the endings that an interrupted installation leaves behind.
    gone = [path for path in sorted((fusion / "Scripts" / "Edit").glob("W2L - *.py*")) if _is_ours(path)]
    folders = _left_over(package)
    with _writing(fusion):
        for path in gone:
            path.unlink()
        for folder in folders:
            shutil.rmtree(folder)
        if (package / _RECORD).exists():
            folders.append(package)
            # Half of it would be without its record, and nobody's.
            shutil.rmtree(package.replace(package.with_name(_GOING)))
        if folders and not any(package.parent.iterdir()):
            package.parent.rmdir()
    return [*gone, *folders]


def check_resolve(fusions: list[Path]) -> tuple[list[str], list[str]]:
    """Return what there is of the plugin for Resolve, and what is missing."""
    there: list[str] = []
    missing: list[str] = []
    records = [(fusion, fusion / "W2L Studio" / _PACKAGE / _RECORD) for fusion in fusions]
    for fusion, record in records:
        if record.exists():
            said = _recorded(record)
            there.append(f"plugin {said['version']}: {fusion}")
            missing += _amiss(fusion, said)
    if not there:
        missing.append("the plugin is not installed; run `w2l-studio plugin install resolve`")
    program = _resolve_program()
    if program.exists():
        there.append(f"DaVinci Resolve: {program}")
    else:
        missing.append(f"DaVinci Resolve is not at {program}; install it, 18.5 or newer")
    if sys.platform == "darwin" and not Path("/usr/local/bin/python3").exists():
        missing.append("Resolve before 21.1 finds no Python; install Python 3 from python.org")
    return there, missing


def _put(source: Path, package: Path) -> None:
    """Copy a package beside its place, then swap: cut short anywhere, it can be done again or taken away.

    What goes wrong leaves the package that was there.
    """
    for folder in _left_over(package):
        shutil.rmtree(folder)
    coming, going = package.with_name(_COMING), package.with_name(_GOING)
    try:
        shutil.copytree(source, coming, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(str(bridge.__file__), coming / "bridge.py")
        record = {"engine": _engine(), "version": __version__}
        (coming / _RECORD).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        if package.exists():
            package.replace(going)
        try:
            coming.replace(package)
        except BaseException:
            if going.exists():
                going.replace(package)
            raise
        shutil.rmtree(going, ignore_errors=True)
    finally:
        shutil.rmtree(coming, ignore_errors=True)


def _left_over(package: Path) -> list[Path]:
    beside = [package.with_name(name) for name in (_COMING, _GOING)]
    return [folder for folder in beside if folder.is_dir()]


def _recorded(record: Path) -> dict[str, str]:
    """Return what `install_resolve` wrote down; of a file that was damaged since, no version."""
    try:
        said = json.loads(record.read_text(encoding="utf-8"))
        return {"engine": str(said["engine"]), "version": str(said["version"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"engine": "", "version": "unknown"}


def _amiss(fusion: Path, said: dict[str, str]) -> Iterator[str]:
    """Yield what does not fit in one installation."""
    again = "run `w2l-studio plugin install resolve` again"
    if said["version"] != __version__:
        yield f"the plugin in {fusion} is of version {said['version']}, the engine {__version__}; {again}"
    names = [path.name for path in (_source("davinci") / "scripts").glob("*.py")]
    lost = [name for name in sorted(names) if not (fusion / "Scripts" / "Edit" / name).exists()]
    if lost:
        yield f"{', '.join(lost)} is missing in {fusion / 'Scripts' / 'Edit'}; {again}"
    try:
        bridge.version(bridge.find(said["engine"]))
    except bridge.NoEngine as error:
        yield str(error)


def _resolve_program() -> Path:
    if sys.platform == "darwin":
        return Path("/Applications/DaVinci Resolve/DaVinci Resolve.app")
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMFILES", "C:/Program Files")) / _BLACKMAGIC / "Resolve.exe"
    return Path("/opt/resolve/bin/resolve")


def _source(host: str) -> Path:
    """Return a plugin's files: below this package in a wheel, beside it in a checkout."""
    here = Path(__file__).resolve().parent
    places = [here / "_plugins" / host, here.parent / "plugins" / host]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        raise OutputError(f"the plugin for {host} is not in this installation", hint="install it again")
    return found


def _engine() -> str:
    """Return the program that this engine is started by; empty where nobody installed one."""
    name = "w2l-studio.exe" if sys.platform == "win32" else "w2l-studio"
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or ""


def _is_ours(path: Path) -> bool:
    return path.is_file() and _OURS in path.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _writing(fusion: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = Path(error.filename or fusion)
        told = error.strerror or str(error)
        raise atomic.refusal(where, error.errno, told, _ALLOWED) from error
