"""A contact sheet of a dubbed edit: plate above, take below, for every take.

Reads what was delivered (the report and the media), not what was in memory.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

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
_TILE_PX = 320


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
    rows = []
    for entry in ranges:
        moments = [
            entry["media_start"] + (2 * i + 1) * entry["frames"] // (2 * _COLUMNS) for i in range(_COLUMNS)
        ]
        rows.append(_row(Path(entry["media"]), moments))
        rows.append(_row(Path(entry["take"]), [n - entry["take_start"] for n in moments]))
    width = max(row.shape[1] for row in rows)
    padded = [cv2.copyMakeBorder(row, 2, 2, 0, width - row.shape[1], cv2.BORDER_CONSTANT) for row in rows]
    ok, coded = cv2.imencode(".png", np.vstack(padded))
    if not ok:
        raise OutputError("the sheet cannot be coded as PNG", where=str(path))
    with output_errors(path):
        path.write_bytes(coded.tobytes())
    return path


def _row(media: Path, moments: Sequence[int]) -> FramesBGR:
    """Return upright reduced pictures of a file side by side."""
    plate = probe(media)
    view = geometry.view(plate, _TILE_PX)
    found = []
    with decode.open_plate(plate) as reader:
        for n in moments:
            pictures = reader.read(n, n + 1)
            found += [view.upright(planes.analysis(one, plate.tags, view.scale)) for one in pictures]
    return np.hstack(found)
