"""Skin that is no face: arms, knees and hands, painted into a picture. Knows no heads."""

from __future__ import annotations

import numpy as np

from w2l_studio.terms import Doubles, Floats

#: Limbs of a picture at most, and how often one ends in fingers.
_MOST, _FINGERED = 3, 0.5
#: Half a limb's thickness in parts of the picture, and its length in thicknesses.
_THICK, _LONG = (0.02, 0.22), (0.3, 5.0)


def paint(picture: Floats, random: np.random.Generator) -> None:
    """Paint one to three limbs of one skin into a picture ``float32[P, P, 3]`` BGR, 0..255."""
    skin = skin_tone(random)
    for _ in range(int(random.integers(1, _MOST + 1))):
        size = len(picture)
        thick = size * np.exp(random.uniform(*np.log(_THICK)))
        start, angle = random.uniform(0, size, 2), random.uniform(0, 2 * np.pi)
        end = start + _towards(angle) * thick * random.uniform(*_LONG)
        light = random.uniform(-0.5, 0.5)
        _capsule(picture, start, end, thick, skin, light)
        if random.random() < _FINGERED:
            for spread in np.linspace(-0.6, 0.6, int(random.integers(3, 6))) + random.normal(0, 0.1):
                root = end + _towards(angle + np.pi / 2) * spread * thick
                tip = root + _towards(angle + random.normal(spread, 0.4)) * thick * random.uniform(0.6, 1.8)
                _capsule(picture, root, tip, 0.24 * thick, skin * random.uniform(0.85, 1.05), light)


def skin_tone(random: np.random.Generator) -> Floats:
    """Draw a skin's colour in some light, ``float32[3]`` BGR, 0..255."""
    hue = np.array([random.uniform(0.3, 0.8), random.uniform(0.5, 0.85), 1])
    return (hue * random.uniform(40, 250)).astype(np.float32)


def _towards(angle: float) -> Doubles:
    return np.array([np.cos(angle), np.sin(angle)])


def _capsule(
    picture: Floats, start: Doubles, end: Doubles, thick: float, colour: Floats, light: float
) -> None:
    """Paint a round bar; its edges are darker, one side more than the other."""
    low = np.clip(np.minimum(start, end) - thick - 1, 0, len(picture)).astype(int)
    high = np.clip(np.maximum(start, end) + thick + 2, 0, len(picture)).astype(int)
    if (high <= low).any():
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    off = np.stack([x, y], -1) - start
    way = end - start
    along = np.clip(off @ way / max(1e-6, float(way @ way)), 0, 1)[..., None]
    aside = (off - along * way) / thick
    far = np.linalg.norm(aside, axis=-1)
    matte = np.clip((1 - far) * thick + 0.5, 0, 1)[..., None]
    shade = 1 - 0.45 * np.minimum(far, 1) ** 2 + light * aside[..., 0]
    part = picture[low[1] : high[1], low[0] : high[0]]
    part += (matte * (np.clip(colour * shade[..., None], 0, 255) - part)).astype(np.float32)
