"""How near a dub of an interlaced plate comes to the dub of the same moments as whole pictures.

The example's first clip: its 24 pictures a second are the fields of 12 frames. And how near each way to fill
the rows that a field lacks comes to the picture that it was. Prints markdown.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import opentimelineio as otio
from av.video.frame import VideoFrame

from w2l_studio.config import DubConfig
from w2l_studio.dub import run
from w2l_studio.media import decode, fields
from w2l_studio.media.encode import ProRes
from w2l_studio.media.filters import Filter
from w2l_studio.media.probe import probe
from w2l_studio.terms import Doubles, FieldOrder, Planes, Plate

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "two_voices"
FILM, STEM = EXAMPLE / "media" / "A001C001.mov", EXAMPLE / "stems" / "ANNA.fr.wav"
FIRST, RATE = 40, 24
RT, TR = otio.opentime.RationalTime, otio.opentime.TimeRange
#: FFmpeg's filters that make a picture of each field.
WAYS = {"bwdif": "mode=send_field", "w3fdif": "mode=field", "yadif": "mode=send_field"}
#: Where the face is, rows and columns, and levels of 255 by which lips have changed.
FACE, CHANGED = np.s_[150:600, 450:850], 8


def main() -> None:
    """Dub the three and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=120)
    count = parser.parse_args().pictures // 2 * 2
    stored = probe(FILM)
    with decode.open_plate(stored) as reader:
        moments = list(reader.read(FIRST, FIRST + count))
    with tempfile.TemporaryDirectory() as folder:
        whole = dubbed(Path(folder), "whole", replace(stored, field_order=None), moments)
        print("| plate | lips apart from the progressive dub's, levels of 255 | lips changed by |")
        print("|---|---|---|")
        for name, order in (("top field first", "top"), ("bottom field first", "bottom")):
            found = dubbed(Path(folder), name, interlaced(stored, order), list(woven(moments, order)))
            print(f"| {name} | {apart(found, whole, moments):.1f} | {changed(whole, moments):.1f} |")
    frames = [frame.planes[0] for frame in woven(moments, "top")]
    print("\n| rows that a field lacks | PSNR of the face, dB |\n|---|---|")
    print(f"| mean of those above and below | {nearness(doubled(frames), moments):.1f} |")
    for name, options in WAYS.items():
        print(f"| `{name}` | {nearness(filtered(frames, name, options), moments):.1f} |")


def interlaced(plate: Plate, order: FieldOrder) -> Plate:
    """Return the plate with half as many frames of two fields."""
    return replace(plate, rate=Fraction(RATE, 2), field_order=order)


def woven(moments: list[Planes], order: FieldOrder) -> Iterator[Planes]:
    """Yield frames of two moments each."""
    for first, second in zip(moments[::2], moments[1::2], strict=True):
        yield fields.woven(first, second, order)


def dubbed(folder: Path, name: str, like: Plate, frames: list[Planes]) -> list[Doubles]:
    """Return the luma of the take's pictures, of each field where it is interlaced, in 10 bits."""
    path = folder / f"{name}.mov"
    with ProRes().open(path, replace(like, path=path), 0, {}) as sink:
        for frame in frames:
            sink.write(frame)
    plate = probe(path)
    length = len(frames) / plate.rate * RATE
    media = otio.schema.ExternalReference(str(path), TR(RT(0, RATE), RT(float(length), RATE)))
    clip = otio.schema.Clip(name, media, media.available_range)
    clip.markers.append(otio.schema.Marker("w2l", TR(RT(0, RATE), RT(0, RATE))))
    # Where Anna's stem begins.
    edit = otio.schema.Timeline(name, global_start_time=RT(RATE * 3600 + 22, RATE))
    edit.tracks.append(otio.schema.Track("V1", [clip], kind="Video"))
    otio.adapters.write_to_file(edit, str(folder / f"{name}.otio"))
    run.dub(folder / f"{name}.otio", [str(STEM)], folder / name, DubConfig(), lambda _: None)
    (entry,) = json.loads((folder / name / "report.json").read_text(encoding="utf-8"))["ranges"]
    take = probe(Path(entry["take"]))
    take = take if take.field_order is None else take.in_fields
    with decode.open_plate(take) as reader:
        return [picture.planes[0].astype(np.float64) for picture in reader.read(0, take.frames)]


def _where(whole: list[Doubles], moments: list[Planes]) -> Iterator[np.ndarray]:
    """Yield where the progressive dub changed each picture."""
    for new, old in zip(whole, moments, strict=True):
        yield np.abs(cv2.GaussianBlur(new - old.planes[0], (0, 0), 2)) > 4 * CHANGED


def apart(found: list[Doubles], whole: list[Doubles], moments: list[Planes]) -> float:
    """Return how far lips lie from those of the progressive dub in the mean, levels of 255."""
    levels = [np.abs(a - b)[at] / 4 for a, b, at in zip(found, whole, _where(whole, moments), strict=True)]
    return float(np.concatenate(levels).mean())


def changed(whole: list[Doubles], moments: list[Planes]) -> float:
    """Return by how much the progressive dub changed lips."""
    levels = [
        np.abs(new - old.planes[0])[at] / 4
        for new, old, at in zip(whole, moments, _where(whole, moments), strict=True)
    ]
    return float(np.concatenate(levels).mean())


def nearness(found: Iterable[Doubles], moments: list[Planes]) -> float:
    """Return the PSNR of pictures of fields, by 10 bits, in all but the first and the last few."""
    pairs = list(zip(found, moments, strict=True))[4:-4]
    error = np.mean([((a - b.planes[0].astype(np.float64))[FACE] ** 2).mean() for a, b in pairs])
    return float(10 * np.log10(1023**2 / error))


def doubled(frames: list[np.ndarray]) -> Iterator[Doubles]:
    """Yield a picture of each field, the rows between by the mean of their neighbours."""
    for frame in frames:
        for first in (0, 1):
            field = frame[first::2].astype(np.float64)
            picture = np.repeat(field, 2, axis=0)
            between = (field[:-1] + field[1:]) / 2
            picture[1 + first : 1 + first + 2 * len(between) : 2] = between
            yield picture


def filtered(frames: list[np.ndarray], name: str, options: str) -> Iterator[Doubles]:
    """Yield a picture of each field by one of FFmpeg's filters."""
    work: Callable[[VideoFrame | None], Iterator[VideoFrame]] | None = None
    for n, rows in enumerate([*frames, None]):
        grey = None
        if rows is not None:
            grey = VideoFrame.from_ndarray(rows, "gray16le")
            grey.pts, grey.time_base = n, Fraction(1, RATE)
            work = work or Filter(name, f"{options}:parity=tff", grey).through
        assert work is not None
        for picture in work(grey):
            yield picture.to_ndarray().astype(np.float64)


if __name__ == "__main__":
    main()
