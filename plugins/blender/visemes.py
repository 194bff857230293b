"""The face units of speech as weights of a character's visemes.

Each set's visemes are told by how a mouth looks in them; a frame's weights are the mix that comes nearest to
the engine's curves. Arrays in, arrays out; knows no Blender data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .lips import Curve

#: What a mouth's look is told in: opening, spread, rounding, closed lips, lower lip under the teeth, tongue.
LOOK = 6
#: Closed lips weigh more than the rest of a look: p, b and m are seen at once.
_WEIGHT = np.array([1.0, 0.8, 1.0, 1.5, 0.8, 0.6])
#: Keeps weights unique where visemes look alike; so small that it moves none visibly, and none at all in the
#: mouth at rest, which it leaves out.
_RIDGE = 1e-3
_STEPS = 300


@dataclass(frozen=True, slots=True)
class Viseme:
    """A viseme's look at full strength, each 0..1, and other names of it."""

    opening: float = 0.0
    spread: float = 0.0
    rounding: float = 0.0
    closed: float = 0.0
    tucked: float = 0.0
    tongue: float = 0.0
    aliases: tuple[str, ...] = ()

    @property
    def look(self) -> tuple[float, ...]:
        """The look as numbers, in the order of `LOOK`."""
        return (self.opening, self.spread, self.rounding, self.closed, self.tucked, self.tongue)


_REST = Viseme()
#: Every set has exactly one viseme without any look: the mouth at rest, which needs no control of its own.
SETS: dict[str, dict[str, Viseme]] = {
    "oculus": {
        "sil": _REST,
        "PP": Viseme(closed=1),
        "FF": Viseme(opening=0.1, tucked=1),
        "TH": Viseme(opening=0.25, tongue=1),
        "DD": Viseme(opening=0.2, spread=0.25, tongue=0.3),
        "kk": Viseme(opening=0.3, spread=0.15),
        "CH": Viseme(opening=0.2, rounding=0.5),
        "SS": Viseme(opening=0.1, spread=0.5),
        "nn": Viseme(opening=0.2, spread=0.15, tongue=0.4),
        "RR": Viseme(opening=0.25, rounding=0.35),
        "aa": Viseme(opening=1),
        "E": Viseme(opening=0.55, spread=0.6),
        "ih": Viseme(opening=0.3, spread=0.9, aliases=("I",)),
        "oh": Viseme(opening=0.6, rounding=0.7, aliases=("O",)),
        "ou": Viseme(opening=0.25, rounding=1, aliases=("U",)),
    },
    "vrm": {
        "aa": Viseme(opening=1, aliases=("A",)),
        "ih": Viseme(opening=0.3, spread=0.9, aliases=("I",)),
        "ou": Viseme(opening=0.25, rounding=1, aliases=("U",)),
        "ee": Viseme(opening=0.55, spread=0.6, aliases=("E",)),
        "oh": Viseme(opening=0.6, rounding=0.7, aliases=("O",)),
    },
    "preston-blair": {
        "rest": _REST,
        "MBP": Viseme(closed=1),
        "FV": Viseme(opening=0.1, tucked=1),
        "L": Viseme(opening=0.4, tongue=0.8),
        "etc": Viseme(opening=0.25, spread=0.3, aliases=("CDGKNRSThYZ", "cons")),
        "AI": Viseme(opening=1),
        "E": Viseme(opening=0.45, spread=0.8),
        "O": Viseme(opening=0.6, rounding=0.7),
        "U": Viseme(opening=0.3, rounding=0.9),
        "WQ": Viseme(opening=0.1, rounding=1),
    },
    "rhubarb": {
        "X": _REST,
        "A": Viseme(closed=1),
        "B": Viseme(opening=0.15, spread=0.5),
        "C": Viseme(opening=0.5, spread=0.4),
        "D": Viseme(opening=1),
        "E": Viseme(opening=0.55, rounding=0.5),
        "F": Viseme(opening=0.2, rounding=1),
        "G": Viseme(opening=0.1, tucked=1),
        "H": Viseme(opening=0.45, tongue=0.8),
    },
}  # fmt: skip


def weights(kind: str, present: tuple[str, ...], curves: dict[str, Curve]) -> dict[str, Curve]:
    """Return each viseme's weight per frame.

    Args:
        kind: a name of `SETS`.
        present: the visemes that the character has.
        curves: what the engine tells (`lips.Lips.curves`).

    Returns:
        viseme -> ``float64[N]``; never below 0, and the sum is never above 1.
    """
    visemes = SETS[kind]
    names = [name for name in present if visemes[name] != _REST]
    looks = np.array([visemes[name].look for name in names] + [[0.0] * LOOK]) * _WEIGHT
    mixed = _nearest(_look(curves) * _WEIGHT, looks)
    found = {name: mixed[:, i] for i, name in enumerate(names)}
    rest = next((name for name in present if visemes[name] == _REST), None)
    return {**found, rest: mixed[:, -1]} if rest else found


def _look(curves: dict[str, Curve]) -> np.ndarray:
    """Return ``float64[N, LOOK]``; closed lips leave nothing open."""
    closed = curves["closure"]
    nothing = np.zeros_like(closed)
    tucked = curves.get("mouthRollLower", nothing) * (1 - closed)
    tongue = curves.get("tongueOut", nothing)
    return np.stack(
        [
            curves["opening"] * (1 - closed),
            curves["width"] * (1 - closed),
            curves["rounding"],
            closed,
            tucked,
            tongue,
        ],
        axis=1,
    )


def _nearest(wanted: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """Return the mixes ``float64[N, V]`` that look nearest, each >= 0 and with the sum 1; the last is rest.

    Projected gradient with Nesterov's steps (Beck, Teboulle 2009) on least squares over the simplex.
    """
    gram = looks @ looks.T + _RIDGE * np.diag([1.0] * (len(looks) - 1) + [0.0])
    target = wanted @ looks.T
    step = 1 / np.linalg.eigvalsh(gram)[-1]
    mix = ahead = np.full((len(wanted), len(looks)), 1 / len(looks))
    t = 1.0
    for _ in range(_STEPS):
        after = _simplex(ahead - step * (ahead @ gram - target))
        t_after = (1 + np.sqrt(1 + 4 * t * t)) / 2
        ahead = after + (t - 1) / t_after * (after - mix)
        mix, t = after, t_after
    return mix


def _simplex(points: np.ndarray) -> np.ndarray:
    """Return the nearest points whose parts are >= 0 and sum to 1 (Duchi et al. 2008)."""
    falling = -np.sort(-points, axis=1)
    excess = np.cumsum(falling, axis=1) - 1
    counts = np.arange(1, points.shape[1] + 1)
    last = (falling - excess / counts > 0).sum(axis=1)
    theta = np.take_along_axis(excess, last[:, None] - 1, axis=1) / last[:, None]
    return np.maximum(points - theta, 0)
