"""Surfaces beside the head's own: sheets and tubes, joined into one, some of which go with the skin.

Knows no person and draws nothing; all lengths are decimetres in the head's space (`mesh.Mesh`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2l_studio.terms import Doubles, Floats, Ints

#: Parts beyond those of the head (`mesh`), as the shader numbers them.
HAIR, CLOTH, FRAME, LENS, WHISKERS = range(5, 10)
#: Vertices of the skin that a point goes with.
NEIGHBOURS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What a head wears.

    Args:
        places: ``float32[M, 3]`` on the face at rest.
        paint: ``float32[M, 2]`` along and across, 0..1, for the paint.
        part: ``int64[M]``: `HAIR`, `CLOTH`, `FRAME`, `LENS` or `WHISKERS`.
        triangles: ``int32[F, 3]``; glass last, since one looks through it.
        follows: ``int64[K, 4]`` vertices of the head that the first K points go with; the others stay.
        shares: ``float32[K, 4]``, 1 in all.
    """

    places: Floats
    paint: Floats
    part: Ints
    triangles: npt.NDArray[np.int32]
    follows: Ints
    shares: Floats

    def moved(self, displaced: Floats) -> Floats:
        """Return displacements ``float32[K, 3]`` of the points that go with the head's ``[N, 3]``."""
        moved: Floats = np.einsum("kn,kni->ki", self.shares, displaced[self.follows])
        return moved


def sheet(points: Doubles, part: int) -> Surface:
    """Span a sheet over a grid ``[R, C, 3]``; it shows both sides."""
    rows, columns = points.shape[:2]
    grid = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (part.ravel() for part in (grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]))
    triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    down, along = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    return _rigid(points.reshape(-1, 3), np.stack([along.ravel(), down.ravel()], 1), part, triangles)


def tube(path: Doubles, radii: tuple[float, float], part: int, *, closed: bool = False) -> Surface:
    """Lay a tube around a path ``[K, 3]``.

    Args:
        radii: upright, and along the line of sight or as near to it as the path allows.
        closed: the last point is joined to the first.
    """
    if closed:
        path = np.vstack([path, path[:1]])
        way = np.roll(path[:-1], -1, 0) - np.roll(path[:-1], 1, 0)
        way = np.vstack([way, way[:1]])
    else:
        way = np.gradient(path, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True) + 1e-9
    deep = np.array([0.0, 0.0, 1.0]) - way * way[:, 2:]
    lost = np.linalg.norm(deep, axis=1) < 0.3
    deep[lost] = np.array([1.0, 0.0, 0.0]) - way[lost] * way[lost, :1]
    deep /= np.linalg.norm(deep, axis=1, keepdims=True)
    across = np.cross(way, deep)
    turn = np.linspace(0, 2 * np.pi, 7)
    ring = (
        across[:, None] * np.cos(turn)[None, :, None] * radii[0]
        + deep[:, None] * np.sin(turn)[None, :, None] * radii[1]
    )
    return sheet(path[:, None] + ring, part)


def joined(surfaces: Sequence[Surface]) -> Surface:
    """Join surfaces; those that go with the skin come first, glass last."""
    order = sorted(surfaces, key=lambda one: (not len(one.follows), bool((one.part == LENS).any())))
    starts = np.cumsum([0, *(len(one.places) for one in order)])
    return Surface(
        np.vstack([one.places for one in order]),
        np.vstack([one.paint for one in order]),
        np.concatenate([one.part for one in order]),
        np.vstack([one.triangles + int(start) for one, start in zip(order, starts[:-1], strict=True)]).astype(
            np.int32
        ),
        np.vstack([one.follows for one in order]),
        np.vstack([one.shares for one in order]),
    )


def nothing() -> Surface:
    """Return a surface without points."""
    return _rigid(np.zeros((0, 3)), np.zeros((0, 2)), HAIR, np.zeros((0, 3), np.int64))


def normals(places: Floats, triangles: npt.NDArray[np.int32]) -> Floats:
    """Return unit normals ``[N, 3]``, smooth over each vertex."""
    a, b, c = (places[triangles[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    sums = np.zeros_like(places)
    for corner in range(3):
        for axis in range(3):
            sums[:, axis] += np.bincount(triangles[:, corner], faces[:, axis], len(places))
    return np.asarray(sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-9))


def _rigid(places: Doubles, paint: Doubles, part: int, triangles: Ints) -> Surface:
    return Surface(
        places.astype(np.float32),
        paint.astype(np.float32),
        np.full(len(places), part),
        triangles.astype(np.int32),
        np.zeros((0, NEIGHBOURS), np.int64),
        np.zeros((0, NEIGHBOURS), np.float32),
    )
