"""Changes to pictures that keep lips as they are: place, colour, camera faults (`recordings` changes sound).

Draws all chance from the generator it is handed, so that a step can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.packs.data import MARGIN
from w2l_studio.nets.contrast import FACE_PX, MOUTH
from w2l_studio.terms import Doubles, Floats, FramesBGR

#: The grey mouth that our networks read: first row and column within a 96-px face, height and width.
_ROW, _COLUMN = FACE_PX // 2 + MOUTH[0].start, MOUTH[1].start
MOUTH_PX = (MOUTH[0].stop - MOUTH[0].start, MOUTH[1].stop - MOUTH[1].start)
#: Pictures that are made smaller than this are halved before they are sampled.
_HALVED = 0.7


@dataclass(frozen=True, slots=True)
class Jitter:
    """How far a window is moved, as standard deviations.

    Args:
        shift_px: along each axis, in the network's pixels.
        scale: of the size, in parts.
        turn_rad: of the roll.
    """

    shift_px: float
    scale: float
    turn_rad: float


#: Between the errors of one detector in two pictures (paper's boxes are rougher), and a nod, which the side
#: does not follow.
SLIGHT = Jitter(2.0, 0.04, 0.02)
#: Between detectors.
STRONG = Jitter(2.5, 0.06, 0.06)
STILL = Jitter(0.0, 0.0, 0.0)


def place(
    random: np.random.Generator, frame_px: int, jitter: Jitter = STILL, face_px: int = FACE_PX
) -> Doubles:
    """Return a map ``float64[2, 3]`` from a pack's picture to a face, moved by chance.

    Args:
        frame_px: side of the pack's pictures.
        jitter: in pixels of a 96-px face, whatever the size of this one.
        face_px: side of the face.
    """
    x, y = random.normal(0, 1, 2) * jitter.shift_px * face_px / FACE_PX
    size = (1 + random.normal() * jitter.scale) * face_px * MARGIN / frame_px
    turn = random.normal() * jitter.turn_rad
    cos, sin = np.cos(turn) * size, np.sin(turn) * size
    middle, target = (frame_px - 1) / 2, (face_px - 1) / 2
    return np.array(
        [
            [cos, sin, target + x - (cos + sin) * middle],
            [-sin, cos, target + y - (cos - sin) * middle],
        ]
    )


def face(frame: FramesBGR, placed: Doubles, face_px: int = FACE_PX) -> FramesBGR:
    """Sample a whole face ``uint8[P, P, 3]``."""
    return _warp(frame, placed, (face_px, face_px))


def faces(pictures: FramesBGR, face_px: int = FACE_PX) -> FramesBGR:
    """Cut whole faces ``uint8[N, P, P, 3]`` as the engine would, moved by nothing."""
    placed = place(np.random.default_rng(0), pictures.shape[1], face_px=face_px)
    return np.stack([face(picture, placed, face_px) for picture in pictures])


def lower(frame: FramesBGR, placed: Doubles) -> FramesBGR:
    """Sample the lower half ``uint8[48, 96, 3]`` of a 96-px face alone: `face`'s pixels, to a level."""
    return part(frame, placed, slice(FACE_PX // 2, FACE_PX), slice(0, FACE_PX))


def part(frame: FramesBGR, placed: Doubles, rows: slice, columns: slice) -> FramesBGR:
    """Sample a part of a 96-px face alone, ``uint8[H, W, 3]``: `face`'s pixels, to a level."""
    size = columns.stop - columns.start, rows.stop - rows.start
    return _warp(frame, _from(placed, rows.start, columns.start), size)


def mouth(frame: FramesBGR, placed: Doubles) -> npt.NDArray[np.uint8]:
    """Sample the grey mouth ``uint8[40, 64]`` alone: what `nets.contrast.grey_mouth` makes of `lower`."""
    return _warp(grey(frame), _from(placed, _ROW, _COLUMN), MOUTH_PX[::-1])


def near_mouth(frames: FramesBGR, placed: Doubles) -> tuple[FramesBGR, Doubles]:
    """Cut pictures down to what `mouth` reads of them at a place, or a pixel beside: a third of their pixels.

    Returns:
        A view ``uint8[N, h, w, 3]``, and the place in it.
    """
    height, width = frames.shape[1:3]
    if height % 2 or width % 2:
        return frames, placed  # halves of a part would not be halves of the whole
    (a, b, x), (c, d, y) = _from(placed, _ROW, _COLUMN).tolist()
    corners = [(u - x, v - y) for v in (-1, MOUTH_PX[0]) for u in (-1, MOUTH_PX[1])]
    area = a * d - b * c
    left, right = _span([(d * u - b * v) / area for u, v in corners], width)
    top, bottom = _span([(a * v - c * u) / area for u, v in corners], height)
    moved = placed.copy()
    moved[:, 2] += placed[:, :2] @ (left, top)
    return np.asarray(frames)[:, top:bottom, left:right], moved


def soften(frame: FramesBGR, factor: float) -> FramesBGR:
    """Take the detail out of a picture that one ``factor`` times smaller would not have."""
    side = max(16, round(frame.shape[0] / factor))
    small = cv2.resize(np.ascontiguousarray(frame), (side, side), interpolation=cv2.INTER_AREA)
    soft: FramesBGR = cv2.resize(small, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return soft


def grey(frame: FramesBGR) -> npt.NDArray[np.uint8]:
    """Make a whole picture grey: faster than colours after sampling, and the same to a level."""
    grey: npt.NDArray[np.uint8] = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    return grey


def _from(placed: Doubles, row: int, column: int) -> Doubles:
    """Move the origin of the target."""
    return np.asarray(placed - np.array([[0, 0, column], [0, 0, row]]))


def _span(reached: list[float], length: int) -> tuple[int, int]:
    """Return even edges with two pixels of a halved picture around: its sampling reads one."""
    first = min(max(0, int(min(reached) // 2) * 2 - 4), length - 2)
    return first, max(first + 2, min(length, int(max(reached) // 2) * 2 + 6))


def _warp(frame: npt.NDArray[np.uint8], placed: Doubles, size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Sample ``(width, height)`` pixels; what lies outside repeats the edge.

    Much larger pictures are halved first: every second pixel left out would alias.
    """
    frame = np.ascontiguousarray(frame)
    if np.hypot(*placed[0, :2]) < _HALVED:
        height, width = (side // 2 for side in frame.shape[:2])
        frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        # Pixel n of the half picture lies at 2 n + 0.5 of the whole one.
        placed = placed @ np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1.0]])
    sampled: npt.NDArray[np.uint8] = cv2.warpAffine(
        frame, placed, size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return sampled


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One change of light, camera and side for all pictures of a sample."""

    flip: bool
    gain: Doubles
    offset: float
    blur_px: float
    noise: float
    quality: int

    def __call__(self, picture: FramesBGR, random: np.random.Generator) -> Floats:
        """Change ``uint8[H, W, 3]``; returns ``float32`` in 0..1."""
        if self.blur_px:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur_px)
        if self.quality:
            _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        levels = (np.arange(256)[:, None] * self.gain + self.offset) / 255
        if not self.noise:
            levels = np.clip(levels, 0, 1)
        changed = cv2.LUT(picture, np.ascontiguousarray(levels[None], np.float32))
        if self.noise:
            noise = random.standard_normal(picture.shape, np.float32) * np.float32(self.noise / 255)
            changed = np.clip(changed + noise, 0, 1)
        return np.ascontiguousarray(changed[:, ::-1] if self.flip else changed)


def look(random: np.random.Generator, *, faults: bool) -> Look:
    """Draw a look.

    Args:
        faults: blur, noise and compression too; not for pictures that a generator learns to draw.
    """
    gain = random.uniform(0.75, 1.2) * random.uniform(0.93, 1.07, 3)
    blurred, noisy, coded = random.random(3) < 0.25
    return Look(
        bool(random.random() < 0.5),
        gain,
        random.uniform(-15, 15),
        random.uniform(0.4, 1.1) if faults and blurred else 0.0,
        random.uniform(1, 6) if faults and noisy else 0.0,
        int(random.integers(25, 90)) if faults and coded else 0,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """One change of camera for all grey mouths of a clip.

    Light is left alone: the networks take mean and contrast out.
    """

    flip: bool
    gamma: float
    blur_px: float
    noise: float
    quality: int

    def __call__(self, mouths: npt.NDArray[np.uint8], random: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Change ``uint8[N, H, W]``."""
        if self.flip:
            mouths = mouths[:, :, ::-1]
        changed = (255 * (np.arange(256) / 255) ** self.gamma)[mouths] if self.gamma != 1 else mouths
        if self.blur_px:
            # The pictures as channels, so that none bleeds into the next.
            apart = np.ascontiguousarray(np.moveaxis(changed, 0, -1), np.float32)
            changed = np.moveaxis(cv2.GaussianBlur(apart, (0, 0), self.blur_px), -1, 0)
        if self.noise:
            changed = changed + self.noise * random.standard_normal(mouths.shape, np.float32)
        pixels = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
        if self.quality:
            strip = pixels.reshape(-1, pixels.shape[2])
            _, coded = cv2.imencode(".jpg", strip, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8).reshape(pixels.shape)
        return pixels


def camera(random: np.random.Generator) -> Camera:
    """Draw a camera; each fault is absent more often than not."""
    blurred, noisy, coded = random.random(3) < (0.3, 0.3, 0.3)
    return Camera(
        bool(random.random() < 0.5),
        float(np.exp(random.uniform(-0.4, 0.4))),
        random.uniform(0.4, 1.3) if blurred else 0.0,
        random.uniform(1, 7) if noisy else 0.0,
        int(random.integers(25, 90)) if coded else 0,
    )
