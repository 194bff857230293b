"""A contact sheet of a dubbed edit: plate above, take below, for every dubbed clip.

Reads what was delivered (the patched edit and its media), not what was in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from w2l_studio.composite import planes
from w2l_studio.dub import geometry
from w2l_studio.dub.workdir import output_errors
from w2l_studio.edit import timeline
from w2l_studio.errors import OutputError
from w2l_studio.media import decode
from w2l_studio.media.probe import probe
from w2l_studio.terms import ClipUse, FramesBGR, Plate

_COLUMNS = 8
_TILE_PX = 320


def write(original: Path, dubbed: Path, path: Path) -> Path:
    """Write a PNG with eight moments of every dubbed clip.

    Args:
        original: the edit that went in.
        dubbed: the patched edit.
        path: the picture to make.

    Raises:
        OutputError: it cannot be written.
    """
    after = timeline.read(dubbed, prefer_dubbed=True)
    before = {clip.path: clip for clip in timeline.read(original).clips}
    rows = [
        row
        for clip in after.clips
        if clip.path in before and clip.media != before[clip.path].media
        for row in (_tiles(before[clip.path]), _tiles(clip))
    ]
    if not rows:
        raise OutputError("no clip was dubbed, so there is nothing to show", where=str(dubbed))
    width = max(row.shape[1] for row in rows)
    padded = [cv2.copyMakeBorder(row, 2, 2, 0, width - row.shape[1], cv2.BORDER_CONSTANT) for row in rows]
    ok, coded = cv2.imencode(".png", np.vstack(padded))
    if not ok:
        raise OutputError("the sheet cannot be coded as PNG", where=str(path))
    with output_errors(path):
        path.write_bytes(coded.tobytes())
    return path


def _tiles(clip: ClipUse) -> FramesBGR:
    """Return eight evenly spaced pictures of a clip's visible range side by side."""
    if clip.media is None:
        raise OutputError("the clip has no media", where=clip.name)
    plate = probe(clip.media)
    first = clip.source.start - (clip.available_start or 0)
    moments = [first + (2 * i + 1) * len(clip.source) // (2 * _COLUMNS) for i in range(_COLUMNS)]
    return np.hstack(_pictures(plate, moments))


def _pictures(plate: Plate, moments: Sequence[int]) -> list[FramesBGR]:
    view = geometry.view(plate, _TILE_PX)
    found = []
    with decode.open_plate(plate) as reader:
        for n in moments:
            for picture in reader.read(n, n + 1):
                found.append(view.upright(planes.analysis(picture, plate.tags, view.scale)))
    return found
