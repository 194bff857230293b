"""How the two published protocols frame what SyncNet sees: the face of a track, or the whole picture.

Cuts single upright pictures; finds no face and decodes nothing.
"""

from __future__ import annotations

import cv2
import numpy as np

from w2l_studio.terms import Doubles, Floats, FramesBGR

#: Side of what SyncNet sees.
SIDE_PX = 224
#: run_pipeline.py: room around the box in halves of its side, and the grey outside of the picture.
_SCALE, _GREY = 0.40, 110
#: run_pipeline.py: pictures that a box's centre and size are a median over.
_MEDIAN = 13
#: run_pipeline.py drops tracks of so many pictures and fewer, and faces of so many pixels and smaller.
SHORT_FRAMES, SMALL_PX = 100, 100


def steady(boxes: Floats) -> Doubles:
    """Return the calmed centre and half side of a track's boxes, as run_pipeline.py does.

    Past both ends of the track the median sees zeros, as published (scipy's medfilt).

    Args:
        boxes: ``float[T, 4]`` left, top, right, bottom, 25 pictures a second.

    Returns:
        ``float64[T, 3]``: x, y, half of the longer side, in the boxes' pixels.
    """
    left, top, right, bottom = np.asarray(boxes, np.float64).T
    rows = np.stack([(left + right) / 2, (top + bottom) / 2, np.maximum(right - left, bottom - top) / 2])
    padded = np.pad(rows, ((0, 0), (_MEDIAN // 2, _MEDIAN // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN, axis=1)
    return np.asarray(np.median(windows, axis=2).T)


def face(picture: FramesBGR, where: Doubles) -> FramesBGR:
    """Cut a face as run_pipeline.py does: a square 2.8 half sides wide, lower than the face by 0.4.

    Args:
        picture: ``uint8[H, W, 3]`` BGR.
        where: ``float64[3]`` as a row of `steady`.

    Returns:
        ``uint8[224, 224, 3]``; grey 110 where the square leaves the picture.
    """
    x, y, half = (float(value) for value in where)
    # The published code pads the whole picture by `room` and then cuts; only what it cuts is made here.
    room = int(half * (1 + 2 * _SCALE))
    top, bottom = int(y + room - half) - room, int(y + room + half * (1 + 2 * _SCALE)) - room
    left, right = int(x + room - half * (1 + _SCALE)) - room, int(x + room + half * (1 + _SCALE)) - room
    return squashed(_window(picture, (left, top, max(right, left + 1), max(bottom, top + 1))))


def squashed(picture: FramesBGR) -> FramesBGR:
    """Return a whole picture at 224 x 224, whatever its shape (calculate_scores_LRS.py)."""
    return np.asarray(cv2.resize(picture, (SIDE_PX, SIDE_PX)), np.uint8)


def _window(picture: FramesBGR, box: tuple[int, int, int, int]) -> FramesBGR:
    """Cut left, top, right, bottom, grey outside of the picture."""
    left, top, right, bottom = box
    out = np.full((bottom - top, right - left, 3), _GREY, np.uint8)
    x, y = max(0, left), max(0, top)
    inside = picture[y : max(y, bottom), x : max(x, right)]
    out[y - top :, x - left :][: inside.shape[0], : inside.shape[1]] = inside
    return out
