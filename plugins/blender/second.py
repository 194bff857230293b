"""What the second Blender does: render a scene's frames to pictures.

Run by `refine` as a program with one JSON file after ``--``; prints a line after each frame.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import bpy

#: As `flows.FRAME_LINE`; this file runs alone and imports nothing of the package.
_LINE = "W2L frame"


def render(wanted: dict[str, Any]) -> None:
    """Render the frames of a blend file's scene to 16-bit PNG files.

    Args:
        wanted: ``blend`` and ``scene``; ``name``: of a file, with #### for the frame's number; ``part``: a
            folder for unfinished work; ``folder``: holds the pictures, and nothing else, when all are there.
    """
    bpy.ops.wm.open_mainfile(filepath=wanted["blend"], load_ui=False)
    scene = bpy.data.scenes[wanted["scene"]]
    settings = scene.render
    settings.use_sequencer = False
    part, folder = Path(wanted["part"]), Path(wanted["folder"])
    shutil.rmtree(part, ignore_errors=True)
    settings.filepath = str(part / wanted["name"])
    settings.use_file_extension = False
    images = settings.image_settings
    if hasattr(images, "media_type"):
        images.media_type = "IMAGE"
    images.file_format, images.color_mode, images.color_depth = "PNG", "RGB", "16"
    # zlib's quickest level.
    images.compression = 15
    # The user's step thins out previews; pictures that skip frames have another rate than the edit says.
    scene.frame_step = 1
    _count(scene.frame_end - scene.frame_start + 1)
    bpy.ops.render.render(animation=True, scene=scene.name)
    # Whole or not at all, and nothing of an earlier render among it.
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(exist_ok=True)
    part.rename(folder)


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
    render(wanted)
    sys.stdout.flush()
    # All is written. The module of Blender 4.2 crashes while it is torn down, which says nothing of the work.
    os._exit(0)


if __name__ == "__main__":
    main()
