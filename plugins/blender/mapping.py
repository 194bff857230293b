"""Which control follows which curve: rows that a user edits, keeps in a file and has keyed.

Holds rows, their file and their arithmetic; knows no Blender data.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from . import naming, visemes
from .lips import FEATURES, Curve, Lips

#: What a row can key.
SHAPE, BONE, PROPERTY = "SHAPE", "BONE", "PROPERTY"
KINDS = (SHAPE, BONE, PROPERTY)
#: Parts of a bone's pose that a row can key.
PARTS = ("ROT_X", "ROT_Y", "ROT_Z", "LOC_X", "LOC_Y", "LOC_Z")
SCHEMA = "w2l.mapping/1"


class MappingError(Exception):
    """One sentence for the user."""


@dataclass(frozen=True, slots=True)
class Row:
    """A control and the curve that it follows.

    Args:
        source: an ARKit unit, one of `lips.FEATURES`, or ``set:viseme`` as in ``oculus:PP``.
        kind: one of `KINDS`.
        owner: name of the object that has it.
        control: name of the shape key, bone or custom property.
        part: of a bone's pose, one of `PARTS`.
        scale: what the curve's 1 is: a shape's value, radians or the bone's own length unit.
        offset: what the curve's 0 is.
    """

    source: str
    kind: str
    owner: str
    control: str
    part: str = "ROT_X"
    scale: float = 1.0
    offset: float = 0.0


def values(rows: Sequence[Row], lips: Lips) -> list[Curve]:
    """Return what each row's control is set to, ``float64[N]`` a row.

    Raises:
        MappingError: a row's source is nothing that the engine tells.
    """
    wanted: dict[str, list[str]] = {}
    for row in rows:
        kind, separator, viseme = row.source.partition(":")
        if separator and viseme in visemes.SETS.get(kind, {}):
            wanted.setdefault(kind, []).append(viseme)
    mixed = {
        f"{kind}:{viseme}": curve
        for kind, present in wanted.items()
        for viseme, curve in visemes.weights(kind, tuple(dict.fromkeys(present)), lips.curves).items()
    }
    known = {**lips.curves, **mixed}
    still = np.zeros(lips.frames)
    found = []
    for row in rows:
        if row.source not in known and row.source not in naming.UNITS:
            raise MappingError(
                f"the row of {row.control} follows {row.source!r}, which is no unit and no viseme"
            )
        found.append(row.offset + row.scale * known.get(row.source, still))
    return found


def sources() -> tuple[str, ...]:
    """Return everything that a row can follow."""
    named = tuple(f"{kind}:{viseme}" for kind, found in visemes.SETS.items() for viseme in found)
    return (*naming.UNITS, *FEATURES, *named)


def to_json(rows: Sequence[Row]) -> str:
    """Write rows as a file's text."""
    return json.dumps({"schema": SCHEMA, "rows": [asdict(row) for row in rows]}, indent=2, ensure_ascii=False)


def from_json(text: str, where: str) -> tuple[Row, ...]:
    """Read rows.

    Raises:
        MappingError: names the file and what cannot be meant.
    """
    try:
        told: Any = json.loads(text)
        if told.get("schema") != SCHEMA:
            raise MappingError(f"{where} is no mapping of controls (schema {told.get('schema')!r})")
        rows = tuple(Row(**row) for row in told["rows"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MappingError(f"{where} is no mapping of controls ({error})") from error
    for row in rows:
        _check(row, where)
    return rows


def owned(row: Row, owners: Collection[str], character: str) -> Row:
    """Return a row that was kept for another character as one of this character's."""
    return row if row.owner in owners else replace(row, owner=character)


def _check(row: Row, where: str) -> None:
    if row.source not in sources():
        raise MappingError(f"{where}: {row.control} follows {row.source!r}, which is no unit and no viseme")
    if row.kind not in KINDS or row.part not in PARTS:
        raise MappingError(f"{where}: {row.control} is a {row.kind} {row.part}, which cannot be keyed")
    if not all(isinstance(number, (int, float)) for number in (row.scale, row.offset)):
        raise MappingError(f"{where}: scale and offset of {row.control} have to be numbers")
