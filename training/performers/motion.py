"""Performances as face units over time: what a captured clip or a phoneme string makes a given person do.

Pure arrays; reads captures, draws no picture. Rates are pictures per second.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.performers import mesh
from training.performers.person import Person
from w2l_studio.errors import MediaError
from w2l_studio.terms import Floats

#: Units that the captures tell too weakly are refitted to measured lips: (opening) and (mouth width).
_OPENS, _NARROWS, _WIDENS = "jawOpen", "mouthPucker", ("mouthStretchLeft", "mouthStretchRight")
#: Captured openings up to here are shut lips: the landmarks never quite meet (median 0.010 where lips touch;
#: from here on smallest openings are as rare as larger ones).
_SHUT = 0.025
_SIDED = {"Left": "Right", "Right": "Left"}


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A real clip's performance at 25 pictures a second.

    Args:
        units: ``float32[T, U]`` in 0..1, in the order of ``names``.
        opening: ``float32[T]`` gap of the inner lips over mouth width.
        width: ``float32[T]`` mouth width over distance of the outer eye corners.
    """

    names: tuple[str, ...]
    units: Floats
    opening: Floats
    width: Floats


def read_capture(path: Path) -> Capture:
    """Read what `capture` wrote.

    Raises:
        MediaError: it is not such a file.
    """
    try:
        # Opened here: numpy leaves a torn file open.
        with path.open("rb") as file, np.load(file) as arrays:
            names = tuple(str(name) for name in arrays["names"])
            return Capture(names, arrays["units"], arrays["opening"], arrays["width"])
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise MediaError(f"not a capture: {error}", hint="capture the clip again", where=str(path)) from error


def from_capture(capture: Capture, names: tuple[str, ...]) -> Floats:
    """Fit units to a capture: lips open as far and get as narrow as measured, and shut where they shut.

    Args:
        names: the units wanted, `anatomy.Body.names`.

    Returns:
        ``float32[T, len(names)]`` in 0..1.
    """
    column = {name: i for i, name in enumerate(capture.names)}
    units = np.zeros((len(capture.units), len(names)), np.float32)
    for i, name in enumerate(names):
        if name in column:
            units[:, i] = smooth(capture.units[:, column[name]])
    opening = np.clip(smooth(capture.opening) - _SHUT, 0, None)
    narrow = smooth(1 - capture.width / np.quantile(capture.width, 0.8))
    return _fitted(units, names, opening, narrow)


def _fitted(units: Floats, names: tuple[str, ...], opening: Floats, narrow: Floats) -> Floats:
    """Correct jaw and pucker until the neutral head shows the measured lips: three passes, nearly linear."""
    at = {name: i for i, name in enumerate(names)}
    fitted = units.copy()
    for _ in range(3):
        shown, width = measured(fitted, names)
        fitted[:, at[_OPENS]] += (opening - shown) * 0.8
        change = (narrow - (1 - width / measured(fitted[:1] * 0, names)[1])) * 1.2
        fitted[:, at[_NARROWS]] += np.clip(change, 0, None)
        for side in _WIDENS:
            fitted[:, at[side]] += np.clip(-change, 0, None) * 0.5
        fitted = np.clip(fitted, 0, 1)
    return fitted


def measured(units: Floats, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Return opening and mouth width of the neutral head, ``float32[T]`` each."""
    head = mesh.load()
    places = {}
    for mark in ("upper_lip", "lower_lip", "left_corner", "right_corner"):
        vertices = head.marks[mark]
        moves = np.stack([head.units[name][vertices].mean(0) for name in names])
        places[mark] = head.rest[vertices].mean(0) + units @ moves
    width = np.linalg.norm(places["left_corner"] - places["right_corner"], axis=1)
    gap = (places["upper_lip"] - places["lower_lip"])[:, 1]
    return np.clip(gap, 0, None) / width, width


def on_person(units: Floats, names: tuple[str, ...], person: Person) -> Floats:
    """Give a performance a person's manner: how far the lips go, and one side more than the other."""
    manner = units.copy()
    for i, name in enumerate(names):
        if name.startswith(("jaw", "mouth")):
            manner[:, i] *= person.gain
        if name.endswith("Left"):
            manner[:, i] *= person.asymmetry
    return np.clip(manner, 0, 1.15)


def mirrored(units: Floats, names: tuple[str, ...]) -> Floats:
    """Swap left and right."""
    order = []
    for name in names:
        stem, side = (
            (name[:-4], "Left")
            if name.endswith("Left")
            else (name[:-5], "Right")
            if name.endswith("Right")
            else (name, "")
        )
        order.append(names.index(stem + _SIDED[side]) if side else names.index(name))
    return units[:, order]


def blinks(random: np.random.Generator, frames: int, fps: float) -> Floats:
    """Draw blinks: ``float32[T]``, 0 open .. 1 shut, every two to six seconds, 0.2 s each."""
    shut = np.zeros(frames, np.float32)
    at = random.uniform(0.2, 4)
    while at < frames / fps:
        time = np.arange(frames) / fps - at
        shut = np.maximum(
            shut, np.clip(1 - np.where(time < 0, -time / 0.07, time / 0.14), 0, 1).astype(np.float32)
        )
        at += random.uniform(1.8, 6)
    return shut


def smooth(values: Floats) -> Floats:
    """Smooth ``[T]`` over three pictures without delay."""
    padded = np.pad(values, 1, mode="edge")
    smoothed: Floats = (0.2 * padded[:-2] + 0.6 * padded[1:-1] + 0.2 * padded[2:]).astype(np.float32)
    return smoothed
