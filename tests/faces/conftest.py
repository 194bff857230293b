"""Pictures for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest


def _clip(path: Path, longest_px: int = 640, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
    """Yield pictures ``uint8[h, w, 3]`` BGR of a shared clip, reduced."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if stop is not None and number >= stop:
                return
            if number < start:
                continue
            scale = min(1.0, longest_px / max(frame.width, frame.height))
            picture = frame.to_ndarray(format="bgr24")
            size = (round(frame.width * scale), round(frame.height * scale))
            yield cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def clip():
    return _clip
