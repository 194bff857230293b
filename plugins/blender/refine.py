"""Renders a character's shot in a second Blender, lets the engine dub the render, and brings it back."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy

from . import dub, edit, effects, flows, image_sequence, placing, preferences, settings, strips, takes
from .edit import Picture
from .flows import Failed
from .marks import Mark
from .running import AT_WORK, Running

#: Custom property of a render's strip.
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
        first, stop = scene.frame_start, scene.frame_end + 1
        pictures = _pictures(folder, dub.file_name(context.object.name), first, stop - first)
        sound = settings.stem_sound(scene, told.stem, stop)
        rate = strips.rate(scene)
        # Before the render, which may take hours and replaces pictures that an engine may still read.
        program = yield from preferences.checked()
        flows.check_free(folder / "job")
        yield flows.Child(_render(folder, name, pictures), folder / "render.log", "W2L: rendering")
        marked = (Mark(first, stop, character or None),)
        shot = Picture(pictures.parent.name, pictures, first, stop, 0, stop - first, marked)
        begin = edit.origin([shot], [sound])
        source = dub.write(folder, edit.document(shot.name, rate, begin, [shot], [sound]))
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
            done = _as_texture(found[0], shot.name)
        return "; ".join([done, *kept])


def _pictures(folder: Path, name: str, start: int, frames: int) -> Path:
    """Return what stands for the pictures of a character's shot; their folder holds nothing else."""
    return folder / "plates" / name / image_sequence.numbered(name, start, frames)


def _movie(pictures: Path) -> Path:
    """Return where an older version rendered the same shot to."""
    return pictures.parents[2] / f"{pictures.parent.name}.mov"


def _render(folder: Path, scene: str, pictures: Path) -> list[str]:
    """Keep a copy of the open file and return what renders it; the user's own file and settings stay.

    Raises:
        Failed: the folder cannot be written.
    """
    copy, wanted = folder / "scene.blend", folder / "render.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True, check_existing=False)
    except (OSError, RuntimeError) as error:
        raise Failed(f"{copy} cannot be written ({str(error).strip()})") from error
    told = {
        "blend": str(copy),
        "scene": scene,
        "part": str(folder / "part"),
        "folder": str(pictures.parent),
        "name": f"{pictures.parent.name}.####.png",
    }
    try:
        wanted.write_text(json.dumps(told), encoding="utf-8")
    except OSError as error:
        raise Failed(f"{wanted} cannot be written ({error.strerror})") from error
    if bpy.app.binary_path:
        quiet = ["--background", "--python-exit-code", "1"]
        return [bpy.app.binary_path, *quiet, "--python", str(_CHILD), "--", str(wanted)]
    # Blender is a module of this Python.
    return [sys.executable, str(_CHILD), "--", str(wanted)]


def _as_strips(
    scene: bpy.types.Scene, shot: Picture, found: Sequence[placing.Placement], language: str
) -> str:
    """Lay the render and above it the takes; what an earlier run laid is replaced."""
    below = _laid(scene, shot)
    if below is None:
        below = strips.lay_media(scene, shot.path, shot.start, shot.name)
        below[_RENDERED] = True
    fitting, told = takes.followed(scene, below, shot, found)
    laid = takes.lay(scene, below, fitting, language)
    _, old = effects.repeat(scene, language)
    return "; ".join([f"{laid} strips laid above {below.name}", *told, *old])


def _laid(scene: bpy.types.Scene, shot: Picture) -> Any:
    """Return the strip that shows a render's frames, or None; those that show what is no more are removed."""
    there = strips.collection(scene)
    path, movie = shot.path.resolve(), _movie(shot.path).resolve()
    found = None
    for strip in [s for s in there if s.type in strips.PLATES and strips.OURS not in s]:
        shows = strips.path_of(strip)
        if shows == path:
            # Blender would go on to show what it holds of the files that were replaced.
            strip.directory = strip.directory
            found = found or strip
        elif shows == movie or (_RENDERED in strip and shows.parent == path.parent):
            # Of an older version, or of other frames of the scene.
            takes.remove(scene, strip)
            there.remove(strip)
    return found


def _as_texture(placement: placing.Placement, name: str) -> str:
    """Load the take as an image sequence, and return how a texture node shows frame N of the scene in N."""
    hidden = placement.start - placement.zero
    first = placement.path.with_name(image_sequence.files(placement.path.name)[hidden])
    number = image_sequence.first(placement.path.name) + hidden
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
        f"Start {placement.start}, Offset {number - 1}, Auto Refresh"
    )


CLASSES = (W2L_OT_refine_render,)
