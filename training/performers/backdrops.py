"""Clutter without faces, which detectors must not fall for: rooms, textures, shapes, writing, bare skin.

Draws pictures by chance, and reads photographs of the user's own in which nobody is.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.performers import limbs, retouch, scene
from w2l_studio.terms import Floats, FramesBGR

_FONTS = range(8)
_LETTERS = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 oO08:.-&@%"


#: Side of the pictures.
SIZE_PX = 384
_SUFFIXES = {".jpg", ".jpeg", ".png"}


def many(count: int, seed: int) -> npt.NDArray[np.uint8]:
    """Draw ``uint8[N, P, P, 3]`` BGR."""
    return np.stack([draw(np.random.default_rng((seed, number)), SIZE_PX) for number in range(count)])


def photographs(folder: Path) -> npt.NDArray[np.uint8]:
    """Read the middles of all photographs of a folder, ``uint8[N, P, P, 3]`` BGR; N may be 0."""
    read = []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES):
        picture = cv2.imread(str(path))
        if picture is not None:
            side = min(picture.shape[:2])
            top, left = ((length - side) // 2 for length in picture.shape[:2])
            part = picture[top : top + side, left : left + side]
            read.append(cv2.resize(part, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA))
    return np.stack(read).astype(np.uint8) if read else np.zeros((0, SIZE_PX, SIZE_PX, 3), np.uint8)


def draw(random: np.random.Generator, size: int) -> FramesBGR:
    """Draw a picture ``uint8[P, P, 3]`` BGR without a face in it."""
    ground = (_room, _clouds, _plain)[random.choice(3, p=[0.4, 0.4, 0.2])]
    picture = ground(random, size)
    for paint in random.permutation(np.array([_shapes, _writing, _limbs, _balls, _grid, _leaves], object)):
        if random.random() < 0.38:
            picture = paint(picture, random)
    if random.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.5, 6) * size / 384)
    if random.random() < 0.7:
        picture = picture * (
            1 + random.uniform(0, 0.35) * _noise(random, size, random.uniform(0.5, 1.6))[..., None]
        )
    return np.clip(picture, 0, 255).astype(np.uint8)


def _room(random: np.random.Generator, size: int) -> Floats:
    return scene.background(random, size, size)


def _clouds(random: np.random.Generator, size: int) -> Floats:
    """Return fractal noise between three colours: stone, bark, sky, cloth."""
    heights = _noise(random, size, random.uniform(0.4, 2.2))[..., None]
    colours = _colour(random, 3)
    low, high = np.clip(-heights, 0, 1), np.clip(heights, 0, 1)
    return np.asarray(colours[0] * (1 - low - high) + colours[1] * low + colours[2] * high, np.float32)


def _plain(random: np.random.Generator, size: int) -> Floats:
    corners = _colour(random, 4).reshape(2, 2, 3).astype(np.float32)
    return np.asarray(cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR))


def _noise(random: np.random.Generator, size: int, roughness: float) -> Floats:
    """Return fractal noise ``float32[P, P]``, about -1..1; the higher the roughness, the smoother."""
    total = np.zeros((size, size), np.float32)
    stretch = random.uniform(0.3, 3, 2)
    for octave in range(1, 8):
        cells = np.clip((2.0**octave * stretch).astype(int), 1, size)
        layer = random.normal(0, 1, (cells[0] + 1, cells[1] + 1)).astype(np.float32)
        total += cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC) * 2 ** (-octave * roughness)
    return np.asarray(total / (2 * total.std() + 1e-6))


def _shapes(picture: Floats, random: np.random.Generator) -> Floats:
    size = len(picture)
    for _ in range(random.integers(3, 30)):
        colour = tuple(float(v) for v in _colour(random, 1)[0])
        middle, reach = random.uniform(0, size, 2), random.uniform(0.01, 0.25) * size
        wide = -1 if random.random() < 0.6 else int(random.integers(1, 8))
        if random.random() < 0.4:
            axes = (int(reach), max(1, int(reach * random.uniform(0.2, 1))))
            cv2.ellipse(
                picture, retouch.at(middle), axes, random.uniform(0, 180), 0, 360, colour, wide, cv2.LINE_AA
            )
        else:
            corners = middle + random.normal(0, reach, (int(random.integers(2, 7)), 2))
            if wide < 0:
                cv2.fillPoly(picture, [corners.astype(np.int32)], colour, cv2.LINE_AA)
            else:
                cv2.polylines(
                    picture,
                    [corners.astype(np.int32)],
                    bool(random.random() < 0.5),
                    colour,
                    wide,
                    cv2.LINE_AA,
                )
    return picture


def _writing(picture: Floats, random: np.random.Generator) -> Floats:
    size = len(picture)
    ink = np.zeros((size, size), np.uint8)
    height, font = random.uniform(0.3, 4), int(random.choice(_FONTS))
    row = random.uniform(0, size)
    for _ in range(random.integers(1, 14)):
        text = "".join(random.choice(list(_LETTERS), int(random.integers(2, 40))))
        at = (int(random.uniform(-0.1, 0.6) * size), int(row))
        cv2.putText(ink, text, at, font, height, 255, int(random.integers(1, 6)), cv2.LINE_AA)
        row += height * 34
    matte = ink[..., None] / np.float32(255)
    return np.asarray(picture * (1 - matte) + _colour(random, 1)[0] * matte)


def _limbs(picture: Floats, random: np.random.Generator) -> Floats:
    """Paint arms, fingers, bellies: rounded things in colours of skin, without features."""
    size = len(picture)
    for _ in range(random.integers(1, 6)):
        skin = limbs.skin_tone(random)
        ends = random.uniform(-0.1, 1.1, (2, 2)) * size
        thick = random.uniform(0.015, 0.14) * size
        for share in np.linspace(1, 0.15, 8):
            colour = tuple(float(v) for v in skin * (1.1 - 0.5 * share))
            cv2.line(
                picture,
                retouch.at(ends[0]),
                retouch.at(ends[1]),
                colour,
                max(1, int(2 * thick * share)),
                cv2.LINE_AA,
            )
    return picture


def _balls(picture: Floats, random: np.random.Generator) -> Floats:
    """Paint shaded ovals with a few spots: vases, lamps, fruit, buttons, heads without faces."""
    size = len(picture)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    for _ in range(random.integers(1, 5)):
        cx, cy = random.uniform(0, size, 2)
        wide, tall = random.uniform(0.03, 0.22, 2) * size
        u, v = (x - cx) / wide, (y - cy) / tall
        inside = np.clip((1 - np.hypot(u, v)) * 12, 0, 1)[..., None]
        lit = 0.75 + random.uniform(-0.5, 0.5) * u + random.uniform(-0.5, 0.5) * v
        skin = np.array([random.uniform(0.3, 1), random.uniform(0.5, 1), 1]) * random.uniform(40, 255)
        surface = np.clip(lit, 0.1, 1.5)[..., None] * (
            skin if random.random() < 0.6 else _colour(random, 1)[0]
        )
        for _ in range(random.integers(0, 4)):
            su, sv, radius = random.uniform(-0.8, 0.8), random.uniform(-0.8, 0.8), random.uniform(0.05, 0.4)
            spot = np.clip((radius - np.hypot(u - su, v - sv)) * 8, 0, 1)[..., None]
            surface = surface * (1 - spot * random.uniform(0.3, 0.95))
        picture = picture * (1 - inside) + surface * inside
    return picture.astype(np.float32)


def _grid(picture: Floats, random: np.random.Generator) -> Floats:
    """Paint shelves, windows, bricks, keyboards: rows of like things."""
    size = len(picture)
    step = random.uniform(0.03, 0.25, 2) * size
    gap = random.uniform(0.05, 0.5)
    first, second = _colour(random, 2)
    for row in range(int(size / step[1]) + 1):
        for column in range(int(size / step[0]) + 1):
            corner = np.array([column + 0.5 * (row % 2) * (step[0] > step[1]), row]) * step
            shade = random.uniform(0.6, 1.2)
            colour = tuple(float(v) for v in (first if random.random() < 0.8 else second) * shade)
            cv2.rectangle(picture, retouch.at(corner), retouch.at(corner + step * (1 - gap)), colour, -1)
    return picture


def _leaves(picture: Floats, random: np.random.Generator) -> Floats:
    size = len(picture)
    base = _colour(random, 1)[0]
    reach = random.uniform(0.006, 0.06) * size
    for _ in range(random.integers(40, 400)):
        colour = tuple(float(v) for v in base * random.uniform(0.3, 1.5))
        axes = (max(1, int(reach * random.uniform(0.5, 2))), max(1, int(reach * random.uniform(0.2, 0.8))))
        cv2.ellipse(
            picture,
            retouch.at(random.uniform(0, size, 2)),
            axes,
            random.uniform(0, 180),
            0,
            360,
            colour,
            -1,
            cv2.LINE_AA,
        )
    return picture


def _colour(random: np.random.Generator, count: int) -> Floats:
    """Draw colours ``float32[count, 3]``: mostly greyish, some strong."""
    grey, hue = random.uniform(5, 250, (count, 1)), random.uniform(-1, 1, (count, 3))
    return np.clip(grey * (1 + hue * random.beta(1, 2, (count, 1))), 0, 255).astype(np.float32)
