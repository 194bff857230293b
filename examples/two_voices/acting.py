"""How the actors play the scene: lips by the phones, and looks, nods, blinks and moods by the lines.

One performance for all cameras: everything is a function of the edit's frame, handles included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scene

from training.performers import speech

Array = npt.NDArray[np.float64]

#: Played before the edit's first frame and after its last.
_MARGIN_FRAMES = 48
#: A pause between phones at least this long rests the lips.
_PAUSE_S = 0.12


@dataclass(frozen=True, slots=True)
class Part:
    """What an actor does beside speaking; times in seconds of the edit.

    Args:
        seed: of blinks, drift and glances.
        side: +1 looks to the right of the picture, -1 to the left.
        yaw_rad: how far the head faces the partner.
        nods: (when, how far down in radians).
        moods: unit (both sides of it) -> (when, how strong), between which it eases.
        looks_down: (from, to) eyes on the desk.
    """

    seed: int
    side: int
    yaw_rad: float
    nods: tuple[tuple[float, float], ...]
    moods: Mapping[str, tuple[tuple[float, float], ...]]
    looks_down: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """One actor's performance.

    Args:
        first: the edit's frame of row 0.
        units: ``float32[T, U]``.
        head_rad, torso_rad: ``float64[T, 3]`` yaw, pitch, roll.
        shift_dm: ``float64[T, 2]``.
    """

    first: int
    units: npt.NDArray[np.float32]
    head_rad: Array
    torso_rad: Array
    shift_dm: Array


PARTS = {
    "ANNA": Part(
        seed=11,
        side=1,
        yaw_rad=0.30,
        nods=(
            (1.0, 0.05),
            (2.05, 0.07),
            (7.75, 0.06),
            (9.6, 0.05),
            (10.6, 0.06),
            (15.4, 0.07),
            (17.2, 0.05),
            (24.0, -0.04),
            (25.5, 0.05),
        ),
        moods={
            "browDown": (
                (-2, 0.25),
                (0.5, 0.4),
                (2.8, 0.4),
                (3.6, 0.15),
                (14.5, 0.2),
                (15.2, 0.05),
                (23, 0.1),
                (24.5, 0.0),
            ),
            "browOuterUp": (
                (6.8, 0.0),
                (7.4, 0.5),
                (8.6, 0.35),
                (9.4, 0.55),
                (11.0, 0.1),
                (23.2, 0.0),
                (24.4, 0.5),
                (27, 0.35),
            ),
            "mouthSmile": (
                (0, 0.0),
                (8.2, 0.0),
                (8.7, 0.18),
                (9.2, 0.02),
                (18.2, 0.1),
                (19.0, 0.3),
                (21.5, 0.12),
                (24.2, 0.1),
                (24.9, 0.32),
                (25.3, 0.12),
                (26.5, 0.2),
                (27.1, 0.55),
            ),
            "eyeSquint": ((0, 0.2), (3, 0.2), (4, 0.05), (24.3, 0.0), (27, 0.5)),
        },
        looks_down=((8.45, 8.95), (13.0, 13.6)),
    ),
    "BEN": Part(
        seed=23,
        side=-1,
        yaw_rad=0.29,
        nods=(
            (4.3, 0.05),
            (5.5, 0.06),
            (8.3, 0.03),
            (12.5, 0.05),
            (13.6, 0.06),
            (14.4, 0.08),
            (16.1, 0.05),
            (18.7, 0.06),
            (19.8, 0.05),
            (26.8, 0.05),
        ),
        moods={
            "browOuterUp": (
                (3.4, 0.1),
                (4.2, 0.45),
                (6.1, 0.2),
                (7.6, 0.1),
                (8.6, 0.5),
                (11.5, 0.45),
                (13, 0.1),
                (18.3, 0.1),
                (19.4, 0.4),
                (20.5, 0.1),
            ),
            "browInnerUp": ((8, 0.0), (9, 0.35), (12, 0.4), (14.3, 0.1)),
            "mouthSmile": (
                (3.2, 0.15),
                (3.9, 0.12),
                (6.2, 0.15),
                (6.6, 0.35),
                (7.6, 0.3),
                (8.4, 0.0),
                (15.5, 0.0),
                (17.6, 0.3),
                (18.4, 0.12),
                (20.6, 0.15),
                (27, 0.4),
            ),
            "mouthPress": ((11.2, 0.0), (11.6, 0.25), (12.2, 0.05), (14.3, 0.0), (14.7, 0.2), (15.6, 0.0)),
        },
        looks_down=((11.75, 12.15), (14.25, 15.0), (19.15, 19.5)),
    ),
}


def play(told: scene.Scene, who: str, phones: scene.Phones, names: tuple[str, ...]) -> Performance:
    """Play a part over the whole edit.

    Args:
        phones: of this actor.
        names: the units wanted.
    """
    part, rate = PARTS[who], told.rate
    first, frames = -_MARGIN_FRAMES, told.frames + 2 * _MARGIN_FRAMES
    random = np.random.default_rng(part.seed)
    begin_s = first / rate
    timed = [
        (name, a - begin_s, b - begin_s)
        for name, a, b in _with_rests(phones, begin_s, frames / rate + begin_s)
    ]
    units = speech.perform(random, timed, frames, rate, names)
    time = (np.arange(frames) + first + 0.5) / rate
    jaw = units[:, names.index("jawOpen")].astype(np.float64)
    for unit, keys in part.moods.items():
        _add(
            units,
            names,
            unit,
            _eased(time, keys) * (1 - 0.6 * np.clip(jaw * 3, 0, 1) * unit.startswith("mouth")),
        )
    head, torso, shift = _motion(part, random, time, _blurred(jaw, rate * 0.12), rate)
    _gaze(units, names, part, random, time, head[:, 0])
    return Performance(first, np.clip(units, 0, 1), head, torso, shift)


def _with_rests(phones: scene.Phones, begin_s: float, end_s: float) -> scene.Phones:
    """Put silence between lines, so that lips rest there."""
    out: scene.Phones = []
    last = begin_s
    for name, begin, end in [*phones, ("SIL", end_s, end_s)]:
        if begin - last > _PAUSE_S:
            out.append(("SIL", last + 0.02, begin - 0.06))
        if end > begin:
            out.append((name, begin, end))
        last = end
    return out


def _motion(
    part: Part, random: np.random.Generator, time: Array, stress: Array, rate: int
) -> tuple[Array, Array, Array]:
    """Return head and torso angles and shift: drift, nods, and a little with the voice."""
    count = len(time)
    nods = sum(depth * np.exp(-(((time - at) / 0.16) ** 2)) for at, depth in part.nods)
    talk = stress - _blurred(stress, rate * 0.8)
    yaw = part.side * (part.yaw_rad + _drift(random, count, rate * 1.5, 0.045)) + 0.10 * talk
    pitch = _drift(random, count, rate * 1.2, 0.022) + nods + 0.16 * talk
    roll = part.side * (0.03 + _drift(random, count, rate * 1.6, 0.025)) + 0.05 * talk
    torso_yaw = part.side * (0.22 + _drift(random, count, rate * 3, 0.02))
    breath = 0.006 * np.sin(2 * np.pi * time / 3.7 + part.seed)
    shift = np.stack(
        [_drift(random, count, rate * 2.0, 0.035), _drift(random, count, rate * 2.4, 0.012) + breath], 1
    )
    lean = _drift(random, count, rate * 2.5, 0.01)
    return np.stack([yaw, pitch, roll], 1), np.stack([torso_yaw, lean, 0.3 * roll], 1), shift


def _gaze(
    units: npt.NDArray[np.float32],
    names: tuple[str, ...],
    part: Part,
    random: np.random.Generator,
    time: Array,
    yaw: Array,
) -> None:
    """Turn the eyes to the partner, with small jumps and looks down."""
    side = np.zeros(len(time))
    at = time[0]
    while at < time[-1]:
        until = at + random.uniform(0.5, 1.7)
        side[(time >= at) & (time < until)] = random.normal(0, 0.05)
        at = until
    side = part.side * 0.30 + side - 0.5 * (yaw - part.side * part.yaw_rad)
    down = sum(((time > a) & (time < b)).astype(float) for a, b in part.looks_down) * 0.55
    side, down = _blurred(side, 0.7), _blurred(down, 1.0)
    to_left, to_right = np.clip(side, 0, 1), np.clip(-side, 0, 1)
    for name, values in (
        ("eyeLookOutLeft", to_left), ("eyeLookInRight", to_left), ("eyeLookOutRight", to_right),
        ("eyeLookInLeft", to_right), ("eyeLookDownLeft", down), ("eyeLookDownRight", down),
    ):  # fmt: skip
        units[:, names.index(name)] += values.astype(np.float32)


def _add(units: npt.NDArray[np.float32], names: tuple[str, ...], unit: str, values: Array) -> None:
    for name in (unit, unit + "Left", unit + "Right"):
        if name in names:
            units[:, names.index(name)] += values.astype(np.float32)


def _eased(time: Array, keys: tuple[tuple[float, float], ...]) -> Array:
    at, value = np.array(keys).T
    i = np.clip(np.searchsorted(at, time) - 1, 0, len(at) - 2)
    x = np.clip((time - at[i]) / (at[i + 1] - at[i]), 0, 1)
    return value[i] + (value[i + 1] - value[i]) * x * x * (3 - 2 * x)


def _drift(random: np.random.Generator, frames: int, step: float, scale: float) -> Array:
    """Return smooth noise with knots ``step`` frames apart."""
    knots = random.normal(0, scale, int(frames / step) + 5)
    return _blurred(np.interp(np.arange(frames) / step, np.arange(len(knots)), knots), step * 0.35)


def _blurred(values: Array, sigma: float) -> Array:
    radius = max(int(4 * sigma), 1)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.convolve(np.pad(values, radius, mode="edge"), kernel / kernel.sum(), mode="valid")
