"""Films the scene: renders every take of scene.yaml with the actors, and writes media/*.mov.

Needs the extra ``performers`` and an EGL driver; see ../README.md. Run it from the repository's root as
``python -m examples.two_voices.render`` or, for stills, with ``--stills FOLDER``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import acting  # noqa: E402
import cast  # noqa: E402
import scene  # noqa: E402
import sets  # noqa: E402
import stage  # noqa: E402
from stage import Camera, Lights  # noqa: E402

from training.performers.scene import Light  # noqa: E402

Picture = npt.NDArray[np.float32]

WIDTH, HEIGHT = 1280, 720
#: Constant quality of x264; the whole folder must stay small.
QUALITY = 21


@dataclass(frozen=True, slots=True)
class SetUp:
    """A camera's picture: who is where, in which light, before which room."""

    cameras: dict[str, Camera]
    lights: dict[str, Lights]
    seed: int
    wall: tuple[sets.Colour, sets.Colour]
    lamps: tuple[sets.Colour, ...]
    desk: bool = False


_WARM = Lights(
    Light((-0.50, 0.45, 0.74), (1.05, 0.95, 0.83)),
    Light((0.85, 0.05, 0.52), (0.15, 0.20, 0.28)),
    Light((0.62, 0.42, -0.66), (0.75, 0.85, 1.0)),
    (0.20, 0.22, 0.26), (0.11, 0.085, 0.07), 0.6,
)  # fmt: skip
_COOL = Lights(
    Light((0.58, 0.40, 0.71), (0.90, 0.97, 1.10)),
    Light((-0.85, 0.05, 0.52), (0.24, 0.18, 0.12)),
    Light((-0.60, 0.42, -0.68), (1.0, 0.78, 0.52)),
    (0.22, 0.24, 0.27), (0.08, 0.08, 0.09), 0.55,
)  # fmt: skip
_ANNA_ROOM = ((0.20, 0.155, 0.12), (0.40, 0.30, 0.22))
_BEN_ROOM = ((0.15, 0.22, 0.26), (0.075, 0.105, 0.14))

SET_UPS = {
    "A": SetUp({"ANNA": Camera(15, (0.44, 0.522), 6.5)}, {"ANNA": _WARM}, 12,
               _ANNA_ROOM, ((1.0, 0.72, 0.4), (1.0, 0.6, 0.3), (0.9, 0.8, 0.6))),
    "B": SetUp({"BEN": Camera(15, (0.56, 0.51), 6.5)}, {"BEN": _COOL}, 14,
               _BEN_ROOM, ((0.3, 0.7, 0.9), (0.35, 0.6, 1.0), (0.95, 0.55, 0.3))),
    "C": SetUp(
        {"ANNA": Camera(26, (0.31, 0.40), 10.4), "BEN": Camera(26, (0.69, 0.385), 10.4)},
        {"ANNA": _WARM, "BEN": _COOL}, 21, ((0.17, 0.14, 0.125), (0.11, 0.135, 0.16)),
        ((1.0, 0.7, 0.4), (0.9, 0.75, 0.5), (0.4, 0.65, 0.95), (1.0, 0.5, 0.3), (0.5, 0.8, 0.9)), desk=True,
    ),
}  # fmt: skip


def film(told: scene.Scene, take: scene.Take, frames: range, scale: float) -> Iterator[Picture]:
    """Yield pictures of a take, ``float32[720, 1280, 3]`` RGB 0..1, drawn ``scale`` times larger."""
    width, height = round(WIDTH * scale), round(HEIGHT * scale)
    drawn = (
        _meters(told, take, frames, width, height)
        if take.name[0] == "D"
        else _actors(told, take, frames, width, height)
    )
    shade = _vignette(width, height)
    for picture in drawn:
        way = cv2.INTER_AREA if scale >= 1 else cv2.INTER_CUBIC
        yield np.clip(cv2.resize(picture * shade, (WIDTH, HEIGHT), interpolation=way), 0, 1)


def _actors(told: scene.Scene, take: scene.Take, frames: range, width: int, height: int) -> Iterator[Picture]:
    plan = SET_UPS[take.name[0]]
    behind = sets.room(width, height, plan.seed, plan.wall, plan.lamps)
    front = sets.desk(width, height) if plan.desk else None
    phones = scene.phones()
    with stage.Stage(width, height) as lit:
        figures = {who: lit.cast(cast.ACTORS[who]) for who in plan.cameras}
        parts = {
            who: acting.play(told, who, phones[who], figure.body.names) for who, figure in figures.items()
        }
        for frame in frames:
            picture = behind
            for who, figure in figures.items():
                part = parts[who]
                row = frame - part.first
                drawn = figure.draw(
                    part.units[row], part.head_rad[row], part.torso_rad[row], part.shift_dm[row],
                    plan.cameras[who], plan.lights[who],
                )  # fmt: skip
                picture = drawn[..., :3] + picture * (1 - drawn[..., 3:])
            if front is not None:
                picture = picture * (1 - front[1]) + front[0] * front[1]
            yield picture


def _meters(told: scene.Scene, take: scene.Take, frames: range, width: int, height: int) -> Iterator[Picture]:
    levels = _levels(told)
    meters = sets.Meters(width, height)
    for frame in frames:
        pan = (frame - take.start) / (take.stop - take.start)
        yield meters.draw(float(levels[min(max(frame, 0), len(levels) - 1)]), pan)


def _levels(told: scene.Scene) -> npt.NDArray[np.float64]:
    """Return the production sound's level per frame, as a meter shows it: quick to rise, slow to fall."""
    with av.open(str(scene.PRODUCTION)) as container:
        rate = container.streams.audio[0].rate
        samples = (
            np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]) / 2**15
        )
    per_frame = rate // told.rate
    loud = np.sqrt(
        np.mean(samples[: len(samples) // per_frame * per_frame].reshape(-1, per_frame) ** 2, axis=1)
    )
    shown, now = np.zeros(len(loud)), 0.0
    for i, value in enumerate(np.clip((20 * np.log10(loud + 1e-5) + 46) / 34, 0, 1)):
        now = max(value, now - 0.09)
        shown[i] = now
    return shown


def _vignette(width: int, height: int) -> Picture:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (1 - 0.22 * np.clip(np.hypot(x, y) - 0.45, 0, 1) ** 1.5).astype(np.float32)[..., None]


def write(told: scene.Scene, take: scene.Take, scale: float) -> None:
    """Render a take into its media file: H.264, 10 bit 4:2:0, BT.709, with timecode."""
    part = take.path.with_name(f".{take.path.name}")
    with av.open(str(part), "w", format="mov") as container:
        stream = container.add_stream("libx264", rate=told.rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p10le"
        stream.options = {
            "preset": "slow", "crf": str(QUALITY), "g": str(told.rate), "bf": "2", "flags": "+cgop",
            "threads": "1",
        }  # fmt: skip
        codec = stream.codec_context
        codec.color_primaries = codec.color_trc = codec.colorspace = 1
        codec.color_range = 1
        stream.metadata["timecode"] = scene.timecode(told.clock_frame + take.start, told.rate)
        stream.metadata["reel_name"] = take.name
        began = time.monotonic()
        for i, picture in enumerate(film(told, take, range(take.start, take.stop), scale)):
            frame = _frame(picture)
            frame.pts = i
            frame.time_base = Fraction(1, told.rate)
            container.mux(stream.encode(frame))
            if i % 24 == 23:
                each = (time.monotonic() - began) / (i + 1)
                print(f"\r{take.name} {i + 1}/{take.stop - take.start} {each:.2f} s", end="", flush=True)
        container.mux(stream.encode(None))
    part.replace(take.path)
    print(f"\n{take.path.name} {take.path.stat().st_size} bytes")


def _frame(picture: Picture) -> av.VideoFrame:
    """Return RGB 0..1 as 10 bit BT.709 limited range, chroma sited left as H.264 has it."""
    red, green, blue = np.moveaxis(picture, 2, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    planes = [64 + 876 * luma]
    for colour, span in ((blue, 1.8556), (red, 1.5748)):
        chroma = (colour - luma) / span
        padded = np.pad(chroma, ((0, 0), (1, 1)), mode="edge")
        sited = 0.25 * padded[:, :-2:2] + 0.5 * padded[:, 1:-1:2] + 0.25 * padded[:, 2::2]
        planes.append(512 + 896 * 0.5 * (sited[::2] + sited[1::2]))
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p10le")
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), "<u2")
        rows[:, : plane.width] = np.round(values)
        plane.update(rows.tobytes())
    return frame


def main() -> None:
    """Render all takes, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("takes", nargs="*", help="names of takes; default all")
    parser.add_argument("--scale", type=float, default=0.75, help="how much larger pictures are drawn")
    parser.add_argument("--stills", type=Path, help="write a PNG every --every frames instead")
    parser.add_argument("--every", type=int, default=12)
    asked = parser.parse_args()
    told = scene.load()
    for take in told.takes:
        if asked.takes and take.name not in asked.takes:
            continue
        if asked.stills is None:
            write(told, take, asked.scale)
            continue
        asked.stills.mkdir(parents=True, exist_ok=True)
        frames = range(take.start, take.stop, asked.every)
        for frame, picture in zip(frames, film(told, take, frames, asked.scale), strict=True):
            shown = np.round(picture[..., ::-1] * 255).astype(np.uint8)
            cv2.imwrite(str(asked.stills / f"{take.name}_{frame + 100:04}.png"), shown)


if __name__ == "__main__":
    main()
