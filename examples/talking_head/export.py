"""Writes an actor of the example as glTF: the head with ARKit's 52 units as morph targets, hair and clothes.

    python -m examples.talking_head.export talking_head.out/anna.glb [--actor ANNA]

From the repository's root, in the engine's environment after `make performers`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from examples.talking_head import paint
from examples.two_voices import cast
from training.performers import mesh
from training.performers.mesh import EYE, TEETH, TONGUE
from training.performers.person import Person

Array = npt.NDArray[np.float64]
Triangles = npt.NDArray[np.int64]

#: Metres a decimetre of the mesh.
_METRES = 0.1
#: From the mesh's tongue, which fills the mouth, and its teeth, of which it hides the upper ones,
#: to where people's are in speech (decimetres).
_TONGUE, _UPPER_TEETH, _LOWER_TEETH = (0.0, -0.18, -0.1), (0.0, -0.055, -0.03), (0.0, -0.09, -0.04)
#: Triangles of the skin and of the eyeballs are halved so often: colours lie on vertices.
_HALVED, _EYE_HALVED = 1, 3
#: glTF's numbers.
_FLOAT, _UINT, _VERTICES, _INDICES = 5126, 5125, 34962, 34963
_GLB, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A mesh to be written.

    Args:
        places: ``float64[N, 3]`` in metres, y up, z to the front.
        colours: ``float64[N, 3]``, linear.
        triangles: ``int64[F, 3]``.
        morphs: name -> ``float64[N, 3]`` at full strength.
    """

    name: str
    places: Array
    colours: Array
    triangles: Triangles
    morphs: dict[str, Array] = field(default_factory=dict)


def surfaces(actor: cast.Actor) -> list[Surface]:
    """Return an actor's head, hair and clothes, with the face where the neutral head has it."""
    head = mesh.load()
    person = cast.embodied(actor)
    off = np.mean([(person.rest - head.rest)[rows].mean(0) for rows in head.marks.values()], 0)
    extra = cast.dressed(actor, person)
    neutral, colours = extra.neutral, paint.strands(actor, extra.neutral)
    cloth = extra.part == cast.CLOTH
    colours[cloth] = actor.cloth
    inside = np.where(
        cloth,
        paint.under_neckline(actor, neutral),
        np.minimum(paint.over_hair_edge(actor, neutral), neutral[:, 1] - actor.cut.hem),
    )
    found = [_head(actor, person, off)]
    for name, rows in (("Hair", ~cloth), ("Clothes", cloth)):
        kept = extra.triangles[(rows & (inside > 0))[extra.triangles].all(1)]
        used, renumbered = np.unique(kept, return_inverse=True)
        found.append(
            Surface(name, (extra.places[used] - off) * _METRES, colours[used], renumbered.reshape(-1, 3))
        )
    return found


def _head(actor: cast.Actor, person: Person, off: Array) -> Surface:
    head = mesh.load()
    names = list(person.units)
    rest = person.rest - off
    teeth, with_jaw = head.part == TEETH, head.units["jawOpen"][:, 1] < -0.05
    rest[head.part == TONGUE] += _TONGUE
    rest[teeth & ~with_jaw] += _UPPER_TEETH
    rest[teeth & with_jaw] += _LOWER_TEETH
    moves = np.concatenate([person.units[name] for name in names], 1)
    table = np.concatenate([rest, head.rest, head.uv, head.part[:, None], moves], 1).astype(np.float64)
    eyes = (head.part == EYE)[head.triangles].all(1)
    triangles = head.triangles.astype(np.int64)
    parts = [(triangles[~eyes], _HALVED), (triangles[eyes], _EYE_HALVED)]
    done: list[Triangles] = []
    for some, times in parts:
        for _ in range(times):
            table, some = halved(table, some)
        done.append(some)
    used, renumbered = np.unique(np.concatenate(done), return_inverse=True)
    table = table[used]
    colours = paint.head(actor, table[:, 3:6], table[:, 6:8], np.rint(table[:, 8]).astype(np.int64))
    morphs = {name: table[:, 9 + 3 * i : 12 + 3 * i] * _METRES for i, name in enumerate(names)}
    return Surface("Head", table[:, :3] * _METRES, colours, renumbered.reshape(-1, 3), morphs)


def halved(table: Array, triangles: Triangles) -> tuple[Array, Triangles]:
    """Cut each triangle into four at the middles of its edges; rows of the table are averaged."""
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    single, number = np.unique(edges, axis=0, return_inverse=True)
    middles = table[single].mean(1)
    ab, bc, ca = (number.reshape(-1, 3) + len(table)).T
    a, b, c = triangles.T
    four = np.stack([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]).transpose(2, 0, 1)
    return np.concatenate([table, middles]), four.reshape(-1, 3)


def glb(found: list[Surface], name: str) -> bytes:
    """Return glTF 2.0 in one piece: a node of that name with a node for each surface."""
    body, views, accessors, meshes = bytearray(), [], [], []

    def lay(values: npt.NDArray[Any], kind: str, target: int, *, bounds: bool = False) -> int:
        told: dict[str, Any] = {
            "bufferView": len(views), "type": kind, "count": len(values),
            "componentType": _UINT if target == _INDICES else _FLOAT,
        }  # fmt: skip
        if bounds:
            told |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        content = values.tobytes()
        views.append({"buffer": 0, "byteOffset": len(body), "byteLength": len(content), "target": target})
        body.extend(content)
        accessors.append(told)
        return len(accessors) - 1

    for surface in found:
        places = surface.places.astype("<f4")
        attributes = {
            "POSITION": lay(places, "VEC3", _VERTICES, bounds=True),
            "COLOR_0": lay(surface.colours.astype("<f4"), "VEC3", _VERTICES),
        }
        primitive: dict[str, Any] = {
            "attributes": attributes,
            "indices": lay(surface.triangles.astype("<u4").reshape(-1), "SCALAR", _INDICES),
        }
        made: dict[str, Any] = {"name": surface.name, "primitives": [primitive]}
        if surface.morphs:
            primitive["targets"] = [
                {"POSITION": lay(moves.astype("<f4"), "VEC3", _VERTICES, bounds=True)}
                for moves in surface.morphs.values()
            ]
            made |= {
                "weights": [0.0] * len(surface.morphs),
                "extras": {"targetNames": list(surface.morphs)},
            }
        meshes.append(made)
    nodes = [{"name": surface.name, "mesh": i} for i, surface in enumerate(found)]
    scene = {
        "asset": {"version": "2.0", "generator": "w2l-studio examples/talking_head"},
        "scene": 0,
        "scenes": [{"nodes": [len(nodes)]}],
        "nodes": [*nodes, {"name": name, "children": list(range(len(nodes)))}],
        "meshes": meshes,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(body)}],
    }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunks = [(len(text), _JSON, text), (len(body), _BIN, bytes(body))]
    content = b"".join(np.array([size, kind], "<u4").tobytes() + part for size, kind, part in chunks)
    return np.array([_GLB, 2, 12 + len(content)], "<u4").tobytes() + content


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--actor", default="ANNA", choices=list(cast.ACTORS))
    asked = parser.parse_args()
    found = surfaces(cast.ACTORS[asked.actor])
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_bytes(glb(found, asked.actor.capitalize()))
    size = asked.out.stat().st_size / 1e6
    print(f"{asked.out}: {len(found[0].places)} vertices, {len(found[0].morphs)} units, {size:.0f} MB")


if __name__ == "__main__":
    main()
