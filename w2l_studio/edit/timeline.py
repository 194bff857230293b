"""Reads an edit into a value and writes one, for .otio, .otioz and .otiod.

Probes no media and finds no marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from w2l_studio import atomic, inputs
from w2l_studio.edit import bundle, layout, sanitise, sequences, settings, urls
from w2l_studio.edit.layout import Placed, seconds
from w2l_studio.errors import EditError
from w2l_studio.terms import ClipUse, SoundUse
from w2l_studio.timing import (
    RATES,
    FrameRange,
    drop_frame_rate,
    frames_to_timecode,
    nearest_frame,
    nominal,
    snap_rate,
)


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """A timeline as a value.

    Args:
        path: the file that was read.
        otio: the OTIO Timeline; never changed after reading.
        rate: pictures per second of the timeline.
        start_frame: the start timecode in frames at `rate`.
        drop: whether its timecode counts in drop frame.
        frames: length of the timeline.
        clips: every enabled use of picture media, in record order.
        sounds: every use of a local sound file, muted ones included.
        folder: what relative media URLs are relative to.
        sha256: of the file as it was read, in hex; None for an .otiod, which is a folder.
    """

    path: Path
    otio: Any
    rate: Fraction
    start_frame: int
    drop: bool
    frames: int
    clips: tuple[ClipUse, ...]
    sounds: tuple[SoundUse, ...]
    folder: Path
    sha256: str | None


@dataclass(frozen=True, slots=True)
class _Source:
    """What was read of an edit before OTIO: the timeline's bytes, and `folder` and `sha256` of its `Edit`."""

    data: bytes
    folder: Path
    sha256: str | None


def read(path: Path, media_roots: urls.Roots = (), bundle_dir: Path | None = None) -> Edit:
    """Read an edit.

    Args:
        path: .otio or .otioz file, or .otiod folder.
        media_roots: ``(OLD, NEW)`` prefixes for media that moved.
        bundle_dir: where an .otioz is unpacked.

    Raises:
        EditError: not there, unreadable, no timeline, too new, or without a usable frame rate.
    """
    try:
        source = _content(path, bundle_dir)
    except OSError as error:
        raise EditError(
            f"cannot be read ({error.strerror})", hint="check the path of the edit", where=str(path)
        ) from error
    try:
        timeline = otio.core.deserialize_json_from_string(sanitise.clean(source.data, path.name))
        return _edit(path, timeline, source, media_roots)
    except EditError as error:
        raise EditError(error.message, hint=error.hint, where=error.where or path.name) from error
    except (otio.exceptions.OTIOError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EditError(
            f"is not readable as OpenTimelineIO ({error})", hint="export it again", where=path.name
        ) from error


def write(timeline: Any, path: Path) -> None:
    """Write a timeline as .otio, in a folder that is made where it is missing.

    Raises:
        OutputError: it cannot be written.
    """
    text = sanitise.restore(otio.core.serialize_json_to_string(timeline, indent=4))
    with atomic.refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, text + "\n")


def timecode(edit: Edit, record_frame: int) -> str:
    """Return the record timecode of a frame of the timeline (0 = its first)."""
    return frames_to_timecode(edit.start_frame + record_frame, edit.rate, drop=edit.drop)


def clip_at(edit: Edit, clip: ClipUse) -> str:
    """Return a clip's name and timecode, as errors tell where they happened."""
    return f"clip {clip.name!r} at {timecode(edit, clip.record.start)}"


def _content(path: Path, bundle_dir: Path | None) -> _Source:
    suffix = path.suffix.lower()
    if suffix == ".otiod":
        return _Source(bundle.open_folder(path), path.absolute(), None)
    if suffix == ".otioz":
        inputs.check_regular(path, EditError)
        sha256 = atomic.sha256(path)
        return _Source(bundle.unpack(path, bundle_dir), (bundle_dir or path.parent).absolute(), sha256)
    if suffix == ".otio":
        data = inputs.read(path, EditError)
        return _Source(data, path.absolute().parent, hashlib.sha256(data).hexdigest())
    raise EditError(
        "is not an edit that can be read", hint="give an .otio, .otioz or .otiod", where=path.name
    )


def _edit(path: Path, timeline: Any, source: _Source, roots: urls.Roots) -> Edit:
    items = list(layout.walk(timeline))
    rate = _rate(timeline, items)
    begin = timeline.global_start_time
    start = nearest_frame(seconds(begin), rate) if begin is not None else 0
    uses = [use for item in items for use in _clip_uses(item, rate, source.folder, roots)]
    return Edit(
        path=path,
        otio=timeline,
        rate=rate,
        start_frame=start,
        drop=_counts_drop(start, rate),
        frames=nearest_frame(items[0].window[1], rate),
        clips=tuple(sorted(uses, key=lambda use: (use.record, use.path))),
        sounds=tuple(use for item in items for use in _sound_uses(item, source.folder, roots)),
        folder=source.folder,
        sha256=source.sha256,
    )


def _rate(timeline: Any, items: list[Placed]) -> Fraction:
    """Return the timeline's rate: the start timecode's, the first picture item's, or Premiere's note.

    OTIO has no field for it. A start timecode of zero is often written at a rate that nobody chose,
    so it is asked after the clips.
    """
    begin = timeline.global_start_time
    counted = [begin.rate] if begin is not None and begin.value else []
    noted = [begin.rate] if begin is not None else []
    premiere = timeline.metadata.get("PremierePro_OTIO") or timeline.tracks.metadata.get("PremierePro_OTIO")
    if isinstance(premiere, Mapping):
        noted.append(premiere.get("VideoFrameRate"))
    clips = [_item_rate(item) for item in items if item.kind == "video" and item.is_clip]
    others = [_item_rate(item) for item in items if not item.is_clip]
    found = [
        rate for rate in (*counted, *clips, *noted, *others) if isinstance(rate, (int, float)) and rate > 0
    ]
    for rate in map(snap_rate, found):
        if rate in RATES:
            return rate
    rates = ", ".join(sorted({f"{rate:g}" for rate in found})) or "none"
    raise EditError(
        f"the frame rate of the timeline is unknown (rates in it: {rates})",
        hint="export with a start timecode at the timeline's rate",
    )


def _item_rate(placed: Placed) -> float | None:
    used = placed.item.source_range
    if used is None and placed.is_clip:
        media = layout.reference(placed.item)
        used = media.available_range if media is not None else None
    return float(used.duration.rate) if used is not None else None


def _counts_drop(start: int, rate: Fraction) -> bool:
    """Tell how timecode counts: drop frame where the rate has it (as OTIO assumes).

    A start on a full minute of non-drop counting (01:00:00:00 is frame 108000) says otherwise, and so does
    one on a full second of it that is none in drop frame: nobody starts a timeline within a second.
    """
    if not (start and drop_frame_rate(rate)):
        return drop_frame_rate(rate)
    second = nominal(rate)
    full_in_drop = int(frames_to_timecode(start, rate, drop=True).rpartition(";")[2]) == 0
    return start % (60 * second) != 0 and (start % second != 0 or full_in_drop)


def _clip_uses(placed: Placed, rate: Fraction, folder: Path, roots: urls.Roots) -> Iterator[ClipUse]:
    if not (placed.is_clip and placed.enabled and placed.kind == "video"):
        return
    record = frames(placed.window, rate)
    if not len(record):
        return
    clip, media = placed.item, layout.reference(placed.item)
    source_rate = _media_rate(clip, media)
    shown = (placed.media_s(placed.window[0]), placed.media_s(placed.window[1]))
    available = _available(media, source_rate)
    file, url = _locate(media, available, folder, roots)
    yield ClipUse(
        path=placed.path,
        name=clip.name,
        record=record,
        source=frames(shown, source_rate),
        available=available,
        media=file,
        media_url=url,
        transition_in=nearest_frame(placed.extra[0] * placed.speed, source_rate),
        transition_out=nearest_frame(placed.extra[1] * placed.speed, source_rate),
        retime=placed.retime,
    )


def frames(window: tuple[Fraction, Fraction], rate: Fraction) -> FrameRange:
    """Return the frames between two times in seconds, each at its nearest boundary."""
    return FrameRange(nearest_frame(window[0], rate), nearest_frame(window[1], rate), rate)


def _available(media: Any, rate: Fraction) -> FrameRange | None:
    """Return the whole media as the edit counts it, None where it does not tell."""
    told = media.available_range if media is not None else None
    if told is None:
        return None
    begin = seconds(told.start_time)
    return frames((begin, begin + max(seconds(told.duration), Fraction(0))), rate)


def _media_rate(clip: Any, media: Any) -> Fraction:
    """Return the rate in which a clip's media is counted; sound rates of the available range do not count.

    Nor does the rate 1 of an image sequence, which OTIO writes where nobody chose one.
    """
    if isinstance(media, otio.schema.ImageSequenceReference) and media.rate > 1:
        return snap_rate(media.rate)
    available = media.available_range if media is not None else None
    used = clip.source_range
    rates = [snap_rate(found.duration.rate) for found in (available, used) if found is not None]
    return next((rate for rate in rates if rate in RATES), rates[-1])


def _locate(
    media: Any, available: FrameRange | None, folder: Path, roots: urls.Roots
) -> tuple[Path | None, str]:
    """Return the local file, or what stands for an image sequence, and the URL of a media reference."""
    if isinstance(media, otio.schema.ImageSequenceReference):
        url = media.abstract_target_url(f"%0{media.frame_zero_padding}d")
        return sequences.located(media, available, folder, roots), url
    if isinstance(media, otio.schema.ExternalReference):
        url = media.target_url or ""
        path = urls.to_path(url, folder, roots)
        return sequences.patterned(path, available) if path else None, url
    return None, ""


def _sound_uses(placed: Placed, folder: Path, roots: urls.Roots) -> Iterator[SoundUse]:
    """Yield where a sound file's first sample lies; muted clips tell it as well as others."""
    if not (placed.is_clip and placed.kind == "audio" and placed.retime == 1):
        return
    media = layout.reference(placed.item)
    file = _locate(media, None, folder, roots)[0]
    if file is not None:
        available = media.available_range
        begin = seconds(available.start_time) if available is not None else Fraction(0)
        used = layout.span(placed.item)[0] if available is None else None
        binding, laid = settings.binds(placed.item), settings.is_stem(placed.item)
        yield SoundUse(file, placed.offset + begin, binding, used, laid)
