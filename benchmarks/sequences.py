"""What image sequences cost beside films: plates read, and takes written, each in the plate's own format.

The example's first clip at 1080p, with grain; of a picture of a take a twentieth has changed, as by a mouth.
Prints markdown.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio  # noqa: N813 - its documentation's name for it

from w2l_studio.composite import planes
from w2l_studio.media import decode
from w2l_studio.media.images import light
from w2l_studio.media.probe import probe
from w2l_studio.media.takes import AsPlate
from w2l_studio.terms import Floats, ImageSequence, Planes, Plate
from w2l_studio.timing import FrameRange

FILM = Path(__file__).resolve().parents[1] / "examples" / "two_voices" / "media" / "A001C001.mov"
WIDTH, HEIGHT = 1920, 1080
#: Name -> ending, type of samples, bits, compression.
KINDS = {
    "EXR, half, zip": (".exr", "half", 16, "zip"),
    "EXR, half, piz": (".exr", "half", 16, "piz"),
    "DPX, 10 bits": (".dpx", "uint16", 10, ""),
    "TIFF, 16 bits": (".tif", "uint16", 16, "none"),
    "PNG, 8 bits": (".png", "uint8", 8, ""),
}


def main() -> None:
    """Measure every format in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plates = {"ProRes 422 HQ (film)": film(Path(folder), options.pictures)}
        plates |= {name: images(Path(folder), name, options.pictures) for name in KINDS}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in plates}
        for run in range(options.runs):
            for name, plate in plates.items():
                times[name].append(measured(plate, Path(folder) / f"run{run}"))
    print(f"| plate, {WIDTH} x {HEIGHT} | ms to read a picture | ms to write one of a take |\n|---|---|---|")
    for name, found in times.items():
        read, written = (
            1000 * statistics.median(each) / options.pictures for each in zip(*found, strict=True)
        )
        print(f"| {name} | {read:.0f} | {written:.0f} |")
    print(f"\nCPU time, median of {options.runs} runs in turns, {options.pictures} pictures each.")


def pictures(count: int) -> Iterator[Floats]:
    """Yield grainy pictures ``float32[h, w, 3]`` RGB, 0..1."""
    grain = np.random.default_rng(5)
    plate = probe(FILM)
    with decode.open_plate(plate) as reader:
        for picture in reader.read(0, count):
            bgr = planes.region_bgr(picture, plate.tags, (0, 0, plate.width, plate.height))
            large = cv2.resize(bgr[..., ::-1], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
            yield np.clip(large + grain.normal(0, 2, large.shape), 0, 255).astype(np.float32) / 255


def film(folder: Path, count: int) -> Plate:
    """Write the pictures as ProRes."""
    plate = Plate(folder / "film.mov", WIDTH, HEIGHT, Fraction(24), count, "prores", "yuv422p10le", 10)
    with AsPlate().open(plate.path, plate, 0, {}) as sink:
        for rgb in pictures(count):
            luma = (rgb.mean(2) * 876 + 64).astype(np.uint16)
            grey = np.full((HEIGHT, WIDTH // 2), 512, np.uint16)
            sink.write(Planes((luma, grey, grey), plate.pix_fmt))
    return probe(plate.path)


def images(folder: Path, name: str, count: int) -> Plate:
    """Write the pictures as an image sequence."""
    suffix, form, bits, compression = KINDS[name]
    below = folder / name.replace(" ", "_")
    below.mkdir()
    sequence = ImageSequence(below, "plate.", 1001, 1000 + count, 4, suffix)
    for n, rgb in enumerate(pictures(count)):
        spec = oiio.ImageSpec(WIDTH, HEIGHT, 3, form)
        spec.attribute("oiio:BitsPerSample", bits)
        if compression:
            spec.attribute("compression", compression)
        samples = rgb if form != "half" else light.to_light((rgb * 56064 + 4096).astype(np.uint16))
        out = oiio.ImageOutput.create(str(sequence.file(n)))
        # OpenImageIO brings floats to what the file holds.
        if not (out.open(str(sequence.file(n)), spec) and out.write_image(samples) and out.close()):
            raise SystemExit(out.geterror())
    return probe(sequence.path)


def measured(plate: Plate, folder: Path) -> tuple[float, float]:
    """Return the seconds of CPU time that a plate takes to be read, and a take of it to be written."""
    folder.mkdir(exist_ok=True)
    frames, encoder = FrameRange(0, plate.frames, plate.rate), AsPlate()
    path = folder / encoder.name(plate.path.parent.name, plate, frames)
    read: list[Planes] = []

    def reading() -> None:
        with decode.open_plate(plate) as reader:
            read.extend(reader.read(0, plate.frames))

    def writing() -> None:
        with encoder.open(path, plate, 0, {}) as sink:
            for picture in read:
                sink.write(spoken(picture))

    return timed(reading), timed(writing)


def spoken(picture: Planes) -> Planes:
    """Return a picture of which a twentieth has changed, as a mouth does."""
    changed = [plane.copy() for plane in picture.planes]
    for plane in changed:
        height, width = plane.shape
        plane[height // 2 : height * 3 // 4, width // 2 : width * 7 // 10] += 1
    return Planes(tuple(changed), picture.pix_fmt)


def timed(work: Callable[[], None]) -> float:
    """Return the CPU seconds of some work."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
