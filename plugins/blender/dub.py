"""Operators of the Sequencer: dub the selected strips, and the list of stems."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import bpy

from . import edit, effects, flows, placing, preferences, settings, strips, takes
from .running import AT_WORK, Running

#: Names that are devices on Windows, with any ending.
_DEVICE = re.compile(r"con|prn|aux|nul|com[1-9]|lpt[1-9]", re.IGNORECASE)


def folder_of(scene_name: str) -> Path:
    """Return the result folder of a scene, beside the blend file.

    Raises:
        flows.Failed: the file was never saved.
    """
    if not bpy.data.filepath:
        raise flows.Failed("save the blend file first: takes are kept beside it")
    blend = Path(bpy.path.abspath(bpy.data.filepath))
    return blend.with_name(f"{blend.stem}.w2l") / file_name(scene_name)


def file_name(name: str) -> str:
    """Return a name of Blender's as every system takes it for a file or a folder."""
    cleaned: str = bpy.path.clean_name(name)
    return f"{cleaned}_" if _DEVICE.fullmatch(cleaned) else cleaned


def problem(scene: bpy.types.Scene) -> str:
    """Return why the selected strips cannot be dubbed now; empty where they can."""
    if Running.busy:
        return AT_WORK
    if not bpy.data.filepath:
        return "Save the blend file first: takes are kept beside it"
    chosen = strips.selected(scene)
    if not chosen:
        return "Select movies or image sequences to dub"
    if not len(scene.w2l.stems):
        return "Add a stem: the dubbed sound"
    found = [settings.stem_problem(scene, stem) for stem in scene.w2l.stems]
    found += [strips.problem(scene, strip) for strip in chosen]
    return next((text for text in found if text), "")


class W2L_OT_dub_strips(Running, bpy.types.Operator):
    """Make the lips in the selected movies and images follow the stems; the takes are laid above them"""

    bl_idname = "w2l.dub_strips"
    bl_label = "Lip-Sync Selected Strips"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def problem(cls, context: bpy.types.Context) -> str:
        """Return why it cannot run now; empty where it can."""
        return problem(strips.scene_of(context))

    def steps(self, context: bpy.types.Context) -> flows.Steps:
        """Write the edit, let the engine dub it, lay the takes."""
        scene = strips.scene_of(context)
        name, language = scene.name, scene.w2l.language
        folder = folder_of(name)
        pictures = [strips.picture(scene, strip) for strip in strips.selected(scene)]
        last = max(picture.stop for picture in pictures)
        stems = [(stem.character, settings.stem_sound(scene, stem, last)) for stem in scene.w2l.stems]
        sounds = [sound for _, sound in stems] + _production(scene, {sound.path for _, sound in stems})
        first = edit.origin(pictures, sounds)
        source = write(folder, edit.document(name, strips.rate(scene), first, pictures, sounds))
        options = [text for character, sound in stems for text in ("--stem", option(character, sound.path))]
        options += ["--lang", language] if language else []
        arguments = ["dub", str(source), *options, *preferences.settings(), "--out", str(folder)]
        program = yield from preferences.checked()
        finished = yield flows.EngineJob(program, arguments, folder / "job")
        report = flows.report(finished)
        return lay(scene_named(name, folder), report, pictures, first)


def scene_named(name: str, folder: Path) -> bpy.types.Scene:
    """Return the scene that a job was begun for.

    Raises:
        flows.Failed: it is gone; says where the takes are.
    """
    scene = bpy.data.scenes.get(name)
    if scene is None:
        raise flows.Failed(f"the scene {name} is gone or renamed; the takes are in {folder / 'media'}")
    return scene


def option(character: str, path: Path) -> str:
    """Return a stem as the engine's option takes it."""
    return f"{character}={path}" if character else str(path)


def write(folder: Path, document: dict) -> Path:
    """Write the edit into the result folder and return its path.

    Raises:
        flows.Failed: the folder cannot be written, or an engine is at work on the edit that is there.
    """
    flows.check_free(folder / "job")
    path = folder / "edit.otio"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise flows.Failed(f"{path} cannot be written ({error.strerror})") from error
    return path


def lay(scene: bpy.types.Scene, report: dict, pictures: list[edit.Picture], first: int) -> str:
    """Lay the takes of a report above their strips and return what was done."""
    below = {strip.name: strip for strip in strips.collection(scene) if strip.type in strips.PLATES}
    known = {picture.name for picture in pictures}
    placed = placing.placements(report, first)
    laid = there = 0
    told, dubbed = [], set()
    for number, picture in enumerate(pictures):
        original = below.get(picture.name)
        found = [take for take in placed if take.picture == number]
        why = _unfit(scene, original, picture)
        parts = takes.cut_off(scene, picture, known)
        if why and not parts:
            told += [f"{why}; its take is {take.path}" for take in found]
        for strip in parts if why else [original, *parts]:
            fitting, changed = takes.followed(scene, strip, picture, found)
            new = takes.lay(scene, strip, fitting, report["lang"])
            laid, there = laid + new, there + len(fitting) - new
            told += changed if strip == original else []
            dubbed.add(strip.name)
    repeated, old = effects.repeat(scene, report["lang"])
    takes.mute(scene, dubbed | repeated)
    kept = [*told, *old, *placing.kept(report, first)]
    done = f"{laid} strips laid" + (f", {there} were there already" if there else "")
    scene.w2l.told = "\n".join([done, *kept, *_lay_stems(scene)])
    return "; ".join([done, *kept])


def _unfit(scene: bpy.types.Scene, original: Any, was: edit.Picture) -> str:
    """Return why a strip cannot take its take any more; empty where it can."""
    if original is None:
        return f"{was.name} is gone, or lies in another meta strip"
    if strips.path_of(original) != was.path:
        return f"{was.name} shows other media than what was dubbed"
    return strips.problem(scene, original)


def _lay_stems(scene: bpy.types.Scene) -> list[str]:
    """Lay stems that are files onto the Sequencer, so that they are heard; return what went wrong."""
    told = []
    for stem in scene.w2l.stems:
        if stem.strip:
            continue
        path = Path(bpy.path.abspath(stem.file)).resolve()
        try:
            heard = strips.lay_sound(scene, path, stem.start, f"W2L {stem.character}".strip())
        except RuntimeError as error:
            told.append(f"{path.name} could not be laid as a sound strip ({str(error).strip()})")
            continue
        if heard != stem.start:
            told.append(
                f"{path.name} was dubbed from frame {stem.start} on and is heard from frame {heard} on: "
                "move its strip there, or change where the stem begins and dub again"
            )
    return told


def _production(scene: bpy.types.Scene, stems: set[Path]) -> list[edit.Sound]:
    """Return the sounds that may tell whose lips moved: every sound strip that is no stem.

    A stem that an earlier run laid is none either, whatever the list of stems says now.
    """
    return [
        strips.sound(strip, stem=False)
        for strip in strips.sound_strips(scene)
        if strips.OURS not in strip and strips.path_of(strip) not in stems
    ]


class W2L_OT_stem_add(bpy.types.Operator):
    """Add a dubbed sound: the active sound strip where one is selected"""

    bl_idname = "w2l.stem_add"
    bl_label = "Add Stem"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add an entry."""
        scene = strips.scene_of(context)
        stem = scene.w2l.stems.add()
        stem.start = scene.frame_start
        heard = [strip for strip in strips.sound_strips(scene) if strip.select]
        if heard:
            stem.strip = heard[0].name
        scene.w2l.chosen = len(scene.w2l.stems) - 1
        return {"FINISHED"}


class W2L_OT_stem_remove(bpy.types.Operator):
    """Take the chosen stem off the list; its strip and file stay"""

    bl_idname = "w2l.stem_remove"
    bl_label = "Remove Stem"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an entry."""
        return bool(len(strips.scene_of(context).w2l.stems))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the entry."""
        told = strips.scene_of(context).w2l
        told.stems.remove(told.chosen)
        told.chosen = max(0, min(told.chosen, len(told.stems) - 1))
        return {"FINISHED"}


CLASSES = (W2L_OT_dub_strips, W2L_OT_stem_add, W2L_OT_stem_remove)
