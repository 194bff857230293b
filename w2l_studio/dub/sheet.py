"""A contact sheet of a dubbed edit: plate above, take below, for every dubbed range, close on the new lips.

Reads what was delivered (the report and the media), not what was in memory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from w2l_studio import atomic
from w2l_studio.dub import strips
from w2l_studio.errors import OutputError
from w2l_studio.media.probe import probe
from w2l_studio.terms import FramesBGR

_COLUMNS = 8
_TILE_PX = 240
_GAP_PX = 6


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
    with atomic.refusals(path), atomic.written(path) as part:
        part.write_bytes(coded.tobytes())
    return path


def _pair(entry: dict[str, Any]) -> FramesBGR:
    """Return the plate's row above the take's."""
    moments = strips.spread(entry["media_start"], entry["frames"], _COLUMNS)
    plate, take = (probe(Path(entry[name])).in_log(entry["log"] or "") for name in ("media", "take"))
    pair = strips.pair(plate, take, entry["take_start"], moments, _TILE_PX)
    rows = [np.hstack(list(tiles)) for tiles in pair]
    return np.asarray(np.pad(np.vstack(rows), ((0, _GAP_PX), (0, 0), (0, 0))), np.uint8)
