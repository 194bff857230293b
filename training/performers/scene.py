"""Scenes: camera, lights, background and camera faults around a head.

Draws all chance from the generator it is handed; renders nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2l_studio.terms import Doubles, Floats

#: Middle of the face on the neutral head (decimetres): between eyes and mouth.
FACE = np.array([0.0, 6.98, 0.75])
#: From the line of the eyes to the mouth (decimetres).
EYES_TO_MOUTH = 0.67


@dataclass(frozen=True, slots=True)
class Light:
    """A far light: where it stands as seen from the head (camera axes), linear colour."""

    way: tuple[float, float, float]
    colour: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything around a head.

    Args:
        distance_dm: camera to face.
        field: focal length in picture widths.
        centre: where the face's middle stands, -1..1 from left/bottom to right/top.
        sky, ground: light from above and below.
        soft: of the key light, 0 hard .. 1 soft.
    """

    distance_dm: float
    field: float
    centre: tuple[float, float]
    key: Light
    fill: Light
    rim: Light
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]
    soft: float


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where a head is and looks, one row per picture.

    Args:
        angles_rad: ``float64[T, 3]`` yaw (> 0 to the head's left), pitch (> 0 down), roll.
        shift_dm: ``float64[T, 2]`` right and up.
    """

    angles_rad: Doubles
    shift_dm: Doubles


def draw(random: np.random.Generator, size_px: int, eyes_to_mouth_px: float) -> Scene:
    """Draw a scene in which the face has about a given size in a square picture."""
    distance = float(random.uniform(5.5, 14))
    field = eyes_to_mouth_px / size_px * distance / EYES_TO_MOUTH
    key_turn, key_lift = random.normal(0, 0.9), random.uniform(-0.15, 1.0)
    warm = random.uniform(-0.12, 0.12)
    power = random.uniform(0.5, 1.15)
    low = random.uniform(0.08, 0.55)
    return Scene(
        distance,
        field,
        (float(random.normal(0, 0.05)), float(random.normal(0, 0.05))),
        Light(_way(key_turn, key_lift), _tint(power, warm, random)),
        Light(
            _way(-key_turn + random.normal(0, 0.5), random.uniform(-0.3, 0.6)),
            _tint(low * 0.8, -warm, random),
        ),
        Light(
            _way(np.pi - random.normal(0, 0.8), random.uniform(0, 0.8)),
            _tint(random.uniform(0, 0.5), -warm, random),
        ),
        _tint(random.uniform(0.12, 0.5), -0.05, random),
        _tint(random.uniform(0.04, 0.25), 0.08, random),
        float(random.uniform(0, 1)),
    )


def move(
    random: np.random.Generator, frames: int, fps: float, *, turned: float = 0.35, lively: float = 1.0
) -> Pose:
    """Draw a head's motion: slow drift and nods around a direction.

    Args:
        turned: standard deviation of the yaw it faces (radians).
        lively: how much it moves.
    """
    yaw = random.normal(0, turned) + _drift(random, frames, fps, 0.09 * lively, 1.1)
    pitch = random.normal(0, 0.09) + _drift(random, frames, fps, 0.045 * lively, 0.8)
    pitch = pitch + _drift(random, frames, fps, 0.012 * lively, 0.25)
    roll = random.normal(0, 0.06) + _drift(random, frames, fps, 0.03 * lively, 1.3)
    shift = np.stack([_drift(random, frames, fps, 0.06 * lively, 1.2) for _ in range(2)], 1)
    return Pose(np.stack([np.clip(yaw, -1.05, 1.05), pitch, roll], 1), shift)


def background(random: np.random.Generator, height: int, width: int) -> Floats:
    """Draw a blurred room ``float32[H, W, 3]`` in 0..255 BGR: gradients, soft shapes, points of light."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    picture = np.zeros((height, width, 3))
    corners = _wall(random, 190) * random.uniform(0.4, 1, (2, 2, 1)) * random.uniform(0.9, 1.1, (2, 2, 3))
    picture += (1 - y)[..., None] * ((1 - x)[..., None] * corners[0, 0] + x[..., None] * corners[0, 1])
    picture += y[..., None] * ((1 - x)[..., None] * corners[1, 0] + x[..., None] * corners[1, 1])
    for _ in range(random.integers(0, 9)):
        cx, cy, w, h = random.uniform(-0.1, 1.1, 4) * [1, 1, 0.35, 0.5]
        edge = random.uniform(0.008, 0.08)
        inside = _ramp((w - np.abs(x - cx)) / edge) * _ramp((h - np.abs(y - cy)) / edge)
        picture += inside[..., None] * random.uniform(0.1, 0.95) * (_wall(random, 235) - picture)
    for _ in range(random.integers(0, 7)):
        cx, cy, r = random.uniform(0, 1), random.uniform(0, 1), random.uniform(0.01, 0.06)
        disc = _ramp((r - np.hypot(x - cx, y - cy)) / (0.2 * r))
        picture += disc[..., None] * random.uniform(20, 140, 3)
    return np.clip(picture, 0, 255).astype(np.float32)


def _wall(random: np.random.Generator, brightest: float) -> Doubles:
    """Draw a colour as walls and furniture have it: mostly grey."""
    grey, hue = random.uniform(5, brightest), random.uniform(-1, 1, 3)
    return np.clip(grey * (1 + hue * random.beta(1, 3)), 0, 255)


def _ramp(values: Doubles) -> Doubles:
    return np.clip(values, 0, 1)


def _way(turn: float, lift: float) -> tuple[float, float, float]:
    return float(np.sin(turn) * np.cos(lift)), float(np.sin(lift)), float(np.cos(turn) * np.cos(lift))


def _tint(power: float, warm: float, random: np.random.Generator) -> tuple[float, float, float]:
    r, g, b = power * np.array([1 + warm, 1.0, 1 - 1.4 * warm]) * random.uniform(0.94, 1.06, 3)
    return float(r), float(g), float(b)


def _drift(random: np.random.Generator, frames: int, fps: float, scale: float, seconds: float) -> Doubles:
    """Return smooth noise with knots ``seconds`` apart."""
    step = fps * seconds
    knots = random.normal(0, scale, int(frames / step) + 4)
    at = np.arange(frames) / step
    i = at.astype(int)
    t = at - i
    before, a, b, after = (knots[i + k] for k in range(4))
    drift: Doubles = 0.5 * (
        2 * a
        + (b - before) * t
        + (2 * before - 5 * a + 4 * b - after) * t**2
        + (3 * a - before - 3 * b + after) * t**3
    )
    return drift
