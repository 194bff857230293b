"""Looks at a picture file: what stands in it, exactly, as a `Plate`.

Decodes a handful of pictures at most and keeps nothing open; pictures are read by `decode`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.buffer import Buffer
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from w2l_studio.errors import MediaError, Unsupported
from w2l_studio.media import fields
from w2l_studio.media.files import opened, plain
from w2l_studio.media.images import plate
from w2l_studio.media.index import constant_run, picture_stream, presentation_times
from w2l_studio.media.quicktime import TimecodeTrack, timecode_track
from w2l_studio.terms import ColourTags, FieldOrder, Plate, sequence_of
from w2l_studio.timing import (
    frames_to_timecode,
    is_drop_timecode,
    nearest_frame,
    snap_rate,
    timecode_to_frames,
)

#: Pictures that are decoded: an interlaced stream may begin with a progressive one.
_LOOKED_AT = 5
#: Decoders that leave it to the container to tell of fields. Others know each picture, and a container may
#: say fields of pictures that are whole (25p in 50i).
_FIELDS_UNTOLD = ("cfhd", "jpeg2000", "huffyuv", "ffvhuff", "mjpeg", "r210", "magicyuv")
#: What FFmpeg calls the order in which fields are shown, whichever of them is stored first; any other number
#: is a progressive stream, or one of which nothing is told.
_ORDERS: dict[int, FieldOrder] = {2: "top", 3: "bottom", 4: "bottom", 5: "top"}


#: Of image sequences nobody asks when they are not part of an edit.
_ANY_RATE = Fraction(24)


def probe(path: Path, rate: Fraction = _ANY_RATE) -> Plate:
    """Look at a picture file, or at an image sequence.

    Args:
        path: a local file, or what stands for an image sequence.
        rate: at which the edit plays an image sequence; files know their own.

    Returns:
        The plate. `frames` counts what decodes: edit lists and cut-off ends are honoured.

    Raises:
        MediaError: missing, unreadable, damaged, or without pictures.
        Unsupported: variable frame rate, a codec without decoder, a mirrored picture, or an image sequence
            of another format than EXR, DPX, TIFF and PNG.
    """
    if (sequence := sequence_of(path)) is not None:
        return plate.probe(sequence, rate)
    with opened(path) as container:
        stream = picture_stream(container, path)
        head = list(itertools.islice(_decoded(container, stream, path), _LOOKED_AT))
        if not head or head[0].pts is None or stream.time_base is None:
            raise MediaError("no picture of the file decodes", hint="export it again", where=str(path))
        has_audio = bool(container.streams.audio)
        named = list(_tags(container, stream))
        # Whatever is asked of a stream is asked before its file is closed: it is FFmpeg's memory.
        first, origin, base = head[0], head[0].pts, stream.time_base
        order = _field_order(head, stream)
    with opened(path) as container:
        stream = picture_stream(container, path)
        times = presentation_times(container, stream, path)
        told = [rate for rate in (stream.guessed_rate, stream.average_rate) if rate]
        codec, pixel_aspect = stream.codec_context.name, stream.sample_aspect_ratio or Fraction(1)
    # Pictures before the first that decodes lack the pictures that they refer to (a cut stream).
    times = [time for time in times if time >= origin]
    rate, frames = constant_run(times, base, told, path)
    return Plate(
        path=path,
        width=first.width,
        height=first.height,
        rate=rate,
        frames=frames,
        codec=codec,
        pix_fmt=first.format.name,
        bits=first.format.components[0].bits,
        tags=_colour(first),
        pixel_aspect=pixel_aspect,
        rotation=int(first.rotation),
        display=_display(first, path),
        timecode=_timecode(named, rate, timecode_track(path)),
        reel=_find(named, "reel_name"),
        field_order=order,
        has_audio=has_audio,
    )


def _decoded(container: InputContainer, stream: VideoStream, path: Path) -> Iterator[VideoFrame]:
    """Yield pictures until one does not decode; a damaged first one is an error."""
    count = 0
    try:
        for frame in container.decode(stream):
            count += 1
            yield frame
    except av.FFmpegError as error:
        if count == 0:
            raise MediaError(
                f"the first picture does not decode ({plain(error)})", hint="export it again", where=str(path)
            ) from error


def _field_order(head: list[VideoFrame], stream: VideoStream) -> FieldOrder | None:
    """Return which field is seen first: as a picture says, or the container where it alone tells."""
    interlaced = next((frame for frame in head if frame.interlaced_frame), None)
    if interlaced is not None:
        return "top" if any(fields.tops(interlaced).through(interlaced)) else "bottom"
    how = stream.codec_context
    return _ORDERS.get(how.field_order) if how.name in _FIELDS_UNTOLD else None


def _colour(frame: VideoFrame) -> ColourTags:
    """Return the tags as decoded; 0 is reserved (ProRes writes it for unknown), except for R'G'B's matrix."""
    told = (frame.color_primaries, frame.color_trc, frame.colorspace)
    if frame.format.name.startswith("gbr"):
        return ColourTags(told[0] or 2, told[1] or 2, told[2], frame.color_range)
    return ColourTags(told[0] or 2, told[1] or 2, told[2] or 2, frame.color_range)


def _display(frame: VideoFrame, path: Path) -> tuple[int, ...]:
    """Return the display matrix, which must not mirror."""
    found = frame.side_data.get("DISPLAYMATRIX")
    if found is None:
        return ()
    matrix = tuple(memoryview(cast(Buffer, found)).cast("i"))
    a, b, _, c, d, *_ = matrix
    if a * d - b * c < 0:
        raise Unsupported(
            "the file asks players to mirror the picture",
            hint="transcode it as it is shown",
            where=str(path),
        )
    return matrix


def _tags(container: InputContainer, stream: VideoStream) -> Iterator[Mapping[str, str]]:
    """Yield metadata where timecode and reel may stand, best first."""
    yield stream.metadata
    for other in container.streams:
        if other.type == "data":
            yield other.metadata
    yield container.metadata


def _find(named: list[Mapping[str, str]], key: str) -> str | None:
    """Return the first value under a key in any spelling (MKV writes capitals)."""
    for metadata in named:
        for name, value in metadata.items():
            if name.lower() == key and value.strip():
                return str(value).strip()
    return None


def _timecode(named: list[Mapping[str, str]], rate: Fraction, track: TimecodeTrack | None) -> str | None:
    """Return the first picture's timecode in SMPTE's spelling, None where none exists at this rate.

    At 50 or 60 pictures a second many files count every second one; FFmpeg tells the count as it is, and of
    the track's first picture, shown or not.
    """
    text = _find(named, "timecode")
    if text is None:
        return None
    each = 2 if track and snap_rate(2 * track.rate) == rate else 1
    try:
        frame = timecode_to_frames(text, rate / each) * each
    except ValueError:
        return None
    hidden = nearest_frame(track.hidden_s, rate) if track else 0
    return frames_to_timecode(frame + hidden, rate, drop=is_drop_timecode(text, rate / each))
