"""Moustaches that go with the upper lip, and beards that stand off the jaw.

Draws all chance from the generator it is handed; all lengths are decimetres in the head's space.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from training.performers import mesh
from training.performers.mesh import SKIN
from training.performers.surface import NEIGHBOURS, WHISKERS, Surface, normals, sheet
from w2l_studio.terms import Bools, Doubles, Floats, Ints

_ROWS, _COLUMNS = 7, 25
#: On the neutral head: the nose's base, the edge of the upper lip's red by distance from the middle, the
#: corners of the mouth, and where the lips meet.
_NOSE_Y = 6.8
_EDGE_X, _EDGE_Y = np.array([0.0, 0.1, 0.2, 0.26, 0.4]), np.array([6.70, 6.715, 6.685, 6.64, 6.60])
_CORNER_X, _MOUTH_Y = 0.26, 6.61
#: Of the chin's way, what goes with the lower lip goes further than this.
_WITH_JAW = 0.45


@dataclass(frozen=True, slots=True)
class Moustache:
    """A moustache.

    Args:
        half: its width, halved.
        top: its upper edge in the middle, 0 at the lip's edge .. 1 at the nose.
        hang: how far it hangs over the lip.
        thick: how far it stands off.
        ends: how far its ends turn up (> 0) or down.
        parted: how bare it is in the middle, 0..1.
    """

    half: float
    top: float
    hang: float
    thick: float
    ends: float
    parted: float = field(kw_only=True)


def draw(random: np.random.Generator) -> Moustache:
    """Draw a moustache: from a pencil's line to one that hides the lip."""
    kind = str(random.choice(["pencil", "chevron", "walrus", "ends"], p=[0.2, 0.42, 0.2, 0.18]))
    half, top, hang, thick, ends = {
        "pencil": ((0.2, 0.28), (0.3, 0.5), (0.0, 0.01), (0.006, 0.015), (-0.03, 0.01)),
        "chevron": ((0.26, 0.34), (0.7, 1.0), (0.0, 0.05), (0.02, 0.06), (-0.06, 0.0)),
        "walrus": ((0.3, 0.4), (0.8, 1.0), (0.05, 0.11), (0.05, 0.1), (-0.1, -0.04)),
        "ends": ((0.34, 0.46), (0.6, 0.9), (0.0, 0.03), (0.03, 0.06), (0.0, 0.12)),
    }[kind]
    return Moustache(
        *(float(random.uniform(*bounds)) for bounds in (half, top, hang, thick, ends)),
        parted=float(random.uniform(0.3, 1) if random.random() < 0.3 else 0),
    )


def made(worn: Moustache, rest: Floats) -> Surface:
    """Make a moustache on a face at rest ``float32[N, 3]``; it goes with the upper lip."""
    across = np.linspace(-1, 1, _COLUMNS)
    x = across * worn.half
    edge = np.interp(np.abs(x), _EDGE_X, _EDGE_Y)
    above = edge + (_NOSE_Y - edge) * worn.top * (1 - np.abs(across) ** 2.2)
    out = np.clip((np.abs(x) - 0.18) / 0.2, 0, None)
    turned = worn.ends * out**1.5
    share = np.linspace(0, 1, _ROWS)[:, None]
    low = edge - worn.hang * (1 - np.abs(across) ** 3) + turned
    y = (above + turned) + (low - above - turned) * share
    wanted = np.stack([np.broadcast_to(x, y.shape), np.maximum(y, edge + 0.01)], -1)
    follows, shares = _anchors(wanted.reshape(-1, 2))
    head = mesh.load()
    base = (shares[..., None] * rest[follows]).sum(1)
    neutral = (shares[..., None] * head.rest[follows]).sum(1)
    out_of_skin = (shares[..., None] * normals(rest, head.triangles)[follows]).sum(1)
    out_of_skin /= np.linalg.norm(out_of_skin, axis=1, keepdims=True) + 1e-9
    flat = np.stack([np.broadcast_to(x, y.shape), y], -1).reshape(-1, 2)
    base[:, :2] += flat - neutral[:, :2]
    body = (1 - np.abs(across) ** 4) * (1 - worn.parted * np.exp(-((across / 0.12) ** 2)))
    stands = worn.thick * body * (0.05 + 0.95 * np.sin(np.pi * (0.72 * share) ** 0.8)) + 0.004
    base += out_of_skin * stands.reshape(-1, 1)
    surface = sheet(base.reshape(_ROWS, _COLUMNS, 3)[:, ::-1], WHISKERS)
    order = np.arange(_ROWS * _COLUMNS).reshape(_ROWS, _COLUMNS)[:, ::-1].ravel()
    return Surface(
        surface.places,
        surface.paint,
        surface.part,
        surface.triangles,
        follows[order],
        shares[order].astype(np.float32),
    )


def beard(random: np.random.Generator, rest: Floats, reach: float, length: float) -> Floats:
    """Return displacements ``float32[N, 3]`` that give a beard volume.

    Args:
        reach: how high it grows on the cheeks, as the shader's ``beard_reach``.
        length: at the chin.
    """
    head = mesh.load()
    q = head.rest
    x, y = np.abs(q[:, 0]), q[:, 1]
    high = np.clip((_MOUTH_Y - 0.09 + reach - (y - 0.55 * np.clip(x - 0.35, 0, None))) / 0.22 + 0.5, 0, 1)
    low = np.clip((y - 6.03) / 0.12, 0, 1) * np.clip((q[:, 2] - 0.3) / 0.3, 0, 1)
    lips = mesh.mask("lips", head.uv) + mesh.mask("inside-mouth", head.uv)
    amount = high * low * (head.part == SKIN) * np.clip(1 - 4 * lips, 0, 1)
    amount = amount * (0.45 + 0.55 * np.exp(-((x / 0.35) ** 2)) * np.clip((6.5 - y) / 0.2, 0, 1))
    curls = 1 + 0.2 * sum(np.sin(q @ random.normal(0, 8, 3) + random.uniform(0, 6.3)) for _ in range(4))
    way = normals(rest, head.triangles) + np.array([0, -0.35, 0.1])
    return np.asarray(way * (amount * curls * length)[:, None], np.float32)


def _anchors(wanted: Doubles) -> tuple[Ints, Doubles]:
    """Return the skin next to places ``[K, 2]`` of the neutral face, and its shares, ``[K, 4]`` each."""
    rows = _over_the_lip()
    apart = np.linalg.norm(wanted[:, None] - mesh.load().rest[rows, :2][None], axis=2)
    near = np.argpartition(apart, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    shares = 1 / (np.take_along_axis(apart, near, 1) + 0.01) ** 2
    return rows[near], shares / shares.sum(1, keepdims=True)


@cache
def _over_the_lip() -> Ints:
    """Return the outer skin over the mouth and beside it."""
    head = mesh.load()
    q, jaw = head.rest, head.units["jawOpen"][:, 1]
    outside: Bools = (head.part == SKIN) & (normals(q, head.triangles)[:, 2] > 0.15) & (q[:, 2] > 1.2)
    near = (np.abs(q[:, 0]) < 0.6) & (q[:, 1] > 6.45) & (q[:, 1] < 6.9)
    upper = (jaw / jaw.min() < _WITH_JAW) | (np.abs(q[:, 0]) > _CORNER_X)
    inside = mesh.mask("inside-mouth", head.uv) > 0.2
    return np.flatnonzero(outside & near & upper & ~inside)
