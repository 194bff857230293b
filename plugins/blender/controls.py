"""Finds the controls of a character, and what each of them is in Blender's data.

Keys nothing (see `actions`); names are understood by `naming`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import bpy
import numpy as np

from . import mapping, naming
from .lips import Curve
from .mapping import Row

#: How far a jaw bone turns at full opening, where nobody said (radians, about 17 degrees).
_JAW_RADIANS = 0.3
_AXES = "XYZ"


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One animated number.

    Args:
        owner: what carries the animation: a mesh's shape keys, or an object.
        path: of the property in its owner.
        index: of the property's parts; 0 where it has none.
        values: ``float64[N]``, one per frame.
    """

    owner: bpy.types.ID
    path: str
    index: int
    values: Curve


def parts(character: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the objects of a character: itself and everything below it."""
    return [character, *character.children_recursive]


def find(character: bpy.types.Object) -> list[Row]:
    """Return rows for every mouth control whose name is understood.

    Shape keys come first; a jaw bone or a property is only taken where no shape key moves the mouth, since
    both would open it twice.
    """
    rows = [row for part in parts(character) for row in _shapes(part)]
    if rows:
        return rows
    rows = [row for part in parts(character) for row in _properties(part)]
    return rows or [row for part in parts(character) for row in _jaw(part)]


def problem(row: Row) -> str:
    """Return why a row cannot be keyed; empty where it can."""
    owner = bpy.data.objects.get(row.owner)
    if owner is None:
        return f"the object {row.owner} of {row.control} is gone"
    if not _has(owner, row):
        return f"{row.owner} has no {row.kind.lower()} {row.control}"
    # A linked datablock takes keys and loses them when the file is read again.
    if row.kind == mapping.SHAPE and _keys(owner).library is not None:
        return (
            f"the shape keys of {row.owner} are linked: make its mesh a library override or local, "
            "or key it in its own file"
        )
    if row.kind != mapping.SHAPE and owner.library is not None:
        return f"{row.owner} is linked: make a library override, or key it in its own file"
    turns = row.kind == mapping.BONE and row.part.startswith("ROT")
    if turns and owner.pose.bones[row.control].rotation_mode == "AXIS_ANGLE":
        return f"the bone {row.control} turns by axis and angle; set it to Euler or quaternion"
    return ""


def _has(owner: bpy.types.Object, row: Row) -> bool:
    if row.kind == mapping.SHAPE:
        keys = _keys(owner)
        return keys is not None and row.control in keys.key_blocks
    if row.kind == mapping.BONE:
        return owner.pose is not None and row.control in owner.pose.bones
    return row.control in owner


def channels(row: Row, values: Curve) -> Iterator[Channel]:
    """Yield the numbers that set a row's control to ``values``."""
    owner = bpy.data.objects[row.owner]
    name = bpy.utils.escape_identifier(row.control)
    if row.kind == mapping.SHAPE:
        keys = _keys(owner)
        block = keys.key_blocks[row.control]
        limited = np.clip(values, block.slider_min, block.slider_max)
        yield Channel(keys, f'key_blocks["{name}"].value', 0, limited)
    elif row.kind == mapping.PROPERTY:
        yield Channel(owner, f'["{name}"]', 0, values)
    else:
        yield from _bone(owner, row, values)


def _bone(owner: bpy.types.Object, row: Row, values: Curve) -> Iterator[Channel]:
    bone = owner.pose.bones[row.control]
    path = f'pose.bones["{bpy.utils.escape_identifier(row.control)}"]'
    axis = _AXES.index(row.part[-1])
    if row.part.startswith("LOC"):
        yield Channel(owner, f"{path}.location", axis, values)
    elif bone.rotation_mode == "QUATERNION":
        yield Channel(owner, f"{path}.rotation_quaternion", 0, np.cos(values / 2))
        for i in range(3):
            turned = np.sin(values / 2) if i == axis else np.zeros_like(values)
            yield Channel(owner, f"{path}.rotation_quaternion", i + 1, turned)
    else:
        yield Channel(owner, f"{path}.rotation_euler", axis, values)


def _keys(owner: bpy.types.Object) -> bpy.types.Key | None:
    return getattr(owner.data, "shape_keys", None)


def _shapes(part: bpy.types.Object) -> Iterator[Row]:
    keys = _keys(part)
    found = naming.shapes([block.name for block in keys.key_blocks[1:]]) if keys is not None else None
    if found is not None:
        prefix = "" if found.kind == "arkit" else f"{found.kind}:"
        for source, name in found.names.items():
            yield Row(
                f"{prefix}{source}", mapping.SHAPE, part.name, name, scale=keys.key_blocks[name].slider_max
            )


def _properties(part: bpy.types.Object) -> Iterator[Row]:
    numbers = [name for name, value in part.items() if isinstance(value, (int, float))]
    for source, name in naming.properties(numbers).items():
        yield Row(source, mapping.PROPERTY, part.name, name)


def _jaw(part: bpy.types.Object) -> Iterator[Row]:
    bone = naming.jaw(part.pose.bones.keys()) if part.pose is not None else None
    if bone is not None:
        yield Row("jawOpen", mapping.BONE, part.name, bone, "ROT_X", _JAW_RADIANS)
