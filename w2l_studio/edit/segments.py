"""Marks x clips -> segments: what is rendered, in plate frames, with handles.

Opens no file: plates are handed in, probed. What cannot be dubbed is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from w2l_studio.edit import layout, precedence, settings, visible
from w2l_studio.edit.conform import Conform, Plates, conform, no_media
from w2l_studio.edit.layout import Placed
from w2l_studio.edit.timeline import Edit, clip_at, timecode
from w2l_studio.errors import MediaError, NoClip, ShotError, Skipped, StudioError
from w2l_studio.terms import ClipUse, FaceHint, Line, Mark, Plate, Segment, folded
from w2l_studio.timing import FrameRange, drop_frame_rate

_Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A mark, or its part on one clip, that cannot be dubbed, and why."""

    mark: Mark
    clip: ClipUse | None
    error: StudioError


def cut(
    edit: Edit,
    marks: Sequence[Mark],
    plates: Plates,
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
            tied = conform(edit, clips[path], placed[path], plates)
            whole = Fraction(_covered(lines), sum(map(len, shown[path]))) >= whole_clip_share
            cuts = _cuts(clips[path], edit.clips, hits, shown)
            made = _segments(tied, lines, cuts, handles, whole=whole) if lines else ()
            segments.extend(replace(one, drop=_counts_drop(edit, one.plate)) for one in made)
        except (ShotError, MediaError) as error:
            refused.extend(Refused(mark, clips[path], error) for mark in lines)
    return tuple(sorted(segments, key=lambda one: (one.record_start_s, one.clip.path))), tuple(refused)


def bare(segment: Segment) -> Segment:
    """Return a segment without handles: with no more frames than the edit and its transitions show."""
    clip, plate = segment.clip, segment.plate
    before, after = (_in_plate_frames(n, clip, plate) for n in (clip.transition_in, clip.transition_out))
    return replace(segment, render_range=_inside(segment.plate_range.grow(before, after), plate))


def _hits(
    edit: Edit, mark: Mark, seen: Iterable[visible.Part], placed: Mapping[_Path, Placed]
) -> Iterator[tuple[ClipUse, Mark]]:
    """Yield each seen clip under a mark, and the mark as it is on it: narrowed, with the clip's settings."""
    for clip, part in seen:
        if mark.clip_path is not None and mark.clip_path != clip.path:
            continue
        record = part.intersect(mark.record)
        if record is not None:
            own = settings.read(placed[clip.path].item, clip_at(edit, clip), of_clip=True)
            yield clip, settings.under(replace(mark, record=record), own)


def _covered(lines: Iterable[Mark]) -> int:
    return sum(len(run) for run in _joined(mark.record for mark in lines))


def _shown(seen: Iterable[visible.Part]) -> dict[_Path, list[FrameRange]]:
    """Return the frames in which each clip is seen."""
    shown: dict[_Path, list[FrameRange]] = {}
    for clip, part in seen:
        shown.setdefault(clip.path, []).append(part)
    return shown


def _cuts(
    clip: ClipUse,
    clips: Iterable[ClipUse],
    hits: Mapping[_Path, Sequence[Mark]],
    shown: Mapping[_Path, Sequence[FrameRange]],
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the frames of the timeline at which a line of a clip begins, and ends, at a cut that is seen.

    A clip that was razored goes on in the next one that is seen: that is no cut, unless both are marked.
    """
    begins, ends = _edges(shown[clip.path])
    for other in clips:
        if other.media is None or other.media != clip.media or other.retime != clip.retime:
            continue
        comes_before = other.record.stop == clip.record.start and other.source.stop_s == clip.source.start_s
        goes_on = other.record.start == clip.record.stop and other.source.start_s == clip.source.stop_s
        # Of a thousand clips of one file two touch this one.
        if not (comes_before or goes_on):
            continue
        starts, stops = _edges(shown.get(other.path, ()))
        marked_from, marked_to = _edges([mark.record for mark in hits.get(other.path, ())])
        if comes_before:
            begins -= (stops & {clip.record.start}) - marked_to
        if goes_on:
            ends -= (starts & {clip.record.stop}) - marked_from
    return begins, ends


def _edges(ranges: Iterable[FrameRange]) -> tuple[frozenset[int], frozenset[int]]:
    ranges = tuple(ranges)
    return frozenset(one.start for one in ranges), frozenset(one.stop for one in ranges)


def _counts_drop(edit: Edit, plate: Plate) -> bool:
    """Tell how timecode counts that a plate is given: as the edit's, where they have one rate."""
    return edit.drop if plate.take_rate == edit.rate else drop_frame_rate(plate.take_rate)


def _joined(ranges: Iterable[FrameRange]) -> list[FrameRange]:
    """Join ranges that touch or overlap."""
    runs: list[FrameRange] = []
    for one in sorted(ranges):
        if runs and one.start <= runs[-1].stop:
            runs[-1] = FrameRange(runs[-1].start, max(one.stop, runs[-1].stop), one.rate)
        else:
            runs.append(one)
    return runs


def _segments(
    tied: Conform,
    marks: Sequence[Mark],
    cuts: tuple[frozenset[int], frozenset[int]],
    handles: int,
    *,
    whole: bool,
) -> Iterator[Segment]:
    lines = sorted(
        (Line(mark, tied.plate_range(mark.record), hard) for mark, hard in _hard_ends(marks, cuts)),
        key=lambda line: (line.plate_range, line.mark.id),
    )
    clip, plate = tied.clip, tied.plate
    before = max(handles, _in_plate_frames(clip.transition_in, clip, plate))
    after = max(handles, _in_plate_frames(clip.transition_out, clip, plate))
    cleared = _joined(tied.clear(line.plate_range) for line in lines)
    for run in [tied.used] if whole else cleared:
        yield Segment(
            id=f"{'.'.join(map(str, clip.path))}-{run.start:06}",
            clip=clip,
            plate=plate,
            plate_range=run,
            render_range=_inside(run.grow(before, after), plate),
            record_start_s=tied.plate_s + run.start_s,
            whole_clip=whole or run == tied.used,
            lines=tuple(line for line in lines if run.intersect(line.plate_range) is not None),
        )


def _hard_ends(
    marks: Iterable[Mark], cuts: tuple[frozenset[int], frozenset[int]]
) -> Iterator[tuple[Mark, tuple[bool, bool]]]:
    """Yield marks with the ends at which they keep full strength: at cuts, and where a speaker goes on."""
    speakers: dict[tuple[str, FaceHint | None], list[Mark]] = {}
    for mark in marks:
        speakers.setdefault((folded(mark.character or ""), mark.hint), []).append(mark)
    for own in speakers.values():
        begins, ends = _edges(_joined(mark.record for mark in own))
        for mark in own:
            start, stop = mark.record.start, mark.record.stop
            yield mark, (start in cuts[0] or start not in begins, stop in cuts[1] or stop not in ends)


def _inside(frames: FrameRange, plate: Plate) -> FrameRange:
    return FrameRange(max(0, frames.start), min(plate.frames, frames.stop), frames.rate)


def _in_plate_frames(frames: int, clip: ClipUse, plate: Plate) -> int:
    return -(-frames * plate.take_rate // clip.source.rate)


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
    if clip and clip.media is None and not clip.media_url:
        # It is not seen because it hides nothing; what keeps it from being dubbed is that it has no picture.
        return Refused(mark, clip, no_media(clip_at(edit, clip)))
    where = f"mark {mark.id} at {timecode(edit, mark.record.start)}"
    return Refused(mark, clip, NoClip(told, hint=hint, where=where))


def _skipped(edit: Edit, mark: Mark) -> Skipped:
    return Skipped("the mark says skip", where=f"mark {mark.id} at {timecode(edit, mark.record.start)}")
