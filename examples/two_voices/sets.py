"""What is around the actors: blurred rooms, the mixing desk in front of them, and the shot of the meters."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
Colour = tuple[float, float, float]


def room(width: int, height: int, seed: int, wall: tuple[Colour, Colour], lamps: Sequence[Colour]) -> Picture:
    """Draw a room far out of focus, RGB 0..1: a wall from dark to light, shelves, lamps as discs.

    Args:
        wall: colour at the left and right edge.
        lamps: a disc of light each.
    """
    random = np.random.default_rng(seed)
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    picture = (np.float32(wall[0]) * (1 - x) + np.float32(wall[1]) * x) * (1.12 - 0.4 * y)
    for _ in range(9):
        left, top = random.uniform(-0.1, 1.0), random.uniform(0.0, 0.8)
        size = random.uniform(0.05, 0.28), random.uniform(0.08, 0.5)
        tint = np.float32(random.uniform(0.5, 1.5) * random.uniform(0.85, 1.15, 3))
        corner = int(left * width), int(top * height)
        other = int((left + size[0]) * width), int((top + size[1]) * height)
        area = np.zeros((height, width, 1), np.float32)
        cv2.rectangle(area, corner, other, 1.0, -1)
        area = cv2.GaussianBlur(area, (0, 0), width * 0.012)[..., None]
        picture = picture * (1 - area) + picture * tint * area
    for lamp in lamps:
        centre = int(random.uniform(0.03, 0.97) * width), int(random.uniform(0.06, 0.62) * height)
        disc = np.zeros((height, width), np.float32)
        cv2.circle(disc, centre, int(width * random.uniform(0.012, 0.03)), 1.0, -1, cv2.LINE_AA)
        disc = cv2.GaussianBlur(disc, (0, 0), width * 0.0022)
        glow = cv2.GaussianBlur(disc, (0, 0), width * 0.03)
        picture = picture + (0.75 * disc + 0.9 * glow)[..., None] * np.float32(lamp)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), width * 0.002), 0, 1).astype(np.float32)


def desk(width: int, height: int) -> tuple[Picture, Picture]:
    """Draw the desk that stands in front of both actors: RGB 0..1 and its opacity ``[H, W, 1]``."""
    picture = np.zeros((height, width, 3), np.float32)
    cover = np.zeros((height, width), np.float32)
    edge = int(height * 0.665)
    outline = np.array(
        [
            (0, edge + int(height * 0.02)),
            (width // 2, edge),
            (width, edge + int(height * 0.02)),
            (width, height),
            (0, height),
        ]
    )
    cv2.fillPoly(cover, [outline], 1.0, cv2.LINE_AA)
    y = np.clip((np.arange(height, dtype=np.float32) - edge) / (height - edge), 0, 1)[:, None, None]
    picture[:] = np.float32([0.045, 0.05, 0.058]) * (1.3 - 0.6 * y)
    picture[edge : edge + int(height * 0.03)] += np.float32([0.05, 0.055, 0.06])
    random = np.random.default_rng(5)
    for row in range(3):
        level = edge + int(height * (0.09 + 0.085 * row))
        for column in range(34):
            at = int((column + 0.5 + 0.1 * row) / 34 * width), level
            lit = random.random() < 0.3
            tint = ((0.10, 0.11, 0.12), (0.9, 0.45, 0.12), (0.15, 0.75, 0.5))[
                int(lit) + int(lit and random.random() < 0.5)
            ]
            cv2.circle(picture, at, int(width * 0.0055), tint, -1, cv2.LINE_AA)
    blur = width * 0.0028
    return cv2.GaussianBlur(picture, (0, 0), blur), cv2.GaussianBlur(cover, (0, 0), blur)[..., None]


class Meters:
    """The faceless shot: the desk's level meters, lit as the voice goes."""

    _ROWS, _COLUMNS = 22, 9

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        wall = (0.05, 0.055, 0.07), (0.10, 0.085, 0.075)
        self._behind = (
            room(int(width * 1.08), height, 17, wall, [(0.9, 0.5, 0.2), (0.2, 0.5, 0.9), (0.9, 0.7, 0.4)])
            * 0.8
        )
        self._soft = np.linspace(1.0, 4.0, self._COLUMNS) * width * 0.0008

    def draw(self, level: float, pan: float) -> Picture:
        """Draw one picture, RGB 0..1.

        Args:
            level: of the voice, 0..1.
            pan: how far the camera has moved, 0..1.
        """
        width, height = self._size
        shifted = int(pan * 0.05 * width)
        picture = self._behind[:, shifted : shifted + width].copy()
        for column in reversed(range(self._COLUMNS)):
            lamps = np.zeros((height, width, 3), np.float32)
            near = 1 - 0.07 * column
            left = width * (0.10 + 0.098 * column - 0.03 * pan * near)
            wide, high = width * 0.058 * near, height * 0.0255 * near
            own = level * (1.0, 0.93, 0.35, 0.62, 0.15, 0.5, 0.28, 0.1, 0.2)[column]
            body = [int(left - wide * 0.25), int(height * 0.5 - self._ROWS * high * 0.72)]
            other = [int(left + wide * 1.25), int(height * 0.5 + self._ROWS * high * 0.74)]
            cv2.rectangle(lamps, body, other, (0.022, 0.024, 0.028), -1)
            cover = np.zeros((height, width), np.float32)
            cv2.rectangle(cover, body, other, 1.0, -1)
            for row in range(self._ROWS):
                share = (row + 0.5) / self._ROWS
                tint = np.array(
                    (0.1, 0.85, 0.45)
                    if share < 0.62
                    else (0.95, 0.75, 0.15)
                    if share < 0.86
                    else (0.95, 0.2, 0.12)
                )
                on = float(np.clip((own - share) * self._ROWS + 0.5, 0, 1))
                top = height * 0.5 + (self._ROWS / 2 - 1 - row) * high * 1.36
                corners = [
                    (round(left * 16), round(top * 16)),
                    (round((left + wide) * 16), round((top + high) * 16)),
                ]
                cv2.rectangle(lamps, *corners, tuple(tint * (0.07 + 0.93 * on)), -1, cv2.LINE_AA, 4)
            lamps = cv2.GaussianBlur(lamps, (0, 0), self._soft[column])
            cover = cv2.GaussianBlur(cover, (0, 0), self._soft[column])[..., None]
            glow = cv2.GaussianBlur(cv2.resize(lamps, None, fx=0.25, fy=0.25), (0, 0), width * 0.004)
            picture = picture * (1 - cover) + lamps * cover + 0.35 * cv2.resize(glow, (width, height))
        return np.clip(picture, 0, 1)
