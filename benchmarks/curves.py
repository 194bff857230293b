"""How near a dub of HDR and of log comes to the same dub in SDR: the example's first clip by other curves.

The clip is brought to HDR (reference white 203 candelas, BT.2020) or to log by its light and dubbed; its take
is brought back and compared with the SDR one, where that has changed the plate by more than 8 levels. Log is
dubbed twice: with ``--log``, and as if nobody had said so. Prints markdown.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import opentimelineio as otio

from w2l_studio.composite import planes, view
from w2l_studio.config import DubConfig
from w2l_studio.dub import run
from w2l_studio.media import decode
from w2l_studio.media.encode import ProRes
from w2l_studio.media.probe import probe
from w2l_studio.terms import ColourTags, Doubles, Floats, Plate
from w2l_studio.terms.curves import HLG, LOGS, PQ, light_of_srgb, srgb
from w2l_studio.timing import FrameRange

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "two_voices"
FILM, STEM = EXAMPLE / "media" / "A001C001.mov", EXAMPLE / "stems" / "ANNA.fr.wav"
FIRST, RATE = 40, 24
HD = ColourTags(1, 1, 1, 1)
#: Name -> tags of the file, as the user tells them.
KINDS = {
    "SDR": HD,
    "PQ": ColourTags(9, PQ, 9, 1),
    "HLG": ColourTags(9, HLG, 9, 1),
    **{name: HD.in_log(name) for name in LOGS},
}
UNTOLD = " and nobody says so"
#: BT.709 to BT.2020, linear light, R G B (BT.2087-0).
WIDER = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
CHANGED = 8
#: Where the example's first clip has its face; and within that its mouth.
FACE, MOUTH = np.s_[240:640, 440:860], np.s_[60:240, 80:320]


def main() -> None:
    """Write, dub and compare the three, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--logs", nargs="*", default=["arri-logc3", "s-log3", "v-log"], choices=list(LOGS))
    parser.add_argument("--sheet", type=Path, help="a PNG: plate, then all takes, brought to SDR")
    options = parser.parse_args()
    names = ["PQ", "HLG", *(name + said for name in options.logs for said in ("", UNTOLD))]
    with tempfile.TemporaryDirectory() as folder:
        found = {name: dubbed(Path(folder), name, options.frames) for name in ("SDR", *names)}
    before, reference = found["SDR"]
    print("| plate | apart from the SDR take, levels of 255 | mean, R G B |\n|---|---|---|")
    for name in names:
        apart = []
        for plate, sdr, take in zip(before, reference, found[name][1], strict=True):
            moved = np.abs(sdr - plate).max(2) > CHANGED
            apart.append((take - sdr)[moved])
        every = np.concatenate(apart)
        means = ", ".join(f"{mean:+.1f}" for mean in every.mean(0))
        print(f"| {name} | {np.abs(every).mean():.1f} | {means} |")
    if options.sheet:
        rows = [before, *(found[name][1] for name in ("SDR", *names))]
        sheet = np.vstack([np.hstack([picture[MOUTH] for picture in row[4::12]]) for row in rows])
        cv2.imwrite(str(options.sheet), sheet[..., ::-1].clip(0, 255).astype(np.uint8))


def dubbed(folder: Path, name: str, frames: int) -> tuple[list[Floats], list[Floats]]:
    """Return the faces of a plate and of its take as an SDR display shows them, RGB 0..255."""
    tags = KINDS[name.removesuffix(UNTOLD)]
    path = written(folder / f"{name}.mov", tags, frames)
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, RATE), otio.opentime.RationalTime(frames, RATE)
    )
    clip = otio.schema.Clip(name, otio.schema.ExternalReference(str(path), span), span)
    clip.markers.append(otio.schema.Marker("w2l", span))
    # Where Anna's stem begins.
    edit = otio.schema.Timeline(name, global_start_time=otio.opentime.RationalTime(RATE * 3600 + 22, RATE))
    edit.tracks.append(otio.schema.Track("V1", [clip], kind="Video"))
    otio.adapters.write_to_file(edit, str(folder / f"{name}.otio"))
    config = DubConfig(log="" if name.endswith(UNTOLD) else tags.log)
    run.dub(folder / f"{name}.otio", [str(STEM)], folder / name, config, lambda _: None)
    (entry,) = json.loads((folder / name / "report.json").read_text(encoding="utf-8"))["ranges"]
    return shown(path, tags), shown(Path(entry["take"]), tags)


def written(path: Path, tags: ColourTags, frames: int) -> Path:
    """Write the example's pictures with another curve, as ProRes 4444."""
    plate = probe(FILM)
    made = Plate(path, plate.width, plate.height, Fraction(RATE), frames, "prores", "gbrp10le", 10, tags)
    values = np.linspace(0, 1, 1 << 16)
    light = light_of(values, tags)
    encoder = ProRes()
    assert encoder.name(path.stem, made, FrameRange(0, frames, made.rate)) == path.name
    with decode.open_plate(plate) as reader, encoder.open(path, made, 0, {}) as sink:
        for picture in reader.read(FIRST, FIRST + frames):
            bgr = planes.region_bgr(picture, plate.tags, (0, 0, plate.width, plate.height))
            linear = light_of_srgb(bgr[..., ::-1].clip(0, 255).astype(np.float64) / 255)
            rgb = np.interp(linear @ WIDER.T if tags.primaries == 9 else linear, light, values)
            sink.write(stored(rgb, made))
    return path


def stored(rgb: Doubles, plate: Plate) -> planes.Planes:
    """Return values 0..1 as planes of R'G'B' in legal range."""
    codes = np.rint(64 + 876 * rgb).astype(np.uint16)
    return planes.Planes(tuple(np.ascontiguousarray(codes[..., i]) for i in (1, 2, 0)), plate.pix_fmt)


def light_of(values: Doubles, tags: ColourTags) -> Doubles:
    """Return the light of values 0..1."""
    return light_of_srgb(values) if view.as_displayed(tags) else view.light(values, tags)


def shown(path: Path, tags: ColourTags) -> list[Floats]:
    """Return the faces of a film as an SDR display shows them."""
    plate = probe(path)
    # The matrix alone: the curve is undone here, with its primaries.
    plain = replace(plate.tags, transfer=1)
    found = []
    with decode.open_plate(plate) as reader:
        for picture in reader.read(0, plate.frames):
            bgr = planes.region_bgr(picture, plain, (0, 0, plate.width, plate.height))[FACE]
            light = light_of(bgr[..., ::-1].astype(np.float64) / 255, tags)
            display = 255 * srgb(light @ np.linalg.inv(WIDER).T if tags.primaries == 9 else light)
            found.append(display.astype(np.float32))
    return found


if __name__ == "__main__":
    main()
