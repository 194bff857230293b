"""Operators of the 3D view: find a character's controls, key them, keep the mapping in a file."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from . import actions, controls, curves, flows, lips, mapping, preferences, rates, settings, strips
from .edit import Sound
from .flows import Failed
from .running import AT_WORK, Running


def problem(context: bpy.types.Context) -> str:
    """Return why the active object's lips cannot be keyed now; empty where they can."""
    character = context.object
    if Running.busy:
        return AT_WORK
    if character is None:
        return "Select the character"
    if character.library is not None:
        return "The character is linked: make a library override, or key it in its own file"
    if not settings.rows_of(character.w2l):
        return "Find the character's controls first, and check the list"
    missing = [text for row in settings.rows_of(character.w2l) if (text := controls.problem(row))]
    return missing[0] if missing else settings.stem_problem(context.scene, character.w2l.stem)


class _OfCharacter:
    """What an operator on the active object's controls needs."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a character."""
        if context.object is None:
            cls.poll_message_set("Select the character")  # type: ignore[attr-defined]
        return context.object is not None


class W2L_OT_find_controls(_OfCharacter, bpy.types.Operator):
    """List the mouth controls of the active object and what is parented to it; nothing is keyed"""

    bl_idname = "w2l.find_controls"
    bl_label = "Find Controls"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fill the list."""
        rows = controls.find(context.object)
        if not rows:
            self.report(
                {"ERROR"},
                f"{context.object.name} has no shape keys, properties or jaw bone with names that are known; "
                "add rows by hand or load a mapping",
            )
            return {"CANCELLED"}
        settings.take_rows(context.object.w2l, rows)
        self.report({"INFO"}, f"{len(rows)} controls found")
        return {"FINISHED"}


class W2L_OT_key_lips(Running, bpy.types.Operator):
    """Key the listed controls to the stem, in an action of their own under your own keys"""

    bl_idname = "w2l.key_lips"
    bl_label = "Key Lips"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def problem(cls, context: bpy.types.Context) -> str:
        """Return why it cannot run now; empty where it can."""
        return problem(context)

    def steps(self, context: bpy.types.Context) -> flows.Steps:
        """Ask the engine for the lips, write them."""
        scene_name, name = context.scene.name, context.object.name
        rate = strips.rate(context.scene)
        sound = settings.stem_sound(context.scene, context.object.w2l.stem, context.scene.frame_end + 1)
        by_file = not context.object.w2l.stem.strip
        arguments = ["lips", str(sound.path), "--json", "--rate", rates.text(rate)]
        program = yield from preferences.checked()
        told = yield flows.EngineCall(program, arguments, f"W2L: listening to {sound.path.name}")
        character = bpy.data.objects.get(name)
        if character is None or scene_name not in bpy.data.scenes:
            raise Failed(f"{name} is gone; nothing was keyed")
        moved = lips.read(told)
        if by_file:
            sound = Sound(sound.path, sound.start, sound.start + moved.frames, 0, True)
        return key(character, moved, sound)


def key(character: bpy.types.Object, moved: lips.Lips, sound: Sound) -> str:
    """Key a character's rows and return what was done.

    Args:
        character: whose rows are keyed.
        moved: lips of the stem, at the scene's rate.
        sound: where the stem is heard.
    """
    rows = settings.rows_of(character.w2l)
    missing = [text for row in rows if (text := controls.problem(row))]
    if missing:
        raise Failed(missing[0])
    found = [
        channel
        for row, values in zip(rows, mapping.values(rows, moved))
        for channel in controls.channels(row, values)
    ]
    keep = curves.shut(moved.curves["closure"])
    zero = sound.start - sound.media_first
    stop = min(sound.stop, zero + moved.frames)
    line = actions.Line(sound.path.name, moved.sha256, zero, sound.start, stop)
    covered = []
    for owner in dict.fromkeys(channel.owner for channel in found):
        own = [channel for channel in found if channel.owner == owner]
        actions.write(owner, line, own, keep)
        covered += [f"{owner.name} {path}" for path in actions.hidden(owner, own)]
    done = f"{len(rows)} controls keyed in frames {sound.start} to {stop - 1}"
    if covered:
        done += f"; your own action keys {covered[0]} and lies above, so ours is not seen there"
    character.w2l.told = done
    return done


class W2L_OT_row_add(_OfCharacter, bpy.types.Operator):
    """Add a control by hand"""

    bl_idname = "w2l.row_add"
    bl_label = "Add Control"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add a row."""
        told = context.object.w2l
        row = told.rows.add()
        row.owner, row.source = context.object.name, "jawOpen"
        told.chosen = len(told.rows) - 1
        return {"FINISHED"}


class W2L_OT_row_remove(bpy.types.Operator):
    """Take the chosen control off the list; its keys stay"""

    bl_idname = "w2l.row_remove"
    bl_label = "Remove Control"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a row."""
        return context.object is not None and bool(len(context.object.w2l.rows))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the row."""
        told = context.object.w2l
        told.rows.remove(told.chosen)
        told.chosen = max(0, min(told.chosen, len(told.rows) - 1))
        return {"FINISHED"}


class W2L_OT_mapping_save(_OfCharacter, bpy.types.Operator, ExportHelper):
    """Keep the list of controls in a file, for other shots and characters"""

    bl_idname = "w2l.mapping_save"
    bl_label = "Save Mapping"
    filename_ext = ".json"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        try:
            text = mapping.to_json(settings.rows_of(context.object.w2l))
            Path(self.filepath).write_text(text, encoding="utf-8")
        except OSError as error:
            self.report({"ERROR"}, f"{self.filepath} cannot be written ({error.strerror})")
            return {"CANCELLED"}
        return {"FINISHED"}


class W2L_OT_mapping_load(_OfCharacter, bpy.types.Operator, ImportHelper):
    """Take the list of controls from a file"""

    bl_idname = "w2l.mapping_load"
    bl_label = "Load Mapping"
    bl_options = {"REGISTER", "UNDO"}
    filename_ext = ".json"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read the file; where an object of its rows is not in this file, the active one is meant."""
        try:
            rows = mapping.from_json(Path(self.filepath).read_text(encoding="utf-8"), self.filepath)
        except (OSError, UnicodeDecodeError) as error:
            self.report({"ERROR"}, f"{self.filepath} cannot be read ({error})")
            return {"CANCELLED"}
        except mapping.MappingError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        names = {part.name for part in controls.parts(context.object)}
        settings.take_rows(
            context.object.w2l, [mapping.owned(row, names, context.object.name) for row in rows]
        )
        return {"FINISHED"}


CLASSES = (
    W2L_OT_find_controls,
    W2L_OT_key_lips,
    W2L_OT_row_add,
    W2L_OT_row_remove,
    W2L_OT_mapping_save,
    W2L_OT_mapping_load,
)
