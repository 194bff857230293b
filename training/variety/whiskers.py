"""Paints moustaches and beards on filmed faces: few filmed people have them, and lips must leave them alone.

Knows a face only by how packs are cut (`faces.crop`); heads that are drawn grow their own (`performers`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.packs.data import MARGIN
from w2l_studio.faces import crop
from w2l_studio.terms import Doubles, Floats, FramesBGR

#: What a gap between the lips in parts of the mouth's width is in parts of the way from eyes to mouth.
_MOUTH = 0.6
#: How far the upper lip goes up, in parts of the gap.
_LIFT = 0.15
#: How far to both sides hair grows, in parts of that way.
_REACH = 0.8
#: Hair as BGR levels in middling light: black, brown, red, fair, grey.
_HAIR = np.array([[18, 18, 20], [28, 38, 54], [38, 62, 104], [84, 120, 156], [140, 144, 146]], np.float32)
#: How often beards are cut so.
_CUTS = {"whole": 0.25, "about the mouth": 0.3, "on the chin": 0.15, "none": 0.3}
#: How often: hair is of the first two; a moustache goes down beside the mouth; a beard stands without one.
_DARK, _BESIDE, _ALONE = 0.65, 0.45, 0.15
#: Of a beard that is not whole: its width, halved.
_HALVES = {"about the mouth": (0.36, 0.5), "on the chin": (0.1, 0.26)}


@dataclass(frozen=True, slots=True, eq=False)
class Whiskers:
    """What hair a face is given, as a pack's pictures show it.

    Args:
        rows, columns: the part of a picture that it lies in, H x W.
        over: ``float32[H, W]``, how dense it is where it goes with the upper lip, 0..1.
        below: ``float32[H, W]``, how dense it is where it goes with the jaw, 0..1.
        colour: ``float32[H, W, 3]``, BGR levels.
        jaw_px: how far the jaw goes down per unit of opening.
    """

    rows: slice
    columns: slice
    over: Floats
    below: Floats
    colour: Floats
    jaw_px: float

    def __call__(self, picture: FramesBGR, opening: float) -> FramesBGR:
        """Paint a picture ``uint8[P, P, 3]`` whose lips are open by ``opening`` of the mouth's width."""
        gap = self.jaw_px * opening
        size = self.below.shape[::-1]
        dense = np.maximum(_lowered(self.over, -_LIFT * gap), _lowered(self.below, gap))[..., None]
        painted = np.array(picture)
        part = painted[self.rows, self.columns]
        few = max(2, size[0] // 16), max(2, size[1] // 16)
        light = cv2.resize(part, few, interpolation=cv2.INTER_AREA).mean(-1, dtype=np.float32) / 128
        lit = cv2.resize(light, size, interpolation=cv2.INTER_LINEAR)[..., None]
        part[:] = (part + dense * (self.colour * lit - part)).clip(0, 255)
        return painted


def _lowered(dense: Floats, by_px: float) -> Floats:
    moved = np.array([[1, 0, 0], [0, 1, by_px]])
    return np.asarray(cv2.warpAffine(dense, moved, dense.shape[::-1]))


def draw(random: np.random.Generator, frame_px: int) -> Whiskers:
    """Draw whiskers for a pack's pictures of ``frame_px``."""
    unit = frame_px / (crop.SIDE * MARGIN)  # from the eyes to the mouth
    middle = (frame_px - 1) / 2
    rows = slice(round(middle), frame_px)
    columns = slice(round(middle - _REACH * unit), round(middle + _REACH * unit))
    down, across = np.mgrid[rows, columns] - middle
    x = np.abs(across + random.normal(0, 0.03) * unit) / unit
    y = (down + random.normal(0, 0.02) * unit) / unit - (1 - crop.CENTRE)
    strands = _strands(random, x.shape, unit)
    edge = 0.02 + 0.05 * random.random()
    ragged = (strands - 0.5) * edge * 2
    cut = str(random.choice(list(_CUTS), p=list(_CUTS.values())))
    over = _moustache(random, x, y, edge, ragged)
    below = _beard(random, x, y, edge, ragged, cut)
    if random.random() < _BESIDE:
        below = np.maximum(below, _beside(random, x, y, edge, ragged))
    if cut != "none" and random.random() < _ALONE:
        over = np.zeros_like(over)
    density = random.uniform(0.35, 1.0)
    grown = density * (1 - (1 - density * 0.6) * strands)
    # Few cameras see single hairs.
    seen = random.uniform(0.004, 0.022) * unit
    hair = _HAIR[random.integers(2) if random.random() < _DARK else random.integers(len(_HAIR))]
    colour = hair * random.uniform(0.7, 1.3) * (0.55 + 0.9 * strands[..., None])
    over, below, colour = (
        cv2.GaussianBlur(part.astype(np.float32), (0, 0), seen)
        for part in (over * grown, below * grown, colour)
    )
    return Whiskers(rows, columns, over, below, colour, _MOUTH * unit)


def _moustache(random: np.random.Generator, x: Doubles, y: Doubles, edge: float, ragged: Floats) -> Doubles:
    """Return a moustache, 0..1, by places in parts of the way from eyes to mouth, the mouth at 0."""
    half = random.uniform(0.28, 0.44)
    along = (x / half) ** 2
    top = random.uniform(-0.34, -0.2) + random.uniform(0.1, 0.26) * along
    low = random.uniform(-0.12, -0.05) + random.uniform(0.0, 0.14) * along
    parted = 1 - random.uniform(0.3, 1) * np.exp(-((x / 0.05) ** 2)) if random.random() < 0.25 else 1.0
    return _step(y - top + ragged, edge) * _step(low - y + ragged, edge) * _step(half - x, edge * 2) * parted


def _beside(random: np.random.Generator, x: Doubles, y: Doubles, edge: float, ragged: Floats) -> Doubles:
    """Return what goes down beside the mouth."""
    wide = random.uniform(0.05, 0.09)
    low = random.uniform(0.1, 0.45)
    middle = 0.36 + random.uniform(-0.1, 0.1) * y
    reach = _step(y + 0.12, edge) * _step(low - y + ragged, edge)
    return _step(wide - np.abs(x - middle) + ragged, edge) * reach


def _beard(
    random: np.random.Generator, x: Doubles, y: Doubles, edge: float, ragged: Floats, cut: str
) -> Doubles:
    """Return a beard, by its cut."""
    if cut == "none":
        return np.zeros_like(x)
    jaw = _step(1 - (x / 0.6) ** 2 - ((y + 0.15) / 0.6) ** 2, 0.12)
    cheek = _step(y - random.uniform(-0.05, 0.2) + 0.6 * np.clip(x - 0.35, 0, None) + ragged, edge * 2)
    mouth = _step((x / 0.33) ** 2 + ((y - 0.02) / 0.17) ** 2 - 1 + ragged * 4, edge * 4)
    if cut in _HALVES:
        jaw = jaw * _step(random.uniform(*_HALVES[cut]) - x + ragged, edge)
    return jaw * cheek * mouth


def _step(values: Doubles, soft: float) -> Doubles:
    """Return 0 below, 1 above zero, softly."""
    return np.asarray(1 / (1 + np.exp(np.clip(-4 * values / soft, -50, 50))))


def _strands(random: np.random.Generator, shape: tuple[int, ...], unit: float) -> Floats:
    """Return hairs that hang, ``float32[H, W]``, 0..1."""
    noise = random.standard_normal(shape).astype(np.float32)
    hairs = cv2.GaussianBlur(noise, (0, 0), sigmaX=unit * 0.008 + 0.3, sigmaY=unit * 0.04)
    return np.asarray(np.clip(0.5 + random.uniform(0.1, 0.3) * hairs / hairs.std(), 0, 1))
