"""Glasses: frames of several shapes that sit before a person's eyes and touch neither lashes nor cheeks.

Draws all chance from the generator it is handed; all lengths are decimetres in the head's space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.performers import mesh
from training.performers.mesh import EYE, LASH, SKIN
from training.performers.surface import FRAME, LENS, Surface, sheet, tube
from w2l_studio.terms import Doubles, Floats

_OUTLINE = 28
_RINGS = 5
#: How much the bottom of a glass is nearer to the face, and how frames bend around it.
_TILT, _WRAP = 0.12, 0.32
_BULGE = 0.035
#: From skin and lashes to a glass; at most so far before the eyeballs.
_CLEAR, _FARTHEST = 0.035, 0.32
#: Where temples end: over the ear.
_EAR_Z = 0.5


@dataclass(frozen=True, slots=True)
class Glasses:
    """A frame.

    Args:
        half: width and height of a glass, halved.
        corners: exponent of its outline: 2 an ellipse, 6 nearly a rectangle.
        taper: how much wider it is at the top.
        wing: how far its upper outer corner is lifted.
        rim: ``full``, ``upper`` or ``none``.
        thick: of the rim.
    """

    half: tuple[float, float]
    corners: float
    taper: float
    wing: float
    rim: str
    thick: float


def draw(random: np.random.Generator) -> Glasses:
    """Draw a frame: round, oval, rectangular, trapeze, drop-shaped or winged; full, half or no rim."""
    width = float(random.uniform(0.235, 0.285))
    kind = random.choice(["round", "oval", "rectangle", "trapeze", "drop", "wing"])
    height, corners, taper, wing = {
        "round": (0.92, 2.0, 0.0, 0.0),
        "oval": (0.7, 2.3, 0.0, 0.0),
        "rectangle": (random.uniform(0.5, 0.7), 5.0, 0.03, 0.0),
        "trapeze": (random.uniform(0.72, 0.85), 3.6, 0.12, 0.01),
        "drop": (0.9, 2.5, 0.16, -0.02),
        "wing": (0.7, 2.8, 0.1, random.uniform(0.04, 0.09)),
    }[str(kind)]
    rim = str(random.choice(["full", "upper", "none"], p=[0.76, 0.14, 0.1]))
    thick = random.uniform(0.01, 0.034) if rim != "none" else 0.009
    return Glasses((width, width * height), corners, taper, wing, rim, float(thick))


def made(frame: Glasses, rest: Floats) -> list[Surface]:
    """Make a frame for a head at rest ``float32[N, 3]``: rims, bridge, temples and two glasses."""
    marks = mesh.load().marks
    middles = [rest[marks[name]].mean(0) for name in ("right_eye", "left_eye")]
    apart = max(abs(middles[0][0] - middles[1][0]) / 2 + 0.01, frame.half[0] + 0.075)
    level = float(np.mean([middle[1] for middle in middles])) - 0.02
    centre_x = float(np.mean([middle[0] for middle in middles]))
    outline = _outline(frame) + np.array([apart, level])
    depth = _depth(outline, rest, centre_x, level)
    parts = []
    for side in (1.0, -1.0):
        placed = _placed(outline, side, centre_x, level, depth)
        parts.append(_glass(outline, apart, level, side, centre_x, depth))
        if frame.rim == "full":
            parts.append(tube(placed, (frame.thick, frame.thick * 1.2), FRAME, closed=True))
        elif frame.rim == "upper":
            parts.append(tube(placed[: _OUTLINE // 2 + 1], (frame.thick, frame.thick * 1.2), FRAME))
        hinge = outline[_OUTLINE // 10]
        parts.append(_temple(frame, _placed(hinge[None], side, centre_x, level, depth)[0], side, rest))
    parts.append(_bridge(frame, outline, rest, centre_x, level, depth))
    return parts


def _outline(frame: Glasses) -> Doubles:
    """Return a glass of the head's left ``[28, 2]`` around its middle: from the outer side, over the top."""
    turn = np.arange(_OUTLINE) / _OUTLINE * 2 * np.pi
    cos, sin = np.cos(turn), np.sin(turn)
    x = np.sign(cos) * np.abs(cos) ** (2 / frame.corners) * frame.half[0] * (1 + frame.taper * sin)
    y = np.sign(sin) * np.abs(sin) ** (2 / frame.corners) * frame.half[1]
    return np.stack([x, y + frame.wing * np.clip(cos, 0, 1) * np.clip(sin + 0.3, 0, 1)], 1)


def _bent(x: Doubles, y: Doubles, level: float) -> Doubles:
    """Return how far the bent and tilted plane of a frame lies before its middle."""
    bent: Doubles = _TILT * (y - level) - _WRAP * x**2
    return bent


def _depth(outline: Doubles, rest: Floats, centre_x: float, level: float) -> float:
    """Return where the frame's plane lies so that nothing behind a glass touches it."""
    part = mesh.load().part
    x, y = np.abs(rest[:, 0] - centre_x), rest[:, 1]
    low, high = outline.min(0), outline.max(0)
    inside = (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1]) & np.isin(part, (SKIN, EYE, LASH))
    needed = float((rest[inside, 2] - _bent(x[inside], y[inside], level)).max()) + _CLEAR
    return min(needed, float(rest[part == EYE, 2].max()) + _FARTHEST)


def _placed(flat: Doubles, side: float, centre_x: float, level: float, depth: float) -> Doubles:
    x, y = flat.T
    return np.stack([centre_x + side * x, y, depth + _bent(x, y, level)], 1)


def _glass(
    outline: Doubles, apart: float, level: float, side: float, centre_x: float, depth: float
) -> Surface:
    """Return a glass that bulges to the front."""
    middle = np.array([apart, level])
    closed = np.vstack([outline, outline[:1]])[:: int(side)]
    rings = []
    for out in np.linspace(0.02, 1, _RINGS):
        ring = _placed(middle + (closed - middle) * out, side, centre_x, level, depth)
        ring[:, 2] += _BULGE * (1 - out**2)
        rings.append(ring)
    return sheet(np.stack(rings), LENS)


def _bridge(
    frame: Glasses, outline: Doubles, rest: Floats, centre_x: float, level: float, depth: float
) -> Surface:
    inner = outline[_OUTLINE // 2 - 3]
    x = np.linspace(-inner[0], inner[0], 9)
    bow = 1 - (x / inner[0]) ** 2
    y = inner[1] + 0.03 * bow
    part = mesh.load().part
    nose = (part == SKIN) & (np.abs(rest[:, 0] - centre_x) < inner[0]) & (np.abs(rest[:, 1] - inner[1]) < 0.1)
    over = float(rest[nose, 2].max()) + 0.02 + frame.thick
    z = np.maximum(depth + _bent(x, y, level), over * bow + (1 - bow) * depth)
    return tube(np.stack([centre_x + x, y, z], 1), (frame.thick * 1.1, frame.thick * 1.2), FRAME)


def _temple(frame: Glasses, hinge: Doubles, side: float, rest: Floats) -> Surface:
    """Return the bow from the hinge to the ear, outside of the temple's skin."""
    skin = rest[(mesh.load().part == SKIN) & (rest[:, 0] * side > 0)]
    z = np.linspace(hinge[2], _EAR_Z, 8)
    y = np.linspace(hinge[1], hinge[1] + 0.04, 8)
    near = skin[(np.abs(skin[:, 1] - hinge[1]) < 0.12) & (skin[:, 2] > 0.72)]
    widest = float((near[:, 0] * side).max()) + 0.03
    x = np.linspace(hinge[0] * side, max(widest, hinge[0] * side), 8)
    for i in range(1, 8):
        here = near[np.abs(near[:, 2] - max(z[i], 0.75)) < 0.12]
        if len(here):
            x[i] = max(x[i], float((here[:, 0] * side).max()) + 0.02)
    high = max(frame.thick * 1.3, 0.014)
    return tube(np.stack([x * side, y, z], 1)[:: int(side)], (high, high), FRAME)
