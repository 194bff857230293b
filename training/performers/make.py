"""Makes clips of performers for the trainers' pack: person, performance, scene, camera, sound, by one seed.

What a clip's folder holds is told in `training.packs.data`.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from training.packs.data import FRAME_PX, MARGIN
from training.performers import anatomy, motion, person, scene, voice
from training.performers.act import Source, act
from training.performers.render import Renderer, over
from w2l_studio import atomic
from w2l_studio.faces import crop, smooth
from w2l_studio.terms import Floats, FramesBGR
from w2l_studio.terms.sound import FPS

#: Side of the picture that is drawn; the face's window is cut from it.
PICTURE_PX = 384


def make(source: Source, seed: int, folder: Path, renderer: Renderer) -> None:
    """Render one clip; its meta.json is written last, so what has one is whole.

    Args:
        seed: all chance of person, scene, camera and voice.
        folder: the clip's own.
    """
    random = np.random.default_rng((seed, *source.name.encode()))
    body = anatomy.embody(person.draw(random))
    (apart,) = random.spawn(1)
    acted = act(source, random, apart, body.names)
    units = motion.on_person(acted.units, body.names, body.person)
    if random.random() < 0.5:
        units = motion.mirrored(units, body.names)
    frames, opening = _film(units, body, random, renderer)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "frames.npy", frames)
    np.save(folder / "audio.npy", voice.placed(apart, acted.audio))
    np.save(folder / "opening.npy", opening)
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
    atomic.write_text(folder / "meta.json", json.dumps(meta))


def _film(
    units: Floats, body: anatomy.Body, random: np.random.Generator, renderer: Renderer
) -> tuple[FramesBGR, Floats]:
    """Return the pack's pictures ``uint8[T, 240, 240, 3]`` and the exact openings ``float32[T]``."""
    setting = scene.draw(random, PICTURE_PX, PICTURE_PX * float(random.uniform(0.173, 0.27)))
    pose = scene.move(random, len(units), FPS, turned=0.33, lively=float(random.uniform(0.4, 1.4)))
    behind = scene.background(random, PICTURE_PX, PICTURE_PX)
    drawn = list(renderer.render(body, units, pose, setting))
    pictures = np.stack([over(one, behind) for one in drawn])
    pictures = _camera(pictures, random)
    points = np.stack([one.points for one in drawn]) + _detector_bias(random, drawn[0].points)
    points += random.normal(0, 0.12, points.shape).astype(np.float32)
    windows = smooth.windows(points, np.ones(len(points), np.bool_), Fraction(FPS))
    maps = crop.affines(windows, FRAME_PX, MARGIN)
    frames = crop.cut(pictures, maps, FRAME_PX).pixels
    return frames, np.array([one.opening for one in drawn], np.float32)


def _detector_bias(random: np.random.Generator, points: Floats) -> Floats:
    """Detectors put their points a little elsewhere, and always so: a few per cent of the face."""
    size = np.linalg.norm(points[:2].mean(0) - points[3:].mean(0))
    return random.normal(0, 0.025 * size, (1, 5, 2)).astype(np.float32)


def _camera(pictures: FramesBGR, random: np.random.Generator) -> FramesBGR:
    """Soften, grain and compress as a camera and its codec would."""
    blur = float(random.choice([0.4, 0.4, 0.7, 1.2]))
    moved = float(random.choice([0.0, 0.0, 0.25]))
    noise, quality = float(random.uniform(0, 4)), int(random.integers(45, 98))
    shot = []
    for i, picture in enumerate(pictures):
        if moved:
            picture = cv2.addWeighted(picture, 1 - moved, pictures[max(i - 1, 0)], moved, 0)
        grain = random.standard_normal(picture.shape[:2], np.float32) * np.float32(noise)
        seen = cv2.add(cv2.GaussianBlur(picture, (0, 0), blur), cv2.merge([grain] * 3), dtype=cv2.CV_8U)
        _, coded = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
        shot.append(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8))
    return np.stack(shot)
