"""Vertex colours of the example's actors: what their shaders paint per pixel, as far as vertices carry it.

Linear light, as glTF wants it. Knows no file and no Blender.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from examples.two_voices.cast import Actor
from training.performers import mesh
from training.performers.mesh import EYE, LASH, TEETH, TONGUE

Array = npt.NDArray[np.float64]

_EYE = np.array([0.31, 7.28, 1.25])
#: The axis around which hair is laid, and the skin above which it hides all (neutral head, decimetres).
_AXIS_Z = 0.57


def head(actor: Actor, neutral: Array, uv: Array, part: npt.NDArray[np.int64]) -> Array:
    """Colour the head.

    Args:
        neutral: ``float64[N, 3]`` places on the neutral head.
        uv: ``float64[N, 2]``.
        part: ``int64[N]`` of `mesh`.

    Returns:
        ``float64[N, 3]`` linear RGB.
    """
    look = {name: np.array(value) for name, value in actor.look.items()}
    skin, hair = look["skin"], look["hair"]
    x, y = np.abs(neutral[:, 0]), neutral[:, 1]
    colour = np.tile(skin, (len(neutral), 1))
    cheek = np.exp(-8 * ((x - 0.52) ** 2 + (y - 6.95) ** 2))
    colour *= 1 - np.outer(cheek * look["blush"] * 0.8, [-0.08, 0.2, 0.22])
    lips = _step(0.25, 0.75, mesh.mask("lips", uv)) * look["lip_strength"]
    colour = _mixed(colour, look["lip"], lips)
    colour = _mixed(colour, np.array([0.10, 0.025, 0.02]), _step(0.2, 0.6, mesh.mask("inside-mouth", uv)))
    colour = _mixed(colour, hair * 0.7, _brow(neutral, look["brow"]))
    colour = _mixed(
        colour, hair * 0.8, _step(-0.02, 0.1, over_hair_edge(actor, neutral)) * _step(6.9, 7.1, y)
    )
    away = neutral - np.where(neutral[:, :1] > 0, _EYE, _EYE * (-1, 1, 1))
    angle = np.arccos(np.clip(away[:, 2] / np.linalg.norm(away, axis=1), -1, 1))
    ball = _mixed(
        np.tile([0.62, 0.57, 0.54], (len(neutral), 1)), look["iris"] * 1.2, _step(0.50, 0.45, angle)
    )
    ball = _mixed(ball, np.array([0.01, 0.01, 0.01]), _step(0.22, 0.19, angle))
    # No light reaches the back teeth.
    teeth = np.outer(0.15 + 0.75 * _step(1.12, 1.44, neutral[:, 2]), look["teeth"])
    for number, paint in ((EYE, ball), (TEETH, teeth), (TONGUE, np.array([0.4, 0.12, 0.1]))):
        colour = np.where((part == number)[:, None], paint, colour)
    return np.where((part == LASH)[:, None], hair * 0.4, colour)


def _brow(q: Array, brow: Array) -> Array:
    x, y = np.abs(q[:, 0]) - _EYE[0], q[:, 1] - _EYE[1]
    arch = brow[0] - 0.9 * np.maximum(x - 0.06, 0) ** 2 - 0.25 * np.minimum(x + 0.05, 0) ** 2
    thick = 1.3 * brow[1] * (1 - 0.55 * _step(0.0, 0.26, x))
    band = _step(thick, thick * 0.35, np.abs(y - arch))
    length = _step(-0.22, -0.16, x) * _step(0.29, 0.2, x) * _step(0.9, 1.05, q[:, 2] + 0.35 * x)
    return band * length * brow[2]


def over_hair_edge(actor: Actor, q: Array) -> Array:
    """Return how far points lie above the edge at which hair begins; negative: no hair."""
    cut = actor.cut
    angle = np.arctan2(q[:, 0], q[:, 2] - _AXIS_Z)
    swept = np.abs(angle - cut.parting)
    edge = cut.forehead + 0.10 * _step(0.25, 0.0, swept) - 0.30 * _step(0.0, 1.1, swept)
    beside = _step(cut.temple - 0.18, cut.temple + 0.22, np.abs(angle))
    return q[:, 1] - (edge * (1 - beside) + cut.lowest * beside)


def under_neckline(actor: Actor, q: Array) -> Array:
    """Return how far points lie below the edge at which clothes begin; negative: none."""
    front, higher = actor.neckline
    edge = front + higher * _step(0.75, -0.25, q[:, 2])
    return edge - q[:, 1] + 2.5 * np.maximum(np.abs(q[:, 0]) - 0.55, 0)


def strands(actor: Actor, q: Array) -> Array:
    """Colour hair: lighter and darker strands, ``float64[N, 3]``."""
    angle = np.arctan2(q[:, 0], q[:, 2] - _AXIS_Z)
    waver = np.sin(angle * 46 + np.sin(q[:, 1] * 1.7)) + 0.6 * np.sin(angle * 71 + 2 * np.sin(q[:, 1] * 2.6))
    return np.outer(1.0 + 0.25 * waver, actor.look["hair"]) * 1.5


def _mixed(colour: Array, other: Array, share: Array) -> Array:
    mixed: Array = colour * (1 - share[:, None]) + other * share[:, None]
    return mixed


def _step(low: float | Array, high: float | Array, value: Array) -> Array:
    """GLSL's smoothstep, falling too."""
    t = np.clip((value - low) / (np.asarray(high) - low), 0, 1)
    smooth: Array = t * t * (3 - 2 * t)
    return smooth
