"""What light, lens, camera, grading and codec do to a picture of a crowd, drawn by chance.

Moves no face: boxes and points stay where they are. Clips are spoilt by `make`, batches by `augment`.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms import Floats, FramesBGR

#: How often: a light behind all that dazzles; an old black-and-white print.
_GLARE, _OLD = 0.15, 0.15


def spoil(picture: FramesBGR, random: np.random.Generator) -> tuple[FramesBGR, float]:
    """Spoil a picture as light, lens, camera, grading and codec do; tell how much detail is left, 0..1."""
    size, detail = len(picture), 1.0
    seen = picture.astype(np.float32) / np.float32(255)
    if random.random() < _GLARE:
        seen = _dazzled(seen, random)
    if random.random() < 0.2:
        detail = random.uniform(0.4, 1)
        small = max(8, int(size * detail))
        seen = cv2.resize(cv2.resize(seen, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    if random.random() < 0.35:
        seen = cv2.GaussianBlur(seen, (0, 0), random.uniform(0.3, 1.6) if random.random() < 0.8 else 2.5)
    if random.random() < 0.1:
        length = int(random.integers(3, 10))
        kernel = np.zeros((length, length), np.float32)
        cv2.line(
            kernel, (0, int(random.integers(length))), (length - 1, int(random.integers(length))), 1.0, 1
        )
        seen = cv2.filter2D(seen, -1, kernel / kernel.sum())
    if random.random() < 0.15:  # edges as phones, cameras and old prints have them
        seen = seen + np.float32(random.uniform(0.3, 1.5)) * (seen - cv2.GaussianBlur(seen, (0, 0), 1.2))
    seen = _printed(seen, random) if random.random() < _OLD else _graded(seen, random)
    if random.random() < 0.6:
        grain = random.standard_normal((*seen.shape[:2], int(random.choice([1, 3]))), np.float32)
        seen = seen + grain * np.float32(0.07 * random.uniform(0.04, 1) ** 2)
    coded = np.clip(seen * 255 + 0.5, 0, 255).astype(np.uint8)
    if random.random() < 0.7:
        _, packed = cv2.imencode(".jpg", coded, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 97))])
        coded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return coded, detail


def _graded(seen: Floats, random: np.random.Generator) -> Floats:
    """Change exposure, contrast and colour; some pictures are grey, some nearly night, some in fog."""
    seen = cv2.pow(np.clip(seen, 0, 1), float(np.exp(random.normal(0, 0.25))))
    if random.random() < 0.1:
        seen = seen * np.float32(random.uniform(0.2, 0.7))
    if random.random() < 0.06:
        fog = random.uniform(0.2, 0.6)
        seen = seen * (1 - fog) + fog * random.uniform(0.1, 0.9)
    grey = seen.mean(2, keepdims=True)
    if random.random() < 0.2:
        seen = np.repeat(grey, 3, 2)
        if random.random() < 0.4:
            seen = seen * np.array([random.uniform(0.6, 1), random.uniform(0.8, 1), 1], np.float32)
    elif random.random() < 0.6:
        seen = grey + (seen - grey) * np.float32(random.uniform(0.3, 1.6))
        seen = seen * np.exp(random.normal(0, 0.12, 3)).astype(np.float32)
    contrast = random.uniform(0.7, 1.3)
    return np.asarray(seen * np.float32(contrast) + np.float32(0.5 - 0.5 * contrast + random.normal(0, 0.05)))


def _dazzled(seen: Floats, random: np.random.Generator) -> Floats:
    """Let what is bright shine over its edges, and a low sun lie like a veil over all, mostly warm."""
    size = len(seen)
    light = np.array([random.uniform(0.2, 0.9), random.uniform(0.6, 1), 1], np.float32)
    if random.random() < 0.3:
        light = light[::-1]
    spread = cv2.resize(cv2.resize(seen, (size // 8, size // 8), interpolation=cv2.INTER_AREA), (size, size))
    shine = cv2.GaussianBlur(np.clip(spread - 0.45, 0, None), (0, 0), size * random.uniform(0.02, 0.12))
    way = random.uniform(-1, 1, 2)
    row, column = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    low = np.clip(0.5 + way[0] * row + way[1] * column, 0, 1)[..., None]
    veil = random.uniform(0, 2) * shine + random.uniform(0, 0.6) * low
    return np.asarray(1 - (1 - np.clip(seen, 0, 1)) * (1 - np.clip(veil * light, 0, 0.95)), np.float32)


def _printed(seen: Floats, random: np.random.Generator) -> Floats:
    """Make an old print of it: grey, hard, soft or sharpened, darker in the corners, grainy."""
    colours = random.dirichlet([1.5, 3, 1.5]).astype(np.float32)  # old stock saw little red
    grey = np.clip(seen, 0, 1) @ colours
    grey = cv2.GaussianBlur(grey, (0, 0), random.uniform(0.3, 1.1))
    grey = grey + np.float32(random.uniform(0, 1.5)) * (grey - cv2.GaussianBlur(grey, (0, 0), 1.3))
    middle = random.uniform(0.25, 0.6)
    grey = 1 / (1 + np.exp(np.float32(-random.uniform(3, 9)) * (grey - np.float32(middle))))
    row, column = np.mgrid[-1 : 1 : len(grey) * 1j, -1 : 1 : len(grey) * 1j].astype(np.float32)
    grey = grey * (1 - np.float32(random.uniform(0, 0.3)) * (row**2 + column**2))
    grain = cv2.GaussianBlur(random.standard_normal(grey.shape, np.float32), (0, 0), random.uniform(0.3, 0.9))
    grey = grey + grain * np.float32(random.uniform(0, 0.09))
    return np.asarray(np.repeat(grey[..., None], 3, 2), np.float32)
