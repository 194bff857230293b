"""What the plugin is told: one JSON file in the user's configuration, read and written whole.

The engine's own defaults stay the engine's: an empty value is not handed to it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from w2l_resolve import atomic

TAKE, OVERLAY = "take", "overlay"


class SettingsError(Exception):
    """One sentence: which setting cannot be meant, and in which file."""


@dataclass(frozen=True)
class Settings:
    """All settings.

    Args:
        engine: its executable; empty = the one that installed the plugin, else as docs/bridge.md tells.
        results: folder that takes go to; empty = the default.
        lang: language tag of the dub.
        stems: sound file by character; the key ``""`` is for everybody.
        weights: generator; empty = the engine's default.
        deliver: ``take`` on the same clip, or ``overlay`` on a track above.
        handles: extra frames on both sides of a take; empty = the engine's default.
    """

    engine: str = ""
    results: str = "~/W2L Studio"
    lang: str = ""
    stems: dict[str, str] = field(default_factory=dict)
    weights: str = ""
    deliver: str = TAKE
    handles: str = ""


def place() -> Path:
    """Return where the settings file is."""
    if sys.platform == "win32":
        return (
            Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming"))
            / "w2l-studio"
            / "resolve.json"
        )
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "w2l-studio" / "resolve.json"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "w2l-studio" / "resolve.json"


def load() -> Settings:
    """Read the settings; defaults where there is no file yet.

    Raises:
        SettingsError: the file is no settings file.
    """
    try:
        values = json.loads(place().read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{place()} cannot be read ({error}); correct it or delete it") from error
    return _checked(values)


def save(settings: Settings) -> None:
    """Write the settings.

    Raises:
        SettingsError: the file cannot be written.
    """
    path = place()
    text = json.dumps(asdict(settings), indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.written(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror})") from error


def typed(path: str) -> str:
    """Return a path that was typed or pasted: it may stand in quotation marks, as Windows copies it."""
    return path.strip().strip('"')


def with_stems(settings: Settings, stems: dict[str, str]) -> Settings:
    """Return the settings with these stems besides those of other characters; an empty path takes one out."""
    every = {who: typed(path) for who, path in {**settings.stems, **stems}.items()}
    return replace(settings, stems={who: path for who, path in every.items() if path})


def installed() -> dict[str, Any]:
    """Return what the installer wrote down beside the package: engine and version."""
    try:
        return dict(json.loads(Path(__file__).with_name("installed.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _checked(values: Any) -> Settings:
    known = {one.name for one in fields(Settings)}
    if not isinstance(values, dict):
        raise SettingsError(f"{place()} must hold an object {{...}}")
    for name, value in values.items():
        wanted = dict if name == "stems" else str
        if name not in known:
            raise SettingsError(
                f"{place()}: there is no setting {name!r}; there are {', '.join(sorted(known))}"
            )
        if not isinstance(value, wanted):
            raise SettingsError(f"{place()}: {name} must be {'an object' if wanted is dict else 'text'}")
    for who, path in values.get("stems", {}).items():
        if not isinstance(path, str):
            raise SettingsError(f"{place()}: the stem of {who or 'everybody'} must be text")
    if values.get("deliver", TAKE) not in (TAKE, OVERLAY):
        raise SettingsError(f"{place()}: deliver must be {TAKE} or {OVERLAY}, not {values['deliver']!r}")
    return Settings(**values)
