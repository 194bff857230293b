"""Hair that has a silhouette of its own, and hats: shells around a person's skull.

Draws all chance from the generator it is handed; all lengths are decimetres in the head's space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from training.performers import mesh
from training.performers.mesh import SKIN
from training.performers.surface import CLOTH, HAIR, Surface, sheet
from w2l_studio.terms import Doubles, Floats, Ints

#: The skull's middle and the eyes' height on the neutral head.
_MIDDLE = np.array([0.0, 7.45, 0.57])
_EYES_Y = 7.28
#: The skull is measured along these directions: from the crown down, and around from the front.
_DOWN = np.radians(np.linspace(0, 115, 24))
_AROUND = np.radians(np.arange(-180, 181, 7.5))
_NEAREST = 6
_ROWS, _HANGING, _COLUMNS = 18, 12, 57
#: How often creases between the crown and what hangs are smoothed.
_RELAXED = 4
#: Hair beside the face clears the ears.
_EARS = 0.93


@dataclass(frozen=True, slots=True)
class Cut:
    """A haircut.

    Args:
        thick: over the skull.
        hem: how low it hangs (height).
        hairline: of the forehead, over the eyes.
        temple: half the angle that it leaves open at the temples (radians).
        beside: the same at the jaw: less hangs into the face.
        curls: of the surface, 0..1.
        flare: how much further out the hem is.
        parting: where the crown is parted (radians from the front).
        phase: of curls and ragged ends.
    """

    thick: float
    hem: float
    hairline: float
    temple: float
    beside: float
    curls: float
    flare: float
    parting: float
    phase: float


@dataclass(frozen=True, slots=True)
class Hat:
    """A hat.

    Args:
        kind: ``beanie``, ``cap`` or ``brim``.
        front, back: how low it sits there (radians from the crown).
        height: over the crown.
        brim: how far it reaches out.
        droop: how far the brim falls.
    """

    kind: str
    front: float
    back: float
    height: float
    brim: float
    droop: float


def draw_cut(random: np.random.Generator, hairline: float, *, long: bool) -> Cut:
    """Draw a haircut that covers the ears (``long``) or stands around the head."""
    fringe = random.random() < (0.3 if long else 0.2)
    line = float(random.uniform(0.2, 0.38)) if fringe else min(hairline, 0.85)
    hem = random.choice([random.uniform(6.25, 6.8), random.uniform(5.2, 6.2)]) if long else 7.0
    curls = float(random.uniform(0.5, 1) if random.random() < 0.3 else random.uniform(0, 0.3))
    return Cut(
        float(random.uniform(0.08, 0.2) + (0.1 * curls if long else random.uniform(0.1, 0.4) * curls)),
        float(hem),
        line,
        float(random.uniform(0.95, 1.3)),
        float(random.uniform(0.85, 1.35) if long else 1.35),
        curls,
        float(random.uniform(-0.1, 0.15)),
        float(random.uniform(-0.7, 0.7)),
        float(random.uniform(0, 6.3)),
    )


def draw_hat(random: np.random.Generator) -> Hat:
    """Draw a hat."""
    kind = str(random.choice(["beanie", "cap", "brim"], p=[0.4, 0.38, 0.22]))
    front = np.radians(random.uniform(56, 68))
    return Hat(
        kind,
        float(front),
        float(np.radians(random.uniform(92, 108))),
        float(random.uniform(0.05, 0.3) if kind == "beanie" else random.uniform(0.04, 0.16)),
        float(random.uniform(0.55, 0.75) if kind == "cap" else random.uniform(0.4, 0.9)),
        float(random.uniform(0.1, 0.3) if kind == "cap" else random.uniform(-0.1, 0.2)),
    )


def hair(cut: Cut, rest: Floats, *, hat: Hat | None = None) -> Surface:
    """Lay a haircut around a skull ``float32[N, 3]``; under a hat it lies flat."""
    skull = _Skull(rest)
    down = np.linspace(0.02, np.pi / 2, _ROWS)
    edge = _angle_of_height(skull, cut.hairline)
    below = np.clip((down - edge) / (np.pi / 2 - edge), 0, 1)
    opened = cut.temple * np.sqrt(below) * (below > 0)
    across = np.linspace(-1, 1, _COLUMNS)
    around = np.pi + (np.pi - opened[:, None]) * across
    thick = cut.thick * (1 + 0.35 * cut.curls * _waves(around, down[:, None], cut.phase))
    parting = np.exp(-((((around + np.pi) % (2 * np.pi) - np.pi - cut.parting) / 0.09) ** 2))
    thick = thick * (1 - 0.6 * parting * np.clip((1.3 - down) / 0.4, 0, 1)[:, None])
    if hat is not None:
        thick = np.minimum(thick, 0.035)
    # At its edge hair lies near the skin, and swells behind it.
    beside = _smooth((1 - np.abs(across)) / 0.3)[None] * (np.pi - opened[:, None]) / np.pi
    taken = np.where(opened[:, None] > 0, 0.3 + 0.7 * beside, 1.0)
    frontal = np.exp(-((((around + np.pi) % (2 * np.pi) - np.pi) / 1.2) ** 2))
    taken = taken * (1 - 0.7 * frontal * _smooth((down - edge + 0.55) / 0.55)[:, None])
    top = skull.at(np.broadcast_to(down[:, None], around.shape), around, thick * taken + 0.02)
    points = np.concatenate([top, _hanging(cut, skull, top[-1], across)[1:]])
    for _ in range(_RELAXED):
        points[1:-1] += 0.25 * (points[2:] + points[:-2] - 2 * points[1:-1])
    return sheet(points, HAIR)


def _hanging(cut: Cut, skull: _Skull, start: Doubles, across: Doubles) -> Doubles:
    """Return the part below the skull's widest line: it falls to the hem, outside of the ears."""
    fall = np.linspace(0, 1, _HANGING)[:, None]
    opened = cut.temple + (cut.beside - cut.temple) * np.clip(fall * 1.6, 0, 1)
    around = np.pi + (np.pi - opened) * across
    reach = np.linalg.norm((start - skull.middle)[:, [0, 2]], axis=1)
    side = np.abs(np.sin(around))
    clear = _EARS * skull.size * np.clip(side * 1.25, 0, 1) + 0.3 * cut.thick
    out = np.maximum(reach, reach + (clear - reach) * np.clip(fall * 6, 0, 1))
    swell = (
        1
        + cut.flare * fall
        + 0.06 * cut.curls * _waves(around, fall * 4, cut.phase) * np.clip(fall * 3, 0, 1)
    )
    out = out * swell
    ragged = 0.05 * np.sin(across * 37 + cut.phase) + 0.03 * np.sin(across * 71)
    y = start[:, 1] + (cut.hem + ragged - start[:, 1]) * fall
    return np.stack([skull.middle[0] + out * np.sin(around), y, skull.middle[2] + out * np.cos(around)], -1)


def hat(worn: Hat, rest: Floats) -> list[Surface]:
    """Put a hat on a skull ``float32[N, 3]``: its crown, and a visor or a brim."""
    skull = _Skull(rest)
    around = np.linspace(-np.pi, np.pi, _COLUMNS)
    rim = (worn.front + worn.back) / 2 + (worn.front - worn.back) / 2 * np.cos(around)
    share = np.linspace(0.01, 1, _ROWS)[:, None]
    tall = worn.height * np.clip((1 - share) / 0.5, 0, 1) ** 0.7
    if worn.kind == "beanie":
        off = 0.075 + tall + 0.045 * (share > 0.74) + 0.01 * np.sin(around * 5 + share * 9)
    else:
        off = 0.07 + tall + (0.1 * np.sin(np.clip(share, 0, 1) * np.pi) if worn.kind == "brim" else 0)
    crown = skull.at(share * rim[None], np.broadcast_to(around, (_ROWS, _COLUMNS)), off)
    parts = [sheet(crown, CLOTH)]
    if worn.kind == "cap":
        front = np.abs(around) < 1.05
        parts.append(sheet(_brim(worn, crown[-1][front], around[front], 1.05), CLOTH))
    elif worn.kind == "brim":
        parts.append(sheet(_brim(worn, crown[-1], around, 0), CLOTH))
    return parts


def _brim(worn: Hat, inner: Doubles, around: Doubles, visor: float) -> Doubles:
    """Return a brim ``[6, C, 3]`` outwards from the rim; a visor ends at both sides."""
    share = np.linspace(0, 1, 6)[:, None]
    if visor:
        out = worn.brim * np.sqrt(np.clip(1 - (around / visor) ** 2, 0, 1))
        way = np.stack([np.sin(around) * 0.35, np.cos(around) * 0 + 1.0], 1)
    else:
        out = np.full(len(around), worn.brim)
        way = np.stack([np.sin(around), np.cos(around)], 1)
    points = np.repeat(inner[None], 6, 0).copy()
    points[..., 0] += share * out * way[:, 0]
    points[..., 2] += share * out * way[:, 1]
    points[..., 1] -= worn.droop * (share * out) ** 1.5 + (
        0.25 * share * out * np.sin(around) ** 2 if visor else 0
    )
    return points


class _Skull:
    """How far a person's skull reaches from its middle in all directions."""

    def __init__(self, rest: Floats) -> None:
        nearest, shares, skin = _measured()
        self.middle = _MIDDLE + (rest[skin] - mesh.load().rest[skin]).mean(0)
        reach = np.linalg.norm(rest[nearest] - self.middle, axis=-1)
        self._reach = (reach * shares).sum(-1)
        sides = self._reach[len(_DOWN) * 2 // 3, [12, 36]]
        self.size = float(sides.mean() / 0.74)

    def at(self, down: Doubles, around: Doubles, over: Doubles) -> Doubles:
        """Return places ``[..., 3]`` over the skull, by angles from the crown and from the front."""
        way = np.stack([np.sin(down) * np.sin(around), np.cos(down), np.sin(down) * np.cos(around)], -1)
        return np.asarray(self.middle + way * (self.reach(down, around) + over)[..., None])

    def reach(self, down: Doubles, around: Doubles) -> Doubles:
        """Return the skull's reach, between the directions that were measured."""
        around = (around + np.pi) % (2 * np.pi)
        i, s = _between(down / (_DOWN[1] - _DOWN[0]), len(_DOWN))
        j, t = _between(around / (_AROUND[1] - _AROUND[0]), len(_AROUND))
        table = self._reach
        upper = table[i, j] * (1 - t) + table[i, j + 1] * t
        lower = table[i + 1, j] * (1 - t) + table[i + 1, j + 1] * t
        return np.asarray(upper * (1 - s) + lower * s)


@cache
def _measured() -> tuple[Ints, Doubles, Ints]:
    """Return the skin next to each direction, ``[24, 49, 6]``, with shares, and all of that skin."""
    head = mesh.load()
    q = head.rest
    ear = (np.abs(q[:, 0]) > 0.715) & (q[:, 2] > 0.15) & (q[:, 2] < 0.8) & (q[:, 1] > 6.75) & (q[:, 1] < 7.6)
    rows = np.flatnonzero((head.part == SKIN) & ~ear & (q[:, 1] > 6.6) & ~_hidden(q))
    way = q[rows] - _MIDDLE
    way = way / np.linalg.norm(way, axis=1, keepdims=True)
    down, around = np.meshgrid(_DOWN, _AROUND, indexing="ij")
    wanted = np.stack([np.sin(down) * np.sin(around), np.cos(down), np.sin(down) * np.cos(around)], -1)
    cosine = wanted @ way.T
    nearest = np.argpartition(-cosine, _NEAREST, axis=-1)[..., :_NEAREST]
    apart = 1 - np.take_along_axis(cosine, nearest, -1)
    shares = 1 / (apart + 1e-3)
    return rows[nearest], shares / shares.sum(-1, keepdims=True), rows


def _hidden(q: Floats) -> Ints:
    """Return what lies inside the head: nostrils, eye sockets, the mouth."""
    hidden: Ints = (q[:, 1] < 7.6) & (q[:, 2] > 0.3) & (np.hypot(q[:, 0], q[:, 2] - 0.57) < 0.45)
    return hidden


def _between(at: Doubles, count: int) -> tuple[Ints, Doubles]:
    below = np.clip(np.floor(at).astype(np.int64), 0, count - 2)
    return below, np.clip(at - below, 0, 1)


def _angle_of_height(skull: _Skull, over_eyes: float) -> float:
    """Return the angle from the crown at which the forehead has a height."""
    down = np.linspace(0.3, 1.7, 60)
    height = skull.at(down, np.zeros(60), np.zeros(60))[:, 1]
    return float(np.interp(-(_EYES_Y + over_eyes), -height, down))


def _smooth(at: Doubles) -> Doubles:
    at = np.clip(at, 0, 1)
    return at * at * (3 - 2 * at)


def _waves(around: Doubles, down: Doubles, phase: float) -> Doubles:
    waves: Doubles = (
        np.sin(around * 7 + down * 5 + phase)
        + np.sin(around * 13 - down * 11 + 2 * phase)
        + np.sin(around * 23 + down * 17)
    ) / 1.5
    return waves
