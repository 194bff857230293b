"""Builds a shot of the exported head in Blender, keys its lips from a stem, and renders it both ways.

    python examples/talking_head/shot.py talking_head.out --engine .venv/bin/w2l-studio

In a Python that has the module `bpy` (`make test-blender` makes two: .venv-blender-5.0.1). The lips are keyed
by the extension's own operators; then the keys are muted, and the same shot with its mouth at rest is
lip-synced as pixels by *Render and Refine*. Writes anna.blend and the pictures of both into the folder.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "hosts"))

from extension import ROOT, install, leave
from story import FIRST, LAST, RATE, STEM

# isort: split
import bpy

#: Middle of the face and the camera's distance (metres).
_FACE, _DISTANCE = (0.0, -0.07, 0.70), 1.5
_BLINKS = (233, 262)


def build(head: Path, side: int, engine: str) -> bpy.types.Object:
    """Import the head, light it, aim a camera; return the mesh with the shape keys."""
    for block in list(bpy.data.objects):
        bpy.data.objects.remove(block)
    bpy.ops.import_scene.gltf(filepath=str(head))
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = RATE, 1
    scene.frame_start, scene.frame_end = FIRST, LAST
    scene.render.resolution_x = scene.render.resolution_y = side
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    scene.render.engine = engine
    meshes = {block.name: block for block in scene.objects if block.type == "MESH"}
    for block in meshes.values():
        block.data.materials.clear()
        block.data.materials.append(_painted(block.name))
        block.data.polygons.foreach_set("use_smooth", [True] * len(block.data.polygons))
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising = 12, True
        scene.cycles.max_bounces = 3
    else:
        scene.display.shading.light, scene.display.shading.color_type = "STUDIO", "VERTEX"
        scene.display.shading.show_specular_highlight = False
        scene.display.render_aa = "8"
        scene.view_settings.exposure = 0.7
    _surroundings(scene)
    _alive(meshes["Head"])
    return meshes["Head"]


def _painted(name: str) -> bpy.types.Material:
    """Return a material of the vertices' colours."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    colour = nodes.new("ShaderNodeVertexColor")
    surface = nodes["Principled BSDF"]
    links.new(colour.outputs["Color"], surface.inputs["Base Color"])
    surface.inputs["Roughness"].default_value = {"Head": 0.5, "Hair": 0.45}.get(name, 0.9)
    surface.inputs["Specular IOR Level"].default_value = 0.3
    return made


def _surroundings(scene: bpy.types.Scene) -> None:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = (_FACE[0], _FACE[1] - _DISTANCE, _FACE[2] + 0.01)
    camera.rotation_euler = (math.radians(90), 0, 0)
    camera.data.lens, camera.data.sensor_width = 150, 36
    scene.collection.objects.link(camera)
    scene.camera = camera
    for name, place, size, power, colour in (
        ("Key", (-0.8, -1.3, 1.4), 0.5, 22, (1.0, 0.95, 0.88)),
        ("Fill", (1.2, -1.2, 0.7), 1.0, 9, (0.8, 0.9, 1.0)),
        ("Rim", (0.7, 1.2, 1.3), 0.4, 22, (0.85, 0.92, 1.0)),
    ):
        light = bpy.data.objects.new(name, bpy.data.lights.new(name, "AREA"))
        light.data.size, light.data.energy, light.data.color = size, power, colour
        light.location = place
        light.rotation_euler = _towards(place, _FACE)
        scene.collection.objects.link(light)
    scene.world = scene.world or bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.10, 0.085, 0.075, 1)
    scene.world.color = (0.10, 0.085, 0.075)


def _towards(place: tuple[float, ...], aim: tuple[float, ...]) -> tuple[float, float, float]:
    x, y, z = (b - a for a, b in zip(place, aim))
    return (math.pi / 2 + math.atan2(z, math.hypot(x, y)), 0.0, math.atan2(-x, y))


def _alive(head: bpy.types.Object) -> None:
    """Turn the head a little and let it blink: keys of the user's own, which ours lie beside."""
    root, keys = head.parent, head.data.shape_keys.key_blocks
    root.rotation_mode = "XYZ"
    for frame in range(FIRST - 6, LAST + 7, 6):
        swing = [share * math.sin(frame * pace) for share, pace in ((0.02, 0.19), (0.015, 0.11), (0.1, 0.07))]
        root.rotation_euler = swing
        root.keyframe_insert("rotation_euler", frame=frame)
    for side in ("Left", "Right"):
        for at in _BLINKS:
            for frame, value in ((at - 2, 0.0), (at, 1.0), (at + 1, 1.0), (at + 4, 0.0)):
                keys[f"eyeBlink{side}"].value = value
                keys[f"eyeBlink{side}"].keyframe_insert("value", frame=frame)


def key(head: bpy.types.Object) -> None:
    """Key the lips as a user would: choose the stem, find the controls, press the button."""
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = head
    head.select_set(True)
    head.w2l.stem.file, head.w2l.stem.start, head.w2l.stem.character = str(STEM), 1, "ANNA"
    assert bpy.ops.w2l.find_controls() == {"FINISHED"}
    assert bpy.ops.w2l.key_lips() == {"FINISHED"}


def main() -> None:
    """Make the shot and render it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="Holds anna.glb.")
    parser.add_argument("--engine", type=Path, default=ROOT / ".venv" / "bin" / "w2l-studio")
    parser.add_argument("--renderer", default="BLENDER_WORKBENCH", choices=["BLENDER_WORKBENCH", "CYCLES"])
    parser.add_argument("--side", type=int, default=384, help="Of the picture, pixels.")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    install(asked.engine.absolute())
    head = build(folder / "anna.glb", asked.side, asked.renderer)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "anna.blend"))
    key(head)
    bpy.ops.wm.save_mainfile()
    scene = bpy.context.scene
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(folder / "rig" / "lips_####.png")
    began = time.perf_counter()
    bpy.ops.render.render(animation=True)
    print(f"keyed and rendered in {time.perf_counter() - began:.0f} s")
    # The same shot with its mouth at rest, and the lips as pixels.
    for track in head.data.shape_keys.animation_data.nla_tracks:
        track.mute = True
    head.w2l.deliver = "TEXTURE"
    assert bpy.ops.w2l.refine_render() == {"FINISHED"}
    leave()


if __name__ == "__main__":
    main()
