"""What a job did, as plain JSON values: docs/report.md tells the schema.

Counts and words only; writes no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from w2l_studio import __version__
from w2l_studio.dub.plan import DubPlan
from w2l_studio.edit import timeline
from w2l_studio.edit.segments import Refused
from w2l_studio.terms import Line, Passed, Segment, Take

#: Version of the report; raised when a field changes its meaning or goes away.
VERSION = 1
#: What `facts.of_line` tells of a rendered line, and nothing of the others.
_FACTS = (
    *("detector", "face_px", "shots", "lead_ms", "warning"),
    *("offset_frames", "sync_confidence", "sync_distance", "judge"),
)


def compose(
    plan: DubPlan, takes: Sequence[Take], failed: Sequence[Refused], facts: dict[str, Any]
) -> dict[str, Any]:
    """Return the report of a job.

    Args:
        takes: finished ones, in the order of the edit.
        failed: marks that went wrong while rendering, besides those that the plan refused.
        facts: what the job worked with (detector, weights, settings).
    """
    refused = (*plan.refused, *failed)
    ranges = [entry for take in takes for entry in _ranges(plan, take)]
    ranges += [_refusal(plan, one) for one in refused]
    ranges.sort(key=lambda entry: (entry["record_start"], entry["mark"]))
    return {
        "v": VERSION,
        "engine": __version__,
        "edit": str(plan.edit.path),
        "edit_sha256": plan.edit.sha256,
        "lang": plan.lang,
        "synthetic": True,
        "stems": [
            {
                "file": str(stem.path),
                "sha256": stem.sha256,
                "character": stem.character,
                "placed_by": stem.placed_by,
                "first_sample_s": float(stem.first_sample_s),
            }
            for stem in plan.stems
        ],
        **facts,
        "ranges": ranges,
        "frames": {
            "synced": sum(entry["synced"] for entry in ranges),
            "passed": sum(entry["frames"] - entry["synced"] for entry in ranges),
        },
    }


def _ranges(plan: DubPlan, take: Take) -> list[dict[str, Any]]:
    segment = take.segment
    return [
        {
            **_place(plan, segment, line),
            "take": str(take.path) if any(take.synced) else None,
            "take_start": segment.render_range.start if any(take.synced) else None,
            "frames": len(line.plate_range),
            "synced": take.synced[i],
            "passed": [_reason(why) for why in take.passed[i]],
            **take.details["lines"][i],
        }
        for i, line in enumerate(segment.lines)
    ]


def _place(plan: DubPlan, segment: Segment, line: Line) -> dict[str, Any]:
    record = line.mark.record
    return {
        "mark": line.mark.id,
        "character": line.mark.character,
        "clip": segment.clip.name,
        "segment": segment.id,
        "record_start": record.start,
        "timecode": timeline.timecode(plan.edit, record.start),
        "media": str(segment.plate.path),
        "media_start": line.plate_range.start,
        "speed": float(segment.plate.speed),
        "log": segment.plate.tags.log or None,
    }


def _refusal(plan: DubPlan, refused: Refused) -> dict[str, Any]:
    record, error = refused.mark.record, refused.error
    return {
        "mark": refused.mark.id,
        "character": refused.mark.character,
        "clip": refused.clip.name if refused.clip else None,
        "segment": None,
        "record_start": record.start,
        "timecode": timeline.timecode(plan.edit, record.start),
        "media": str(refused.clip.media) if refused.clip and refused.clip.media else None,
        "media_start": None,
        "speed": None,
        "log": None,
        "take": None,
        "take_start": None,
        "frames": len(record),
        "synced": 0,
        "passed": [_reason(Passed(len(record), error.code, error.message, error.hint))],
        **dict.fromkeys(_FACTS),
        "speaker_by": [],
    }


def _reason(why: Passed) -> dict[str, Any]:
    return {"frames": why.frames, "code": why.code, "message": why.message, "hint": why.hint}
