"""The two actors: designed heads from the CC0 data, with hair and clothes that are modelled here.

Draws nothing; see stage.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.performers import mesh, person
from training.performers.mesh import SKIN
from training.performers.person import Person
from training.performers.surface import nothing

Array = npt.NDArray[np.float64]

#: Further parts, beside those of the head.
HAIR, CLOTH = 5, 6
#: The axis around which hair is laid (neutral head, decimetres).
_AXIS_Z = 0.57


@dataclass(frozen=True, slots=True)
class Cut:
    """A haircut: a shell around the skull, cut out around the face.

    Args:
        thickness: over the skull, on top and at the sides (decimetres).
        hem: how low it hangs.
        parting: angle of the parting (radians, > 0 to the head's left).
        forehead: height of the edge over the forehead.
        temple: angle at which the edge turns down.
        lowest: where the edge ends at the side of the face.
        waves: of the surface.
    """

    thickness: tuple[float, float]
    hem: float
    parting: float
    forehead: float
    temple: float
    lowest: float
    waves: float


@dataclass(frozen=True, slots=True)
class Actor:
    """How an actor looks.

    Args:
        seed: of everything that is left to chance.
        shape: shape target (folder/name) -> strength.
        look: uniforms of the head's shader that are chosen, not drawn.
        cut: haircut.
        cloth: linear colour.
        neckline: height of its front, and how much higher it is behind.
    """

    seed: int
    shape: Mapping[str, float]
    look: Mapping[str, float | tuple[float, ...]]
    cut: Cut
    cloth: tuple[float, float, float]
    neckline: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Extra:
    """Surfaces beside the head: neutral places, the person's places and normals, parts, triangles."""

    neutral: Array
    places: Array
    normals: Array
    part: Array
    triangles: npt.NDArray[np.int32]


ACTORS = {
    "ANNA": Actor(
        seed=7,
        shape={
            "macrodetails/caucasian-female-young": 0.8,
            "macrodetails/asian-female-young": 0.2,
            "macrodetails/universal-female-young-averagemuscle-averageweight": 0.9,
            "head/head-oval": 0.4,
            "chin/chin-triangle": 0.2,
            "nose/nose-scale-horiz-decr": 0.3,
            "nose/nose-point-up": 0.25,
            "mouth/mouth-angles-up": 0.2,
            "mouth/mouth-lowerlip-volume-incr": 0.25,
            "eyebrows/eyebrows-angle-down": 0.25,
            "cheek/l-cheek-bones-incr": 0.3,
            "cheek/r-cheek-bones-incr": 0.3,
        },
        look={
            "skin": (0.50, 0.30, 0.215),
            "lip": (0.36, 0.105, 0.10),
            "lip_strength": 0.75,
            "hair": (0.085, 0.036, 0.018),
            "brow": (0.215, 0.042, 0.8),
            "hairline": 0.86,
            "sideburn": 0.2,
            "beard": 0.0,
            "moustache": 0.0,
            "blush": 0.5,
            "freckles": 0.0,
            "roughness": 0.6,
            "iris": (0.10, 0.16, 0.09),
            "teeth": (0.66, 0.61, 0.52),
        },
        cut=Cut((0.16, 0.17), 6.0, 0.35, 8.02, 0.98, 5.9, 0.03),
        cloth=(0.025, 0.085, 0.10),
        neckline=(5.66, 0.42),
    ),
    "BEN": Actor(
        seed=3,
        shape={
            "macrodetails/african-male-young": 0.45,
            "macrodetails/caucasian-male-young": 0.55,
            "macrodetails/universal-male-young-averagemuscle-averageweight": 1.0,
            "head/head-rectangular": 0.2,
            "chin/chin-width-incr": 0.15,
            "nose/nose-scale-horiz-decr": 0.25,
            "mouth/mouth-scale-horiz-incr": 0.15,
            "eyebrows/eyebrows-angle-down": 0.25,
            "mouth/mouth-angles-up": 0.3,
            "forehead/forehead-temple-decr": 0.2,
        },
        look={
            "skin": (0.33, 0.185, 0.115),
            "lip": (0.26, 0.105, 0.085),
            "lip_strength": 0.7,
            "hair": (0.018, 0.012, 0.010),
            "brow": (0.205, 0.058, 0.95),
            "hairline": 0.80,
            "sideburn": 0.15,
            "beard": 0.55,
            "moustache": 0.45,
            "beard_reach": 0.0,
            "blush": 0.25,
            "freckles": 0.0,
            "roughness": 0.65,
            "iris": (0.09, 0.045, 0.02),
            "teeth": (0.66, 0.61, 0.52),
        },
        cut=Cut((0.13, 0.04), 7.5, -0.4, 8.14, 1.05, 7.6, 0.018),
        cloth=(0.16, 0.045, 0.03),
        neckline=(5.74, 0.28),
    ),
}


def embodied(actor: Actor) -> Person:
    """Return the actor's head."""
    head = mesh.load()
    displaced = np.zeros_like(head.rest)
    for name, strength in actor.shape.items():
        folder, target = name.split("/")
        (path,) = mesh.targets(folder, target)
        displaced += mesh.target(path) * np.float32(strength)
    rest = person.eyes_in_place(head, head.rest + displaced)
    drawn = person.draw(np.random.default_rng(actor.seed))
    look = {name: actor.look.get(name, value) for name, value in drawn.look.items()} | {"brim": 0.0}
    return replace(drawn, rest=rest.astype(np.float32), look=look, gain=1.0, asymmetry=1.04, worn=nothing())


def dressed(actor: Actor, head: Person) -> Extra:
    """Return the actor's hair and clothes, fitted to the head."""
    hair, hair_triangles = _hair(actor.cut)
    cloth, cloth_triangles = _cloth()
    neutral = np.vstack([hair, cloth])
    places = neutral + _carried(head, neutral)
    triangles = np.vstack([hair_triangles, cloth_triangles + len(hair)]).astype(np.int32)
    part = np.repeat([float(HAIR), float(CLOTH)], [len(hair), len(cloth)])
    return Extra(neutral, places, normals(places, triangles), part, triangles)


def normals(places: Array, triangles: npt.NDArray[np.int32]) -> Array:
    """Return unit normals ``[N, 3]`` of a surface."""
    a, b, c = (places[triangles[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    sums = np.zeros_like(places)
    for corner in range(3):
        np.add.at(sums, triangles[:, corner], faces)
    return sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-9)


def _hair(cut: Cut) -> tuple[Array, npt.NDArray[np.int64]]:
    """Lay a grid around the skull: columns by angle, rows from the crown down to the hem."""
    angle = np.linspace(-np.pi, np.pi, 193)
    top, widest = 8.5 + cut.thickness[0], 7.45
    down = np.linspace(0, 1, 90)
    bend = np.clip(down / 0.6, 0, 1) * np.pi / 2
    height = np.where(down < 0.6, widest + (top - widest) * np.cos(bend), 0.0)
    height = np.where(down >= 0.6, widest + (cut.hem - widest) * (down - 0.6) / 0.4, height)
    round_ = np.where(down < 0.6, np.sin(bend) ** 0.9, 1.0)
    fall = np.clip((widest - height) / 1.4, 0, 1)
    ripple = cut.waves * (np.sin(angle * 9 + 1) + np.sin(angle * 23 + 2) * 0.6 + np.sin(angle * 41) * 0.3)
    swell = 1 + ripple[None] * np.clip(down * 3, 0, 1)[:, None]
    side, back = 0.76 + cut.thickness[1], 0.96 + cut.thickness[1] * 0.8
    side = side + fall * (0.10 if cut.hem < 7 else 0.0)
    x = (round_ * side)[:, None] * np.sin(angle)[None] * swell
    z = _AXIS_Z + (round_ * back)[:, None] * np.cos(angle)[None] * swell
    y = np.broadcast_to(height[:, None], x.shape) + 0.05 * np.sin(angle * 7 + 0.5)[None] * fall[:, None] ** 2
    grid = np.arange(x.size).reshape(x.shape)
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    triangles = np.concatenate(
        [np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]
    )
    return np.stack([x, y, z], -1).reshape(-1, 3), triangles


def _cloth() -> tuple[Array, npt.NDArray[np.int64]]:
    """Lay cloth over neck and shoulders: the skin, a little further out; the shader cuts the neckline."""
    head = mesh.load()
    low = (head.part == SKIN) & (head.rest[:, 1] < 6.3)
    chosen = low[head.triangles].all(1)
    used, triangles = np.unique(head.triangles[chosen], return_inverse=True)
    skin = head.rest.astype(np.float64)
    away = normals(skin, head.triangles)[used]
    depth = np.clip((6.05 - skin[used, 1]) / 0.5, 0, 1)
    offset = 0.035 + 0.05 * depth
    return skin[used] + away * offset[:, None], triangles.reshape(-1, 3)


def _carried(head: Person, neutral: Array) -> Array:
    """Return how far points near the neutral head move to this one: as the skin next to them does."""
    shared = mesh.load()
    rows = np.flatnonzero((shared.part == SKIN) & (np.abs(shared.rest[:, 0]) < 2.2))
    skin, moved = shared.rest[rows], (head.rest - shared.rest)[rows]
    out = np.empty_like(neutral)
    for start in range(0, len(neutral), 400):
        some = neutral[start : start + 400]
        apart = np.linalg.norm(some[:, None] - skin[None], axis=2)
        near = np.argpartition(apart, 24, axis=1)[:, :24]
        weight = 1 / (np.take_along_axis(apart, near, 1) + 0.08) ** 2
        out[start : start + 400] = (moved[near] * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)
    return out
