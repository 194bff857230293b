"""What a strip looks like, given to the one that takes its place: settings, keys and modifiers.

Starts no engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from . import actions, strips

_STRIP = (
    "blend_type", "blend_alpha", "color_saturation", "color_multiply", "use_flip_x", "use_flip_y",
    "use_float", "use_linear_modifiers", "alpha_mode", "multiply_alpha", "use_deinterlace",
)  # fmt: skip
_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_CROP = ("min_x", "max_x", "min_y", "max_y")
#: Handles come last: a kind that Blender places by itself would move them.
_KEY = (
    "co", "interpolation", "easing", "amplitude", "back", "period", "type", "handle_left_type",
    "handle_right_type", "handle_left", "handle_right",
)  # fmt: skip


def give(scene: bpy.types.Scene, source: Any, target: Any) -> None:
    """Let a strip look as another does in every frame.

    Args:
        scene: of both; they lie in one collection.
        source: stays as it is.
        target: has no keys and no modifiers yet.
    """
    _copy(source, target, _STRIP)
    _copy(source.transform, target.transform, _TRANSFORM)
    _copy(source.crop, target.crop, _CROP)
    if len(source.modifiers):
        _give_modifiers(scene, source, target)
    # Modifiers may be keyed, too.
    _give_keys(scene, source, target)


def give_effect(scene: bpy.types.Scene, source: Any, target: Any) -> None:
    """Let an effect do and look as another of its type in every frame; what it takes in stays its own."""
    every_strip = source.bl_rna
    while every_strip.base is not None:
        every_strip = every_strip.base
    own = [name for name in _settable(source) if name not in every_strip.properties]
    _copy(source, target, [name for name in own if not name.startswith("input_")])
    _copy(source, target, ("effect_fader", "use_default_fade"))
    give(scene, source, target)


def _give_modifiers(scene: bpy.types.Scene, source: Any, target: Any) -> None:
    """Copy modifiers by Blender's own operator: it alone knows what lies in each kind."""
    editor, there = scene.sequence_editor, strips.collection(scene)
    active, chosen = editor.active_strip, [strip for strip in there if strip.select]
    for strip in there:
        strip.select = strip == target
    editor.active_strip = source
    with bpy.context.temp_override(scene=scene, sequencer_scene=scene):
        bpy.ops.sequencer.strip_modifier_copy(type="REPLACE")
    editor.active_strip = active
    for strip in there:
        strip.select = strip in chosen


def _give_keys(scene: bpy.types.Scene, source: Any, target: Any) -> None:
    data = scene.animation_data
    if data is None or data.action is None or getattr(data, "action_slot", scene) is None:
        return
    curves = actions.container(data.action, scene).fcurves
    old, new = f"{source.path_from_id()}.", f"{target.path_from_id()}."
    for curve in [curve for curve in curves if curve.data_path.startswith(old)]:
        given = curves.new(new + curve.data_path.removeprefix(old), index=curve.array_index)
        _copy(curve, given, ("extrapolation", "mute"))
        given.keyframe_points.add(len(curve.keyframe_points))
        for theirs, ours in zip(curve.keyframe_points, given.keyframe_points, strict=True):
            _copy(theirs, ours, _KEY)
        for modifier in curve.modifiers:
            _copy(modifier, given.modifiers.new(modifier.type), _settable(modifier))
        given.update()


def _settable(data: Any) -> list[str]:
    return [prop.identifier for prop in data.bl_rna.properties if not prop.is_readonly]


def _copy(source: Any, target: Any, names: Iterable[str]) -> None:
    for name in names:
        if hasattr(source, name):
            setattr(target, name, getattr(source, name))
