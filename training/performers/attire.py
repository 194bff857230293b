"""What heads wear: hair that falls, hats, hoods, glasses and clothes, painted upon and behind a drawn head.

Painted in two dimensions: a detector needs variety of outlines, and of what covers brows, ears and necks,
more than exact cloth. Goes over what a `wardrobe` has put on in three, which has no clothes. Takes all chance
from the generator that it is handed.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.performers.figure import (
    Figure,
    blob,
    cloth,
    figure_of,
    polygon,
    px,
    rows,
    skull,
    solid,
    strands,
)
from training.performers.person import Person
from training.performers.render import Drawn
from w2l_studio.terms import Floats, FramesBGR

_LONG, _HATS, _HOODS, _GLASSES, _SUN, _CLOTHES, _SHIRTS = 0.55, 0.14, 0.08, 0.25, 0.3, 0.9, 0.4


def dress(random: np.random.Generator, drawn: Drawn, who: Person, *, seen: bool) -> FramesBGR:
    """Dress a drawn head.

    Args:
        seen: whether it shows its face; the backs of heads get no glasses, and hair all over.

    Returns:
        ``uint8[P, P, 4]`` BGR, multiplied by the last plane, which tells what is covered.
    """
    figure = figure_of(drawn, who)
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


def _long_hair(figure: Figure, random: np.random.Generator, who: Person, *, seen: bool) -> None:
    x, y, width, height = figure.face
    hair = np.array(who.look["hair"], np.float32)[::-1] ** (1 / 2.2) * random.uniform(0.8, 1.6) * 255
    colour = np.asarray(strands(random, figure.cover.shape[0]) * hair * figure.light, np.float32)
    volume = random.uniform(0.01, 0.16) * height
    length = y + height * (random.uniform(-0.1, 0.3) if random.random() < 0.4 else random.uniform(0.3, 1.6))
    head = skull(figure, volume)
    falls = blob(figure, x - 0.25 * figure.turn * width, (y + length) / 2, 0.62 * width + volume,
                  max(length - y, 1) / 2 + 0.25 * height)  # fmt: skip
    below = rows(figure, length, soft=0.06 * height)
    figure.hang(colour * 0.8, np.maximum(head, falls) * (1 - below))
    front = head * (1 - rows(figure, min(length, y + 0.55 * height), soft=0.05 * height))
    if seen:
        front = front * (1 - _opening(figure, random, lowest=0.2))
    figure.paint(colour, front)
    if seen and random.random() < 0.35:  # locks before the shoulders
        for side in (-1, 1):
            if random.random() < 0.7:
                aside = x + side * random.uniform(0.45, 0.62) * width
                wide, tall = random.uniform(0.06, 0.2) * width, random.uniform(0.4, 0.8) * height
                lock = blob(figure, aside, y + 0.35 * height, wide, tall)
                figure.paint(colour, lock * (1 - _opening(figure, random, lowest=0.0)))


def _hat(figure: Figure, random: np.random.Generator) -> None:
    x, y, width, height = figure.face
    colour = cloth(figure, random)
    edge = y - height * random.uniform(0.22, 0.48)
    crown = skull(figure, random.uniform(0.02, 0.3) * height)
    figure.paint(colour, crown * (1 - rows(figure, edge, soft=2.0)))
    if random.random() < 0.7:
        brim = blob(figure, x + figure.turn * random.uniform(0.1, 0.5) * width, edge,
                     random.uniform(0.5, 1.1) * width, random.uniform(0.03, 0.14) * height)  # fmt: skip
        figure.paint(colour * random.uniform(0.5, 0.9), brim)


def _hood(figure: Figure, random: np.random.Generator, *, seen: bool) -> None:
    x, y, width, height = figure.face
    colour = cloth(figure, random)
    around = np.maximum(
        skull(figure, random.uniform(0.04, 0.25) * height),
        blob(figure, x - 0.2 * figure.turn * width, y + 0.5 * height, 0.8 * width, 0.6 * height),
    )
    if seen:
        around = around * (1 - _opening(figure, random, lowest=0.12))
    figure.paint(colour, around)


def _glasses(figure: Figure, random: np.random.Generator) -> None:
    _, _, width, height = figure.face
    left, right = figure.points[0], figure.points[1]
    apart = max(float(right[0] - left[0]), 0.04 * height)
    wide, tall = random.uniform(0.36, 0.5) * apart, random.uniform(0.07, 0.13) * height
    dark = random.random() < _SUN
    frame = solid(random.uniform(0, 1, 3) * random.uniform(10, 220) * figure.light)
    tint = solid(random.uniform(5, 60, 3) * figure.light if dark else random.uniform(60, 250, 3))
    lens, rim = np.zeros(figure.cover.shape[:2], np.float32), np.zeros(figure.cover.shape[:2], np.float32)
    round_ones, thick = random.random() < 0.5, int(random.integers(1, 5))
    lift = random.uniform(-0.01, 0.04) * height
    near = [e for e, side in ((left, -1), (right, 1)) if figure.turn * side < 0.75]
    for eye in near:
        middle = (float(eye[0] + figure.turn * 0.05 * height), float(eye[1] + lift))
        for canvas, width_px in ((lens, -1), (rim, thick)):
            if round_ones:
                cv2.ellipse(canvas, px(*middle), px(wide, tall), 0, 0, 360, 1.0, width_px, cv2.LINE_AA, 4)
            else:
                corners = (px(middle[0] - wide, middle[1] - tall), px(middle[0] + wide, middle[1] + tall))
                cv2.rectangle(canvas, *corners, 1.0, width_px, cv2.LINE_AA, 4)
    if len(near) == 2:
        inner = (
            px(float(left[0]) + wide, float(left[1] + lift)),
            px(float(right[0]) - wide, float(right[1] + lift)),
        )
        cv2.line(rim, *inner, 1.0, thick, cv2.LINE_AA, 4)
    for eye, side in ((left, -1), (right, 1)):
        if figure.turn * side < -0.15:
            ear = (float(eye[0]) + side * (wide + abs(figure.turn) * 0.6 * width), float(eye[1] + lift))
            cv2.line(
                rim,
                px(float(eye[0]) + side * wide, float(eye[1] + lift)),
                px(*ear),
                1.0,
                thick,
                cv2.LINE_AA,
                4,
            )
    figure.paint(tint, lens * random.uniform(0.7, 0.97) if dark else lens * random.uniform(0, 0.25))
    figure.paint(frame, rim * random.uniform(0.5, 1))


def _clothe(figure: Figure, random: np.random.Generator) -> None:
    x, y, width, height = figure.face
    neck = x - 0.25 * figure.turn * width
    collar = y + height * random.uniform(0.55, 0.85)
    shoulders = collar + height * random.uniform(0.05, 0.45)
    size = figure.cover.shape[0]
    reach = random.uniform(0.9, 2.1) * width
    outline = [
        (neck - 0.4 * width, collar), (neck - reach, shoulders), (neck - reach * 1.25, size + 40.0),
        (neck + reach * 1.25, size + 40.0), (neck + reach, shoulders), (neck + 0.4 * width, collar),
    ]  # fmt: skip
    deep = collar + height * random.uniform(-0.05, 0.55)
    breast = (neck + 0.1 * figure.turn * width, deep)
    if random.random() < _SHIRTS:  # under a jacket; often white
        shirt = solid(np.full(3, 225.0 * figure.light)) if random.random() < 0.6 else cloth(figure, random)
        inner = [outline[0], (neck, collar + 0.12 * height), outline[-1], breast]
        figure.paint(np.minimum(shirt, 255), polygon(figure, inner))
    figure.paint(cloth(figure, random), polygon(figure, [*outline, breast]))
    if random.random() < 0.25:  # a tie, a zip, a badge
        wide = random.uniform(0.04, 0.12) * width
        strip = [
            (neck - wide, deep),
            (neck + wide, deep),
            (neck + wide * 1.4, size),
            (neck - wide * 1.4, size),
        ]
        figure.paint(cloth(figure, random), polygon(figure, strip))


def _opening(figure: Figure, random: np.random.Generator, *, lowest: float) -> Floats:
    """Return where the face looks out: an oval about its box, its top between hairline and brows."""
    _, y, _, height = figure.face
    left, _, right, _ = (float(v) for v in figure.box)
    wide = (right - left) / 2 * random.uniform(0.82, 1.02)
    middle = (left + right) / 2 + figure.turn * 0.08 * height
    top = y - height * random.uniform(0.2, 0.55)
    bottom = y + height * (0.5 + lowest + random.uniform(0, 0.2))
    oval = blob(figure, middle, (top + bottom) / 2, wide, (bottom - top) / 2)
    if random.random() < 0.4:  # a parting, or a fringe on one side
        part = blob(
            figure, middle + random.uniform(-0.6, 0.6) * wide, y - 0.4 * height, 0.5 * wide, 0.25 * height
        )
        oval = np.maximum(oval, part)
    return oval
