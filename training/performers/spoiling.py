"""What light, lens, camera, grading and codec do to a picture of a crowd, drawn by chance.

Moves no face: boxes and points stay where they are. Clips are spoilt by `make`, batches by `augment`.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms import Floats, FramesBGR


def spoil(picture: FramesBGR, random: np.random.Generator) -> tuple[FramesBGR, float]:
    """Spoil a picture as light, lens, camera, grading and codec do; tell how much detail is left, 0..1."""
    size, detail = len(picture), 1.0
    seen = picture.astype(np.float32) / np.float32(255)
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
    seen = _graded(seen, random)
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
