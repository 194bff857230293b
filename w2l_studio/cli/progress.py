"""Shows events: a bar on a terminal, plain lines elsewhere, JSON lines with ``--json``.

Renders only; knows nothing of how a job runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from w2l_studio import inputs
from w2l_studio.errors import Cancelled, StudioError
from w2l_studio.events import (
    Advanced,
    Event,
    JobCancelled,
    JobFailed,
    JobFinished,
    PassedThrough,
    PlanReady,
    SegmentStarted,
    Sink,
    TakeReady,
    Warned,
    to_json,
)


@contextmanager
def sink(*, as_json: bool, stop_file: Path | None = None) -> Iterator[Sink]:
    """Return what takes the events of one job; with JSON the last line is always how the job ended.

    Args:
        stop_file: once it is there the job is interrupted, as by Ctrl-C.
    """
    shown = _json_lines() if as_json else _bar() if sys.stderr.isatty() else nullcontext(_say)
    with shown as write:
        yield write if stop_file is None else _until(stop_file, write)


def _until(stop_file: Path, write: Sink) -> Sink:
    """Interrupt a job before it begins or between two pictures; a host has no other way on every system."""

    def look() -> None:
        if inputs.there(stop_file):
            raise KeyboardInterrupt

    def write_or_stop(event: Event) -> None:
        # Not where a take is ready, which is to be counted, nor at the job's end.
        if isinstance(event, PlanReady | SegmentStarted | Advanced):
            look()
        write(event)

    look()
    return write_or_stop


@contextmanager
def _json_lines() -> Iterator[Sink]:
    seq = kept = 0

    def write(event: Event) -> None:
        nonlocal seq, kept
        seq += 1
        kept += isinstance(event, TakeReady)
        click.echo(to_json(event, seq))

    try:
        yield write
    except (Cancelled, KeyboardInterrupt):
        write(JobCancelled(kept))
        raise
    except StudioError as error:
        write(JobFailed(error.code, error.head, error.hint, error.exit_code))
        raise
    except Exception as error:
        write(JobFailed("internal", f"{type(error).__name__}: {error}", "please report it", 1))
        raise


@contextmanager
def _bar() -> Iterator[Sink]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("reading the edit", total=None)
        shot = ""

        def write(event: Event) -> None:
            nonlocal shot
            if isinstance(event, SegmentStarted):
                shot = f"{event.name} {event.timecode}"
                bar.update(task, description=shot)
            elif isinstance(event, Advanced):
                bar.update(task, completed=event.done, total=event.total, description=f"{shot} {event.stage}")
            else:
                for line in _lines(event):
                    bar.console.print(line, markup=False, highlight=False)

        yield write


def sentence(notice: Warned) -> str:
    """Return what a person reads of something to know."""
    return f"{notice.message}{'; ' + notice.hint if notice.hint else ''}"


def _say(event: Event) -> None:
    for line in _lines(event):
        click.echo(line, err=True)


def _lines(event: Event) -> list[str]:
    """Return what a person reads of an event; nothing of the small steps."""
    match event:
        case PlanReady():
            missing = f", {event.missing} marks passed through" if event.missing else ""
            return [f"{event.segments} takes to make, {event.frames} frames with handles{missing}"]
        case SegmentStarted():
            return [f"{event.timecode} {event.name}: {event.frames} frames"]
        case PassedThrough():
            hint = f"; {event.hint}" if event.hint else ""
            return [f"{event.timecode} {event.frames} frames stay ({event.code}): {event.message}{hint}"]
        case TakeReady():
            return [f"  {'already there' if event.reused else 'ready'}: {event.path} ({event.synced} frames)"]
        case Warned():
            return [sentence(event)]
        case _:
            return _ending(event)


def _ending(event: Event) -> list[str]:
    if not isinstance(event, JobFinished):
        return []
    return [
        f"{event.synced} frames dubbed, {event.passed} passed through",
        f"edit:   {event.edit}",
        f"report: {event.report} (as a page: {Path(event.report).with_suffix('.html').name})",
    ]
