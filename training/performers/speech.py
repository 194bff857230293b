"""From phonemes with times to face units: co-articulated visemes, exact closures, lips ahead of the sound.

Dominance after Cohen and Massaro (1993): each phone pulls every unit towards its target, strongly where
lips make the sound (shut for p b m, round for w) and weakly where they do not. Knows no sound and no face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.performers.motion import blinks
from w2l_studio.mouths.lips import EASE_S, LEFT_WHEN_SHUT, PRESSED, eased
from w2l_studio.nets.lips import UNITS, sided
from w2l_studio.terms import Doubles, Floats

Phone = tuple[str, float, float]
#: Steps per second of the inner curves.
RATE = 200


def _pose(jaw: float = 0, **others: float) -> Floats:
    short = dict(
        zip(("fun", "puc", "stre", "smi", "press", "rl", "ru", "low", "up", "shr"), UNITS[1:], strict=True)
    )
    pose = np.zeros(len(UNITS), np.float32)
    pose[0] = jaw
    for name, value in others.items():
        pose[UNITS.index(short[name])] = value
    return pose


#: ARPAbet -> target of the units (by eye on the heads, and from the captured clips' letters).
TARGETS = {
    "AA": _pose(0.55, low=0.22, up=0.05),
    "AE": _pose(0.48, stre=0.2, low=0.32, up=0.12),
    "AH": _pose(0.33, low=0.18),
    "AO": _pose(0.42, fun=0.38, low=0.1),
    "AW": _pose(0.46, fun=0.22, low=0.15),
    "AY": _pose(0.5, stre=0.08, low=0.25),
    "EH": _pose(0.35, stre=0.2, low=0.28, up=0.08),
    "ER": _pose(0.24, fun=0.3, low=0.1),
    "EY": _pose(0.28, stre=0.28, smi=0.2, low=0.24, up=0.06),
    "IH": _pose(0.21, stre=0.2, low=0.22),
    "IY": _pose(0.14, stre=0.32, smi=0.3, low=0.24, up=0.1),
    "OW": _pose(0.32, fun=0.42, puc=0.3),
    "OY": _pose(0.36, fun=0.42, puc=0.2),
    "UH": _pose(0.2, fun=0.3, puc=0.28),
    "UW": _pose(0.13, fun=0.25, puc=0.65),
    "B": _pose(press=0.3, rl=0.14, ru=0.12),
    "P": _pose(press=0.36, rl=0.14, ru=0.12),
    "M": _pose(press=0.3, rl=0.1, ru=0.08),
    "F": _pose(0.09, rl=0.5, up=0.22),
    "V": _pose(0.09, rl=0.45, up=0.2),
    "TH": _pose(0.2, low=0.22, up=0.06),
    "DH": _pose(0.19, low=0.22),
    "T": _pose(0.15, low=0.2, up=0.03),
    "D": _pose(0.16, low=0.2),
    "N": _pose(0.16, low=0.17),
    "L": _pose(0.23, low=0.2),
    "S": _pose(0.07, stre=0.2, smi=0.1, low=0.32, up=0.1),
    "Z": _pose(0.08, stre=0.17, low=0.28, up=0.08),
    "SH": _pose(0.09, fun=0.55, puc=0.15, up=0.12, low=0.15),
    "ZH": _pose(0.09, fun=0.48, puc=0.15, low=0.12),
    "CH": _pose(0.09, fun=0.5, puc=0.12, up=0.1, low=0.12),
    "JH": _pose(0.1, fun=0.48, puc=0.12, low=0.12),
    "K": _pose(0.2, low=0.14),
    "G": _pose(0.2, low=0.14),
    "NG": _pose(0.19, low=0.12),
    "HH": _pose(0.26, low=0.12),
    "R": _pose(0.14, fun=0.34, puc=0.22),
    "W": _pose(0.07, fun=0.2, puc=0.68),
    "Y": _pose(0.12, smi=0.25, stre=0.24, low=0.12),
    "SIL": _pose(),
}
_SHUTS = frozenset("BPM")
_LIP_MADE = frozenset({"F", "V", "W", "UW", "SH", "ZH", "CH", "JH", "R", "OW", "S", "Z"})
_VOWELS = frozenset(
    {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody speaks: how far lips are ahead of the sound, and how far they go (1 = as in `TARGETS`)."""

    lead_s: float = 0.015
    effort: float = 1.0


def perform(
    random: np.random.Generator, phones: Sequence[Phone], frames: int, fps: float, names: tuple[str, ...]
) -> Floats:
    """Animate phonemes.

    Args:
        phones: ``(phone, start_s, stop_s)`` in ARPAbet, with or without stress digits; time 0 is picture 0.
        frames: T pictures.
        fps: pictures per second.
        names: the units wanted, `anatomy.Body.names`.

    Returns:
        ``float32[T, len(names)]`` in 0..1.
    """
    manner = Manner(random.uniform(0.0, 0.03), random.uniform(0.8, 1.25))
    curves, _ = coarticulate(phones, frames / fps, manner, random.uniform(0.85, 1.15, len(phones)))
    at = (np.arange(frames) + 0.5) / fps * RATE
    steps = np.arange(len(curves))
    units = np.zeros((frames, len(names)), np.float32)
    for i, unit in enumerate(UNITS):
        curve = np.interp(at, steps, curves[:, i])
        for name in sided(unit):
            units[:, names.index(name)] = curve
    stress = np.interp(at, steps, blurred(curves[:, 0], 60))
    return enlivened(random, units, stress, fps, names)


def enlivened(
    random: np.random.Generator, units: Floats, stress: Floats, fps: float, names: tuple[str, ...]
) -> Floats:
    """Add to lips what comes with them: blinks, and brows that rise with the stress.

    Args:
        units: ``float32[T, len(names)]``.
        stress: ``float32[T]``, the jaw as it is over half a second.

    Returns:
        ``float32[T, len(names)]`` in 0..1.
    """
    lively = units.copy()
    shut = blinks(random, len(units), fps)
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        lively[:, names.index(name)] = shut
    lively[:, names.index("browInnerUp")] = np.clip(stress * random.uniform(0, 0.7), 0, 0.4)
    return np.clip(lively, 0, 1)


def coarticulate(
    phones: Sequence[Phone], duration: float, manner: Manner, pulls: Doubles
) -> tuple[Floats, Doubles]:
    """Weigh targets by dominance, then shut the lips where phones do.

    Args:
        phones: as in `perform`.
        duration: seconds.
        manner: of the speaker.
        pulls: ``float64[len(phones)]`` factor of each phone's target; 1 = as in `TARGETS`.

    Returns:
        Curves ``float32[S, 11]`` of `UNITS` and how shut the lips are, ``float64[S]`` 0..1, at `RATE`.
    """
    steps = int(duration * RATE) + 2
    time = np.arange(steps) / RATE
    total = np.full((steps, 1), 1e-4)
    pulled = np.zeros((steps, len(UNITS)))
    shut = np.zeros(steps)
    for (phone, start, stop), pull in zip(phones, pulls, strict=True):
        name = phone.rstrip("012")
        target = TARGETS.get(name, TARGETS["SIL"])
        begin, end = start - manner.lead_s, stop - manner.lead_s
        strength, reach = _dominance(name, stop - start)
        outside = np.maximum(np.maximum(begin + 0.012 - time, time - end + 0.012), 0)
        weight = strength * np.exp(-((outside / reach) ** 1.3))[:, None]
        pulled += weight * target * pull
        total += weight
        if name in _SHUTS:
            held = min(max(stop - start, 0.06), 0.11)
            near = 1 - np.maximum(begin - time, time - begin - held) / EASE_S
            shut = np.maximum(shut, near.clip(0, 1))
    curves = pulled / total * manner.effort
    for i, unit in enumerate(UNITS):
        curves[:, i] = blurred(curves[:, i], 7 if unit in ("mouthPucker", "mouthFunnel") else 4)
    ease = eased(shut)
    for unit, left in LEFT_WHEN_SHUT.items():
        curves[:, UNITS.index(unit)] *= 1 - (1 - left) * ease
    curves[:, UNITS.index("mouthPress")] += PRESSED * ease
    return np.clip(curves, 0, 1).astype(np.float32), ease


def _dominance(name: str, duration_s: float) -> tuple[float, float]:
    """Return how strongly a phone pulls and how far beyond itself (seconds)."""
    if name == "SIL":
        return 0.9, 0.06
    if name in _SHUTS:
        return 1.2, 0.045
    if name in _LIP_MADE:
        return 1.6, 0.075
    if name in _VOWELS:
        return 1.0 + min(duration_s, 0.25) * 3, 0.07
    return 0.55, 0.05


def blurred(curve: Floats, sigma: float) -> Floats:
    """Smooth a curve by a Gaussian of ``sigma`` values, without delay."""
    radius = int(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.convolve(np.pad(curve, radius, mode="edge"), kernel / kernel.sum(), mode="valid")
