"""Pictures as small as they are looked at. Knows no faces."""

from __future__ import annotations

import cv2

from w2l_studio.terms import FramesBGR


def fitted(frame: FramesBGR, longest_px: int) -> FramesBGR:
    """Make a picture ``uint8[H, W, 3]`` smaller until its longer side fits; one that fits is returned."""
    height, width = frame.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1:
        return frame
    small: FramesBGR = cv2.resize(frame, size(height, width, scale), interpolation=cv2.INTER_AREA)
    return small


def size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Return the size of a picture at another scale, as OpenCV has it: width and height, 1 pixel at least.

    >>> size(1080, 1920, 640 / 1920)
    (640, 360)
    """
    return max(1, round(width * scale)), max(1, round(height * scale))
