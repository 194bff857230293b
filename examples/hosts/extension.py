"""Builds and installs this repository's extension in the module `bpy`; scripts there import it first."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Read once, when bpy is loaded: a user folder of our own keeps the machine's untouched.
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="w2l-blender-")

import bpy

ROOT = Path(__file__).resolve().parents[2]
_MODULE = "bl_ext.user_default.w2l_studio"


def install(engine: Path) -> None:
    """Build and install the extension, and name the engine."""
    with tempfile.TemporaryDirectory() as folder:
        zipped = Path(folder) / "w2l_studio.zip"
        subprocess.run([sys.executable, str(ROOT / "plugins" / "build_blender.py"), str(zipped)], check=True)
        bpy.ops.extensions.package_install_files(
            filepath=str(zipped), repo="user_default", enable_on_install=True
        )
    bpy.context.preferences.addons[_MODULE].preferences.engine = str(engine)


def leave() -> None:
    """End the process: all is written, and the module of 4.2 crashes while it is torn down."""
    sys.stdout.flush()
    os._exit(0)
