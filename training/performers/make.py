"""Makes clips of performers for the trainers' pack: person, performance, scene, camera, sound, by one seed.

What a clip's folder holds is told in `training.packs.data`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.packs.data import ELSEWHERE, FRAME_PX, MARGIN, write_array
from training.performers import anatomy, motion, person, scene, voice
from training.performers.act import Source, act
from training.performers.render import Renderer, over
from w2l_studio import atomic
from w2l_studio.faces import crop, smooth
from w2l_studio.terms import Doubles, Floats, FramesBGR
from w2l_studio.terms.sampling import from_part, reach
from w2l_studio.terms.sound import FPS

#: Side of the picture that is drawn; the face's window is cut from it.
PICTURE_PX = 384
#: How far beside a window a lens's blur and the samples of its rim reach; and the side of a codec's block.
_BESIDE_PX, _BLOCK_PX = 8, 16


def make(source: Source, seed: int, folder: Path, renderer: Renderer) -> None:
    """Render one clip; its meta.json is written last, so what has one is whole.

    Args:
        seed: all chance of person, scene, camera and voice.
        folder: the clip's own.

    Raises:
        OutputError: it cannot be written.
    """
    random = np.random.default_rng((seed, *source.name.encode()))
    body = anatomy.embody(person.draw(random))
    (apart,) = random.spawn(1)
    acted = act(source, random, apart, body.names)
    units = motion.on_person(acted.units, body.names, body.person)
    if random.random() < 0.5:
        units = motion.mirrored(units, body.names)
    frames, opening = _film(units, body, random, renderer)
    with atomic.refusals(folder, ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True)
    write_array(folder / "frames.npy", frames)
    write_array(folder / "audio.npy", voice.placed(apart, acted.audio))
    write_array(folder / "opening.npy", opening)
    meta = {
        # A head of its own, whoever lends it the voice: trainers draw speakers alike.
        "speaker": f"{source.name}-performer-{seed}",
        "split": source.split,
        "licence": source.licence,
        "source": source.name,
        "seed": seed,
        "start_s": acted.start_s,
        "tempo": acted.tempo,
    }
    atomic.write_text(folder / "meta.json", json.dumps(meta), ELSEWHERE)


def _film(
    units: Floats, body: anatomy.Body, random: np.random.Generator, renderer: Renderer
) -> tuple[FramesBGR, Floats]:
    """Return the pack's pictures ``uint8[T, 240, 240, 3]`` and the exact openings ``float32[T]``."""
    setting = scene.draw(random, PICTURE_PX, PICTURE_PX * float(random.uniform(0.173, 0.27)))
    pose = scene.move(random, len(units), FPS, turned=0.33, lively=float(random.uniform(0.4, 1.4)))
    behind = scene.background(random, PICTURE_PX, PICTURE_PX)
    drawn = list(renderer.render(body, units, pose, setting))
    points = np.stack([one.points for one in drawn]) + _detector_bias(random, drawn[0].points)
    points += random.normal(0, 0.12, points.shape).astype(np.float32)
    windows = smooth.windows(points, np.ones(len(points), np.bool_), Fraction(FPS))
    maps = crop.affines(windows, FRAME_PX, MARGIN)
    # What no window shows goes through no lens and no codec.
    part, maps = _shown(maps)
    pictures = [over(one.cut(part), behind[part]) for one in drawn]
    frames = crop.cut(_camera(pictures, random), maps, FRAME_PX).pixels
    return frames, np.array([one.opening for one in drawn], np.float32)


def _shown(maps: Doubles) -> tuple[tuple[slice, slice], Doubles]:
    """Return the rows and columns of the picture that windows show, and the windows' maps from there."""
    boxes = np.stack([reach(one, (-1, -1, FRAME_PX, FRAME_PX)) for one in maps])
    # Of windows that lie beyond its rim, the last block is what they repeat.
    low = np.clip(boxes[:, 0].min(0) - _BESIDE_PX, 0, PICTURE_PX - _BLOCK_PX)
    left, top = low.astype(int) // _BLOCK_PX * _BLOCK_PX
    right, bottom = np.maximum(np.ceil(boxes[:, 1].max(0) + _BESIDE_PX), (left + 1, top + 1)).astype(int)
    return (slice(top, bottom), slice(left, right)), from_part(maps, left, top)


def _detector_bias(random: np.random.Generator, points: Floats) -> Floats:
    """Detectors put their points a little elsewhere, and always so: a few per cent of the face."""
    size = np.linalg.norm(points[:2].mean(0) - points[3:].mean(0))
    return random.normal(0, 0.025 * size, (1, 5, 2)).astype(np.float32)


def _camera(pictures: Sequence[FramesBGR], random: np.random.Generator) -> FramesBGR:
    """Soften, grain and compress as a camera and its codec would."""
    blur = float(random.choice([0.4, 0.4, 0.7, 1.2]))
    moved = float(random.choice([0.0, 0.0, 0.25]))
    noise, quality = float(random.uniform(0, 4)), int(random.integers(45, 98))
    grains = _grains(random, pictures[0].shape[:2], noise)
    shot = []
    for i, picture in enumerate(pictures):
        if moved:
            picture = cv2.addWeighted(picture, 1 - moved, pictures[max(i - 1, 0)], moved, 0)
        seen = cv2.add(cv2.GaussianBlur(picture, (0, 0), blur), next(grains), dtype=cv2.CV_8U)
        _, coded = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
        shot.append(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8))
    return np.stack(shot)


def _grains(
    random: np.random.Generator, size: tuple[int, int], noise: float
) -> Iterator[npt.NDArray[np.int16]]:
    """Yield grain ``int16[H, W, 3]`` in levels, the same in every channel: ever other places of one field."""
    height, width = size
    field = random.standard_normal((2 * height, 2 * width), np.float32) * np.float32(noise)
    grains = np.asarray(cv2.merge([np.rint(field).astype(np.int16)] * 3), np.int16)
    while True:
        top, left = random.integers(0, height), random.integers(0, width)
        yield grains[top : top + height, left : left + width]
