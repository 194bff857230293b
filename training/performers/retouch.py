"""What changes a cut-out head before it is laid into a picture: its light, brows, a hat, a face in pieces.

Lays nothing down (`crowds`) and spoils no whole picture (`spoiling`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from w2l_studio.terms import Doubles, Floats

#: Heads before a light that is behind them.
_BACKLIT = 0.12
#: Brows: how high over the eye they lie (of the way from mouth to eyes), half
#: their length (of the way from eye to eye), how far their middles and their outer ends rise.
_BROWS = ((0.13, 0.28), (0.25, 0.38), (-0.01, 0.06), (-0.05, 0.05))
#: Hats, in heights of the face: how far over the eyes the brim lies, how high the crown and half its width
#: are, how far the brim stands out, how thick it is, how far down it shades the face.
_HATS = ((0.04, 0.24), (0.35, 0.85), (0.4, 0.54), (0.06, 0.35), (0.02, 0.08), (0.1, 0.45))


def tinted(laid: Floats, random: np.random.Generator) -> Floats:
    """Give one head ``float32[h, w, 4]`` its own light: tone, tint, contrast, spots of light and shadow."""
    cover, colour = laid[..., 3:], laid[..., :3]
    size = laid.shape[1::-1]
    tone = np.log(random.uniform(0.1, 0.5)) if random.random() < _BACKLIT else random.normal(0, 0.25)
    gain = np.exp(tone + random.normal(0, 0.06, 3)).astype(np.float32)
    grey = colour.mean(2, keepdims=True)
    colour = grey + (colour - grey) * np.float32(random.uniform(0.5, 1.5))
    shade = np.ones(laid.shape[:2], np.float32)
    if random.random() < 0.5:
        spots = random.normal(0, random.uniform(0, 0.4), (5, 5)).astype(np.float32)
        shade = shade * cv2.resize(np.exp(spots), size, interpolation=cv2.INTER_CUBIC)
    if random.random() < 0.5:  # skin that is no plastic
        grain = random.normal(0, random.uniform(0, 0.12), (64, 64)).astype(np.float32)
        shade = shade * (1 + cv2.resize(grain, size))
    colour = colour * gain * shade[..., None]
    return np.concatenate([np.clip(colour, 0, cover), cover], 2)


def browed(
    pixels: npt.NDArray[np.uint8], points: Floats, random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Paint dark brows, and shade about the eyes, of which heads have little: a brow is no eye."""
    eyes, mouth = points[:2], points[3:].mean(0)
    up = eyes.mean(0) - mouth
    apart, length = float(np.linalg.norm(eyes[1] - eyes[0])), float(np.linalg.norm(up))
    if apart < 0.35 * length:  # in profile nothing tells where they would be
        return pixels
    across = eyes[1] - eyes[0]
    rise, half, arch, tilt = (random.uniform(*span) for span in _BROWS)
    part, eyes = _about(eyes, length, pixels.shape)
    hair, shade = np.zeros(pixels[part].shape[:2], np.uint8), np.zeros(pixels[part].shape[:2], np.float32)
    thick = max(1, round(length * random.uniform(0.03, 0.09)))
    for side, eye in zip((-1, 1), eyes, strict=True):
        middle, out = eye + up * rise, across * side * half
        line = np.stack([middle - out - up * tilt, middle + up * arch, middle + out + up * tilt])
        cv2.polylines(hair, [np.round(8 * line).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 3)
        turn = float(np.degrees(np.arctan2(across[1], across[0])))
        axes = (max(1, round(0.3 * apart)), max(1, round(0.13 * length)))
        cv2.ellipse(shade, at(eye), axes, turn, 0, 360, 1.0, -1)
    over = (random.uniform(0.5, 1) * hair[..., None] / np.float32(255)).astype(np.float32)
    dark = np.float32(random.uniform(0, 0.7)) * cv2.GaussianBlur(shade, (0, 0), 0.06 * length)[..., None]
    colour, cover = pixels[part][..., :3] * (1 - dark), pixels[part][..., 3:] / np.float32(255)
    tone = np.float32(random.uniform(5, 70)) * np.array([0.7, 0.85, 1], np.float32)
    made = pixels.copy()
    made[part][..., :3] = (colour * (1 - over) + over * cover * tone).astype(np.uint8)
    return made


def _about(eyes: Floats, length: float, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], Floats]:
    """Return the part of a picture in which brows lie, and where the eyes are in it."""
    low = np.clip(eyes.min(0) - length, 0, None).astype(int)
    right, bottom = np.clip(eyes.max(0) + length + 1, 0, shape[1::-1]).astype(int)
    return (slice(low[1], bottom), slice(low[0], right)), (eyes - low).astype(np.float32)


def hatted(
    pixels: npt.NDArray[np.uint8], points: Floats, box: Floats, random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Pull a stiff hat, a bowler or a cylinder, over the brows: no hair above its brim, eyes in its shade."""
    tall, centre = float(box[3] - box[1]), float(box[0] + box[2]) / 2
    turn = turned(points, box)
    over, crown, half, out, thick, reach = (tall * random.uniform(*span) for span in _HATS)
    x, y = centre - 0.12 * turn * tall, float(points[:2, 1].mean()) - over
    crown = min(crown, y - 2)
    if crown < 0.2 * tall:  # the picture ends above the brows
        return pixels
    made = pixels.astype(np.float32)
    made[: round(y)] = 0
    shade = np.ones(pixels.shape[:2], np.float32)
    shade[round(y) : round(y + reach)] = random.uniform(0.25, 0.9)
    made[..., :3] *= cv2.GaussianBlur(shade, (0, 0), max(0.5, 0.04 * tall))[..., None]
    dome, band, brim = np.zeros((3, *pixels.shape[:2]), np.float32)
    if random.random() < 0.6:
        cv2.ellipse(
            dome, (round(x), round(y)), (round(half), round(crown)), 0, 180, 360, 1.0, -1, cv2.LINE_AA
        )
    else:
        flare = half * random.uniform(0.75, 1.15)
        corners = [[x - half, y], [x - flare, y - crown], [x + flare, y - crown], [x + half, y]]
        cv2.fillPoly(dome, [np.round(corners).astype(np.int32)], 1.0, cv2.LINE_AA)
    if random.random() < 0.5:
        low = slice(max(0, round(y - random.uniform(0.08, 0.25) * crown)), round(y))
        band[low] = dome[low]
    ahead, axes = round(x + 0.3 * turn * out), (round(half + out), max(1, round(thick)))
    cv2.ellipse(brim, (ahead, round(y)), axes, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    felt = random.uniform(4, 235) * np.exp(random.normal(0, random.uniform(0, 0.3), 3))
    aside = np.interp(np.arange(pixels.shape[1]), (0, pixels.shape[1]), random.uniform(0.5, 1.2, 2))
    for matte, tone in ((dome, 1), (band, random.uniform(0.2, 0.8)), (brim, random.uniform(0.4, 1))):
        lit = np.clip(felt * tone * aside[:, None], 0, 255)
        colour = np.pad(lit, ((0, 0), (0, 1)), constant_values=255).astype(np.float32)
        made += matte[..., None] * (colour - made)
    return np.clip(made, 0, made[..., 3:]).round().astype(np.uint8)


def turned(points: Floats, box: Floats) -> float:
    """Tell how far a face is turned by where in its box the nose lies: -1, to the picture's left, .. 1."""
    middle = (box[0] + box[2]) / 2
    return float(np.clip((points[2, 0] - middle) / (0.41 * (box[3] - box[1])), -1, 1))


def scrambled(
    pixels: npt.NDArray[np.uint8], box: Floats, random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Cut the face into tiles and lay them elsewhere, or wipe it: skin and hair, no face."""
    left, top, right, bottom = np.clip(box.astype(int), 0, len(pixels))
    tall, wide = (bottom - top) // 3, (right - left) // 2
    if tall < 4 or wide < 4:
        return pixels * np.uint8(0)
    made = pixels.copy()
    if random.random() < 0.3:
        cheek = pixels[top : top + 3 * tall, left : left + 2 * wide].reshape(-1, 4).mean(0)
        made[top : top + 3 * tall, left : left + 2 * wide] = cheek.astype(np.uint8)
        return np.minimum(made, made[..., 3:])
    places = [(top + i * tall, left + j * wide) for i in range(3) for j in range(2)]
    while True:
        order = random.permutation(6)
        if (order == np.arange(6)).sum() <= 1:
            break
    for (y, x), (fy, fx) in zip(places, [places[i] for i in order], strict=True):
        tile = pixels[fy : fy + tall, fx : fx + wide]
        made[y : y + tall, x : x + wide] = tile[::-1] if random.random() < 0.5 else tile
    return made


def at(place: Floats | Doubles) -> tuple[int, int]:
    """Return a place as OpenCV draws there."""
    return int(place[0]), int(place[1])
