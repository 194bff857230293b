"""Reads a plate's pictures by frame number, in its own samples, one at a time.

Tells what is stored of them by a digest. Converts nothing: what the samples mean is known to `composite`.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from w2l_studio.errors import MediaError
from w2l_studio.media.fields import FieldReader, tops
from w2l_studio.media.files import opened
from w2l_studio.media.filters import Filter
from w2l_studio.media.formats import pixel_format
from w2l_studio.media.images.plate import SequenceReader
from w2l_studio.media.index import intra_only, picture_stream
from w2l_studio.media.reader import Reader
from w2l_studio.terms import Plane, Planes, Plate, sequence_of
from w2l_studio.terms.pixels import PixelFormat
from w2l_studio.timing import nearest_frame

#: H.264 and HEVC hold at most 16 pictures back: a key picture found this far before the wanted one is
#: shown before it, so none of its open group's leading pictures, which would not decode, is wanted.
_PREROLL_FRAMES = 16
#: Seeks land late in these (0 of 10 were exact): they are decoded from the start.
_SEEKS_BADLY = ("mpegts",)


@contextmanager
def open_plate(plate: Plate) -> Iterator[Reader]:
    """Open a plate for reading: a film, by frames or by fields, or an image sequence.

    Args:
        plate: as probed.

    Yields:
        A reader, closed when the block ends.

    Raises:
        MediaError: the file is gone, unreadable or damaged.
        Unsupported: the pixel format is none that is read.
    """
    reader: Reader
    if (sequence := sequence_of(plate.path)) is not None:
        reader = SequenceReader(plate, sequence)
    else:
        reader = PlateReader(plate.in_frames, pixel_format(plate.pix_fmt, str(plate.path)))
        if plate.fields:
            reader = FieldReader(reader, plate)
    try:
        yield reader
    finally:
        reader.close()


class PlateReader:
    """An open plate; one `read` at a time."""

    def __init__(self, plate: Plate, stored: PixelFormat) -> None:
        self._plate = plate
        self._stored = stored
        self._rate = plate.stored_rate or plate.rate
        self._tops: Filter | None = None
        self._files = ExitStack()
        try:
            self._restart()
            self._origin = self._first_time()
        except BaseException:
            self._files.close()
            raise

    def close(self) -> None:
        """Close the file and give its decoder back."""
        self._files.close()
        del self._container, self._stream
        # A container and its streams refer to each other: without a collection the decoder's pictures,
        # 30 MB of them at 720p, stay until Python happens to look for cycles.
        gc.collect()

    def read(self, start: int, stop: int) -> Iterator[Planes]:
        """Yield the pictures ``start <= n < stop``.

        Args:
            start: first frame number; 0 is the first picture of the file that is shown.
            stop: frame number after the last one, at most ``plate.frames``.

        Yields:
            Planes in native code values, ``uint8[h, w]`` or ``uint16[h, w]``; nv12 and p010le come as
            the planar format that holds the same samples.

        Raises:
            ValueError: the range is not one of this plate.
            MediaError: a picture is missing or damaged; the error names it.
        """
        if not 0 <= start <= stop <= self._plate.frames:
            raise ValueError(f"frames {start}..{stop} of {self._plate.frames} in {self._plate.path}")
        due = start
        for number, frame in self._numbered(start) if start < stop else ():
            if number < due:
                continue
            if number > due or frame.is_corrupt:
                break
            yield self._planes(frame, due)
            due += 1
            if due == stop:
                return
        if due < stop:
            raise self._trouble(due, "is missing or damaged")

    def digest(self, start: int, stop: int) -> str:
        """Return the SHA-256 of all that is stored of the pictures ``start <= n < stop``, 64 hex digits.

        It takes in what they need to decode: everything from a key picture on, and of groups of pictures
        what may lie behind the last. What else the file holds, and where it lies, does not count.

        Raises:
            MediaError: the file is gone or unreadable.
        """
        before = self._key_before(start)
        behind = stop if intra_only(self._stream) else stop + _PREROLL_FRAMES
        head = hashlib.sha256(self._stream.codec_context.extradata or b"")
        digest = head.copy()
        for packet in self._packets(before):
            if packet.dts is not None and self._number_at(packet.dts) >= behind:
                break
            if packet.pts is not None and packet.is_keyframe and self._number_at(packet.pts) <= before:
                digest = head.copy()
            digest.update(f"{packet.pts} {packet.size} ".encode())
            digest.update(memoryview(packet))
        return digest.hexdigest()

    def _packets(self, before: int) -> Iterator[Packet[VideoStream]]:
        """Yield what is stored, in the order of the file, from a frame or before it."""
        packets = self._demuxed() if self._seek(before) else iter(())
        first = next(packets, None)
        if first is not None and first.pts is not None and self._number_at(first.pts) <= before:
            yield first
        else:
            self._restart()
            packets = self._demuxed()
        yield from packets

    def _demuxed(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets up to the end, or to where a file breaks off."""
        try:
            yield from (packet for packet in self._container.demux(self._stream) if packet.size)
        except av.FFmpegError:
            return

    def _numbered(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Yield numbered pictures from ``start`` or before it."""
        if self._seek(self._key_before(start)):
            frames = self._frames()
            first = next(frames, None)
            if first is not None and self._number(first) <= start:
                yield self._number(first), first
                for frame in frames:
                    yield self._number(frame), frame
                return
        self._restart()
        for frame in self._frames():
            yield self._number(frame), frame

    def _frames(self) -> Iterator[VideoFrame]:
        """Yield what decodes from here on; what does not leaves a gap that `read` finds."""
        try:
            for packet in self._container.demux(self._stream):
                if packet.is_corrupt:
                    continue
                try:
                    yield from packet.decode()
                except av.error.InvalidDataError:
                    continue
        except av.FFmpegError:
            # A file that breaks off ends here; `read` knows how many pictures were due.
            return

    def _key_before(self, start: int) -> int:
        """Return the frame at or before which a key picture has to be for ``start`` to decode whole."""
        return start if intra_only(self._stream) else max(0, start - _PREROLL_FRAMES)

    def _seek(self, before: int) -> bool:
        """Go to a key picture at or before a frame; False where this file has to be read from its start."""
        if self._container.format.name in _SEEKS_BADLY:
            return False
        offset = (before / self._rate / self._time_base).__floor__()
        try:
            self._container.seek(self._origin + offset, stream=self._stream, backward=True)
        except av.FFmpegError:
            return False
        return True

    def _restart(self) -> None:
        """Open the file (again), which is the surest way to its first picture."""
        self._files.close()
        path = self._plate.path
        self._container = self._files.enter_context(opened(path))
        self._stream = picture_stream(self._container, path)
        self._stream.thread_type = "AUTO"
        if self._stream.time_base is None:
            raise MediaError("pictures carry no time", hint="rewrap the file as MOV", where=str(path))
        self._time_base = self._stream.time_base

    def _first_time(self) -> int:
        first = next(self._frames(), None)
        if first is None or first.pts is None:
            raise self._trouble(0, "does not decode")
        return int(first.pts)

    def _number(self, frame: VideoFrame) -> int:
        """Return the frame number that a presentation time stands for, to within half a frame."""
        if frame.pts is None:
            raise MediaError("a picture carries no time", hint="rewrap the file", where=str(self._plate.path))
        return self._number_at(frame.pts)

    def _number_at(self, time: int) -> int:
        return nearest_frame((time - self._origin) * self._time_base, self._rate)

    def _planes(self, frame: VideoFrame, number: int) -> Planes:
        plate = self._plate
        if (frame.width, frame.height, frame.format.name) != (plate.width, plate.height, plate.pix_fmt):
            raise self._trouble(number, "has another size or format than the first")
        if frame.interlaced_frame and plate.field_order is None:
            raise self._trouble(number, "is interlaced, unlike the first")
        if frame.interlaced_frame and self._top_first(frame) != (plate.field_order == "top"):
            raise self._trouble(number, "shows its fields in another order than the first")
        return planes_of(frame, self._stored)

    def _top_first(self, frame: VideoFrame) -> bool:
        self._tops = self._tops or tops(frame)
        return any(self._tops.through(frame))

    def _trouble(self, number: int, what: str) -> MediaError:
        return MediaError(
            f"frame {number} {what}",
            hint="copy or export the file again, or end the clip before it",
            where=str(self._plate.path),
        )


def planes_of(frame: VideoFrame, stored: PixelFormat) -> Planes:
    """Copy a decoded picture into planes without padding."""
    planes = [_samples(frame, i, stored) for i in range(len(frame.planes))]
    if stored.packed_chroma:
        luma, pairs = planes
        planes = [luma, pairs[:, 0::2].copy(), pairs[:, 1::2].copy()]
    return Planes(tuple(planes), stored.planar)


def _samples(frame: VideoFrame, index: int, stored: PixelFormat) -> Plane:
    """Copy one plane out of its padded rows; the decoder still needs its own."""
    plane = frame.planes[index]
    # Of packed chroma, FFmpeg's width counts pairs.
    width = plane.width * (2 if stored.packed_chroma and index else 1)
    if stored.bits == 8:
        return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, :width].copy()
    words = np.frombuffer(memoryview(plane), np.dtype("<u2")).reshape(plane.height, -1)[:, :width]
    return (words >> stored.shift).astype(np.uint16)
