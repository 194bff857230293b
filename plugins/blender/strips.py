"""Strips of the Sequencer as plain values, and new ones on free channels.

The names that differ between Blender 4.2 and 5.0 stand here. Starts no engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from . import marks, rates
from .edit import Picture, Sound

#: Custom properties of strips that are ours: name of the strip below (empty for sounds), and the language.
OURS, LANGUAGE = "w2l_of", "w2l_lang"
#: Custom property of strips that we muted: what the user muted is never shown again.
MUTED = "w2l_muted"
_MOST_CHANNELS = 128


def scene_of(context: bpy.types.Context) -> bpy.types.Scene:
    """Return the scene that the Sequencer edits (from 5.0 on it may be another than the active one)."""
    return getattr(context, "sequencer_scene", None) or context.scene


def rate(scene: bpy.types.Scene) -> Fraction:
    """Return the scene's frames per second."""
    return rates.scene_rate(scene.render.fps, scene.render.fps_base)


def collection(scene: bpy.types.Scene) -> Any:
    """Return the strips that the user sees, as a collection: the scene's, or those of the open meta strip."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    owner = editor.meta_stack[-1] if len(editor.meta_stack) else editor
    # An empty collection is false: only None says that this Blender calls it otherwise.
    found = getattr(owner, "strips", None)
    return owner.sequences if found is None else found


def selected(scene: bpy.types.Scene) -> list[Any]:
    """Return the selected movie strips that are not ours, from the lowest channel to the highest."""
    if scene.sequence_editor is None:
        return []
    found = [s for s in collection(scene) if s.type == "MOVIE" and s.select and OURS not in s]
    return sorted(found, key=lambda s: (s.channel, s.frame_final_start))


def path_of(strip: Any) -> Path:
    """Return the file of a movie or sound strip."""
    told = strip.filepath if strip.type == "MOVIE" else strip.sound.filepath
    library = None if strip.type == "MOVIE" else strip.sound.library
    return Path(bpy.path.abspath(told, library=library)).resolve()


def problem(scene: bpy.types.Scene, strip: Any) -> str:
    """Return why a movie strip cannot be dubbed as it is; empty where it can."""
    if not path_of(strip).is_file():
        return f"{strip.name}: the movie {path_of(strip)} is not there"
    if not rates.same(strip.fps, rate(scene)):
        return (
            f"{strip.name} plays {strip.fps:g} pictures a second and the scene {float(rate(scene)):g}; "
            "set the scene to the movie's rate"
        )
    if strip.use_reverse_frames or strip.strobe > 1 or _retimed(scene, strip):
        return f"{strip.name} is retimed; dub it before you retime it"
    return ""


def picture(scene: bpy.types.Scene, strip: Any) -> Picture:
    """Return a movie strip as the engine's edit takes it; frames held around the movie are left out."""
    zero = int(strip.frame_start) - int(strip.animation_offset_start)
    frames = int(strip.frame_duration) + int(strip.animation_offset_start) + int(strip.animation_offset_end)
    start = max(int(strip.frame_final_start), int(strip.frame_start))
    stop = min(int(strip.frame_final_end), int(strip.frame_start) + int(strip.frame_duration))
    markers = [marks.Marker(marker.frame, marker.name) for marker in scene.timeline_markers]
    marked = marks.within(markers, start, stop)
    return Picture(strip.name, path_of(strip), start, stop, start - zero, frames, marked)


def sound(strip: Any, *, stem: bool) -> Sound:
    """Return a sound strip as the engine's edit takes it."""
    start = int(strip.frame_final_start)
    return Sound(path_of(strip), start, int(strip.frame_final_end), start - int(strip.frame_start), stem)


def sound_strips(scene: bpy.types.Scene) -> list[Any]:
    """Return the sound strips that the user sees."""
    if scene.sequence_editor is None:
        return []
    return [s for s in collection(scene) if s.type == "SOUND" and s.sound is not None]


def lay_movie(scene: bpy.types.Scene, path: Path, start: int, name: str) -> Any:
    """Lay a movie on the lowest free channel."""
    strips = collection(scene)
    laid = strips.new_movie(name, str(path), _MOST_CHANNELS, start)
    others = [s for s in strips if s != laid]
    laid.channel = free_channel(others, 1, start, start + int(laid.frame_final_duration))
    return laid


def lay_sound(scene: bpy.types.Scene, path: Path, start: int, name: str) -> int:
    """Lay a dubbed sound on a free channel where no strip plays it yet.

    Returns:
        The frame from which it is heard: another than `start` where a strip plays it elsewhere.

    Raises:
        RuntimeError: this Blender plays no sound.
    """
    heard = [int(strip.frame_start) for strip in sound_strips(scene) if path_of(strip) == path]
    if heard:
        return start if start in heard else heard[0]
    strips = collection(scene)
    laid = strips.new_sound(name, str(path), _MOST_CHANNELS, start)
    length = int(laid.frame_final_duration)
    others = [s for s in strips if s != laid]
    laid.channel = free_channel(others, 1, start, start + length)
    laid[OURS] = ""
    return start


def meets(strip: Any, start: int, stop: int) -> bool:
    """Tell whether a strip is seen or heard anywhere in ``start <= frame < stop``."""
    return strip.frame_final_start < stop and start < strip.frame_final_end


def span(strip: Any) -> tuple[int, int]:
    """Return the frames in which a strip is seen or heard, first and stop."""
    return int(strip.frame_final_start), int(strip.frame_final_end)


def lasts(strip: Any, start: int, stop: int) -> bool:
    """Tell whether a strip is seen or heard everywhere in ``start <= frame < stop``."""
    return strip.frame_final_start <= start and stop <= strip.frame_final_end


def inputs(strip: Any) -> list[Any]:
    """Return the strips that an effect takes in; none of anything else."""
    return [getattr(strip, f"input_{n}") for n in range(1, getattr(strip, "input_count", 0) + 1)]


def seen(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether neither a strip nor its channel is muted."""
    return not strip.mute and strip.channel not in _muted(scene)


def visible(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether the user wants to see a strip: what we muted counts as shown."""
    return (not strip.mute or MUTED in strip) and strip.channel not in _muted(scene)


def repeated(there: Any, effect: Any, name: str, channel: int, takes_in: list[Any]) -> Any:
    """Lay an effect of the same type as another; what it takes in says how long it lasts."""
    start, stop = span(effect)
    known = there.bl_rna.functions["new_effect"].parameters
    given = {f"{'input' if 'input1' in known else 'seq'}{n}": one for n, one in enumerate(takes_in, start=1)}
    given |= {"length": stop - start} if "length" in known else {"frame_end": stop}
    return there.new_effect(name, effect.type, channel, start, **given)


def aside(there: Iterable[Any]) -> int:
    """Return the highest channel on which nothing lies: what is trimmed there meets nothing, and stays."""
    taken = {strip.channel for strip in there}
    return next((c for c in range(_MOST_CHANNELS, 0, -1) if c not in taken), _MOST_CHANNELS)


def room(scene: bpy.types.Scene, there: Iterable[Any], above: int, start: int, stop: int) -> int:
    """Return a channel above one that is free in ``start <= frame < stop``, and below all pictures there.

    Where none is, they go up by one: titles and adjustment layers stay above what is laid. On muted channels
    nothing would be seen.

    Args:
        there: the strips that it is for.
    """
    strips, muted = list(there), _muted(scene)
    higher = [s for s in strips if s.channel > above and meets(s, start, stop)]
    pictures = {s.channel for s in higher if s.type != "SOUND"} - muted
    taken = {s.channel for s in higher} | muted
    lowest = min(pictures, default=_MOST_CHANNELS + 1)
    found = next((channel for channel in range(above + 1, lowest) if channel not in taken), None)
    if found is None:
        found = _next(above, muted)
        _lift(strips, found, start, stop, muted)
    return found


def _lift(strips: list[Any], channel: int, start: int, stop: int, muted: set[int]) -> None:
    higher = _next(channel, muted)
    for strip in [s for s in strips if s.channel == channel < higher and meets(s, start, stop)]:
        _lift(strips, higher, *span(strip), muted)
        strip.channel = higher
        for selector in [s for s in strips if s.type == "MULTICAM" and meets(s, *span(strip))]:
            if selector.multicam_source == channel:
                selector.multicam_source = higher


def _next(channel: int, muted: set[int]) -> int:
    return next((c for c in range(channel + 1, _MOST_CHANNELS + 1) if c not in muted), _MOST_CHANNELS)


def _muted(scene: bpy.types.Scene) -> set[int]:
    """Return the muted channels of what the user sees."""
    editor = scene.sequence_editor
    owner = editor.meta_stack[-1] if len(editor.meta_stack) else editor
    return {number for number, channel in enumerate(owner.channels) if channel.mute}


def free_channel(strips: Iterable[Any], lowest: int, start: int, stop: int) -> int:
    """Return the first channel from ``lowest`` on that has room in ``start <= frame < stop``."""
    taken = {strip.channel for strip in strips if meets(strip, start, stop)}
    return next((c for c in range(lowest, _MOST_CHANNELS + 1) if c not in taken), _MOST_CHANNELS)


def _retimed(scene: bpy.types.Scene, strip: Any) -> bool:
    effects = [s for s in collection(scene) if s.type == "SPEED"]
    return len(strip.retiming_keys) > 0 or strip in [getattr(effect, "input_1", None) for effect in effects]
