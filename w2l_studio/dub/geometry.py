"""The map between a plate's stored samples and the upright picture with square pixels that people see.

Pure arithmetic on 2x3 matrices; pixel centres are integers in every system.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from w2l_studio.terms import Doubles, FramesBGR, Plate


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The upright analysis picture of a plate.

    Args:
        scale: stored samples are reduced by this before anything else (1 = not at all).
        square_px: ``(width, height)`` of the reduced stored picture, with square pixels.
        turns: quarter turns counter-clockwise.
        to_plate: ``float64[2, 3]``, view pixel (x, y, 1) -> plate pixel.
    """

    scale: float
    square_px: tuple[int, int]
    turns: int
    to_plate: Doubles

    @property
    def size_px(self) -> tuple[int, int]:
        """``(width, height)`` of the upright picture."""
        width, height = self.square_px
        return (height, width) if self.turns % 2 else (width, height)

    def upright(self, stored: FramesBGR) -> FramesBGR:
        """Turn a reduced stored picture ``uint8[h, w, 3]`` upright, with square pixels."""
        if stored.shape[1::-1] != self.square_px:
            stored = cv2.resize(stored, self.square_px, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(np.rot90(stored, self.turns))

    def crop_maps(self, view_to_crop: Doubles) -> Doubles:
        """Turn maps view -> crop ``float64[T, 2, 3]`` into maps plate -> crop."""
        from_plate = np.linalg.inv(np.vstack([self.to_plate, [0, 0, 1]]))
        return np.asarray(view_to_crop, np.float64) @ from_plate


def view(plate: Plate, longest_px: int) -> View:
    """Return the upright picture of a plate whose longer side is at most ``longest_px``.

    Args:
        plate: its size, pixel aspect and rotation count.
        longest_px: the picture is never enlarged.
    """
    aspect = float(plate.pixel_aspect)
    shown = (plate.width * max(aspect, 1.0), plate.height / min(aspect, 1.0))
    scale = min(1.0, longest_px / max(shown))
    square = (max(2, round(shown[0] * scale)), max(2, round(shown[1] * scale)))
    turns = round(plate.rotation / 90) % 4
    to_plate = _stretch(square, (plate.width, plate.height)) @ _turn_back(square, turns)
    return View(scale, square, turns, to_plate[:2])


def _stretch(from_px: tuple[int, int], to_px: tuple[int, int]) -> Doubles:
    """Map pixel centres of a picture to those of its resized copy."""
    sx, sy = to_px[0] / from_px[0], to_px[1] / from_px[1]
    return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]], np.float64)


def _turn_back(size_px: tuple[int, int], turns: int) -> Doubles:
    """Map pixels of the picture after ``turns`` counter-clockwise quarter turns to those before."""
    width, height = size_px
    total = np.eye(3)
    for _ in range(turns):
        total = total @ np.array([[0, -1, width - 1], [1, 0, 0], [0, 0, 1]], np.float64)
        width, height = height, width
    return total
