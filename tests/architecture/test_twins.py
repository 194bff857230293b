"""Facts that engine and plugins each hold, since plugins import nothing of the engine: they stay the same."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: What both sides hold -> where, by file and name.
TWINS = {
    "marker pattern": {
        "w2l_studio/edit/marks.py": "_TEXT",
        "plugins/blender/marks.py": "_TEXT",
        "plugins/davinci/w2l_resolve/marking.py": "_MARK",
    },
    "metadata key": {
        "w2l_studio/terms/results.py": "METADATA_KEY",
        "plugins/blender/edit.py": "KEY",
        "plugins/davinci/w2l_resolve/marking.py": "KEY",
    },
    "lip motion's schema": {
        "w2l_studio/dub/motion.py": "SCHEMA",
        "plugins/blender/lips.py": "SCHEMA",
    },
    "devices of Windows": {
        "w2l_studio/dub/workdir.py": "_DEVICE",
        "plugins/blender/dub.py": "_DEVICE",
        "plugins/davinci/w2l_resolve/jobs.py": "_DEVICE",
    },
    "second Blender's line": {
        "plugins/blender/flows.py": "FRAME_LINE",
        "plugins/blender/second.py": "_LINE",
    },
    "tracks' names": {
        "w2l_studio/edit/stem_tracks.py": "_OURS",
        "plugins/davinci/w2l_resolve/reading.py": "OURS",
    },
}


def constant(path: str, name: str) -> str:
    """Return what a module assigns to a name, as code; some modules load in their hosts only."""
    (value,) = (
        node.value
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    )
    return ast.unparse(value)


@pytest.mark.parametrize("fact", TWINS)
def test_engine_and_plugins_hold_the_same(fact: str) -> None:
    told = {path: constant(path, name) for path, name in TWINS[fact].items()}
    assert len(set(told.values())) == 1, told
