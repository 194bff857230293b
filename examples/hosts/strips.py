"""Dubs a strip of the Sequencer as a user would, and renders the Sequencer without and with the take.

    python examples/hosts/strips.py OUT --engine .venv/bin/w2l-studio

In a Python that has the module `bpy`. Writes strips.blend and the pictures `before/` and `after/` into OUT.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from extension import ROOT, install, leave

# isort: split
import bpy

_EXAMPLE = ROOT / "examples" / "two_voices"
RATE = 24
#: Of Anna's first line; her clip holds 16 frames before the edit's first one, which is frame 1 here.
FIRST, LAST, HANDLES = 22, 72, 16


def build(folder: Path) -> bpy.types.Scene:
    """Return a saved scene with the strip that is dubbed, selected, and its stem."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = RATE, 1
    scene.frame_start, scene.frame_end = FIRST, LAST
    scene.render.resolution_x, scene.render.resolution_y = 1280, 720
    scene.view_settings.view_transform = "Standard"
    strip = _strips(scene).new_movie("1A ANNA", str(_EXAMPLE / "media" / "A001C001.mov"), 1, 1 - HANDLES)
    strip.frame_offset_start = HANDLES + FIRST - 1
    strip.frame_final_end = LAST + 1
    strip.select = True
    bpy.ops.w2l.stem_add()
    (stem,) = scene.w2l.stems
    stem.character, stem.file, stem.start = "ANNA", str(_EXAMPLE / "stems" / "ANNA.fr.wav"), 1
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "strips.blend"))
    return scene


def _strips(scene: bpy.types.Scene) -> bpy.types.StripsTopLevel:
    editor = scene.sequence_editor or scene.sequence_editor_create()
    found = getattr(editor, "strips", None)
    return editor.sequences if found is None else found


def render(scene: bpy.types.Scene, folder: Path) -> None:
    """Render what the Sequencer shows."""
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(folder / "####.png")
    bpy.ops.render.render(animation=True)


def main() -> None:
    """Make the strip, dub it, render both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", type=Path, default=ROOT / ".venv" / "bin" / "w2l-studio")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    install(asked.engine.absolute())
    scene = build(folder)
    render(scene, folder / "before")
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    bpy.ops.wm.save_mainfile()
    told = [
        {
            "name": strip.name, "type": strip.type, "channel": strip.channel, "muted": strip.mute,
            "start": int(strip.frame_final_start), "stop": int(strip.frame_final_end),
        }
        for strip in _strips(scene)
    ]  # fmt: skip
    (folder / "strips.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    print(scene.w2l.told)
    render(scene, folder / "after")
    leave()


if __name__ == "__main__":
    main()
