"""Marks x clips -> segments: what is rendered, in plate frames, with handles.

Opens no file: plates are handed in, probed. What cannot be dubbed is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from w2l_studio.edit import layout, precedence, settings, visible
from w2l_studio.edit.layout import Placed
from w2l_studio.edit.timeline import Edit, clip_at, timecode
from w2l_studio.errors import (
    MediaMismatch,
    MediaOffline,
    NoClip,
    Retimed,
    ShotError,
    Skipped,
    StudioError,
    Unsupported,
)
from w2l_studio.terms import ClipUse, Line, Mark, Plate, Segment
from w2l_studio.timing import FrameRange, nearest_frame, timecode_to_frames

_RETIME_TOLERANCE = Fraction(1, 1_000_000)
_Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A mark, or its part on one clip, that cannot be dubbed, and why."""

    mark: Mark
    clip: ClipUse | None
    error: StudioError


@dataclass(frozen=True, slots=True, eq=False)
class _Conform:
    """How a clip's frames lie on the timeline.

    Args:
        plate_s: timeline seconds at which frame 0 of the file would begin.
        used: frames of the file that the clip uses.
    """

    clip: ClipUse
    placed: Placed
    plate: Plate
    plate_s: Fraction
    used: FrameRange

    def plate_range(self, record: FrameRange) -> FrameRange:
        """Return the frames of the file under frames of the timeline: at least one, inside `used`."""
        start, stop = (self.plate_frame(frame, record.rate) for frame in (record.start, record.stop))
        start = min(start, self.used.stop - 1)
        return FrameRange(start, max(stop, start + 1), self.plate.rate)

    def plate_frame(self, frame: int, rate: Fraction) -> int:
        """Return the plate frame that begins nearest to one of the timeline; the clip's ends are exact."""
        if frame <= self.clip.record.start:
            return self.used.start
        if frame >= self.clip.record.stop:
            return self.used.stop
        return self._nearest(Fraction(frame) / rate)

    def clear(self, run: FrameRange) -> FrameRange:
        """Return a run grown to the clip's ends where a razor cut would fall into a transition."""
        head = self._nearest(self.placed.window[0] + self.placed.overlap[0])
        tail = self._nearest(self.placed.window[1] - self.placed.overlap[1])
        start = self.used.start if run.start < head else min(run.start, tail)
        stop = self.used.stop if run.stop > tail else max(run.stop, head)
        return FrameRange(max(start, self.used.start), min(stop, self.used.stop), run.rate)

    def _nearest(self, record_s: Fraction) -> int:
        frame = nearest_frame(record_s - self.plate_s, self.plate.rate)
        return min(max(frame, self.used.start), self.used.stop)


def cut(
    edit: Edit,
    marks: Sequence[Mark],
    plates: Mapping[Path, Plate | StudioError],
    handles: int,
    whole_clip_share: Fraction,
) -> tuple[tuple[Segment, ...], tuple[Refused, ...]]:
    """Cut the marked parts of an edit into segments.

    Args:
        edit: as read.
        marks: of every source (markers, cues, everywhere).
        plates: what each clip's media is, or why it cannot be read.
        handles: frames to render before and after what the edit shows, in plate frames.
        whole_clip_share: marked share of a clip's visible frames, 0..1, from which on its media is
            replaced as a whole; below it the clip is razored around each marked run.

    Returns:
        Segments in record order, disjoint per clip and inside their files; and what is refused.
    """
    placed = {item.path: item for item in layout.walk(edit.otio)}
    clips = {clip.path: clip for clip in edit.clips}
    seen = visible.parts(edit.clips)
    hits: dict[_Path, list[Mark]] = {}
    refused: list[Refused] = []
    for mark in marks:
        found = list(_hits(edit, mark, seen, placed))
        for clip, part in found:
            hits.setdefault(clip.path, []).append(part)
        if not found:
            refused.append(_no_clip(edit, mark, clips))
    segments: list[Segment] = []
    shown = _shown(seen)
    for path, found_on in hits.items():
        lines, skips = precedence.settled(found_on)
        refused.extend(Refused(mark, clips[path], _skipped(edit, mark)) for mark in skips)
        try:
            conform = _conform(edit, clips[path], placed[path], plates)
            whole = Fraction(_covered(lines), shown[path]) >= whole_clip_share
            segments.extend(_segments(conform, lines, handles, whole=whole) if lines else ())
        except ShotError as error:
            refused.extend(Refused(mark, clips[path], error) for mark in lines)
    return tuple(sorted(segments, key=lambda one: (one.record_start_s, one.clip.path))), tuple(refused)


def _hits(
    edit: Edit, mark: Mark, seen: Iterable[visible.Part], placed: Mapping[_Path, Placed]
) -> Iterator[tuple[ClipUse, Mark]]:
    """Yield each seen clip under a mark, and the mark as it is on it: narrowed, with the clip's settings."""
    for clip, part in seen:
        if mark.clip_path is not None and mark.clip_path != clip.path:
            continue
        record = part.intersect(mark.record)
        if record is not None:
            own = settings.read(placed[clip.path].item, clip_at(edit, clip), beside=settings.SLATE)
            yield clip, settings.under(replace(mark, record=record), own)


def _covered(lines: Iterable[Mark]) -> int:
    return sum(len(run) for run in _joined(mark.record for mark in lines))


def _shown(seen: Iterable[visible.Part]) -> dict[_Path, int]:
    """Return how many frames of each clip are seen."""
    shown: dict[_Path, int] = {}
    for clip, part in seen:
        shown[clip.path] = shown.get(clip.path, 0) + len(part)
    return shown


def _joined(ranges: Iterable[FrameRange]) -> list[FrameRange]:
    """Join ranges that touch or overlap."""
    runs: list[FrameRange] = []
    for one in sorted(ranges):
        if runs and one.start <= runs[-1].stop:
            runs[-1] = FrameRange(runs[-1].start, max(one.stop, runs[-1].stop), one.rate)
        else:
            runs.append(one)
    return runs


def _segments(conform: _Conform, marks: Sequence[Mark], handles: int, *, whole: bool) -> Iterator[Segment]:
    lines = sorted(
        (Line(mark, conform.plate_range(mark.record)) for mark in marks),
        key=lambda line: (line.plate_range, line.mark.id),
    )
    clip, plate = conform.clip, conform.plate
    before = max(handles, _in_plate_frames(clip.transition_in, clip, plate))
    after = max(handles, _in_plate_frames(clip.transition_out, clip, plate))
    cleared = _joined(conform.clear(line.plate_range) for line in lines)
    for run in [conform.used] if whole else cleared:
        yield Segment(
            id=f"{'.'.join(map(str, clip.path))}-{run.start:06}",
            clip=clip,
            plate=plate,
            plate_range=run,
            render_range=_inside(run.grow(before, after), plate),
            record_start_s=conform.plate_s + run.start_s,
            whole_clip=whole or run == conform.used,
            lines=tuple(line for line in lines if run.intersect(line.plate_range) is not None),
        )


def _inside(frames: FrameRange, plate: Plate) -> FrameRange:
    return FrameRange(max(0, frames.start), min(plate.frames, frames.stop), frames.rate)


def _in_plate_frames(frames: int, clip: ClipUse, plate: Plate) -> int:
    return -(-frames * plate.rate // clip.source.rate)


def _conform(
    edit: Edit, clip: ClipUse, placed: Placed, plates: Mapping[Path, Plate | StudioError]
) -> _Conform:
    """Tie a clip to the frames of its file.

    Raises:
        ShotError: retimed, offline, unreadable, or the file does not hold the frames that the clip uses.
    """
    where = clip_at(edit, clip)
    if abs(clip.retime - 1) > _RETIME_TOLERANCE:
        raise Retimed(
            f"the clip is retimed ({_speed(clip.retime)})",
            hint="render the retime to a file first",
            where=where,
        )
    plate = _plate(clip, placed, plates, where)
    for base_s in _bases(clip, plate):
        plate_s = placed.offset + base_s
        first, last = (nearest_frame(time - plate_s, plate.rate) for time in placed.window)
        if 0 <= first < last <= plate.frames:
            return _Conform(clip, placed, plate, plate_s, FrameRange(first, last, plate.rate))
    raise MediaMismatch(
        f"the clip uses frames {clip.source.start} to {clip.source.stop - 1}, and {plate.path.name} has"
        f" {plate.frames} from {plate.timecode or clip.available_start or 0}",
        hint="relink the clip to the right file",
        where=where,
    )


def _bases(clip: ClipUse, plate: Plate) -> list[Fraction]:
    """Return at which source second the file's frame 0 may lie, most likely first.

    Some hosts leave the available range out and count from the file's timecode all the same.
    """
    if clip.available_start is not None:
        return [Fraction(clip.available_start) / clip.source.rate]
    if plate.timecode is None:
        return [Fraction(0)]
    try:
        return [Fraction(0), Fraction(timecode_to_frames(plate.timecode, plate.rate)) / plate.rate]
    except ValueError:
        return [Fraction(0)]


def _plate(clip: ClipUse, placed: Placed, plates: Mapping[Path, Plate | StudioError], where: str) -> Plate:
    if clip.media is None:
        if isinstance(layout.reference(placed.item), otio.schema.ImageSequenceReference):
            raise Unsupported("image sequences are not read", hint="render it to a movie", where=where)
        named = f"{clip.media_url} is not a local file" if clip.media_url else "the clip names no media file"
        raise MediaOffline(named, hint="relink the clip, or give --media-root OLD=NEW", where=where)
    plate = plates.get(clip.media)
    if plate is None:
        raise MediaOffline(
            f"{clip.media} is not there", hint="relink, or give --media-root OLD=NEW", where=where
        )
    if isinstance(plate, ShotError):
        raise plate
    if isinstance(plate, StudioError):
        raise MediaOffline(plate.message, hint=plate.hint, where=plate.where or where)
    return plate


def _no_clip(edit: Edit, mark: Mark, clips: Mapping[_Path, ClipUse]) -> Refused:
    clip = clips.get(mark.clip_path) if mark.clip_path else None
    told, hint = "no picture lies under the mark", "move the mark onto a clip"
    if clip:
        told, hint = "the marked frames are not seen", "move the mark onto frames that the edit shows"
    elif not len(mark.record):
        told, hint = (
            "the mark lies outside of the timeline",
            "check from which time it counts (docs/marks.md)",
        )
    where = f"mark {mark.id} at {timecode(edit, mark.record.start)}"
    return Refused(mark, clip, NoClip(told, hint=hint, where=where))


def _skipped(edit: Edit, mark: Mark) -> Skipped:
    return Skipped("the mark says skip", where=f"mark {mark.id} at {timecode(edit, mark.record.start)}")


def _speed(retime: Fraction) -> str:
    if retime == 0:
        return "freeze frame"
    return "variable or reverse speed" if retime < 0 else f"{float(retime * 100):g} %"
