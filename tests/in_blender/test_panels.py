"""Panels, lists and preferences as they are drawn, by a layout that knows what Blender's would refuse."""

from types import SimpleNamespace

import bpy
import pytest
from conftest import EXAMPLE, MODULE

ICONS = set(bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items.keys())


class Layout:
    """Takes what a panel draws: properties, operators and icons have to be there. Keeps texts and names."""

    def __init__(self, drawn=None):
        self.drawn = [] if drawn is None else drawn

    def row(self, align=False):
        return Layout(self.drawn)

    column = row

    def label(self, text="", icon="NONE"):
        assert icon in ICONS, icon
        self.drawn.append(text)

    def prop(self, data, name, text=None, icon="NONE", emboss=True):
        assert name in data.bl_rna.properties, name
        assert icon in ICONS, icon
        self.drawn.append(name)

    def prop_search(self, data, name, owner, collection, icon="NONE"):
        assert collection in owner.bl_rna.properties, collection
        self.prop(data, name, icon=icon)

    def operator(self, idname, text="", icon="NONE"):
        assert icon in ICONS, icon
        getattr(bpy.ops.w2l, idname.removeprefix("w2l.")).get_rna_type()
        self.drawn.append(idname)

    def template_list(self, kind, _, data, name, active, active_name, rows=5):
        assert name in data.bl_rna.properties
        assert active_name in active.bl_rna.properties
        for item in getattr(data, name):
            getattr(bpy.types, kind).draw_item(None, bpy.context, self, data, item, 0, active, active_name)


def drawn(panel):
    """Return what a panel draws now."""
    shown = SimpleNamespace(layout=Layout())
    getattr(bpy.types, panel).draw(shown, bpy.context)
    return shown.layout.drawn


def words(panel):
    return " ".join(drawn(panel))


def test_the_sequencers_panel_says_what_is_missing_step_by_step(saved):
    assert "Select movies or image sequences to dub" in words("W2L_PT_sequencer")
    editor = saved.sequence_editor_create()
    found = getattr(editor, "strips", None)
    strips = editor.sequences if found is None else found
    strips.new_movie("Anna", str(EXAMPLE / "media" / "A001C001.mov"), 1, 1).select = True
    assert "Add a stem: the dubbed sound" in words("W2L_PT_sequencer")
    bpy.ops.w2l.stem_add()
    assert "choose a sound strip or a file for the stem" in words("W2L_PT_sequencer")
    saved.w2l.stems[0].file = str(EXAMPLE / "stems" / "ANNA.fr.wav")
    saved.w2l.told = "1 strips laid\nAnna from frame 7: 3 frames stay"
    shown = drawn("W2L_PT_sequencer")
    assert {"character", "strip", "file", "start", "language", "mute", "w2l.dub_strips"} <= set(shown)
    assert "ANNA.fr.wav" in shown
    assert shown[-2:] == ["1 strips laid", "Anna from frame 7: 3 frames stay"]


def test_the_characters_panels_show_the_list_and_say_what_is_missing(saved):
    bpy.context.view_layer.objects.active = None
    assert drawn("W2L_PT_character") == ["Select the character"]
    assert "Select the character" in words("W2L_PT_refine")
    bpy.ops.mesh.primitive_cube_add()
    made = bpy.context.object
    for name in ("Basis", "jawOpen", "mouthFunnel", "mouthClose"):
        made.shape_key_add(name=name)
    assert "Find the character's controls first, and check the list" in words("W2L_PT_character")
    bpy.ops.w2l.find_controls()
    shown = drawn("W2L_PT_character")
    assert shown.count("jawOpen") == 2
    assert "choose a sound strip or a file for the stem" in shown
    assert "part" not in shown
    assert [row.source for row in made.w2l.rows] == ["jawOpen", "mouthClose", "mouthFunnel"]
    made.w2l.rows[0].kind = "BONE"
    assert {"part", "scale", "offset"} <= set(drawn("W2L_PT_character"))
    assert f"{made.name} has no bone jawOpen" in words("W2L_PT_character")
    assert "The scene has no camera" in words("W2L_PT_refine")


@pytest.mark.parametrize("told", ["", "w2l-studio, version 0.1.0\npython 3.11"])
def test_preferences_show_engine_and_answer(installed, told):
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.tested = told
    shown = SimpleNamespace(layout=Layout(), tested=told, bl_rna=preferences.bl_rna)
    installed("preferences").Preferences.draw(shown, bpy.context)
    assert shown.layout.drawn[:4] == ["engine", "device", "weights", "w2l.test_engine"]
    assert shown.layout.drawn[4:-1] == told.splitlines()
