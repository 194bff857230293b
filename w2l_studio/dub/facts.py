"""What is told of a take: frames, face, verdict; and its record for the next run.

Counts and measures; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from w2l_studio.dub import listening, sounds
from w2l_studio.dub.take import Performance, Spoken
from w2l_studio.dub.wiring import Studio
from w2l_studio.terms import Passed, Segment, Slate, Take
from w2l_studio.timing import floor_frame


def synced(index: int, performance: Performance) -> int:
    """Count the marked frames of a line that have new lips (handles do not count)."""
    line = performance.segment.lines[index]
    pictures = sum(
        n in line.plate_range
        for spoken in performance.spoken
        if spoken.piece.line == index
        for n in spoken.rows
    )
    return pictures // performance.segment.plate.per_frame


def of_line(index: int, performance: Performance, studio: Studio, soft_factor: float) -> dict[str, Any]:
    """Return what the report tells of a line: how its face was found, how large it is, the verdict."""
    mine = [spoken for spoken in performance.spoken if spoken.piece.line == index]
    side = max((spoken.piece.side_px for spoken in mine), default=0.0)
    details: dict[str, Any] = {
        "detector": studio.detector.name,
        "speaker_by": [spoken.piece.rule for spoken in mine],
        "face_px": round(side),
        "lead_ms": studio.generator.lead_ms,
        "shots": len(performance.shots),
        "warning": None,
        **_verdict(performance.segment, mine, studio),
    }
    soft = side / studio.generator.face_px
    if soft > soft_factor:
        details["warning"] = (
            f"the face is {side:.0f} pixels high, {soft:.1f} times what the generator draws: "
            "the mouth will look softer than the plate"
        )
    return details


def _verdict(segment: Segment, mine: Sequence[Spoken], studio: Studio) -> dict[str, Any]:
    """Let the judge score the longest stretch of a line without a hole: its sound runs on in one."""
    unknown = {"offset_frames": None, "sync_confidence": None, "sync_distance": None, "judge": None}
    if not mine:
        return unknown
    stretches = [(spoken, stretch) for spoken in mine for stretch in _stretches(spoken.rows)]
    longest, shown = max(stretches, key=lambda found: len(found[1]))
    row, rate = longest.rows[shown.start], segment.plate.rate
    mouths = longest.mouths.part(row, row + len(shown))
    first_s = segment.record_s(shown.start)
    count = floor_frame(len(mouths) / rate, listening.EXPERT_RATE)
    voice = sounds.heard(longest.stem, first_s, count, listening.EXPERT_RATE).voice()
    if not voice.voiced.any():
        return unknown
    verdict = listening.judged(studio.judge, mouths, rate, voice)
    if verdict is None:
        return unknown
    return {
        "offset_frames": verdict.offset_frames,
        "sync_confidence": round(verdict.confidence, 4),
        "sync_distance": round(verdict.distance, 4),
        "judge": verdict.judge,
    }


def _stretches(rows: dict[int, int]) -> Iterator[range]:
    """Yield the plate frames of ``rows`` that follow each other.

    >>> list(_stretches({7: 0, 8: 1, 11: 2}))
    [range(7, 9), range(11, 12)]
    """
    frames = sorted(rows)
    ends = [n for n in frames if n + 1 not in rows]
    starts = [n for n in frames if n - 1 not in rows]
    for start, end in zip(starts, ends, strict=True):
        yield range(start, end + 1)


def record(made: Take) -> dict[str, Any]:
    """Return what the next run needs to take a take up again, as JSON values."""
    return {
        "synced": list(made.synced),
        "passed": [[asdict(why) for why in reasons] for reasons in made.passed],
        "details": made.details,
    }


def taken_up(segment: Segment, slate: Slate, out: Path, record: dict[str, Any]) -> Take:
    """Return a finished take from its record."""
    passed = tuple(tuple(Passed(**why) for why in reasons) for reasons in record["passed"])
    return Take(segment, out / record["path"], slate, tuple(record["synced"]), passed, record["details"])
