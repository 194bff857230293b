"""Draws an actor on OpenGL (EGL, no screen) in half floats, for a camera of any size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cast
import moderngl
import numpy as np
import numpy.typing as npt

from training.performers import anatomy, mesh, render, uniforms
from training.performers.scene import FACE, Light

Array = npt.NDArray[np.float64]
Pictures = npt.NDArray[np.float32]

_OURS = Path(__file__).parent / "shaders"
_THEIRS = Path(render.__file__).parent / "shaders"
_NEAR_DM, _FAR_DM = 1.0, 60.0
_SAMPLES = 4
#: Where the tongue lies in an open mouth, from where it lies in a shut one.
_TONGUE_DM = np.array([0.0, -0.10, -0.03], np.float32)
#: Heads turn about the top of the neck.
_PIVOT = np.array([0.0, 6.45, 0.25])


@dataclass(frozen=True, slots=True)
class Lights:
    """A lighting set-up; see `training.performers.scene`."""

    key: Light
    fill: Light
    rim: Light
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]
    soft: float


@dataclass(frozen=True, slots=True)
class Camera:
    """How an actor stands in the picture.

    Args:
        distance_dm: camera to face.
        face: where the middle of the face is, 0..1 from left and top.
        dm_per_picture: decimetres that the picture's width shows at the face.
    """

    distance_dm: float
    face: tuple[float, float]
    dm_per_picture: float


class Stage:
    """A graphics context of one size; close it, or use it in a ``with`` block."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.gl = moderngl.create_context(standalone=True, backend="egl")
        self.gl.enable(moderngl.DEPTH_TEST)
        self.outline, self.program = self._programs()
        size = (width, height)
        self.sampled = self.gl.framebuffer(
            [self.gl.renderbuffer(size, 4, samples=_SAMPLES, dtype="f2")],
            self.gl.depth_renderbuffer(size, samples=_SAMPLES),
        )
        self.flat = self.gl.framebuffer([self.gl.renderbuffer(size, 4, dtype="f2")])
        layers = np.ascontiguousarray(
            np.stack([mesh.mask_picture(name)[::2, ::2] for name in ("lips", "inside-mouth", "eyelids")], -1)
        )
        masks = self.gl.texture(layers.shape[1::-1], 3, layers.tobytes())
        masks.build_mipmaps()
        masks.use(0)

    def __enter__(self) -> Stage:
        return self

    def _programs(self) -> tuple[moderngl.Program, moderngl.Program]:
        """Return the pass that finds what is seen, and the one that paints it with the head's own shader."""
        vertex, shapes, outline, paint = (
            (_OURS / name).read_text("utf-8")
            for name in ("actor.vert", "shapes.glsl", "outline.frag", "actor.frag")
        )
        head = (_THEIRS / "head.frag").read_text("utf-8").replace("void main()", "void head()")
        plain = head.replace("#version 330", "#version 420")
        early = head.replace("#version 330", "#version 420\nlayout(early_fragment_tests) in;")
        return self.gl.program(vertex, plain + shapes + outline), self.gl.program(
            vertex, early + shapes + paint
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gl.release()

    def cast(self, actor: cast.Actor) -> Figure:
        """Take an actor on the stage."""
        return Figure(self, actor)


class Figure:
    """An actor on a stage."""

    def __init__(self, stage: Stage, actor: cast.Actor) -> None:
        head = mesh.load()
        self._stage, self._actor = stage, actor
        self.body = anatomy.embody(cast.embodied(actor))
        self._extra = cast.dressed(actor, self.body.person)
        self._tongue = np.flatnonzero(head.part == mesh.TONGUE)
        self._off = _face(self.body.person.rest, head) - _face(head.rest, head)
        shades = anatomy.shades(head)
        fixed = np.column_stack([head.rest, head.uv, head.part, shades])
        beside = np.column_stack(
            [
                self._extra.neutral,
                np.zeros((len(self._extra.part), 2)),
                self._extra.part,
                np.ones(len(self._extra.part)),
            ]
        )
        gl = stage.gl
        triangles = np.vstack([_without_lower_lashes(head), self._extra.triangles + len(head.rest)]).astype(
            np.int32
        )
        self._packed = np.zeros((len(fixed) + len(beside), 6), np.float32)
        self._packed[len(fixed) :] = np.column_stack([self._extra.places - self._off, self._extra.normals])
        self._moving = gl.buffer(reserve=self._packed.nbytes)
        still = gl.buffer(np.vstack([fixed, beside]).astype(np.float32).tobytes())
        order = gl.buffer(triangles.tobytes())
        buffers = [
            (self._moving, "3f 3f", "place", "normal"),
            (still, "3f 2f 2f", "neutral", "uv", "part_shade"),
        ]
        self._arrays = [
            gl.vertex_array(program, buffers, order, skip_errors=True)
            for program in (stage.outline, stage.program)
        ]

    def draw(
        self,
        units: npt.NDArray[np.float32],
        head_rad: Array,
        torso_rad: Array,
        shift_dm: Array,
        camera: Camera,
        lights: Lights,
    ) -> Pictures:
        """Draw one picture on nothing.

        Args:
            units: ``float32[U]`` in the order of ``body.names``.
            head_rad, torso_rad: yaw (> 0 to the right of the picture), pitch (> 0 down), roll.
            shift_dm: right and up.

        Returns:
            ``float32[H, W, 4]``: RGB for display, 0..1, times the share that is covered; and that share.
        """
        stage, count = self._stage, len(self.body.rest_normals)
        self._packed[:count, :3] = self.body.person.rest + (units @ self.body.places).reshape(-1, 3)
        self._packed[:count, 3:] = self.body.rest_normals + (units @ self.body.normals).reshape(-1, 3)
        opening = anatomy.lip_opening(self._packed[:count, :3])
        self._packed[self._tongue, :3] += _TONGUE_DM * min(opening / 0.15, 1.0)
        self._packed[:count, :3] -= self._off
        self._dress(lights)
        self._set("opening", float(np.clip(opening / 0.5, 0, 1)))
        self._set("head_to_camera", _to_camera(head_rad, shift_dm, camera))
        self._set("torso_to_camera", _to_camera(torso_rad, shift_dm, camera))
        self._set("camera_to_clip", _to_clip(camera, stage.width, stage.height))
        self._moving.write(self._packed.tobytes())
        stage.sampled.use()
        stage.sampled.clear(0, 0, 0, 0)
        for array, seen in zip(self._arrays, ("<", "=="), strict=True):
            stage.gl.depth_func = seen
            array.render()
        stage.gl.copy_framebuffer(stage.flat, stage.sampled)
        read = np.frombuffer(stage.flat.read(components=4, dtype="f2"), np.float16)
        return read.reshape(stage.height, stage.width, 4)[::-1].astype(np.float32)

    def _dress(self, lights: Lights) -> None:
        for name, value in self.body.person.look.items():
            self._set(name, value)
        cut = self._actor.cut
        self._set("cut", (cut.parting, cut.forehead, cut.temple, cut.lowest))
        self._set("hem", cut.hem)
        self._set("cloth", self._actor.cloth)
        self._set("neckline", self._actor.neckline)
        for name, light in (("key", lights.key), ("fill", lights.fill), ("rim", lights.rim)):
            uniforms.light((self._stage.outline, self._stage.program), name, light)
        for name in ("sky", "ground", "soft"):
            self._set(name, getattr(lights, name))

    def _set(self, name: str, value: float | tuple[float, ...] | Array) -> None:
        uniforms.give((self._stage.outline, self._stage.program), name, value)


def _without_lower_lashes(head: mesh.Mesh) -> npt.NDArray[np.int32]:
    """Return the head's triangles; lower lashes are too coarse for close-ups."""
    eye_y = head.rest[head.marks["left_eye"], 1].mean()
    lower = (head.part[head.triangles] == mesh.LASH).all(1) & (head.rest[head.triangles, 1].mean(1) < eye_y)
    return head.triangles[~lower]


def _face(places: Array, head: mesh.Mesh) -> Array:
    """Return the middle of eyes and mouth corners."""
    marks = [head.marks[name] for name in ("left_eye", "right_eye", "left_corner", "right_corner")]
    return np.mean([places[rows].mean(0) for rows in marks], axis=0)


def _to_camera(turn_rad: Array, shift_dm: Array, camera: Camera) -> Array:
    (cy, cp, cr), (sy, sp, sr) = np.cos(turn_rad), np.sin(turn_rad)
    turn = (
        np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    )
    moved = np.eye(4)
    moved[:3, :3] = turn
    moved[:3, 3] = _PIVOT - turn @ _PIVOT - FACE
    moved[:2, 3] += shift_dm
    moved[2, 3] -= camera.distance_dm
    return moved


def _to_clip(camera: Camera, width: int, height: int) -> Array:
    f = 2 * camera.distance_dm / camera.dm_per_picture
    x, y = 2 * camera.face[0] - 1, 1 - 2 * camera.face[1]
    depth = (_FAR_DM + _NEAR_DM) / (_NEAR_DM - _FAR_DM)
    return np.array(
        [
            [f, 0, -x, 0],
            [0, f * width / height, -y, 0],
            [0, 0, depth, 2 * _FAR_DM * _NEAR_DM / (_NEAR_DM - _FAR_DM)],
            [0, 0, -1, 0],
        ]
    )
