"""Renders a character's shot in a second Blender, lets the engine dub the render, and brings it back."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import bpy

from . import dub, edit, effects, flows, placing, preferences, settings, strips, takes
from .edit import Picture
from .flows import Failed
from .marks import Mark
from .running import AT_WORK, Running

#: Custom property of a render's strip: the scene's frames that were rendered, first and stop.
_RENDERED = "w2l_rendered"
_CHILD = Path(__file__).with_name("second.py")


def problem(context: bpy.types.Context) -> str:
    """Return why the shot cannot be refined now; empty where it can."""
    if Running.busy:
        return AT_WORK
    if context.object is None:
        return "Select the character"
    if not bpy.data.filepath:
        return "Save the blend file first: the render is kept beside it"
    if context.scene.camera is None:
        return "The scene has no camera"
    return settings.stem_problem(context.scene, context.object.w2l.stem)


class W2L_OT_refine_render(Running, bpy.types.Operator):
    """Render the scene's frames, make the lips in the render follow the stem, and bring it back"""

    bl_idname = "w2l.refine_render"
    bl_label = "Render and Refine"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def problem(cls, context: bpy.types.Context) -> str:
        """Return why it cannot run now; empty where it can."""
        return problem(context)

    def steps(self, context: bpy.types.Context) -> flows.Steps:
        """Render, dub, bring back."""
        scene, told = context.scene, context.object.w2l
        name, character, deliver = scene.name, told.stem.character, told.deliver
        folder = dub.folder_of(name) / "render"
        movie = folder / f"{dub.file_name(context.object.name)}.mov"
        first, stop = scene.frame_start, scene.frame_end + 1
        sound = settings.stem_sound(scene, told.stem, stop)
        rate = strips.rate(scene)
        # Before the render, which may take hours and goes over the movie that an engine may still read.
        program = yield from preferences.checked()
        flows.check_free(folder / "job")
        yield flows.Child(_render(folder, name, movie), folder / "render.log", "W2L: rendering")
        shot = Picture(
            movie.stem, movie, first, stop, 0, stop - first, (Mark(first, stop, character or None),)
        )
        begin = edit.origin([shot], [sound])
        source = dub.write(folder, edit.document(movie.stem, rate, begin, [shot], [sound]))
        stem = dub.option(character, sound.path)
        arguments = ["dub", str(source), "--stem", stem, *preferences.settings(), "--out", str(folder)]
        finished = yield flows.EngineJob(program, arguments, folder / "job")
        report = flows.report(finished)
        found = placing.placements(report, begin)
        kept = placing.kept(report, begin)
        if not found:
            raise Failed("nothing of the render was dubbed: " + "; ".join(kept))
        if deliver == "STRIP":
            done = _as_strips(dub.scene_named(name, folder), shot, found, report["lang"])
        else:
            frames = folder / "frames"
            yield flows.Child(
                _unpack(folder, found[0], frames), folder / "unpack.log", "W2L: writing pictures"
            )
            done = _as_texture(frames, found[0], movie.stem)
        return "; ".join([done, *kept])


def _render(folder: Path, scene: str, movie: Path) -> list[str]:
    """Keep a copy of the open file and return what renders it; the user's own file and settings stay.

    Raises:
        Failed: the folder cannot be written.
    """
    copy = folder / "scene.blend"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True, check_existing=False)
    except (OSError, RuntimeError) as error:
        raise Failed(f"{copy} cannot be written ({str(error).strip()})") from error
    return _second(
        folder / "render.json", {"do": "render", "blend": str(copy), "scene": scene, "movie": str(movie)}
    )


def _unpack(folder: Path, placement: placing.Placement, frames: Path) -> list[str]:
    """Return what writes a take's visible frames as pictures, numbered like the scene's."""
    wanted = {
        "do": "unpack",
        "movie": str(placement.path),
        "zero": placement.zero,
        "start": placement.start,
        "stop": placement.stop,
        "frames": str(frames / "lips_####.png"),
    }
    return _second(folder / "unpack.json", wanted)


def _second(path: Path, wanted: dict) -> list[str]:
    """Return the command that starts a second Blender, or a second Python where Blender is a module.

    Raises:
        Failed: what it is to do cannot be written.
    """
    try:
        path.write_text(json.dumps(wanted), encoding="utf-8")
    except OSError as error:
        raise Failed(f"{path} cannot be written ({error.strerror})") from error
    if bpy.app.binary_path:
        quiet = ["--background", "--python-exit-code", "1"]
        return [bpy.app.binary_path, *quiet, "--python", str(_CHILD), "--", str(path)]
    return [sys.executable, str(_CHILD), "--", str(path)]


def _as_strips(
    scene: bpy.types.Scene, shot: Picture, found: Sequence[placing.Placement], language: str
) -> str:
    """Lay the render and above it the takes; what an earlier run laid is replaced."""
    there = strips.collection(scene)
    below = next((s for s in there if s.type == "MOVIE" and strips.path_of(s) == shot.path.resolve()), None)
    rendered = [shot.start, shot.stop]
    if below is not None and list(below.get(_RENDERED, rendered)) != rendered:
        # Of other frames of the scene: it keeps the length of a movie that is no more.
        takes.remove(scene, below)
        there.remove(below)
        below = None
    if below is None:
        below = strips.lay_movie(scene, shot.path, shot.start, shot.name)
        below[_RENDERED] = rendered
    fitting, told = takes.followed(scene, below, shot, found)
    laid = takes.lay(scene, below, fitting, language)
    _, old = effects.repeat(scene, language)
    return "; ".join([f"{laid} strips laid above {below.name}", *told, *old])


def _as_texture(frames: Path, placement: placing.Placement, name: str) -> str:
    """Load the pictures as an image sequence, which shows frame N of the scene in frame N."""
    first = frames / f"lips_{placement.start:04d}.png"
    image = bpy.data.images.get(f"W2L {name}")
    if image is None:
        image = bpy.data.images.load(str(first))
        image.name = f"W2L {name}"
    image.filepath = str(first)
    image.source = "SEQUENCE"
    image["w2l_start"], image["w2l_frames"] = placement.start, placement.stop - placement.start
    image.use_fake_user = True
    return (
        f"image sequence {image.name!r}: in its texture node set Frames {placement.stop - placement.start}, "
        f"Start {placement.start}, Offset {placement.start - 1}, Auto Refresh"
    )


CLASSES = (W2L_OT_refine_render,)
