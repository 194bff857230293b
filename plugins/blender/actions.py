"""Writes curves into an action of their own, in an NLA track that lies under the user's own keys.

The names that differ between Blender 4.2 and 5.0 stand here. Knows no engine and no mapping.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

from . import curves
from .controls import Channel

#: Name of our NLA tracks, and custom properties of our actions: whose lips, and which curves are ours.
TRACK, STEM, PATHS = "W2L", "w2l_stem", "w2l_paths"


def write(owner: bpy.types.ID, stem: str, channels: Sequence[Channel], keep: np.ndarray) -> bpy.types.Action:
    """Write a datablock's curves into the action of a stem, and return the action.

    An action that an earlier call made for this stem and datablock is taken up: our own curves in it are
    replaced, everything else in it stays.

    Args:
        owner: a mesh's shape keys or an object.
        stem: file name of the sound.
        channels: of this owner, frame 0 first.
        keep: ``int64[K]`` frames that get a key in any case.
    """
    strip = _strip(owner, stem)
    action = strip.action if strip is not None else _action(stem)
    container = _container(action, owner)
    _remove_ours(action, owner, container)
    for channel in channels:
        found = container.fcurves.find(channel.path, index=channel.index)
        if found is not None:
            container.fcurves.remove(found)
        _fill(container.fcurves.new(channel.path, index=channel.index), channel.values, keep)
    action[STEM] = stem
    ours = json.loads(action.get(PATHS, "{}"))
    ours[owner.name] = [[channel.path, channel.index] for channel in channels]
    action[PATHS] = json.dumps(ours)
    return action


def place(owner: bpy.types.ID, action: bpy.types.Action, zero: int, start: int, stop: int) -> None:
    """Lay an action under the user's own keys.

    Args:
        owner: what it animates.
        action: as `write` returned it.
        zero: the scene's frame at which the action's frame 0 lies.
        start: first frame of the scene in which it is heard.
        stop: the frame after the last one.
    """
    data = owner.animation_data_create()
    old = _strip(owner, action[STEM])
    if old is not None:
        track = next(track for track in data.nla_tracks if old.name in track.strips)
        track.strips.remove(old)
    track = _track(data, start, stop)
    strip = track.strips.new(action.name, start, action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = _slot(action, owner)
    strip.use_sync_length = False
    strip.action_frame_start, strip.action_frame_end = start - zero, stop - 1 - zero
    strip.frame_start, strip.frame_end = start, stop - 1
    strip.extrapolation = "NOTHING"
    strip.blend_type = "REPLACE"


def hidden(owner: bpy.types.ID, channels: Sequence[Channel]) -> list[str]:
    """Return paths that the user's own action keys too: it lies above ours, so ours are not seen."""
    data = owner.animation_data
    if data is None or data.action is None:
        return []
    container = _container(data.action, owner)
    return [c.path for c in channels if container.fcurves.find(c.path, index=c.index) is not None]


def _strip(owner: bpy.types.ID, stem: str) -> bpy.types.NlaStrip | None:
    tracks = owner.animation_data.nla_tracks if owner.animation_data is not None else []
    for track in tracks:
        for strip in track.strips:
            if strip.action is not None and strip.action.get(STEM) == stem:
                return strip
    return None


def _action(stem: str) -> bpy.types.Action:
    """Return the stem's action: one for all datablocks where actions have slots, else one for each."""
    if hasattr(bpy.types, "ActionSlot"):
        for action in bpy.data.actions:
            if action.get(STEM) == stem and action.library is None:
                return action
    return bpy.data.actions.new(f"W2L {stem}")


def _container(action: bpy.types.Action, owner: bpy.types.ID) -> Any:
    """Return what holds a datablock's curves: a bag of its slot from 4.4 on, before that the action."""
    if not hasattr(action, "slots"):
        return action
    slot = _slot(action, owner) or action.slots.new(id_type=owner.id_type, name=owner.name)
    layer = action.layers[0] if len(action.layers) else action.layers.new("W2L")
    strip = layer.strips[0] if len(layer.strips) else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def _slot(action: bpy.types.Action, owner: bpy.types.ID) -> Any:
    data = owner.animation_data
    if data is not None and data.action == action and data.action_slot is not None:
        return data.action_slot
    return next(
        (s for s in action.slots if s.target_id_type == owner.id_type and s.name_display == owner.name), None
    )


def _remove_ours(action: bpy.types.Action, owner: bpy.types.ID, container: Any) -> None:
    for path, index in json.loads(action.get(PATHS, "{}")).get(owner.name, []):
        curve = container.fcurves.find(path, index=index)
        if curve is not None:
            container.fcurves.remove(curve)


def _fill(curve: bpy.types.FCurve, values: np.ndarray, keep: np.ndarray) -> None:
    frames = curves.simplify(values, keep)
    points = np.stack([frames, values[frames]], axis=1).astype(np.float32)
    kinds = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items
    curve.keyframe_points.add(len(frames))
    curve.keyframe_points.foreach_set("co", array("f", points.ravel().tolist()))
    curve.keyframe_points.foreach_set("interpolation", array("i", [kinds["LINEAR"].value] * len(frames)))
    curve.update()


def _track(data: bpy.types.AnimData, start: int, stop: int) -> bpy.types.NlaTrack:
    """Return a track of ours with room, a new one where there is none."""
    for track in data.nla_tracks:
        busy = any(strip.frame_start < stop and start <= strip.frame_end for strip in track.strips)
        if track.name.startswith(TRACK) and not busy:
            return track
    track = data.nla_tracks.new()
    track.name = TRACK
    return track
