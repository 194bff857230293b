"""What heads wear: hair that falls, hats, hoods, glasses and clothes, painted upon and behind a drawn head.

Painted in two dimensions: a detector needs variety of outlines, and of what covers brows, ears and necks,
more than exact cloth. Goes over what a `wardrobe` has put on in
three, which has no clothes. Takes all chance from the generator that it is handed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.performers.person import Person
from training.performers.render import Drawn
from w2l_studio.terms import Floats, FramesBGR

_LONG, _HATS, _HOODS, _GLASSES, _SUN, _CLOTHES = 0.55, 0.14, 0.08, 0.25, 0.3, 0.9


@dataclass(slots=True, eq=False)
class _Figure:
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


def dress(random: np.random.Generator, drawn: Drawn, who: Person, *, seen: bool) -> FramesBGR:
    """Dress a drawn head.

    Args:
        seen: whether it shows its face; the backs of heads get no glasses, and hair all over.

    Returns:
        ``uint8[P, P, 4]`` BGR, multiplied by the last plane, which tells what is covered.
    """
    figure = _figure(drawn, who)
    if random.random() < _CLOTHES:
        _clothe(figure, random)
    kind = random.random()
    if seen and random.random() < _GLASSES:
        _glasses(figure, random)
    if kind < _LONG:
        _long_hair(figure, random, who, seen=seen)
    elif kind < _LONG + _HATS:
        _hat(figure, random)
    elif kind < _LONG + _HATS + _HOODS:
        _hood(figure, random, seen=seen)
    cover = np.clip(figure.cover * 255, 0, 255)
    return np.concatenate([np.clip(figure.colour, 0, cover), cover], 2).round().astype(np.uint8)


def _figure(drawn: Drawn, who: Person) -> _Figure:
    left, top, right, bottom = np.clip(drawn.box.astype(int), 0, len(drawn.pixels))
    seen = drawn.pixels[top:bottom, left:right]
    albedo = float(np.mean(who.look["skin"])) ** (1 / 2.2)  # type: ignore[arg-type]
    light = float(seen.mean()) / 255 / albedo if seen.size else 0.5
    middle = (drawn.box[0] + drawn.box[2]) / 2
    turn = float(np.clip((drawn.points[2, 0] - middle) / (0.41 * (drawn.box[3] - drawn.box[1])), -1, 1))
    return _Figure(
        drawn.pixels.astype(np.float32),
        drawn.covered[..., None].astype(np.float32),
        drawn.points,
        drawn.box,
        min(max(light, 0.08), 1.5),
        turn,
    )


def _long_hair(figure: _Figure, random: np.random.Generator, who: Person, *, seen: bool) -> None:
    x, y, width, height = figure.face
    hair = np.array(who.look["hair"], np.float32)[::-1] ** (1 / 2.2) * random.uniform(0.8, 1.6) * 255
    colour = _strands(random, figure.cover.shape[0]) * hair * figure.light
    volume = random.uniform(0.01, 0.16) * height
    length = y + height * (random.uniform(-0.1, 0.3) if random.random() < 0.4 else random.uniform(0.3, 1.6))
    skull = _skull(figure, volume)
    falls = _blob(figure, x - 0.25 * figure.turn * width, (y + length) / 2, 0.62 * width + volume,
                  max(length - y, 1) / 2 + 0.25 * height)  # fmt: skip
    below = _rows(figure, length, soft=0.06 * height)
    figure.hang(colour * 0.8, np.maximum(skull, falls) * (1 - below))
    front = skull * (1 - _rows(figure, min(length, y + 0.55 * height), soft=0.05 * height))
    if seen:
        front = front * (1 - _opening(figure, random, lowest=0.2))
    figure.paint(colour, front)
    if seen and random.random() < 0.35:  # locks before the shoulders
        for side in (-1, 1):
            if random.random() < 0.7:
                aside = x + side * random.uniform(0.45, 0.62) * width
                wide, tall = random.uniform(0.06, 0.2) * width, random.uniform(0.4, 0.8) * height
                lock = _blob(figure, aside, y + 0.35 * height, wide, tall)
                figure.paint(colour, lock * (1 - _opening(figure, random, lowest=0.0)))


def _hat(figure: _Figure, random: np.random.Generator) -> None:
    x, y, width, height = figure.face
    colour = _cloth(figure, random)
    edge = y - height * random.uniform(0.22, 0.48)
    crown = _skull(figure, random.uniform(0.02, 0.3) * height)
    figure.paint(colour, crown * (1 - _rows(figure, edge, soft=2.0)))
    if random.random() < 0.7:
        brim = _blob(figure, x + figure.turn * random.uniform(0.1, 0.5) * width, edge,
                     random.uniform(0.5, 1.1) * width, random.uniform(0.03, 0.14) * height)  # fmt: skip
        figure.paint(colour * random.uniform(0.5, 0.9), brim)


def _hood(figure: _Figure, random: np.random.Generator, *, seen: bool) -> None:
    x, y, width, height = figure.face
    colour = _cloth(figure, random)
    around = np.maximum(
        _skull(figure, random.uniform(0.04, 0.25) * height),
        _blob(figure, x - 0.2 * figure.turn * width, y + 0.5 * height, 0.8 * width, 0.6 * height),
    )
    opening = _opening(figure, random, lowest=0.12) if seen else 0.0
    figure.paint(colour, around * (1 - opening))


def _glasses(figure: _Figure, random: np.random.Generator) -> None:
    _, _, width, height = figure.face
    left, right = figure.points[0], figure.points[1]
    apart = max(float(right[0] - left[0]), 0.04 * height)
    wide, tall = random.uniform(0.36, 0.5) * apart, random.uniform(0.07, 0.13) * height
    dark = random.random() < _SUN
    frame = _solid(random.uniform(0, 1, 3) * random.uniform(10, 220) * figure.light)
    tint = _solid(random.uniform(5, 60, 3) * figure.light if dark else random.uniform(60, 250, 3))
    lens, rim = np.zeros(figure.cover.shape[:2], np.float32), np.zeros(figure.cover.shape[:2], np.float32)
    round_ones, thick = random.random() < 0.5, int(random.integers(1, 5))
    lift = random.uniform(-0.01, 0.04) * height
    near = [e for e, side in ((left, -1), (right, 1)) if figure.turn * side < 0.75]
    for eye in near:
        middle = (float(eye[0] + figure.turn * 0.05 * height), float(eye[1] + lift))
        for canvas, width_px in ((lens, -1), (rim, thick)):
            if round_ones:
                cv2.ellipse(canvas, _px(*middle), _px(wide, tall), 0, 0, 360, 1.0, width_px, cv2.LINE_AA, 4)
            else:
                corners = (_px(middle[0] - wide, middle[1] - tall), _px(middle[0] + wide, middle[1] + tall))
                cv2.rectangle(canvas, *corners, 1.0, width_px, cv2.LINE_AA, 4)
    if len(near) == 2:
        inner = (
            _px(float(left[0]) + wide, float(left[1] + lift)),
            _px(float(right[0]) - wide, float(right[1] + lift)),
        )
        cv2.line(rim, *inner, 1.0, thick, cv2.LINE_AA, 4)
    for eye, side in ((left, -1), (right, 1)):
        if figure.turn * side < -0.15:
            ear = (float(eye[0]) + side * (wide + abs(figure.turn) * 0.6 * width), float(eye[1] + lift))
            cv2.line(
                rim,
                _px(float(eye[0]) + side * wide, float(eye[1] + lift)),
                _px(*ear),
                1.0,
                thick,
                cv2.LINE_AA,
                4,
            )
    figure.paint(tint, lens * random.uniform(0.7, 0.97) if dark else lens * random.uniform(0, 0.25))
    figure.paint(frame, rim * random.uniform(0.5, 1))


def _clothe(figure: _Figure, random: np.random.Generator) -> None:
    x, y, width, height = figure.face
    neck = x - 0.25 * figure.turn * width
    collar = y + height * random.uniform(0.55, 0.85)
    shoulders = collar + height * random.uniform(0.05, 0.45)
    size = figure.cover.shape[0]
    reach = random.uniform(0.9, 1.5) * width
    outline = [
        (neck - 0.4 * width, collar), (neck - reach, shoulders), (neck - reach * 1.25, size + 40.0),
        (neck + reach * 1.25, size + 40.0), (neck + reach, shoulders), (neck + 0.4 * width, collar),
    ]  # fmt: skip
    deep = collar + height * random.uniform(-0.05, 0.55)
    outline.append((neck + 0.1 * figure.turn * width, deep))
    matte = _polygon(figure, outline)
    colour = _cloth(figure, random)
    figure.paint(colour, matte)
    if random.random() < 0.25:  # a tie, a zip, a badge
        wide = random.uniform(0.04, 0.12) * width
        strip = [
            (neck - wide, deep),
            (neck + wide, deep),
            (neck + wide * 1.4, size),
            (neck - wide * 1.4, size),
        ]
        figure.paint(_cloth(figure, random), _polygon(figure, strip))


def _skull(figure: _Figure, grown: float) -> Floats:
    """Return what of the figure lies above the chin, grown by some pixels."""
    _, y, _, height = figure.face
    solid = np.ascontiguousarray(figure.cover[..., 0] * (1 - _rows(figure, y + 0.42 * height, soft=1.0)))
    reach = 2 * max(int(grown), 1) + 1
    grown_solid = cv2.dilate(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.asarray(cv2.GaussianBlur(grown_solid, (0, 0), 1.2), np.float32)


def _opening(figure: _Figure, random: np.random.Generator, *, lowest: float) -> Floats:
    """Return where the face looks out: an oval about its box, its top between hairline and brows."""
    _, y, _, height = figure.face
    left, _, right, _ = (float(v) for v in figure.box)
    wide = (right - left) / 2 * random.uniform(0.82, 1.02)
    middle = (left + right) / 2 + figure.turn * 0.08 * height
    top = y - height * random.uniform(0.2, 0.55)
    bottom = y + height * (0.5 + lowest + random.uniform(0, 0.2))
    oval = _blob(figure, middle, (top + bottom) / 2, wide, (bottom - top) / 2)
    if random.random() < 0.4:  # a parting, or a fringe on one side
        part = _blob(
            figure, middle + random.uniform(-0.6, 0.6) * wide, y - 0.4 * height, 0.5 * wide, 0.25 * height
        )
        oval = np.maximum(oval, part)
    return oval


def _blob(figure: _Figure, x: float, y: float, wide: float, tall: float) -> Floats:
    canvas = np.zeros(figure.cover.shape[:2], np.float32)
    cv2.ellipse(canvas, _px(x, y), _px(max(wide, 1.0), max(tall, 1.0)), 0, 0, 360, 1.0, -1, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.0), np.float32)


def _polygon(figure: _Figure, corners: list[tuple[float, float]]) -> Floats:
    canvas = np.zeros(figure.cover.shape[:2], np.float32)
    cv2.fillPoly(canvas, [np.array([_px(*corner) for corner in corners], np.int32)], 1.0, cv2.LINE_AA, 4)
    return canvas


def _rows(figure: _Figure, below: float, *, soft: float) -> Floats:
    """Return 1 for rows below a line, 0 above, with a ramp of some pixels."""
    size = figure.cover.shape[0]
    ramp = np.clip((np.arange(size) - below) / max(soft, 0.5) + 0.5, 0, 1).astype(np.float32)
    return np.repeat(ramp[:, None], size, 1)


def _px(x: float, y: float) -> tuple[int, int]:
    """Return a place as OpenCV wants it: sixteenths of pixels."""
    return round(x * 16), round(y * 16)


def _solid(colour: Floats) -> Floats:
    return np.asarray(colour, np.float32)[None, None]


def _strands(random: np.random.Generator, size: int) -> Floats:
    """Return ``float32[P, P, 1]`` about 1: hair that falls, brighter above."""
    fine = cv2.resize(
        random.normal(0, 1, (int(random.integers(3, 14)), size // 2)).astype(np.float32), (size, size)
    )
    broad = cv2.resize(
        random.normal(0, 1, (4, 9)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    slope = np.linspace(random.uniform(0, 0.5), -0.3, size, dtype=np.float32)[:, None]
    shade = 1 + random.uniform(0.05, 0.35) * fine + 0.15 * broad + slope
    return np.clip(shade, 0.15, 2.2)[..., None].astype(np.float32)


def _cloth(figure: _Figure, random: np.random.Generator) -> Floats:
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
    cloth = one * (1 - pattern[..., None]) + other * pattern[..., None]
    return np.clip(cloth * shade * figure.light, 0, 255).astype(np.float32)
