"""The engine's report to what is laid above the strips.

Reads no file: the report comes as plain JSON values (docs/report.md). Knows no Blender data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        path: the take's movie.
        start: first frame of the scene in which it is seen.
        stop: the frame after the last one.
        zero: the frame of the scene at which the take's first picture would lie.
        character: whose lips.
        whole: whether all that is seen of the strip is covered by this take and the others.
    """

    picture: int
    path: Path
    start: int
    stop: int
    zero: int
    character: str | None
    whole: bool


def placements(report: Mapping[str, Any], pictures: Sequence[Picture], first: int) -> tuple[Placement, ...]:
    """Return where takes go.

    Args:
        report: of a finished job.
        pictures: as the edit was made of them.
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
        found.append(Placement(number, Path(told["take"]), start, stop, zero, told["character"], False))
    return tuple(replace(one, whole=_covered(pictures[one.picture], one.picture, found)) for one in found)


def _covered(picture: Picture, number: int, found: Sequence[Placement]) -> bool:
    """Tell whether takes leave nothing to see of a strip."""
    reached = picture.start
    for one in sorted(found, key=lambda one: one.start):
        if one.picture == number and one.start <= reached:
            reached = max(reached, one.stop)
    return reached >= picture.stop


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
