"""What the second Blender does: render a scene to a movie, or a movie to pictures.

Run by `refine` as a program with one JSON file after ``--``; prints a line after each frame.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy

#: As `flows.FRAME_LINE`; this file runs alone and imports nothing of the package.
_LINE = "W2L frame"


def render(wanted: dict[str, Any]) -> None:
    """Render a scene of a blend file to an H.264 movie that is as good as lossless to the eye."""
    bpy.ops.wm.open_mainfile(filepath=wanted["blend"], load_ui=False)
    scene = bpy.data.scenes[wanted["scene"]]
    settings = scene.render
    settings.use_sequencer = False
    settings.filepath = wanted["movie"]
    settings.use_file_extension = False
    if hasattr(settings.image_settings, "media_type"):
        settings.image_settings.media_type = "VIDEO"
    settings.image_settings.file_format = "FFMPEG"
    settings.image_settings.color_mode = "RGB"
    settings.ffmpeg.format, settings.ffmpeg.codec = "QUICKTIME", "H264"
    settings.ffmpeg.constant_rate_factor, settings.ffmpeg.gopsize = "PERC_LOSSLESS", 12
    settings.ffmpeg.audio_codec = "NONE"
    # The user's step thins out previews; a movie that skips frames has another rate than the edit says.
    scene.frame_step = 1
    _count(scene.frame_end - scene.frame_start + 1)
    bpy.ops.render.render(animation=True, scene=scene.name)


def unpack(wanted: dict[str, Any]) -> None:
    """Write the frames of a movie as pictures, through an empty scene's Sequencer."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    found = getattr(editor, "strips", None)
    strip = (editor.sequences if found is None else found).new_movie(
        "take", wanted["movie"], 1, wanted["zero"]
    )
    element = strip.elements[0]
    scene.render.resolution_x, scene.render.resolution_y = element.orig_width, element.orig_height
    scene.render.resolution_percentage = 100
    scene.frame_start, scene.frame_end = wanted["start"], wanted["stop"] - 1
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = wanted["frames"]
    _count(wanted["stop"] - wanted["start"])
    bpy.ops.render.render(animation=True)


def _count(total: int) -> None:
    done = 0

    def after(*_: object) -> None:
        nonlocal done
        done += 1
        print(f"{_LINE} {done}/{total}", flush=True)  # noqa: T201 - read by `flows.Child`

    bpy.app.handlers.render_write.append(after)


def main() -> None:
    """Do what the file says."""
    wanted = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text(encoding="utf-8"))
    {"render": render, "unpack": unpack}[wanted["do"]](wanted)
    sys.stdout.flush()
    # All is written. The module of Blender 4.2 crashes while it is torn down, which says nothing of the work.
    os._exit(0)


if __name__ == "__main__":
    main()
