"""The engine's report to what is laid above the strips.

Reads no file: the report comes as plain JSON values (docs/report.md). Knows no Blender data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import edit
from .edit import Picture


@dataclass(frozen=True, slots=True)
class Placement:
    """A take above a strip.

    Args:
        picture: number of the strip that it is a take of.
        path: the take's movie, or what stands for its image sequence.
        start: first frame of the scene in which it is seen.
        stop: the frame after the last one.
        zero: the frame of the scene at which the take's first picture would lie.
        character: whose lips.
    """

    picture: int
    path: Path
    start: int
    stop: int
    zero: int
    character: str | None


def placements(report: Mapping[str, Any], first: int) -> tuple[Placement, ...]:
    """Return where takes go.

    Args:
        report: of a finished job.
        first: the scene's frame with which the edit begins.
    """
    found: list[Placement] = []
    for told in report["ranges"]:
        if told["take"] is None or not told["synced"]:
            continue
        number, _ = edit.which(told["mark"])
        start = first + int(told["record_start"])
        stop = start + int(told["frames"])
        handle = int(told["media_start"]) - int(told["take_start"])
        zero = start - handle
        found.append(Placement(number, Path(told["take"]), start, stop, zero, told["character"]))
    return tuple(found)


def moved(placement: Placement, was: Picture, now: Picture) -> Placement | None:
    """Return a take where its strip lies now, cut to what is seen of it; None where nothing of the take is.

    Args:
        placement: of a job that was begun with the strip as it was.
        was: the strip as the job was told of it.
        now: the strip as it is.
    """
    way = shift(was, now)
    start, stop = max(placement.start + way, now.start), min(placement.stop + way, now.stop)
    return replace(placement, start=start, stop=stop, zero=placement.zero + way) if start < stop else None


def shift(was: Picture, now: Picture) -> int:
    """Return how many frames later a strip shows each picture of its media."""
    return (now.start - now.media_first) - (was.start - was.media_first)


def covered(start: int, stop: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Tell whether spans together leave no frame of ``start <= frame < stop``.

    >>> covered(10, 30, [(20, 40), (10, 20)]), covered(10, 30, [(10, 19), (20, 40)])
    (True, False)
    """
    reached = start
    for begin, end in sorted(spans):
        if begin <= reached:
            reached = max(reached, end)
    return reached >= stop


def kept(report: Mapping[str, Any], first: int) -> tuple[str, ...]:
    """Return a sentence for everything marked in which the plate stays.

    Args:
        report: of a finished job.
        first: the scene's frame with which the edit begins.
    """
    return tuple(
        f"{told['clip'] or 'no strip'} from frame {first + int(told['record_start'])}: "
        f"{why['frames']} frames stay, {why['message']}" + (f"; {why['hint']}" if why["hint"] else "")
        for told in report["ranges"]
        for why in told["passed"]
    )
