"""Cut-out heads for crowds: rendered once, kept in files that are mapped, points and boxes exact.

Draws people, poses and light by chance; `attire` dresses them, `crowds` composes scenes.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.packs.data import write_array
from training.performers import anatomy, attire, person, scene
from training.performers.render import Renderer
from training.performers.scene import Pose
from w2l_studio import atomic
from w2l_studio.errors import UsageError
from w2l_studio.terms import Bools, Doubles, Floats, Ints

#: Side of a cut-out.
SIZE_PX = 384
#: Pictures of one person: how many; of these so many show the back of the head, which is no face; how far
#: apart eyes and mouth lie, in parts of the side. Close ones leave room for hair and shoulders, far ones for
#: a body, since who is far away is seen as a figure before he is seen as a face.
_CLOSE, _FAR = (12, 1, 0.22), (8, 2, 0.085)
PER_PERSON = _CLOSE[0] + _FAR[0]
_CHILDREN = 0.2
#: Units that a face may show at any time, and how often and how strongly at most.
_SHOWN = (
    (("jawOpen",), 0.4, 0.7),
    (("mouthSmileLeft", "mouthSmileRight"), 0.35, 1.0),
    (("mouthFrownLeft", "mouthFrownRight"), 0.1, 0.8),
    (("mouthPucker",), 0.12, 0.9),
    (("mouthFunnel",), 0.12, 0.8),
    (("mouthUpperUpLeft", "mouthUpperUpRight"), 0.15, 0.6),
    (("mouthLowerDownLeft", "mouthLowerDownRight"), 0.2, 0.7),
    (("eyeBlinkLeft", "eyeBlinkRight"), 0.2, 1.0),
    (("eyeSquintLeft", "eyeSquintRight"), 0.2, 1.0),
    (("eyeWideLeft", "eyeWideRight"), 0.1, 1.0),
    (("browDownLeft", "browDownRight"), 0.25, 1.0),
    (("browInnerUp",), 0.25, 1.0),
    (("browOuterUpLeft", "browOuterUpRight"), 0.15, 1.0),
    (("cheekPuff",), 0.05, 0.8),
)


#: Where published detectors (MTCNN, RetinaFace) put eyes, nose and mouth corners of 1,000 of our heads, as
#: seen from the mesh's marks, in eye-mouth distances: across = a + b turn, down = c + d nod, a growing
#: outwards. An eyeball's middle lies behind its lids, and detectors call a place above the tip the nose. It
#: leaves 0.065, which is what the two differ by as well; without it 0.096.
_HABITS = ((0.014, 0.44, 0.03, 0.39), (0.0, 0.04, -0.04, -0.25), (0.012, -0.1, 0.015, 0.01))
_FARTHEST = (0.7, 0.35)
#: Detectors' boxes begin higher on the forehead than the mesh's face, by so much of its height.
_FOREHEAD = 0.085


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """N cut-outs.

    Args:
        pixels: N of ``uint8[P, P, 4]`` BGR, multiplied by the last plane, which tells what is covered.
        points: ``float32[N, 5, 2]`` as in `terms.Faces`; of files, as detectors see them (`conventional`).
        boxes: ``float32[N, 4]`` of the faces; of files, as detectors draw them.
        faces: ``bool[N]``; what is no face shows the back of a head.
        people: ``int64[N]``, the seed of who is shown.
    """

    pixels: Sequence[npt.NDArray[np.uint8]]
    points: Floats
    boxes: Floats
    faces: Bools
    people: Ints


def draw(seed: int, renderer: Renderer) -> Heads:
    """Draw one person `PER_PERSON` times, each time in another pose, light and dress; far ones last."""
    random = np.random.default_rng(seed)
    body = anatomy.embody(person.draw(random, child=bool(random.random() < _CHILDREN)))
    pixels = np.empty((PER_PERSON, SIZE_PX, SIZE_PX, 4), np.uint8)
    points, boxes = np.empty((PER_PERSON, 5, 2), np.float32), np.empty((PER_PERSON, 4), np.float32)
    faces = np.concatenate([np.arange(count) >= backs for count, backs, _ in (_CLOSE, _FAR)])
    for i, seen in enumerate(faces):
        _, _, eyes_to_mouth = _CLOSE if i < _CLOSE[0] else _FAR
        setting = scene.draw(random, SIZE_PX, SIZE_PX * eyes_to_mouth)
        pose = Pose(_angles(random, seen=bool(seen)), np.zeros((1, 2)))
        (drawn,) = renderer.render(body, _units(random, body.names), pose, setting)
        points[i], boxes[i] = drawn.points, drawn.box
        pixels[i] = attire.dress(random, drawn, body.person, seen=bool(seen))
    return Heads(list(pixels), points, boxes, faces, np.full(PER_PERSON, seed))


def fill(folder: Path, seeds: range, *, jobs: int, report: Callable[[str], None] = print) -> int:
    """Draw people into a folder, in parallel; who is there already is not drawn again.

    Returns:
        How many people the folder now holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [(seed, folder) for seed in seeds if not (folder / f"{seed}.npz").exists()]
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs) as pool:
        for done, seed in enumerate(pool.imap_unordered(_keep, missing), 1):
            if done % 50 == 0:
                report(f"{done} people drawn, last {seed}")
    return len(_people(folder))


def write(heads: Heads, folder: Path, seed: int) -> None:
    """Keep the cut-outs of one person; what tells of them is written last, so what has it is whole."""
    write_array(folder / f"{seed}.npy", np.stack(heads.pixels))
    # Into a file that is open: numpy would add `.npz` to the name of an unfinished one.
    with atomic.written(folder / f"{seed}.npz") as part, part.open("wb") as file:
        np.savez(file, points=heads.points, boxes=heads.boxes, faces=heads.faces)


def read(folder: Path) -> Heads:
    """Read all people of a folder; pictures are mapped, not loaded.

    Raises:
        UsageError: there are none.
    """
    pixels: list[npt.NDArray[np.uint8]] = []
    told: list[tuple[Floats, Floats, Bools, Ints]] = []
    for seed in _people(folder):
        pixels += list(np.load(folder / f"{seed}.npy", mmap_mode="r"))
        with np.load(folder / f"{seed}.npz") as arrays:
            people = np.full(len(arrays["faces"]), seed)
            told.append((arrays["points"], arrays["boxes"], arrays["faces"], people))
    if not told:
        raise UsageError(f"{folder} holds no heads", hint="draw them with `python -m training heads`")
    points, boxes, faces, people = (np.concatenate(part) for part in zip(*told, strict=True))
    boxes[:, 1] -= _FOREHEAD * (boxes[:, 3] - boxes[:, 1])
    return Heads(pixels, conventional(points), boxes, faces, people)


def _people(folder: Path) -> list[int]:
    """Return the seeds of who is in a folder, in order; files of other names are not ours."""
    return sorted(int(path.stem) for path in folder.glob("*.npz") if path.stem.isdecimal())


def conventional(points: Floats) -> Floats:
    """Return the marks of the mesh ``float32[N, 5, 2]`` moved to where detectors have learned to put them."""
    eyes, mouth = points[:, :2].mean(1), points[:, 3:].mean(1)
    length = np.maximum(np.linalg.norm(mouth - eyes, axis=1, keepdims=True), 1e-3)
    down = (mouth - eyes) / length
    across = np.stack([down[:, 1], -down[:, 0]], 1)
    nose = points[:, 2] - eyes
    turn = np.clip((nose * across).sum(1, keepdims=True) / length, -_FARTHEST[0], _FARTHEST[0])
    nod = np.clip((nose * down).sum(1, keepdims=True) / length - 0.6, -_FARTHEST[1], _FARTHEST[1])
    moved = points.copy()
    for point, (habit, outward) in enumerate(zip((0, 0, 1, 2, 2), (-1, 1, 0, -1, 1), strict=True)):
        out, turned, lower, nodded = _HABITS[habit]
        right, below = outward * out + turned * turn, lower + nodded * nod
        moved[:, point] += length * (right * across + below * down)
    return moved.astype(np.float32)


@cache
def _renderer() -> Renderer:
    """Return this process's renderer."""
    return Renderer(SIZE_PX, SIZE_PX)


def _keep(task: tuple[int, Path]) -> int:
    seed, folder = task
    write(draw(seed, _renderer()), folder, seed)
    return seed


def _angles(random: np.random.Generator, *, seen: bool) -> Doubles:
    """Draw yaw, pitch and roll ``float64[1, 3]``; roll stays small, for `crowds` turns pictures anyway."""
    yaw = random.normal(0, 0.4) if random.random() < 0.65 else random.uniform(-1.5, 1.5)
    if not seen:
        yaw = np.pi + random.uniform(-0.9, 0.9)
    pitch = np.clip(random.normal(0, 0.22), -0.7, 0.7)
    return np.array([[np.clip(yaw, -1.5, 1.5) if seen else yaw, pitch, random.normal(0, 0.08)]])


def _units(random: np.random.Generator, names: tuple[str, ...]) -> Floats:
    units = np.zeros((1, len(names)), np.float32)
    for shown, often, most in _SHOWN:
        if random.random() < often:
            strength = random.uniform(0, most)
            for name in shown:
                units[0, names.index(name)] = strength * random.uniform(0.85, 1)
    return units
