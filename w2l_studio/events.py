"""What happens during a job, as one closed union of frozen dataclasses with a JSON line each.

Holds data and its JSON form only; `cli.progress` renders it, plugins read it (docs/events.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias, get_args

#: Version of the event lines; raised when a field changes its meaning or goes away.
VERSION = 1


@dataclass(frozen=True, slots=True)
class PlanReady:
    """The job is known: how much will be touched and what is missing."""

    segments: int
    frames: int
    missing: int


@dataclass(frozen=True, slots=True)
class SegmentStarted:
    """A take is being made."""

    segment: str
    name: str
    timecode: str
    frames: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """Work went on; `done` and `total` count frames of the whole job."""

    segment: str
    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TakeReady:
    """A take is finished; `reused` = it was there already."""

    segment: str
    path: str
    synced: int
    passed: int
    reused: bool


@dataclass(frozen=True, slots=True)
class PassedThrough:
    """Frames of a mark in which the plate stays."""

    segment: str
    mark: str
    timecode: str
    frames: int
    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the user should know; the job goes on."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class JobFinished:
    """Last event of a job that came to its end."""

    edit: str
    report: str
    synced: int
    passed: int
    exit_code: int


@dataclass(frozen=True, slots=True)
class JobFailed:
    """Last event of a job that could not go on."""

    code: str
    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """Last event of a job that was interrupted; finished takes are kept."""

    takes_kept: int
    exit_code: int = 130


Event: TypeAlias = (
    PlanReady
    | SegmentStarted
    | Advanced
    | TakeReady
    | PassedThrough
    | Warned
    | JobFinished
    | JobFailed
    | JobCancelled
)
Sink: TypeAlias = Callable[[Event], None]

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}


def to_json(event: Event, seq: int) -> str:
    """Write one event as one JSON line without its newline.

    >>> to_json(PlanReady(2, 48, 0), 1)
    '{"v": 1, "seq": 1, "kind": "PlanReady", "segments": 2, "frames": 48, "missing": 0}'
    """
    return json.dumps(
        {"v": VERSION, "seq": seq, "kind": type(event).__name__, **asdict(event)}, ensure_ascii=False
    )


def from_json(line: str) -> Event:
    """Read one event line back.

    Raises:
        ValueError: not an event line of this version.
    """
    fields = json.loads(line)
    if not isinstance(fields, dict) or fields.pop("v", None) != VERSION:
        raise ValueError(f"not an event line of version {VERSION}: {line[:80]}")
    fields.pop("seq", None)
    kind = _KINDS.get(fields.pop("kind", ""))
    if kind is None:
        raise ValueError(f"unknown kind of event: {line[:80]}")
    event: Event = kind(**fields)
    return event
