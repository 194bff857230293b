"""Writes curves into an action of their own, in an NLA track that lies under the user's own keys.

The names that differ between Blender 4.2 and 5.0 stand here. Knows no engine and no mapping.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from . import curves
from .controls import Channel

#: Name of our NLA tracks, and custom properties of our actions: which curves are ours, and `Line`'s stem.
TRACK, PATHS = "W2L", "w2l_paths"
STEM, SHA256, ZERO = "w2l_stem", "w2l_sha256", "w2l_zero"


@dataclass(frozen=True, slots=True)
class Line:
    """A stem where it is heard.

    Args:
        stem: file name of the sound: a label, which other sounds may share.
        sha256: of the sound.
        zero: the scene's frame at which the stem's frame 0 lies.
        start: first frame of the scene in which it is heard.
        stop: the frame after the last one.
    """

    stem: str
    sha256: str
    zero: int
    start: int
    stop: int


def write(owner: bpy.types.ID, line: Line, channels: Sequence[Channel], keep: np.ndarray) -> None:
    """Write a datablock's curves into the action of a line, and lay it under the user's own keys.

    An action that an earlier call made for this line and datablock is taken up: our own curves in it are
    replaced, everything else in it stays.

    Args:
        owner: a mesh's shape keys or an object.
        line: what is said.
        channels: of this owner, frame 0 first.
        keep: ``int64[K]`` frames that get a key in any case.
    """
    old = _strip(owner, line)
    action = old.action if old is not None else _action(line)
    held = container(action, owner)
    _remove_ours(action, owner, held)
    for channel in channels:
        found = held.fcurves.find(channel.path, index=channel.index)
        if found is not None:
            held.fcurves.remove(found)
        _fill(held.fcurves.new(channel.path, index=channel.index), channel.values, keep)
    action[STEM], action[SHA256], action[ZERO] = line.stem, line.sha256, line.zero
    ours = json.loads(action.get(PATHS, "{}"))
    ours[owner.name] = [[channel.path, channel.index] for channel in channels]
    action[PATHS] = json.dumps(ours)
    _place(owner, action, old, line)


def hidden(owner: bpy.types.ID, channels: Sequence[Channel]) -> list[str]:
    """Return paths that the user's own action keys too: it lies above ours, so ours are not seen."""
    data = owner.animation_data
    if data is None or data.action is None:
        return []
    held = container(data.action, owner)
    return [c.path for c in channels if held.fcurves.find(c.path, index=c.index) is not None]


def _place(owner: bpy.types.ID, action: bpy.types.Action, old: bpy.types.NlaStrip | None, line: Line) -> None:
    data = owner.animation_data_create()
    if old is not None:
        track = next(track for track in data.nla_tracks if old.name in track.strips)
        track.strips.remove(old)
    track = _track(data, line.start, line.stop)
    strip = track.strips.new(action.name, line.start, action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = _slot(action, owner)
    strip.use_sync_length = False
    strip.action_frame_start, strip.action_frame_end = line.start - line.zero, line.stop - 1 - line.zero
    strip.frame_start, strip.frame_end = line.start, line.stop - 1
    strip.extrapolation = "NOTHING"
    strip.blend_type = "REPLACE"


def _strip(owner: bpy.types.ID, line: Line) -> bpy.types.NlaStrip | None:
    """Return the strip that a line replaces.

    That is the same sound where it begins now or overlaps itself, since it was moved; and another sound of
    the same name that begins in the same frame, since the stem was exported again. The same sound farther
    away is said twice, and the same name elsewhere is another scene's.
    """
    tracks = owner.animation_data.nla_tracks if owner.animation_data is not None else []
    strips = [s for track in tracks for s in track.strips if s.action is not None and STEM in s.action]
    here = [s for s in strips if round(s.frame_start - s.action_frame_start) == line.zero]
    same = [s for s in strips if s.action.get(SHA256) == line.sha256]
    found = [
        *(s for s in here if s in same),
        *(s for s in here if s.action[STEM] == line.stem),
        *(s for s in same if s.frame_start < line.stop and line.start <= s.frame_end),
    ]
    return found[0] if found else None


def _action(line: Line) -> bpy.types.Action:
    """Return the line's action: one for all datablocks where actions have slots, else one for each."""
    if hasattr(bpy.types, "ActionSlot"):
        for action in bpy.data.actions:
            told = (action.get(SHA256), action.get(ZERO), action.library)
            if told == (line.sha256, line.zero, None):
                return action
    return bpy.data.actions.new(f"W2L {line.stem}")


def container(action: bpy.types.Action, owner: bpy.types.ID) -> Any:
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


def _remove_ours(action: bpy.types.Action, owner: bpy.types.ID, held: Any) -> None:
    for path, index in json.loads(action.get(PATHS, "{}")).get(owner.name, []):
        curve = held.fcurves.find(path, index=index)
        if curve is not None:
            held.fcurves.remove(curve)


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
