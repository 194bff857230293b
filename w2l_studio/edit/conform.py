"""Ties a clip to the frames of its file: from where the edit counts them, and at which rate it plays them.

Opens no file: plates are handed in, probed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import opentimelineio as otio

from w2l_studio.edit import layout, sequences, settings
from w2l_studio.edit.layout import Placed
from w2l_studio.edit.timeline import Edit, clip_at
from w2l_studio.errors import MediaError, MediaMismatch, MediaOffline, Retimed, ShotError, Unsupported
from w2l_studio.terms import ClipUse, Plate, sequence_of
from w2l_studio.timing import (
    FrameRange,
    day_s,
    floor_frame,
    is_drop_timecode,
    nearest_frame,
    timecode_to_frames,
)

#: Media by path: what a file holds, or why it is not dubbed; a file that is not there has no entry.
Plates: TypeAlias = Mapping[Path, Plate | ShotError | MediaError]
_RETIME_TOLERANCE = Fraction(1, 1_000_000)
#: Beyond half and double speed nobody reads lips.
_SLOWEST, _FASTEST = Fraction(1, 2), Fraction(2)
#: Speeds of clips and of all that hold them multiply beyond what a float is.
_MOST_TOLD = Fraction(10**9)


@dataclass(frozen=True, slots=True, eq=False)
class Conform:
    """How a clip's frames lie on the timeline.

    Args:
        plate: as the edit plays it.
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


def conform(edit: Edit, clip: ClipUse, placed: Placed, plates: Plates) -> Conform:
    """Tie a clip to the frames of its file.

    Raises:
        ShotError: retimed otherwise than by itself to a constant speed, half to double; offline, unreadable,
            or the file does not hold the frames that the clip uses.
    """
    where = clip_at(edit, clip)
    if clip.retime != placed.speed or not _SLOWEST <= clip.retime <= _FASTEST:
        inside = 0 < clip.retime != placed.speed
        raise Retimed(
            f"the clip {'lies in something that is' if inside else 'is'} retimed ({_speed(clip.retime)})",
            hint="render the retime to a file first",
            where=where,
        )
    stored, log = _plate(clip, placed, plates, where), settings.read(placed.item, where, of_clip=True).log
    played = _played(clip, stored if log is None else stored.in_log(log))
    plate = _retimed(played, clip.retime)
    for base_s in _bases(edit, clip, played):
        plate_s = placed.record_s(base_s)
        used = _shown(plate, placed.window[0] - plate_s, placed.window[1] - plate_s)
        if used is not None:
            return Conform(clip, placed, plate, plate_s, used)
    sequence = sequence_of(plate.path)
    begin = clip.available.start if clip.available else sequence.first if sequence else 0
    raise MediaMismatch(
        f"the clip uses frames {clip.source.start} to {clip.source.stop - 1}, and {plate.path.name} has"
        f" {plate.frames} from {plate.timecode or begin}",
        hint="relink the clip to the right file",
        where=where,
    )


def assumed(edit: Edit, clip: ClipUse, plate: Plate) -> Iterator[str]:
    """Yield what was assumed of a clip because the edit does not tell it, one sentence each.

    Args:
        plate: the clip's, as `conform` returned it.
    """
    where, name = clip_at(edit, clip), plate.path.name
    if len(_bases(edit, clip, plate.unretimed)) > 1:
        yield _counted_twice(where, plate)
    if clip.source.rate != plate.take_rate:
        yield (
            f"{where}: the edit counts {name} at {float(clip.source.rate):.5g} frames a second and it runs at"
            f" {float(plate.take_rate):.5g}; the same time is assumed, not the same frame"
        )
    if plate.speed != 1:
        yield (
            f"{where}: it plays at {_speed(clip.retime)}; from its first frame on is assumed,"
            " as OpenTimelineIO counts"
        )


def _counted_twice(where: str, plate: Plate) -> str:
    told = f"{where}: its frames lie in {plate.path.name} counted from 0 and counted from"
    sequence = sequence_of(plate.path)
    if sequence is not None:
        return f"{told} {sequence.first}; {sequence.first} is assumed"
    return f"{told} {plate.timecode}; 0 is assumed"


def no_media(where: str) -> MediaOffline:
    """Say of a clip that it names no media."""
    return MediaOffline(
        "the clip names no media file", hint="relink the clip, or give --media-root OLD=NEW", where=where
    )


def _played(clip: ClipUse, plate: Plate) -> Plate:
    """Return the plate at the rate at which the edit plays it.

    A host that was told to take a file for one of another rate counts as many frames as the file has, at
    that rate: frame n stays frame n. Another length in frames is the same length in seconds, counted at a
    rate that is not the file's. The file's own timecode and sound are at its own speed, and so say nothing.
    """
    told = clip.available
    if told is None or told.rate == plate.rate:
        return plate
    missing = abs(len(told) - plate.frames)
    if missing > 1 or missing > abs(len(told) - plate.frames / plate.rate * told.rate):
        return plate
    return replace(plate, rate=told.rate, stored_rate=plate.rate, timecode=None, has_audio=False)


def _retimed(plate: Plate, speed: Fraction) -> Plate:
    """Return the plate as a retimed clip plays it; its own sound is at its own speed, and so says nothing."""
    if abs(speed - 1) <= _RETIME_TOLERANCE:
        return plate
    stored = plate.stored_rate or plate.rate
    return replace(plate, rate=plate.rate * speed, stored_rate=stored, speed=speed, has_audio=False)


def _shown(plate: Plate, begin_s: Fraction, end_s: Fraction) -> FrameRange | None:
    """Return the frames that are seen between two times of a plate; None where it does not hold them."""
    first, last = (nearest_frame(time, plate.rate) for time in (begin_s, end_s))
    if first == last:
        # Less than a picture is seen: the one that is on screen.
        first = floor_frame(begin_s, plate.rate)
        last = first + 1
    # The last frame of the timeline may reach beyond the end of a file that is retimed.
    spare = math.ceil(plate.speed) if plate.speed != 1 else 0
    if plate.frames < last <= plate.frames + spare:
        last = plate.frames
    return FrameRange(first, last, plate.rate) if 0 <= first < last <= plate.frames else None


def _bases(edit: Edit, clip: ClipUse, plate: Plate) -> list[Fraction]:
    """Return at which source second the file's frame 0 may lie, most likely first.

    Some hosts leave the available range out and count from the file's timecode all the same. They count all
    uses of a file alike, so that each tells of the others.
    """
    if clip.available is not None:
        return [clip.available.start_s]
    others = [use for use in edit.clips if use.media == clip.media and use.available is None]
    others = [use for use in others if abs(use.retime - 1) <= _RETIME_TOLERANCE]
    possible, agreed = list[Fraction](), list[Fraction]()
    for way in _counts(plate):
        base = next((base for base in way if _holds(plate, clip, base)), None)
        if base is not None:
            possible.append(base)
            if all(any(_holds(plate, use, base) for base in way) for use in others):
                agreed.append(base)
    return agreed or possible


def _counts(plate: Plate) -> list[tuple[Fraction, ...]]:
    """Return how a file's frames may be counted, in seconds: from 0, or from its timecode over midnight.

    Of an image sequence: by the numbers of its files, or from 0.
    """
    if (sequence := sequence_of(plate.path)) is not None:
        return [(sequence.first / plate.rate,), (Fraction(0),)]
    try:
        frame = timecode_to_frames(plate.timecode or "", plate.rate)
    except ValueError:
        frame = 0
    if frame == 0:
        return [(Fraction(0),)]
    first_s = frame / plate.rate
    day = day_s(plate.rate, drop=is_drop_timecode(plate.timecode or "", plate.rate))
    return [(Fraction(0),), (first_s, first_s - day)]


def _holds(plate: Plate, clip: ClipUse, base_s: Fraction) -> bool:
    """Tell whether a file holds what a clip uses, to within a frame of the edit: its ranges are rounded."""
    first, last = (
        nearest_frame(time - base_s, plate.rate) for time in (clip.source.start_s, clip.source.stop_s)
    )
    return first >= -1 and last <= plate.frames + math.ceil(clip.retime)


def _plate(clip: ClipUse, placed: Placed, plates: Plates, where: str) -> Plate:
    if clip.media is None:
        media = layout.reference(placed.item)
        if isinstance(media, otio.schema.ImageSequenceReference) and (why := sequences.refusal(media)):
            raise Unsupported(
                f"the image sequence is not followed: {why}",
                hint="give EXR, DPX, TIFF or PNG whose numbers go up by 1",
                where=where,
            )
        if not clip.media_url:
            raise no_media(where)
        raise MediaOffline(
            f"{clip.media_url} is not a local file",
            hint="relink the clip, or give --media-root OLD=NEW",
            where=where,
        )
    plate = plates.get(clip.media)
    if plate is None:
        raise MediaOffline(
            "the file is not there",
            hint="relink the clip, or give --media-root OLD=NEW",
            where=str(clip.media),
        )
    if isinstance(plate, ShotError | MediaError):
        raise plate
    return plate


def _speed(retime: Fraction) -> str:
    if retime == 0:
        return "freeze frame"
    return "variable or reverse speed" if retime < 0 else f"{float(min(retime * 100, _MOST_TOLD)):g} %"
