"""What a person wears and grows: glasses, hat, hair with a silhouette, moustache, beard.

Draws all chance from the generator it is handed, which is not the one that draws the face: so seeds keep the
faces that they had before there was a wardrobe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.performers import glasses, shells, whiskers
from training.performers.surface import Surface, joined, nothing
from w2l_studio.terms import Floats

Look = dict[str, float | tuple[float, ...]]
#: Albedo of cloth in linear light.
_CLOTHS = np.array(
    [[0.012, 0.012, 0.014], [0.2, 0.19, 0.18], [0.02, 0.03, 0.09], [0.22, 0.02, 0.025], [0.03, 0.07, 0.04],
     [0.3, 0.21, 0.1], [0.5, 0.48, 0.45], [0.35, 0.12, 0.16]]
)  # fmt: skip
_FRAMES = np.array(
    [[0.008, 0.008, 0.009], [0.06, 0.025, 0.01], [0.25, 0.18, 0.08], [0.28, 0.28, 0.29], [0.02, 0.03, 0.08],
     [0.18, 0.012, 0.02], [0.5, 0.4, 0.33]]
)  # fmt: skip
#: How often: glasses; a hat; hair that hangs or stands (women, men); a moustache and a beard that stand off.
_GLASSES, _TINTED, _HAT = 0.32, 0.14, 0.15
_HANGS, _STANDS = {False: 0.75, True: 0.1}, {False: 0.14, True: 0.2}
_MOUSTACHE, _BEARD = 0.38, 0.3
#: Of whiskers: left about the mouth alone; on the chin alone; dense; moustaches that go down to the chin.
_ROUND, _CHIN, _DENSE, _DOWN = 0.25, 0.1, 0.45, 0.35


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """What is worn; None where there is none.

    Args:
        beard: how far a beard stands off the chin (decimetres), 0 = not at all.
        look: uniforms of the shader.
    """

    glasses: glasses.Glasses | None
    hat: shells.Hat | None
    cut: shells.Cut | None
    moustache: whiskers.Moustache | None
    beard: float
    look: Look


def draw(random: np.random.Generator, look: Look, *, male: bool) -> Wardrobe:
    """Draw a wardrobe.

    Args:
        look: of the face, as `person` drew it: a hat covers its hairline, a beard needs one that is painted.
    """
    framed, hatted, haired, lipped, bearded = random.random(5)
    frame = glasses.draw(random)
    hat = shells.draw_hat(random)
    hangs = bool(haired < _HANGS[male])
    hairline = float(look["hairline"])  # type: ignore[arg-type]
    cut = shells.draw_cut(random, hairline, long=hangs)
    moustache = whiskers.draw(random)
    beard = float(random.uniform(0.03, 0.12) if random.random() < 0.75 else random.uniform(0.12, 0.3))
    painted = float(look["beard"])  # type: ignore[arg-type]
    mine = _look(random, look, hat if hatted < _HAT else None)
    if male and lipped < _MOUSTACHE:
        mine["moustache"] = max(float(look["moustache"]), 0.75)  # type: ignore[arg-type]
    if male:
        (barber,) = random.spawn(1)
        mine |= _shaven(barber, painted, float((look | mine)["moustache"]))  # type: ignore[arg-type]
    return Wardrobe(
        frame if framed < _GLASSES else None,
        hat if hatted < _HAT else None,
        cut if haired < _HANGS[male] + _STANDS[male] and (hangs or hatted >= _HAT) and hairline < 1 else None,
        moustache if male and lipped < _MOUSTACHE else None,
        beard if male and painted > 0.45 and bearded < _BEARD / 0.55 else 0.0,
        mine,
    )


def _look(random: np.random.Generator, look: Look, hat: shells.Hat | None) -> Look:
    cloth = _CLOTHS[random.integers(len(_CLOTHS))] * random.uniform(0.6, 1.4, 3)
    frame = _FRAMES[random.integers(len(_FRAMES))] * random.uniform(0.7, 1.3)
    dark, shaded = random.random() < _TINTED, random.uniform(0.55, 0.93)
    tint = np.array([0.03, 0.03, 0.03]) + random.uniform(0, 0.04, 3)
    yellow = random.uniform(0, 1) ** 2
    teeth = np.array(look["teeth"]) * [1.0, 1.02 - 0.06 * yellow, 1.12 - 0.4 * yellow]
    brim = {None: 0.0, "beanie": 0.25, "cap": 0.55, "brim": 0.6}[hat.kind if hat else None]
    return {
        "teeth": (float(teeth[0]), float(teeth[1]), float(teeth[2])),
        "cloth": (float(cloth[0]), float(cloth[1]), float(cloth[2])),
        "knit": 1.0 if hat and hat.kind == "beanie" else 0.0,
        "frame": (float(frame[0]), float(frame[1]), float(frame[2])),
        "lens": (float(tint[0]), float(tint[1]), float(tint[2]), float(shaded if dark else 0.04)),
        "brim": brim,
    }


def _shaven(random: np.random.Generator, beard: float, moustache: float) -> Look:
    """Draw how whiskers are cut: whole, about the mouth, on the chin; and moustaches that go down beside it.

    Args:
        beard, moustache: their densities, 0 = none.
    """
    trimmed, dense, low = random.random(3)
    half = random.uniform(0.3, 0.42) if trimmed < _ROUND else random.uniform(0.12, 0.24)
    darker = random.uniform(1.2, 1.9) if dense < _DENSE else 1.0
    goes_down = (random.random() < _DOWN and moustache > 0) or (beard > 0 and trimmed < _ROUND)
    return {
        "beard": beard * darker,
        "moustache": moustache * darker,
        "beard_half": float(half) if trimmed < _ROUND + _CHIN else 0.0,
        "ends": (max(moustache, beard) * darker if goes_down else 0.0, float(0.12 + 0.33 * low)),
    }


def made(worn: Wardrobe, rest: Floats) -> Surface:
    """Make what is worn for a head at rest ``float32[N, 3]``, before its own hair has volume."""
    parts: list[Surface] = []
    if worn.moustache:
        parts.append(whiskers.made(worn.moustache, rest))
    if worn.cut:
        parts.append(shells.hair(worn.cut, rest, hat=worn.hat))
    if worn.hat:
        parts += shells.hat(worn.hat, rest)
    if worn.glasses:
        parts += glasses.made(worn.glasses, rest)
    return joined(parts) if parts else nothing()
