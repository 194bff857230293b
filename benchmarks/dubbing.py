"""Dubs pictures in memory the way a user does: a film in an edit with a mark, `dub`, the take read back."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio

from w2l_studio.config import DubConfig, EditConfig, MouthConfig
from w2l_studio.dub import run
from w2l_studio.terms import Floats, FramesBGR
from w2l_studio.terms.sound import FPS, SAMPLE_RATE


def dubbed(plate: FramesBGR, stem: Floats, name: str, folder: Path) -> FramesBGR:
    """Dub a film to a sound the way a user does, and read the take back.

    Raises:
        RuntimeError: part of it passed through; the message says why.
    """
    _write_film(folder / "plate.mov", plate)
    write_sound(folder / "stem.fr.wav", stem)
    _write_edit(folder / "pair.otio", folder / "plate.mov", len(plate))
    config = DubConfig(edit=EditConfig(handles=0), mouths=MouthConfig(weights=name))
    run.dub(folder / "pair.otio", [str(folder / "stem.fr.wav")], folder / "out", config, lambda _: None)
    (told,) = json.loads((folder / "out" / "report.json").read_text("utf-8"))["ranges"]
    if told["synced"] != len(plate):
        raise RuntimeError(f"{told['synced']} of {len(plate)} frames dubbed: {told['passed']}")
    return np.stack(list(_read_film(Path(told["take"]))))


def coded(pixels: FramesBGR, folder: Path) -> FramesBGR:
    """Return a film as it comes back from a file in the codec of plates and takes."""
    _write_film(folder / "again.mov", pixels)
    return np.stack(list(_read_film(folder / "again.mov")))


def _write_film(path: Path, pixels: FramesBGR) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("prores", rate=Fraction(FPS), options={"profile": "3"})
        stream.width, stream.height, stream.pix_fmt = pixels.shape[2], pixels.shape[1], "yuv422p10le"
        for n, picture in enumerate(pixels):
            frame = av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv422p10le")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _read_film(path: Path) -> Iterator[FramesBGR]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


def write_sound(path: Path, audio: Floats) -> None:
    """Write ``float32[S]`` at 16 kHz."""
    with wave.open(str(path), "wb") as target:
        target.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        target.writeframes((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())


def _write_edit(path: Path, film: Path, frames: int) -> None:
    def span() -> otio.opentime.TimeRange:
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(0, FPS), otio.opentime.RationalTime(frames, FPS)
        )

    clip = otio.schema.Clip("plate", otio.schema.ExternalReference(str(film), span()), span())
    clip.markers.append(otio.schema.Marker("w2l", span()))
    timeline = otio.schema.Timeline("pair")
    timeline.tracks.append(otio.schema.Track("V1", kind="Video", children=[clip]))
    otio.adapters.write_to_file(timeline, str(path))
