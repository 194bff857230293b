"""The example as a value: reads scene.yaml and phones.json, works out what every take holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
MEDIA, STEMS = HERE / "media", HERE / "stems"
PRODUCTION = MEDIA / "production.flac"
PHONES = HERE / "phones.json"
LANGUAGES = ("fr", "de")
#: ARPABET name, begin and end in seconds.
Phones = list[tuple[str, float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody says between ``at_s`` and ``at_s + for_s`` of the edit, by language."""

    who: str
    at_s: float
    for_s: float
    text: dict[str, str]


@dataclass(frozen=True, slots=True)
class Shot:
    """One clip of the edit: frames ``start..stop`` of the edit, shown from a take."""

    name: str
    take: str
    start: int
    stop: int
    marks: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Take:
    """One media file: frames ``start..stop`` on the edit's clock, handles included."""

    name: str
    start: int
    stop: int

    @property
    def path(self) -> Path:
        """Where the media file lies."""
        return MEDIA / f"{self.name}.mov"


@dataclass(frozen=True, slots=True)
class Scene:
    """The whole example."""

    rate: int
    start_frame: int
    clock_frame: int
    voices: dict[str, dict[str, dict[str, Any]]]
    lines: tuple[Line, ...]
    shots: tuple[Shot, ...]
    takes: tuple[Take, ...]

    @property
    def frames(self) -> int:
        """Length of the edit."""
        return self.shots[-1].stop

    def take(self, name: str) -> Take:
        """Return a take by its name."""
        return next(take for take in self.takes if take.name == name)


def load(path: Path = HERE / "scene.yaml") -> Scene:
    """Read the scene."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    languages = ("en", *LANGUAGES)
    lines = tuple(
        Line(one["who"], one["at"], one["for"], {lang: one[lang] for lang in languages})
        for one in told["lines"]
    )
    shots: list[Shot] = []
    for one in told["shots"]:
        start = shots[-1].stop if shots else 0
        shots.append(Shot(one["name"], one["take"], start, start + one["frames"], tuple(one["marks"])))
    rate = told["rate"]
    return Scene(
        rate=rate,
        start_frame=_frames(told["start"], rate),
        clock_frame=_frames(told["clock"], rate),
        voices=told["characters"],
        lines=lines,
        shots=tuple(shots),
        takes=_takes(shots, told["handles"]),
    )


def phones() -> dict[str, Phones]:
    """Return each character's English phones (ARPABET): name, begin and end in seconds of the edit."""
    told = json.loads(PHONES.read_text(encoding="utf-8"))
    return {who: [(name, begin, end) for name, begin, end in said] for who, said in told.items()}


def timecode(frame: int, rate: int) -> str:
    """Return a frame count as timecode.

    >>> timecode(86405, 24)
    '01:00:00:05'
    """
    seconds, rest = divmod(frame, rate)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"


def _frames(text: str, rate: int) -> int:
    hours, minutes, seconds, rest = map(int, text.split(":"))
    return (hours * 3600 + minutes * 60 + seconds) * rate + rest


def _takes(shots: list[Shot], handles: int) -> tuple[Take, ...]:
    """Return one take per name: from its first shot to its last, and handles."""
    names = dict.fromkeys(shot.take for shot in shots)
    return tuple(
        Take(
            name,
            min(shot.start for shot in shots if shot.take == name) - handles,
            max(shot.stop for shot in shots if shot.take == name) + handles,
        )
        for name in names
    )
