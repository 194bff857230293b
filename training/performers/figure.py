"""A drawn head as a picture that is painted on: shapes where its face lies, and stuffs in its light.

Knows no garment (`attire`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.performers.person import Person
from training.performers.render import Drawn
from training.performers.retouch import turned
from w2l_studio.terms import Doubles, Floats


@dataclass(slots=True, eq=False)
class Figure:
    """A picture that is painted on.

    Args:
        colour: ``float32[P, P, 3]`` BGR 0..255, multiplied by ``cover``.
        cover: ``float32[P, P, 1]`` 0..1.
        light: how bright a white wall would be here, about 0..1.5.
        turn: where the nose points, -1 (left) .. 1 (right).
    """

    colour: Floats
    cover: Floats
    points: Floats
    box: Floats
    light: float
    turn: float

    @property
    def face(self) -> tuple[float, float, float, float]:
        """Middle, width and height of the face; the width as seen from the front."""
        left, top, right, bottom = (float(v) for v in self.box)
        return (left + right) / 2, (top + bottom) / 2, 0.82 * (bottom - top), bottom - top

    def paint(self, colour: Floats, matte: Floats) -> None:
        """Lay something in front."""
        matte = matte[..., None]
        self.colour = self.colour * (1 - matte) + colour * matte
        self.cover = self.cover + matte * (1 - self.cover)

    def hang(self, colour: Floats, matte: Floats) -> None:
        """Hang something behind."""
        seen = matte[..., None] * (1 - self.cover)
        self.colour = self.colour + colour * seen
        self.cover = self.cover + seen


def figure_of(drawn: Drawn, who: Person) -> Figure:
    """Make a drawn head ready to be painted on; its skin tells how light it is there."""
    left, top, right, bottom = np.clip(drawn.box.astype(int), 0, len(drawn.pixels))
    seen = drawn.pixels[top:bottom, left:right]
    albedo = float(np.mean(who.look["skin"])) ** (1 / 2.2)
    light = float(seen.mean()) / 255 / albedo if seen.size else 0.5
    return Figure(
        drawn.pixels.astype(np.float32),
        drawn.covered[..., None].astype(np.float32),
        drawn.points,
        drawn.box,
        min(max(light, 0.08), 1.5),
        turned(drawn.points, drawn.box),
    )


def skull(figure: Figure, grown: float) -> Floats:
    """Return what of the figure lies above the chin, grown by some pixels."""
    _, y, _, height = figure.face
    solid = np.ascontiguousarray(figure.cover[..., 0] * (1 - rows(figure, y + 0.42 * height, soft=1.0)))
    reach = 2 * max(int(grown), 1) + 1
    grown_solid = cv2.dilate(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.asarray(cv2.GaussianBlur(grown_solid, (0, 0), 1.2), np.float32)


def blob(figure: Figure, x: float, y: float, wide: float, tall: float) -> Floats:
    """Return a soft ellipse ``float32[P, P]`` by its middle and half axes in pixels."""
    canvas = np.zeros(figure.cover.shape[:2], np.float32)
    cv2.ellipse(canvas, px(x, y), px(max(wide, 1.0), max(tall, 1.0)), 0, 0, 360, 1.0, -1, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.0), np.float32)


def polygon(figure: Figure, corners: list[tuple[float, float]]) -> Floats:
    """Return the inside of some corners, ``float32[P, P]``."""
    canvas = np.zeros(figure.cover.shape[:2], np.float32)
    cv2.fillPoly(canvas, [np.array([px(*corner) for corner in corners], np.int32)], 1.0, cv2.LINE_AA, 4)
    return canvas


def rows(figure: Figure, below: float, *, soft: float) -> Floats:
    """Return 1 for rows below a line, 0 above, with a ramp of some pixels."""
    size = figure.cover.shape[0]
    ramp = np.clip((np.arange(size) - below) / max(soft, 0.5) + 0.5, 0, 1).astype(np.float32)
    return np.repeat(ramp[:, None], size, 1)


def px(x: float, y: float) -> tuple[int, int]:
    """Return a place as OpenCV wants it: sixteenths of pixels."""
    return round(x * 16), round(y * 16)


def solid(colour: Doubles) -> Floats:
    """Return one colour as a picture of one pixel, ``float32[1, 1, 3]``."""
    return np.asarray(colour, np.float32)[None, None]


def strands(random: np.random.Generator, size: int) -> Floats:
    """Return ``float32[P, P, 1]`` about 1: hair that falls, brighter above."""
    fine = cv2.resize(
        random.normal(0, 1, (int(random.integers(3, 14)), size // 2)).astype(np.float32), (size, size)
    )
    broad = cv2.resize(
        random.normal(0, 1, (4, 9)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    slope = np.linspace(random.uniform(0, 0.5), -0.3, size, dtype=np.float32)[:, None]
    shade = 1 + random.uniform(0.05, 0.35) * fine + 0.15 * broad + slope
    return np.asarray(np.clip(shade, 0.15, 2.2)[..., None], np.float32)


def cloth(figure: Figure, random: np.random.Generator) -> Floats:
    """Return a cloth ``float32[P, P, 3]``: plain, striped, checked or printed, with folds."""
    size = figure.cover.shape[0]
    grey, hue = random.uniform(8, 235), random.uniform(-1, 1, 3) * random.beta(1, 2)
    one = np.clip(grey * (1 + hue), 0, 255)
    folds = cv2.resize(
        random.normal(0, 1, (5, 7)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    shade = 1 + 0.15 * folds[..., None]
    kind = random.random()
    other = random.uniform(0, 255, 3)
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    pattern = np.zeros((size, size), np.float32)
    period = random.uniform(4, 40)
    if kind < 0.25:
        way = random.uniform(0, np.pi)
        pattern = (np.sin((np.cos(way) * column + np.sin(way) * row) * 2 * np.pi / period) > 0.3).astype(
            np.float32
        )
    elif kind < 0.35:
        pattern = (
            (np.sin(column * 6.28 / period) > 0).astype(np.float32) + (np.sin(row * 6.28 / period) > 0)
        ) / 2
    elif kind < 0.5:
        blobs = random.normal(0, 1, (int(random.integers(6, 40)),) * 2).astype(np.float32)
        pattern = (cv2.resize(blobs, (size, size), interpolation=cv2.INTER_CUBIC) > 0.7).astype(np.float32)
    woven = one * (1 - pattern[..., None]) + other * pattern[..., None]
    return np.asarray(np.clip(woven * shade * figure.light, 0, 255), np.float32)
