"""Synthetic plates: a shaded, grained face-like picture in any planar pixel format."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from w2l_studio.composite.layout import codes_from_bgr, layout
from w2l_studio.terms import ColourTags, Floats, Planes

MakePlate = Callable[..., Planes]


def picture(height: int, width: int, seed: int = 0) -> Floats:
    """Return smooth skin-like shading, well inside the gamut of every matrix: ``float32[h, w, 3]`` BGR."""
    rng = np.random.default_rng(seed)
    shade = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 9)
    tint = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 15)
    shade, tint = shade / shade.std(), tint / tint.std()
    return np.clip(
        np.dstack([110 + 14 * shade - 4 * tint, 125 + 15 * shade, 160 + 16 * shade + 4 * tint]), 40, 225
    )


def to_planes(bgr: Floats, pix_fmt: str, tags: ColourTags, grain: float = 0.0, seed: int = 1) -> Planes:
    """Store a picture; chroma is averaged around its column and over the rows that it covers."""
    stored, rng = layout(pix_fmt), np.random.default_rng(seed)
    matrix = codes_from_bgr(stored, tags, bgr.shape[0])
    codes = bgr @ matrix[:, :3].T + matrix[:, 3]
    level, dtype = 1 << (stored.bits - 8), np.uint8 if stored.bits == 8 else np.uint16
    planes = []
    for i in range(stored.colours):
        plane = codes[..., i].astype(np.float32)
        if i and stored.kind == "yuv":
            if stored.sub_x > 1:
                plane = cv2.sepFilter2D(plane, -1, np.array([0.25, 0.5, 0.25]), np.array([1.0]))[
                    :, :: stored.sub_x
                ]
            if stored.sub_y == 2:
                plane = (plane[::2] + plane[1::2]) / 2
        plane = plane + grain * level * rng.normal(0, 1, plane.shape)
        planes.append(np.clip(np.rint(plane), 0, (1 << stored.bits) - 1).astype(dtype))
    if stored.alpha:
        planes.append(rng.integers(0, 1 << stored.bits, planes[0].shape).astype(dtype))
    return Planes(tuple(planes), pix_fmt)


@pytest.fixture(scope="session")
def make_plate() -> MakePlate:
    """Return ``make(pix_fmt, tags, height=240, width=320, grain=1.0, seed=0) -> Planes``."""

    def make(pix_fmt, tags, height=240, width=320, grain=1.0, seed=0):
        return to_planes(picture(height, width, seed), pix_fmt, tags, grain, seed + 1)

    return make


@pytest.fixture(scope="session")
def store() -> MakePlate:
    """Return `to_planes`."""
    return to_planes
