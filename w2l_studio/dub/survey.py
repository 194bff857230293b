"""What `inspect` shows: the plan's ranges with their shots and faces, as plain JSON values.

Looks at reduced pictures at most; renders nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from w2l_studio.config import DubConfig
from w2l_studio.dub import geometry, listening, pieces, scan, wiring
from w2l_studio.dub.plan import DubPlan
from w2l_studio.edit import segments, timeline
from w2l_studio.errors import MediaError, NoFace, SpeakerUnclear
from w2l_studio.faces import speaker
from w2l_studio.protocols import Detector
from w2l_studio.terms import FaceTrack, Line, Segment, Shot
from w2l_studio.timing import nearest_frame

#: A shot and its faces.
_Seen: TypeAlias = tuple[Shot, Sequence[FaceTrack]]
#: What only the run itself tells: it asks the sync expert.
_HEARD = (
    "speaker-unclear, unless the production sound tells which of the faces speaks: "
    "a `face` hint in the mark does."
)


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
    """Return how every stem was placed, and whether any mark uses it."""
    return [
        {
            "file": str(stem.path),
            "character": stem.character,
            "timecode": timeline.timecode(job.edit, nearest_frame(stem.first_sample_s, job.edit.rate)),
            "placed_by": stem.placed_by,
            "used": stem not in job.unused,
        }
        for stem in job.stems
    ]


def _lines(
    job: DubPlan, segment: Segment, detector: Detector | None, config: DubConfig
) -> list[dict[str, Any]]:
    view = geometry.view(segment.plate, config.faces.analysis_px)
    shots, trouble = _look(segment, detector, view, config) if detector is not None else (None, None)
    most = max((len(tracks) for _, tracks in shots), default=0) if shots is not None else None
    listed = []
    for line in segment.lines:
        record = line.mark.record
        problem = _foreseen(job, segment, line, shots, view, config) if shots else trouble
        listed.append(
            {
                "start": record.start,
                "timecode": timeline.timecode(job.edit, record.start),
                "frames": len(line.plate_range),
                "character": line.mark.character,
                "clip": segment.clip.name,
                "shots": len(shots) if shots is not None else None,
                "faces": most,
                "problem": problem,
            }
        )
    return listed


def _look(
    segment: Segment, detector: Detector, view: geometry.View, config: DubConfig
) -> tuple[list[_Seen] | None, str | None]:
    """Return the faces of every shot of a segment, or what keeps them from being looked for."""
    plate, trouble = segment.plate, ""
    # As `dub.run` does: what lies in handles alone keeps nothing from being dubbed.
    for frames in dict.fromkeys((segment.render_range, segments.bare(segment).render_range)):
        try:
            return [
                (shot, scan.tracks(plate, shot, view, detector, config.faces.every, scan.quiet))
                for shot in scan.split(plate, frames, view, scan.quiet)
            ], None
        except MediaError as error:
            trouble = f"{error.code}: {error}"
    return None, trouble


def _foreseen(
    job: DubPlan, segment: Segment, line: Line, shots: Sequence[_Seen], view: geometry.View, config: DubConfig
) -> str | None:
    """Say in which shots nobody is found who could speak a line, or who speaks is not told beforehand."""
    found = []
    for shot, tracks in shots:
        frames = pieces.reach(segment, line).intersect(shot.frames)
        if frames is None:
            continue
        parts = [scan.within(track, frames) for track in tracks]
        try:
            speaker.choose(parts, line.mark.hint, view.size_px, None, margin=config.faces.speaker_margin)
        except SpeakerUnclear as error:
            sound = line.mark.hint is None and listening.asked(segment, frames, job.production) is not None
            found.append(_HEARD if sound else f"{error.code}: {error}")
        except NoFace as error:
            found.append(f"{error.code}: {error}")
    return " ".join(dict.fromkeys(found)) or None
