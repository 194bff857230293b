"""Panels in the sidebars of the Sequencer and the 3D view; what is disabled says why."""

from __future__ import annotations

import bpy

from . import controls, dub, mapping, refine, rig, strips

_LONGEST = 60


def explain(layout: bpy.types.UILayout, text: str, icon: str = "INFO") -> None:
    """Draw a sentence, broken into lines; nothing where it is empty."""
    line, first = "", True
    for word in [*text.split(), ""]:
        if line and (not word or len(line) + len(word) >= _LONGEST):
            layout.label(text=line, icon=icon if first else "BLANK1")
            line, first = "", False
        line = f"{line} {word}".strip()


class W2L_UL_stems(bpy.types.UIList):
    """Stems by character."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0) -> None:  # noqa: PLR0913
        """Draw one stem."""
        layout.prop(item, "character", text="", emboss=False, icon="USER")
        layout.label(text=item.strip or bpy.path.basename(item.file) or "no sound yet")


class W2L_UL_rows(bpy.types.UIList):
    """Controls and what they follow."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0) -> None:  # noqa: PLR0913
        """Draw one control."""
        layout.prop(item, "use", text="")
        layout.label(text=item.control, icon="ERROR" if controls.problem(_row(item)) else "NONE")
        layout.label(text=item.source)


def _row(item: bpy.types.PropertyGroup) -> mapping.Row:
    return mapping.Row(item.source, item.kind, item.owner, item.control, item.part)


class W2L_PT_sequencer(bpy.types.Panel):
    """Dub the selected strips."""

    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "W2L"
    bl_label = "Lip-Sync"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, scene = self.layout, strips.scene_of(context)
        told = scene.w2l
        row = layout.row()
        row.template_list("W2L_UL_stems", "", told, "stems", told, "chosen", rows=2)
        column = row.column(align=True)
        column.operator("w2l.stem_add", text="", icon="ADD")
        column.operator("w2l.stem_remove", text="", icon="REMOVE")
        if told.chosen < len(told.stems):
            _draw_stem(layout, scene, told.stems[told.chosen])
        layout.prop(told, "language")
        layout.prop(told, "mute")
        layout.operator("w2l.dub_strips", icon="PLAY")
        explain(layout, dub.problem(scene))
        for line in told.told.splitlines():
            explain(layout, line, "DOT")


class W2L_PT_character(bpy.types.Panel):
    """Key a character's lips, or refine its render."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "W2L"
    bl_label = "Lips of a Character"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, character = self.layout, context.object
        if character is None:
            explain(layout, "Select the character")
            return
        told = character.w2l
        _draw_stem(layout, context.scene, told.stem)
        layout.operator("w2l.find_controls", icon="VIEWZOOM")
        row = layout.row()
        row.template_list("W2L_UL_rows", "", told, "rows", told, "chosen", rows=5)
        column = row.column(align=True)
        column.operator("w2l.row_add", text="", icon="ADD")
        column.operator("w2l.row_remove", text="", icon="REMOVE")
        column.operator("w2l.mapping_save", text="", icon="EXPORT")
        column.operator("w2l.mapping_load", text="", icon="IMPORT")
        if told.chosen < len(told.rows):
            _draw_row(layout, told.rows[told.chosen])
        layout.operator("w2l.key_lips", icon="KEYINGSET")
        explain(layout, rig.problem(context))
        explain(layout, told.told, "DOT")


class W2L_PT_refine(bpy.types.Panel):
    """Render the shot and lip-sync the render."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "W2L"
    bl_label = "Render and Refine"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout = self.layout
        if context.object is not None:
            layout.prop(context.object.w2l, "deliver")
        layout.operator("w2l.refine_render", icon="RENDER_ANIMATION")
        explain(layout, refine.problem(context))


def _draw_stem(layout: bpy.types.UILayout, scene: bpy.types.Scene, stem: bpy.types.PropertyGroup) -> None:
    column = layout.column(align=True)
    column.prop(stem, "character")
    if scene.sequence_editor is not None:
        column.prop_search(stem, "strip", scene.sequence_editor, _all_strips(scene), icon="SEQ_SEQUENCER")
    if not stem.strip:
        column.prop(stem, "file")
        column.prop(stem, "start")


def _all_strips(scene: bpy.types.Scene) -> str:
    return "strips_all" if hasattr(scene.sequence_editor, "strips_all") else "sequences_all"


def _draw_row(layout: bpy.types.UILayout, row: bpy.types.PropertyGroup) -> None:
    column = layout.column(align=True)
    for name in ("source", "kind", "owner", "control", *(("part",) if row.kind == mapping.BONE else ())):
        column.prop(row, name)
    column.prop(row, "scale")
    column.prop(row, "offset")
    explain(layout, controls.problem(_row(row)), "ERROR")


CLASSES = (W2L_UL_stems, W2L_UL_rows, W2L_PT_sequencer, W2L_PT_character, W2L_PT_refine)
