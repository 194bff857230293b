"""Presentation times of every picture of a file, and the exact constant rate that they keep.

Decodes nothing; frames at the head that no decoder shows are left out by `probe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from w2l_studio.errors import MediaError, Unsupported
from w2l_studio.timing import snap_rate

#: How far a picture may lie from the constant rate's grid, beside the container's own rounding.
TOLERANCE_S = Fraction(1, 1000)
#: From here on one odd picture at the end says nothing against the rate of all the others.
_LONG_FRAMES = 24


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream that players show, else the first: film, not a cover picture.

    Raises:
        MediaError: there is none.
        Unsupported: nothing here decodes it.
    """
    film = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    if not film:
        raise MediaError(
            "the file holds no picture", hint="link the clip to its picture file", where=str(path)
        )
    stream = next((one for one in film if one.disposition & Disposition.default), film[0])
    if stream.codec_context is None:
        raise Unsupported(
            "no decoder for the codec of this file",
            hint="transcode it to ProRes or DNxHR",
            where=str(path),
        )
    return stream


def intra_only(stream: VideoStream) -> bool:
    """Tell whether every picture of the stream's codec decodes by itself."""
    return bool(stream.codec_context.codec.intra_only)


def presentation_times(container: InputContainer, stream: VideoStream, path: Path) -> list[int]:
    """Return the time of every picture that is shown, in order, in the stream's time base.

    MOV and MP4 carry a table of an intra codec's pictures, which is read instead of gigabytes of packets.
    Packets that an edit list hides and packets cut off by the file's end are left out.

    Raises:
        MediaError: no picture, or pictures without time.
    """
    if intra_only(stream) and "mp4" in container.format.name and stream.index_entries:
        size = path.stat().st_size
        times = [
            entry.timestamp
            for entry in stream.index_entries
            if not entry.is_discard and entry.pos + entry.size <= size
        ]
    else:
        times = _demuxed(container, stream, path)
    if not times:
        raise MediaError("the file holds no picture that is shown", where=str(path))
    return sorted(times)


def _demuxed(container: InputContainer, stream: VideoStream, path: Path) -> list[int]:
    for other in container.streams:
        other.discard = Discard.default if other is stream else Discard.all
    times = []
    for packet in container.demux(stream):
        if packet.size == 0 or packet.is_discard or packet.is_corrupt:
            continue
        if packet.pts is None:
            raise MediaError("pictures carry no time", hint="rewrap the file as MOV or MKV", where=str(path))
        times.append(packet.pts)
    return times


def constant_run(
    times: Sequence[int], time_base: Fraction, told: Iterable[Fraction], path: Path
) -> tuple[Fraction, int]:
    """Return the exact rate whose grid the pictures keep, and how many of them do.

    Args:
        times: sorted presentation times in ``time_base``.
        time_base: seconds per unit.
        told: rates that the container tells, most trusted first; tried before the measured mean.
        path: named in the error.

    Returns:
        The first candidate, snapped to the known rates, that all pictures keep to within 1 ms and
        the container's own rounding (MKV rounds times to 1 ms). Where only the very last picture is
        off, as where a recording was stopped, it is not counted.

    Raises:
        Unsupported: the rate varies, or pictures are missing between others.
    """
    candidates = [snap_rate(rate) for rate in told if rate > 0]
    span = (times[-1] - times[0]) * time_base
    if span > 0:
        mean = (len(times) - 1) / span
        candidates += [snap_rate(mean), mean.limit_denominator(100_000)]
    runs = [times, times[:-1]] if len(times) >= _LONG_FRAMES else [times]
    for run in runs:
        for rate in candidates:
            if _keeps(run, time_base, rate):
                return rate, len(run)
    raise Unsupported("the frame rate varies", hint="conform to a constant rate first", where=str(path))


def _keeps(times: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    """Compare in whole units of 1 / (time base x rate), which is exact and needs no Fraction per picture."""
    units = time_base * rate
    allowed = (TOLERANCE_S + time_base) * rate * units.denominator
    first = times[0]
    return all(
        abs((time - first) * units.numerator - n * units.denominator) <= allowed
        for n, time in enumerate(times)
    )
