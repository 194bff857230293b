"""Writes takes: ProRes in QuickTime, with everything that the plate's file says of itself.

Converts no samples itself (`codecs`) and knows no meaning of its labels (`provenance`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from w2l_studio import atomic
from w2l_studio.errors import OutputError
from w2l_studio.media.codecs import ENCODERS, Target, Words, target, to_prores
from w2l_studio.media.fields import PARITY
from w2l_studio.media.files import opened, plain
from w2l_studio.media.filters import Filter
from w2l_studio.media.index import picture_stream, presentation_times
from w2l_studio.protocols import FrameSink
from w2l_studio.terms import ColourTags, FieldOrder, Planes, Plate
from w2l_studio.timing import FrameRange, frames_to_timecode, is_drop_timecode, timecode_to_frames

#: Who made the stream; readers that check it expect Apple's.
_VENDOR = "apl0"

#: FFmpeg's number of an order of fields for containers: the field that is seen first is stored first.
_STORED: dict[FieldOrder, int] = {"top": 2, "bottom": 3}


def available() -> bool:
    """Tell whether this PyAV writes ProRes."""
    return all(encoder in av.codecs_available for encoder in ENCODERS.values())


class ProRes:
    """ProRes 422 HQ, and 4444 where the plate has a chroma sample (or an opacity) for every pixel."""

    def name(self, stem: str, plate: Plate, frames: FrameRange) -> str:  # noqa: ARG002 - as others need them
        """Return ``STEM.mov``."""
        return f"{stem}.mov"

    @contextmanager
    def open(self, path: Path, plate: Plate, first_frame: int, labels: dict[str, str]) -> Iterator[FrameSink]:
        """Open a file that carries the plate's rate, size, aspect, rotation, tags, reel and timecode.

        It is written beside its place (`atomic.written`) and gets its name when it is whole and on the disk.

        Args:
            path: the file to make, in a folder that exists.
            plate: whose properties it takes over.
            first_frame: plate frame with which the file begins; moves the timecode.
            labels: container metadata.

        Yields:
            The sink; pictures are in the plate's pixel format.

        Raises:
            OutputError: no room, no permission, or fewer pictures in the file than were written.
            Unsupported: the plate's pixel format is none that is read.
        """
        becomes = target(plate)
        with ExitStack() as stack:
            with _writing(path):
                part = stack.enter_context(atomic.written(path))
                sink = _Sink(part, path, plate, becomes, first_frame, labels)
            try:
                yield sink
                with _writing(path):
                    sink.finish()
            except BaseException:
                with suppress(av.FFmpegError, OSError):
                    sink.abandon()
                raise
            with _writing(path):
                _verify(part, sink.written, path)


class _Sink:
    """One open ProRes file."""

    def __init__(
        self, part: Path, final: Path, plate: Plate, becomes: Target, first_frame: int, labels: dict[str, str]
    ) -> None:
        self.written = 0
        self._plate = plate
        self._becomes = becomes
        self._final = final
        self._fields: Filter | None = None
        # Free keys survive in QuickTime only as `mdta` items.
        self._container: OutputContainer = av.open(
            f"file:{part.absolute()}", "w", format="mov", container_options={"movflags": "use_metadata_tags"}
        )
        self._container.metadata.update(labels)
        self._stream = self._add_stream(first_frame)

    def write(self, picture: Planes) -> None:
        """Append one picture.

        Raises:
            OutputError: no room.
            ValueError: the picture has another size than the plate.
        """
        height, width = picture.planes[0].shape
        if (width, height) != (self._plate.width, self._plate.height):
            raise ValueError(
                f"a picture of {width}x{height} for a plate of {self._plate.width}x{self._plate.height}"
            )
        interlaced = self._plate.field_order is not None
        words = to_prores(picture, self._plate.tags, interlaced=interlaced)
        frame = self._as_fields(_frame(words, self._becomes, width, height))
        frame.pts = self.written
        frame.time_base = 1 / self._plate.rate
        with _writing(self._final):
            self._container.mux(self._stream.encode(frame))
        self.written += 1

    def finish(self) -> None:
        """Write what the encoder still holds and the index."""
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Let go of a file that will be removed."""
        self._container.close()

    def _as_fields(self, frame: VideoFrame) -> VideoFrame:
        """Tell of a frame that it is interlaced, if it is: PyAV has no word for that, a filter has."""
        order = self._plate.field_order
        if order is None:
            return frame
        frame.time_base = 1 / self._plate.rate
        self._fields = self._fields or Filter("setfield", f"mode={PARITY[order]}", frame)
        return next(self._fields.through(frame))

    def _add_stream(self, first_frame: int) -> VideoStream:
        plate = self._plate
        options = {"profile": str(self._becomes.profile), "vendor": _VENDOR}
        encoder = ENCODERS[self._becomes.profile]
        stream = cast(VideoStream, self._container.add_stream(encoder, rate=plate.rate, options=options))
        stream.width, stream.height, stream.pix_fmt = plate.width, plate.height, self._becomes.pix_fmt
        stream.sample_aspect_ratio = plate.pixel_aspect
        codec = stream.codec_context
        codec.sample_aspect_ratio = plate.pixel_aspect
        codec.time_base = 1 / plate.rate
        _tag(codec, self._becomes.tags)
        codec.thread_type = "AUTO"
        codec.thread_count = 0
        if plate.field_order is not None:
            codec.flags |= Flags.interlaced_dct
            codec.field_order = _STORED[plate.field_order]
        if plate.display:
            stream.set_display_matrix(plate.display)
        if plate.timecode:
            stream.metadata["timecode"] = _advanced(plate.timecode, plate, first_frame)
        if plate.reel:
            stream.metadata["reel_name"] = plate.reel
        return stream


def _advanced(timecode: str, plate: Plate, frames: int) -> str:
    """Return the timecode of a later frame, counted as the plate counts."""
    first = timecode_to_frames(timecode, plate.rate)
    return frames_to_timecode(first + frames, plate.rate, drop=is_drop_timecode(timecode, plate.rate))


def _frame(planes: tuple[Words, ...], becomes: Target, width: int, height: int) -> VideoFrame:
    frame = VideoFrame(width, height, becomes.pix_fmt)
    for plane, samples in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), "<u2")
        rows[:, : plane.width] = samples
        plane.update(rows.tobytes())
    _tag(frame, becomes.tags)
    return frame


def _tag(what: VideoCodecContext | VideoFrame, tags: ColourTags) -> None:
    what.color_primaries, what.color_trc = tags.primaries, tags.transfer
    what.colorspace, what.color_range = tags.matrix, tags.range


def _verify(part: Path, written: int, path: Path) -> None:
    with opened(part) as container:
        found = len(presentation_times(container, picture_stream(container, part), part))
    if found != written:
        raise OutputError(f"{found} of {written} pictures are in the file", hint="run again", where=str(path))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong on a disk into one sentence."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise atomic.refusal(path, error.errno, plain(error)) from error
