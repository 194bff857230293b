"""What `inspect` shows: the plan's ranges with their shots and faces, as plain JSON values.

Looks at reduced pictures at most; renders nothing.
"""

from __future__ import annotations

from typing import Any

from w2l_studio.config import DubConfig
from w2l_studio.dub import geometry, scan, wiring
from w2l_studio.dub.plan import DubPlan
from w2l_studio.edit import timeline
from w2l_studio.errors import StudioError
from w2l_studio.protocols import Detector
from w2l_studio.terms import Segment


def rows(job: DubPlan, config: DubConfig, *, look: bool) -> list[dict[str, Any]]:
    """Return one row per marked range, in the order of the edit.

    Args:
        look: find shots and faces too.
    """
    detector = wiring.detector(config.faces) if look and job.segments else None
    found = [row for segment in job.segments for row in _lines(job, segment, detector, config)]
    for refused in job.refused:
        record = refused.mark.record
        found.append(
            {
                "start": record.start,
                "timecode": timeline.timecode(job.edit, record.start),
                "frames": len(record),
                "character": refused.mark.character,
                "clip": refused.clip.name if refused.clip else None,
                "shots": None,
                "faces": None,
                "problem": f"{refused.error.code}: {refused.error}",
            }
        )
    return sorted(found, key=lambda row: int(row["start"]))


def stems(job: DubPlan) -> list[dict[str, Any]]:
    """Return how every stem was placed."""
    return [
        {
            "file": str(stem.path),
            "character": stem.character,
            "timecode": timeline.timecode(job.edit, round(stem.first_sample_s * job.edit.rate)),
            "placed_by": stem.placed_by,
        }
        for stem in job.stems
    ]


def _lines(
    job: DubPlan, segment: Segment, detector: Detector | None, config: DubConfig
) -> list[dict[str, Any]]:
    shots, faces, problem = _look(segment, detector, config)
    listed = []
    for line in segment.lines:
        record = line.mark.record.intersect(segment.clip.record) or segment.clip.record
        listed.append(
            {
                "start": record.start,
                "timecode": timeline.timecode(job.edit, record.start),
                "frames": len(line.plate_range),
                "character": line.mark.character,
                "clip": segment.clip.name,
                "shots": shots,
                "faces": faces,
                "problem": problem,
            }
        )
    return listed


def _look(
    segment: Segment, detector: Detector | None, config: DubConfig
) -> tuple[int | None, int | None, str | None]:
    """Return shots, most faces in a shot, and a problem of a segment."""
    if detector is None:
        return None, None, None
    view = geometry.view(segment.plate, config.faces.analysis_px)
    try:
        shots = scan.split(segment.plate, segment.render_range, view, _quiet)
        counts = [
            len(scan.tracks(segment.plate, shot, view, detector, config.faces.every, _quiet))
            for shot in shots
        ]
    except StudioError as error:
        return None, None, f"{error.code}: {error}"
    most = max(counts, default=0)
    return len(shots), most, None if most else "no-face: no face was found"


def _quiet(_: str) -> None:
    """Count nothing."""
