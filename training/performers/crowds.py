"""Crowds: cut-out heads before clutter, near and far, turned, hidden, dark; boxes and points stay exact.

Composes pictures; renders none (`heads`), spoils none (`spoiling`), learns nothing
(`training.faces.detector`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.performers import cutouts, limbs, retouch
from training.performers.heads import Heads
from training.performers.spoiling import spoil
from w2l_studio.terms import Bools, Floats, FramesBGR, Ints
from w2l_studio.terms.faces import EXCHANGED

#: Smallest and largest face, as height in pixels and in parts of the picture.
_LEAST_PX, _MOST = 11.0, 0.95
#: Pictures from this side on show mostly close-ups: smaller ones have no room for large faces.
_LARGE_PX = 400
#: Faces of which less than this is seen are neither wanted nor held against a detector.
_SEEN, _FACE_PX = 0.4, 9.0
#: Nor are those that are nearly of one grey (standard deviation, grain left out).
_CONTRAST = 7.0
_STANDING, _HIDDEN, _SCRAMBLED, _EMPTY = 0.5, 0.25, 0.12, 0.08
#: How often bare limbs are in a picture.
_LIMBED = 0.35
#: How often brows are painted, and hats pulled over brows.
_BROWED, _HATTED = 0.6, 0.15
#: Of portraits: how often somebody stands behind, and the face's height in parts of the picture.
_BEHIND, _PORTRAIT = 0.3, (0.5, 0.65)
#: Cut-outs of lower faces (pixels) show a figure; faces up to this height are mostly such ones.
_FIGURE_PX, _FIGURES = 120.0, 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """One picture with what is known of it.

    Args:
        picture: ``uint8[P, P, 3]`` BGR.
        boxes: ``float32[M, 4]`` pixel edges: the first pixel's left edge is 0.
        points: ``float32[M, 5, 2]`` likewise.
        wanted: ``bool[M]``; False = too small or too hidden to be asked for.
    """

    picture: FramesBGR
    boxes: Floats
    points: Floats
    wanted: Bools


@dataclass(slots=True, eq=False)
class _Canvas:
    picture: Floats
    owner: npt.NDArray[np.int16]
    boxes: list[Floats]
    points: list[Floats]
    shown: list[int]


def compose(
    random: np.random.Generator, heads: Heads, rows: Ints, backdrops: npt.NDArray[np.uint8], size: int
) -> Crowd:
    """Compose one picture.

    Args:
        rows: of the heads that may be used.
        backdrops: ``uint8[N, Q, Q, 3]`` without faces.
        size: P.
    """
    canvas = _canvas(random, backdrops, size)
    if random.random() < _LIMBED:
        limbs.paint(canvas.picture, random)
    for height in _heights(random, size):
        _place(canvas, random, heads, _who(random, heads, rows, height), height)
        if random.random() < _HIDDEN and canvas.boxes:
            _hide(canvas, random, backdrops)
    boxes = np.array(canvas.boxes, np.float32).reshape(-1, 4)
    points = np.array(canvas.points, np.float32).reshape(-1, 5, 2)
    picture, scale = spoil(np.clip(canvas.picture, 0, 255).astype(np.uint8), random)
    wanted = (_seen(canvas) >= _SEEN) & (boxes[:, 3] - boxes[:, 1] >= _FACE_PX / scale)
    wanted &= _contrast(picture, boxes) >= _CONTRAST
    return Crowd(picture, np.clip(boxes, 0, size), points, wanted)


def portrait(
    random: np.random.Generator, heads: Heads, rows: Ints, backdrops: npt.NDArray[np.uint8], size: int
) -> tuple[FramesBGR, Floats]:
    """Compose one head that fills half of the picture, at times with another behind it or something over it.

    Args:
        rows, backdrops, size: as for `compose`.

    Returns:
        ``uint8[P, P, 3]`` BGR, and the head's points ``float32[5, 2]`` (pixel edges).
    """
    close = rows[~_figures(heads, rows)]
    while True:
        canvas = _canvas(random, backdrops, size)
        if random.random() < _BEHIND:
            _place(canvas, random, heads, int(random.choice(close)), size * random.uniform(0.2, 0.5))
        others = len(canvas.boxes)
        _place(canvas, random, heads, int(random.choice(close)), size * random.uniform(*_PORTRAIT))
        if len(canvas.boxes) == others:  # a back of a head, or a face that was scrambled
            continue
        if random.random() < _HIDDEN:
            _hide(canvas, random, backdrops)
        if _seen(canvas)[-1] >= _SEEN:
            picture, _ = spoil(np.clip(canvas.picture, 0, 255).astype(np.uint8), random)
            return picture, canvas.points[-1]


def _heights(random: np.random.Generator, size: int) -> Floats:
    """Draw the heights of the faces in a picture, small ones first: they stand behind."""
    kind = random.random()
    if kind < _EMPTY:
        return np.zeros(0, np.float32)
    if size >= _LARGE_PX:
        kinds = (0.5, (0.45, _MOST, 1), (0.15, 0.5, 3), (_LEAST_PX / size, 0.12, 14))
    else:
        kinds = (0.35, (0.3, _MOST, 1), (0.12, 0.5, 5), (_LEAST_PX / size, 0.2, 9))
    low, high, most = kinds[1] if kind < kinds[0] else kinds[2] if kind < 0.75 else kinds[3]
    count = int(random.integers(1, most + 1))
    spread = random.uniform(0, 1, count) if random.random() < 0.6 else np.full(count, random.uniform())
    return np.sort(size * np.exp(np.log(low) + spread * np.log(high / low))).astype(np.float32)


def _figures(heads: Heads, rows: Ints) -> Bools:
    return np.asarray(heads.boxes[rows, 3] - heads.boxes[rows, 1] < _FIGURE_PX)


def _who(random: np.random.Generator, heads: Heads, rows: Ints, height: float) -> int:
    """Choose whose face is to be so high: figures are for far faces, and too coarse for near ones."""
    far = _figures(heads, rows)
    wanted = height < _FIGURE_PX and random.random() < _FIGURES
    return int(random.choice(rows[far == wanted] if (far == wanted).any() else rows))


def _canvas(random: np.random.Generator, backdrops: npt.NDArray[np.uint8], size: int) -> _Canvas:
    """Begin a picture in which nobody is yet."""
    ground = _ground(random, backdrops, size).astype(np.float32)
    return _Canvas(ground, np.full((size, size), -1, np.int16), [], [], [])


def _ground(random: np.random.Generator, backdrops: npt.NDArray[np.uint8], size: int) -> FramesBGR:
    whole = backdrops[int(random.integers(len(backdrops)))]
    part = int(len(whole) * random.uniform(0.3, 1))
    y, x = random.integers(0, len(whole) - part + 1, 2)
    ground: FramesBGR = cv2.resize(
        np.ascontiguousarray(whole[y : y + part, x : x + part]), (size, size), interpolation=cv2.INTER_LINEAR
    )
    if random.random() < 0.5:
        ground = ground[:, ::-1]
    if random.random() < 0.2:
        ground = ground[::-1]
    return ground


def _place(canvas: _Canvas, random: np.random.Generator, heads: Heads, row: int, height: float) -> None:
    """Put a head into the picture; its face is about so high."""
    size = len(canvas.picture)
    is_face = bool(heads.faces[row])
    pixels, points, box = cutouts.reduced(heads.pixels[row], heads.points[row], heads.boxes[row], height)
    if is_face and random.random() < _BROWED:
        pixels = retouch.browed(pixels, points, random)
    if random.random() < _HATTED:
        pixels = retouch.hatted(pixels, points, box, random)
    if is_face and random.random() < _SCRAMBLED:
        pixels, is_face = retouch.scrambled(pixels, box, random), False
    if random.random() < _STANDING:  # clothes go on where the cut-out ends
        pixels = np.pad(
            pixels, ((0, int(random.integers(len(pixels) // 8, len(pixels)))), (0, 0), (0, 0)), "edge"
        )
    scale = height / float(box[3] - box[1])
    to_canvas = cutouts.way(random, np.asarray((box[:2] + box[2:]) / 2, np.float32), scale)
    to_canvas[:, 2] += (
        random.uniform(-0.05, 1.05, 2) * size if height < 0.5 * size else random.uniform(0.3, 0.7, 2) * size
    )
    laid, left, top = cutouts.warped(pixels, to_canvas, size)
    if laid.size == 0:
        return
    laid = retouch.tinted(laid, random)
    part = np.s_[top : top + laid.shape[0], left : left + laid.shape[1]]
    cover = laid[..., 3:] / np.float32(255)
    canvas.picture[part] = canvas.picture[part] * (1 - cover) + laid[..., :3]
    number = len(canvas.boxes)
    canvas.owner[part][cover[..., 0] > 0.5] = number if is_face else -2
    if not is_face:
        return
    corners = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])
    placed = cutouts.moved(points, to_canvas) + 0.5
    flipped = np.linalg.det(to_canvas[:, :2]) < 0
    canvas.points.append((placed[EXCHANGED] if flipped else placed).astype(np.float32))
    outline = cutouts.moved(cutouts.oval(corners), to_canvas) + 0.5
    canvas.boxes.append(np.concatenate([outline.min(0), outline.max(0)]).astype(np.float32))
    canvas.shown.append(number)


def _hide(canvas: _Canvas, random: np.random.Generator, backdrops: npt.NDArray[np.uint8]) -> None:
    """Lay something over a part of the last face: a hand, a bar, a corner of another thing."""
    box = canvas.boxes[-1]
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    low = np.clip(middle - 3 * half, 0, len(canvas.picture)).astype(int)
    high = np.clip(middle + 3 * half + 1, 0, len(canvas.picture)).astype(int)
    wide, tall = (int(v) for v in high - low)
    if min(wide, tall) < 2:
        return
    matte = np.zeros((tall, wide), np.float32)
    angle = random.uniform(0, 2 * np.pi)
    at = middle - low + np.array([np.cos(angle), np.sin(angle)]) * half * random.uniform(0.7, 1.4)
    if random.random() < 0.5:
        axes = tuple(max(1, int(v)) for v in half * random.uniform(0.3, 1.2, 2))
        cv2.ellipse(matte, retouch.at(at), axes, random.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
    else:
        far = at + random.normal(0, 4, 2) * half
        thick = max(1, int(half[1] * random.uniform(0.06, 0.6)))
        cv2.line(matte, retouch.at(at), retouch.at(far), 1.0, thick, cv2.LINE_AA)
    if random.random() < 0.5:
        shade = cv2.resize(random.uniform(0.6, 1.1, (4, 4)).astype(np.float32), (wide, tall))
        over = limbs.skin_tone(random) * shade[..., None]
    else:
        over = _ground(random, backdrops, max(wide, tall))[:tall, :wide].astype(np.float32)
    part = np.s_[low[1] : high[1], low[0] : high[0]]
    canvas.picture[part] = canvas.picture[part] * (1 - matte[..., None]) + over * matte[..., None]
    canvas.owner[part][matte > 0.5] = -2


def _seen(canvas: _Canvas) -> Floats:
    """Return how much of each face's box is its own head's, 0..1; what is outside of the picture is not."""
    shares = []
    for number, (left, top, right, bottom) in enumerate(canvas.boxes):
        inside = canvas.owner[max(0, round(float(top))) : max(0, round(float(bottom))),
                              max(0, round(float(left))) : max(0, round(float(right)))]  # fmt: skip
        shares.append((inside == number).sum() / max(1.0, float((right - left) * (bottom - top))))
    # A face fills some four fifths of its box.
    return np.array(shares, np.float32) / 0.85


def _contrast(picture: FramesBGR, boxes: Floats) -> Floats:
    """Return how much light and dark differ in each box, 0..255."""
    calm = cv2.blur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (3, 3))
    found = []
    for left, top, right, bottom in np.clip(boxes, 0, len(picture)).astype(int):
        part = calm[top : bottom + 1, left : right + 1]
        found.append(float(part.std()) if part.size else 0.0)
    return np.array(found, np.float32)
