"""A contact sheet of a dubbed edit: plate above, take below, for every dubbed range, close on the new lips.

Reads what was delivered (the report and the media), not what was in memory.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from w2l_studio.composite import planes
from w2l_studio.dub import geometry
from w2l_studio.dub.workdir import output_errors
from w2l_studio.errors import OutputError
from w2l_studio.media import decode
from w2l_studio.media.probe import probe
from w2l_studio.terms import FramesBGR

_COLUMNS = 8
_TILE_PX = 240
_GAP_PX = 6
#: Longer side of the pictures that tiles are cut from.
_LOOK_PX = 1280
#: Grey levels by which a take differs from its plate where lips are new (encoding changes less).
_CHANGED = 12
#: A tile's side, in parts of the changed place's.
_AROUND = 2.6


def write(report: Path, path: Path) -> Path:
    """Write a PNG with eight moments of every dubbed range.

    Args:
        report: report.json of the job.
        path: the picture to make.

    Raises:
        OutputError: nothing was dubbed, or the picture cannot be written.
    """
    ranges = [entry for entry in json.loads(report.read_text(encoding="utf-8"))["ranges"] if entry["synced"]]
    if not ranges:
        raise OutputError("nothing was dubbed, so there is nothing to show", where=str(report))
    sheet = np.vstack([_pair(entry) for entry in ranges])
    ok, coded = cv2.imencode(".png", sheet)
    if not ok:
        raise OutputError("the sheet cannot be coded as PNG", where=str(path))
    with output_errors(path):
        path.write_bytes(coded.tobytes())
    return path


def _pair(entry: dict[str, Any]) -> FramesBGR:
    """Return the plate's row above the take's, the same windows of the same moments."""
    step = entry["frames"] / _COLUMNS
    moments = [entry["media_start"] + int((i + 0.5) * step) for i in range(_COLUMNS)]
    before = _pictures(Path(entry["media"]), moments)
    after = _pictures(Path(entry["take"]), [n - entry["take_start"] for n in moments])
    windows = _windows([_changed(old, new) for old, new in zip(before, after, strict=True)], before[0].shape)
    rows = [
        np.hstack([_tile(picture, window) for picture, window in zip(pictures, windows, strict=True)])
        for pictures in (before, after)
    ]
    return np.asarray(np.pad(np.vstack(rows), ((0, _GAP_PX), (0, 0), (0, 0))), np.uint8)


def _pictures(media: Path, moments: Sequence[int]) -> list[FramesBGR]:
    """Return upright pictures of a file."""
    plate = probe(media)
    view = geometry.view(plate, _LOOK_PX)
    found = []
    with decode.open_plate(plate) as reader:
        for n in moments:
            pictures = reader.read(n, n + 1)
            found += [view.upright(planes.analysis(one, plate.tags, view.scale)) for one in pictures]
    return found


def _changed(old: FramesBGR, new: FramesBGR) -> tuple[int, int, int]:
    """Return the middle (x, y) and the longer side of what changed; of the picture where nothing did."""
    blurred = cv2.GaussianBlur(cv2.absdiff(old, new).max(2), (0, 0), 4)
    rows, columns = (np.flatnonzero((blurred > _CHANGED).any(axis)) for axis in (1, 0))
    if not len(rows):
        rows, columns = (np.arange(size) for size in old.shape[:2])
    size = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    return int(columns[0] + columns[-1]) // 2, int(rows[0] + rows[-1]) // 2, int(size)


def _windows(changed: Sequence[tuple[int, int, int]], shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return left, top and side of a square around each change, all of one row equally large."""
    height, width = shape[:2]
    side = min(int(np.median([size for *_, size in changed]) * _AROUND), height, width)
    # Lips lie in the lower half of a face: look a little higher.
    corners = [(x - side // 2, y - side // 2 - side // 10) for x, y, _ in changed]
    return [(min(max(x, 0), width - side), min(max(y, 0), height - side), side) for x, y in corners]


def _tile(picture: FramesBGR, window: tuple[int, int, int]) -> FramesBGR:
    left, top, side = window
    part = picture[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > _TILE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (_TILE_PX, _TILE_PX), interpolation=how), np.uint8)
