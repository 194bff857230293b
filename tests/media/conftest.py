"""Real files written by PyAV, with the frame number burnt into every picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

WIDTH, HEIGHT, DIGITS = 192, 96, 10
Filmer = Callable[..., Path]


def picture(number: int, pix_fmt: str, width: int = WIDTH, height: int = HEIGHT) -> av.VideoFrame:
    """A frame whose luma shows ``number`` as vertical bars, with a gradient in the lower half."""
    frame = av.VideoFrame(width, height, pix_fmt)
    bits = frame.format.components[0].bits
    word = np.uint8 if bits == 8 else np.dtype("<u2")
    luma = np.full((height, width), 60 << (bits - 8), np.float64)
    step = width // DIGITS
    for digit in range(DIGITS):
        if number >> digit & 1:
            luma[: height // 2, digit * step : (digit + 1) * step] = 180 << (bits - 8)
    luma[height // 2 :] = np.linspace(20, 230, width) * (1 << (bits - 8))
    for i, plane in enumerate(frame.planes):
        rows = np.zeros((plane.height, plane.line_size // np.dtype(word).itemsize), word)
        rows[:, : plane.width] = luma if i == 0 else (128 << (bits - 8)) if i < 3 else (1 << bits) - 1
        if i in (1, 2):
            rows[:, : plane.width] += np.linspace(0, 40, plane.width).astype(rows.dtype)
        plane.update(rows.tobytes())
    return frame


def number_in(luma: np.ndarray, bits: int) -> int:
    """The number that `picture` drew."""
    step = luma.shape[1] // DIGITS
    row = luma[luma.shape[0] // 4]
    return sum(1 << d for d in range(DIGITS) if row[d * step + step // 2] > 120 << (bits - 8))


@pytest.fixture
def read_number() -> Callable[[np.ndarray, int], int]:
    return number_in


@pytest.fixture
def film(tmp_path: Path) -> Filmer:
    """Write a film: ``film(name, codec=..., rate=..., frames=..., ...)``."""

    def write(
        name: str = "a.mp4",
        *,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        rate: Fraction = Fraction(24000, 1001),
        frames: int = 60,
        first: int = 0,
        options: Mapping[str, str] | None = None,
        muxer: str | None = None,
        tags: tuple[int, int, int, int] = (2, 2, 2, 0),
        metadata: Mapping[str, str] | None = None,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        times: Callable[[int], int] | None = None,
        **stream_attributes: Any,
    ) -> Path:
        path = tmp_path / name
        if options is None:
            options = {"bf": "3", "g": "24", "qp": "10"} if codec == "libx264" else {}
        with av.open(f"file:{path}", "w", format=muxer) as container:
            stream = container.add_stream(codec, rate=rate, options=dict(options))
            stream.width, stream.height = size
            stream.pix_fmt = pix_fmt
            context = stream.codec_context
            context.time_base = 1 / rate
            context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
            stream.metadata.update(metadata or {})
            rotation = stream_attributes.pop("rotation", 0)
            if rotation:
                stream.set_display_rotation(rotation)
            for key, value in stream_attributes.items():
                setattr(stream, key, value)
            for n in range(frames):
                frame = picture(first + n, pix_fmt, *size)
                frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = tags
                frame.pts = times(n) if times else n
                frame.time_base = 1 / rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def cut() -> Callable[[Path, Path, Fraction], Path]:
    """Cut a film's head off without decoding, which writes an edit list."""

    def by_copy(source: Path, target: Path, start_s: Fraction) -> Path:
        with av.open(str(source)) as read, av.open(str(target), "w") as write:
            stream = read.streams.video[0]
            copy = write.add_stream_from_template(stream)
            offset = int(start_s / stream.time_base)
            read.seek(offset, stream=stream, backward=True)
            for packet in read.demux(stream):
                if packet.dts is None:
                    continue
                packet.pts -= offset
                packet.dts -= offset
                packet.stream = copy
                write.mux(packet)
        return target

    return by_copy
