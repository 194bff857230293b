"""A person's surface in motion: what every face unit does to places and normals, in numbers.

Draws nothing (`render`) and knows no scene.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from training.performers import mesh, surface
from training.performers.person import Person
from w2l_studio.terms import Bools, Doubles, Floats, Ints

_CHUNK = 32


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A person ready to be moved: all displacements as matrices.

    Args:
        names: units, in the order of the matrices' rows.
        rest: ``float32[P, 3]``: the head's N vertices, and what is worn and goes with them.
        places: ``float32[U, P * 3]`` displacement per unit.
        normals: ``float32[U, P * 3]`` change of the normal per unit.
        rest_normals: ``float32[P, 3]``.
        worn_normals: ``float32[M, 3]`` of all that is worn.
    """

    person: Person
    names: tuple[str, ...]
    rest: Floats
    places: Floats
    normals: Floats
    rest_normals: Floats
    worn_normals: Floats


def embody(person: Person) -> Body:
    """Work out how a person's surface turns with every unit (linear in the units)."""
    head, worn = mesh.load(), person.worn
    going = len(worn.follows)
    worn_normals = surface.normals(worn.places, worn.triangles)

    with_skin = worn.triangles[(worn.triangles < going).all(1)]

    def turned(displaced: Floats) -> Floats:
        skin = surface.normals(person.rest + displaced, head.triangles)
        places = worn.places[:going] + worn.moved(displaced)
        return np.vstack([skin, surface.normals(places, with_skin)])

    rest_normals = turned(np.zeros_like(person.rest))
    names = tuple(person.units)
    moves = [person.units[name] for name in names]
    places = [np.concatenate([move.reshape(-1), worn.moved(move).reshape(-1)]) for move in moves]
    turns = [(turned(move) - rest_normals).reshape(-1) for move in moves]
    return Body(
        person,
        names,
        np.vstack([person.rest, worn.places[:going]]),
        np.stack(places),
        np.stack(turns).astype(np.float32),
        rest_normals,
        worn_normals,
    )


def surfaces(body: Body, units: Floats) -> Iterator[Floats]:
    """Yield places and normals ``float32[P, 6]`` picture by picture; summed in chunks, which is faster."""
    packed = np.empty((len(body.rest_normals), 6), np.float32)
    for start in range(0, len(units), _CHUNK):
        some = units[start : start + _CHUNK]
        used = some.any(0)
        places, normals = some[:, used] @ body.places[used], some[:, used] @ body.normals[used]
        for place, normal in zip(places, normals, strict=True):
            packed[:, :3] = body.rest + place.reshape(-1, 3)
            packed[:, 3:] = body.rest_normals + normal.reshape(-1, 3)
            yield packed


def lip_opening(places: Floats) -> float:
    """Return the gap of the inner lips over mouth width, from ``[N, 3]`` vertices."""
    *_, left_corner, right_corner, upper_lip, lower_lip = landmarks(places)
    gap = upper_lip[1] - lower_lip[1]
    return float(max(gap, 0.0) / np.linalg.norm(left_corner - right_corner))


def landmarks(places: Floats) -> Floats:
    """Return the landmarks ``float32[7, 3]`` in the order of `mesh.Mesh.marks`, from ``[N, 3]`` vertices."""
    rows, starts, counts = _marked()
    return np.asarray(np.add.reduceat(places[rows], starts) / counts, np.float32)


@cache
def _marked() -> tuple[Ints, Ints, Floats]:
    """Return the vertices of all landmarks, where each one's begin among them, and how many it has."""
    marks = list(mesh.load().marks.values())
    counts = [len(rows) for rows in marks]
    starts = np.cumsum([0, *counts[:-1]])
    return np.concatenate(marks), starts, np.array(counts, np.float32)[:, None]


@cache
def shades(head: mesh.Mesh) -> Doubles:
    """Return how much of the sky each vertex of the neutral head sees, 0.25..1.

    A point below the mean of its neighbourhood lies in a fold: nostrils, eye corners, under the lip.
    """
    shade = np.ones(len(head.rest))
    skin: Bools = head.part == mesh.SKIN
    rows: Ints = np.flatnonzero(skin)
    normals = surface.normals(head.rest, head.triangles)
    for radius in (0.12, 0.3):
        for start in range(0, len(rows), 500):
            some = rows[start : start + 500]
            way = head.rest[None, rows] - head.rest[some, None]
            near = np.linalg.norm(way, axis=2)
            rise = np.einsum("ijk,ik->ij", way, normals[some]) / (near + 1e-6)
            weight = np.exp(-((near / radius) ** 2)) * (near > 1e-6)
            hidden = (np.clip(rise, 0, 1) * weight).sum(1) / weight.sum(1)
            shade[some] *= 1 - np.clip(hidden * 1.6, 0, 0.6)
    return np.clip(shade, 0.25, 1)
