"""Draws heads with OpenGL (EGL, no screen): Mesa's software driver or a GPU, whichever is there.

Knows no training and writes no file; how faces move is told by `anatomy`, the paint is in `shaders`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import cv2
import moderngl
import numpy as np

from training.performers import anatomy, mesh, uniforms
from training.performers.anatomy import Body
from training.performers.person import Person
from training.performers.scene import FACE, Pose, Scene
from w2l_studio.terms import Doubles, Floats, FramesBGR

_SHADERS = Path(__file__).parent / "shaders"
_NEAR_DM, _FAR_DM = 1.0, 60.0
#: Gap of the inner lips over mouth width at which the mouth counts as wide open to light.
_WIDE_OPEN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One picture of a head.

    Args:
        pixels: ``uint8[H, W, 3]`` BGR.
        covered: ``float32[H, W]`` share of each pixel that the head covers.
        points: ``float32[5, 2]`` as in `terms.Faces`, exact.
        box: ``float32[4]`` left, top, right, bottom of the face from hairline to chin, hidden sides with it.
        opening: gap of the inner lips over mouth width.
    """

    pixels: FramesBGR
    covered: Floats
    points: Floats
    box: Floats
    opening: float

    def cut(self, part: tuple[slice, slice]) -> Drawn:
        """Return its rows and columns alone; points and box stay where they are in the whole."""
        return replace(self, pixels=self.pixels[part], covered=self.covered[part])


class Renderer:
    """A graphics context with one picture size, to be used in a ``with`` block.

    Args:
        samples: per pixel along edges; 0 is twice as fast with a software driver and leaves steps.
    """

    def __init__(self, width: int, height: int, samples: int = 4) -> None:
        self.width, self.height = width, height
        head = mesh.load()
        # Its stubs, where it is installed, take every setting for a dict.
        self._gl = moderngl.create_context(standalone=True, backend="egl")  # type: ignore[arg-type,unused-ignore]
        self._gl.enable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        vertex, paint, worn = (
            (_SHADERS / name).read_text("utf-8") for name in ("head.vert", "head.frag", "worn.frag")
        )
        self._program = self._gl.program(vertex, paint)
        # Apart, since a shader that discards is run for points that are hidden as well.
        self._worn = self._gl.program(vertex, paint.replace("void main()", "void head()") + worn)
        self._gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        size = (width, height)
        self._sampled = self._gl.framebuffer(
            [self._gl.renderbuffer(size, 4, samples=samples)],
            self._gl.depth_renderbuffer(size, samples=samples),
        )
        self._flat = self._gl.framebuffer([self._gl.renderbuffer(size, 4)])
        self._moving = self._gl.buffer(reserve=len(head.rest) * 6 * 4)
        fixed = np.column_stack([head.rest, head.uv, head.part, anatomy.shades(head)]).astype(np.float32)
        self._array = self._gl.vertex_array(
            self._program,
            [
                (self._moving, "3f 3f", "place", "normal"),
                (self._gl.buffer(fixed.tobytes()), "3f 2f 2f", "neutral", "uv", "part_shade"),
            ],
            self._gl.buffer(head.triangles.astype(np.int32).tobytes()),
        )
        painted = [mesh.mask_picture(name)[::2, ::2] for name in ("lips", "inside-mouth", "eyelids")]
        layers = np.ascontiguousarray(np.stack(painted, -1))
        masks = self._gl.texture(layers.shape[1::-1], 3, layers.tobytes())
        masks.build_mipmaps()
        masks.use(0)
        self._set("masks", 0)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gl.release()

    def render(self, body: Body, units: Floats, pose: Pose, scene: Scene) -> Iterator[Drawn]:
        """Draw a head picture by picture, on black; see `over` for a background.

        Args:
            units: ``float32[T, U]`` in the order of ``body.names``, 0..1.
            pose: T rows.
        """
        skin = len(mesh.load().rest)
        self._dress(body.person, scene)
        clip = _clip(scene, self.width, self.height)
        self._set("camera_to_clip", clip)
        with _Worn(self._gl, self._worn, body) as worn:
            for i, packed in enumerate(anatomy.surfaces(body, units)):
                opening = anatomy.lip_opening(packed[:, :3])
                to_camera = _to_camera(pose, i, scene)
                self._set("head_to_camera", to_camera)
                self._set("opening", float(np.clip(opening / _WIDE_OPEN, 0, 1)))
                self._moving.write(packed[:skin])
                self._sampled.use()
                self._sampled.clear(0, 0, 0, 0)
                self._array.render()
                worn.draw(packed[skin:])
                self._gl.copy_framebuffer(self._flat, self._sampled)
                read = np.frombuffer(self._flat.read(components=4), np.uint8)
                read = cv2.flip(read.reshape(self.height, self.width, 4), 0)
                points = anatomy.landmarks(packed[:, :3])[:5]
                outline = self._project(packed[mesh.face(), :3], to_camera, clip)
                yield Drawn(
                    cv2.cvtColor(read, cv2.COLOR_RGBA2BGR),
                    read[..., 3].astype(np.float32) / 255,
                    self._project(points, to_camera, clip),
                    np.concatenate([outline.min(0), outline.max(0)]),
                    opening,
                )

    def _project(self, points: Floats, to_camera: Doubles, clip: Doubles) -> Floats:
        to_clip = (clip @ to_camera).T
        homogeneous = points @ to_clip[:3] + to_clip[3]
        x, y = (homogeneous[:, :2] / homogeneous[:, 3:]).T
        return np.stack([(x + 1) / 2 * self.width - 0.5, (1 - y) / 2 * self.height - 0.5], 1).astype(
            np.float32
        )

    def _dress(self, person: Person, scene: Scene) -> None:
        for name, value in person.look.items():
            self._set(name, value)
        for name, light in (("key", scene.key), ("fill", scene.fill), ("rim", scene.rim)):
            uniforms.light((self._program, self._worn), name, light)
        self._set("sky", scene.sky)
        self._set("ground", scene.ground)
        self._set("soft", scene.soft)

    def _set(self, name: str, value: float | tuple[float, ...] | Doubles) -> None:
        uniforms.give((self._program, self._worn), name, value)


class _Worn:
    """What one person wears, in the graphics memory as long as the ``with`` block lasts."""

    def __init__(self, gl: moderngl.Context, program: moderngl.Program, body: Body) -> None:
        worn = body.person.worn
        self._gl, self._held = gl, list[moderngl.Buffer | moderngl.VertexArray]()
        if not len(worn.places):
            return
        shade = np.ones(len(worn.places))
        fixed = np.column_stack([worn.places, worn.paint, worn.part, shade]).astype(np.float32)
        placed = np.column_stack([worn.places, body.worn_normals]).astype(np.float32)
        self._places, still, order = (gl.buffer(part.tobytes()) for part in (placed, fixed, worn.triangles))
        self._array = gl.vertex_array(
            program,
            [(self._places, "3f 3f", "place", "normal"), (still, "3f 2f 2f", "neutral", "uv", "part_shade")],
            order,
        )
        self._held = [self._array, self._places, still, order]

    def __enter__(self) -> _Worn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._held:
            one.release()

    def draw(self, moved: Floats) -> None:
        """Draw over the head; ``float32[K, 6]`` places and normals of what goes with the skin."""
        if not self._held:
            return
        self._places.write(moved)
        self._gl.disable(moderngl.CULL_FACE)
        self._gl.enable(moderngl.BLEND)
        self._array.render()
        self._gl.disable(moderngl.BLEND)
        self._gl.enable(moderngl.CULL_FACE)


def over(drawn: Drawn, behind: Floats) -> FramesBGR:
    """Lay a drawn head over a background ``[H, W, 3]`` BGR 0..255."""
    seen_through = cv2.merge([1 - drawn.covered] * 3)
    laid: FramesBGR = cv2.add(drawn.pixels, cv2.multiply(behind, seen_through), dtype=cv2.CV_8U)
    return laid


def _clip(scene: Scene, width: int, height: int) -> Doubles:
    """Return the perspective: camera space (y up, looking along -z) to clip space."""
    f = 2 * scene.field
    depth = (_FAR_DM + _NEAR_DM) / (_NEAR_DM - _FAR_DM)
    return np.array(
        [
            [f, 0, -scene.centre[0], 0],
            [0, f * width / height, -scene.centre[1], 0],
            [0, 0, depth, 2 * _FAR_DM * _NEAR_DM / (_NEAR_DM - _FAR_DM)],
            [0, 0, -1, 0],
        ]
    )


def _to_camera(pose: Pose, i: int, scene: Scene) -> Doubles:
    yaw, pitch, roll = pose.angles_rad[i]
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    turn = (
        np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    )
    #: Heads turn about the neck's top, not about the face's middle.
    pivot = np.array([0, 6.4, 0.1])
    moved = np.eye(4)
    moved[:3, :3] = turn
    moved[:3, 3] = pivot - turn @ pivot - FACE
    moved[:2, 3] += pose.shift_dm[i]
    moved[2, 3] -= scene.distance_dm
    return moved
