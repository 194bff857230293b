"""What happens during a job, as one closed union of frozen dataclasses with a JSON line each.

Holds data and its JSON form only; `cli.progress` renders it, plugins read it (docs/events.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeAlias

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
    """A take is being made; `timecode` is where on the timeline it begins, `frames` is with handles."""

    segment: str
    name: str
    timecode: str
    frames: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """Work went on; `done` and `total` count steps of the whole job: each of its frames four times."""

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
    """Frames of a mark in which the plate stays; `timecode` is where the marked range begins."""

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


def to_json(event: Event, seq: int) -> str:
    """Write one event as one JSON line without its newline.

    >>> to_json(PlanReady(2, 48, 0), 1)
    '{"v": 1, "seq": 1, "kind": "PlanReady", "segments": 2, "frames": 48, "missing": 0}'
    """
    # In ASCII: a file's name may hold bytes that are no UTF-8, and a terminal may have no other letters.
    return json.dumps({"v": VERSION, "seq": seq, "kind": type(event).__name__, **asdict(event)})
