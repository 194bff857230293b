"""The zip as an extension: installs, registers what it promises, tests its engine, goes away."""

import bpy
from conftest import MODULE, ROOT


def test_it_installs_registers_tests_its_engine_and_goes_away(installed):
    for name in ("W2L_PT_sequencer", "W2L_PT_character", "W2L_PT_refine"):
        assert hasattr(bpy.types, name)
    assert hasattr(bpy.types.Scene, "w2l")
    assert hasattr(bpy.types.Object, "w2l")
    told = bpy.context.preferences.addons[MODULE].preferences
    assert told.device == "auto"
    assert bpy.ops.w2l.test_engine() == {"FINISHED"}
    assert told.tested.startswith("w2l-studio, version")
    bundled = installed("bridge").__file__
    with open(bundled) as copy, open(ROOT / "w2l_studio" / "bridge.py") as ours:
        assert copy.read() == ours.read()
    modules = [repo.module for repo in bpy.context.preferences.extensions.repos]
    bpy.ops.extensions.package_uninstall(repo_index=modules.index("user_default"), pkg_id="w2l_studio")
    assert MODULE not in bpy.context.preferences.addons
    assert not hasattr(bpy.types, "W2L_PT_sequencer")
    assert not hasattr(bpy.types.Scene, "w2l")
