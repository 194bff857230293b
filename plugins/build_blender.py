"""Builds the Blender extension: copies the package and the engine's bridge, zips and validates them.

Run it as ``python plugins/build_blender.py OUT.zip`` with a Python that has Blender's module `bpy`, whose own
extension tool does the work; with ``--blender PROGRAM`` an installed Blender is asked.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SOURCE = ROOT / "plugins" / "blender"
_BRIDGE = ROOT / "w2l_studio" / "bridge.py"


def gather(folder: Path) -> Path:
    """Put everything that the zip holds into an empty folder."""
    shutil.copytree(_SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_BRIDGE, folder / _BRIDGE.name)
    return folder


def build(out: Path, tool: list[str]) -> None:
    """Write and validate the zip.

    Args:
        out: the zip.
        tool: Blender's extension tool as a command.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = gather(Path(scratch) / "w2l_studio")
        subprocess.run([*tool, "validate", str(source)], check=True)
        named = ["--source-dir", str(source), "--output-filepath", str(out)]
        subprocess.run([*tool, "build", *named], check=True)
    subprocess.run([*tool, "validate", str(out)], check=True)


def module_tool() -> list[str]:
    """Return the extension tool that lies in the `bpy` of this Python."""
    import bpy

    scripts = Path(bpy.utils.resource_path("LOCAL")) / "scripts"
    return [sys.executable, str(scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py")]


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--blender", help="an installed Blender; default: the bpy of this Python")
    told = parser.parse_args()
    tool = [told.blender, "--command", "extension"] if told.blender else module_tool()
    build(told.out.resolve(), tool)


if __name__ == "__main__":
    main()
