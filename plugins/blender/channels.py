"""Frames and channels of strips: where one lies, and where there is room for another.

Starts no engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

#: Blender has no higher channel.
MOST = 128


def span(strip: Any) -> tuple[int, int]:
    """Return the frames in which a strip is seen or heard, first and stop."""
    return int(strip.frame_final_start), int(strip.frame_final_end)


def meets(strip: Any, start: int, stop: int) -> bool:
    """Tell whether a strip is seen or heard anywhere in ``start <= frame < stop``."""
    return strip.frame_final_start < stop and start < strip.frame_final_end


def lasts(strip: Any, start: int, stop: int) -> bool:
    """Tell whether a strip is seen or heard everywhere in ``start <= frame < stop``."""
    return strip.frame_final_start <= start and stop <= strip.frame_final_end


def aside(there: Iterable[Any]) -> int:
    """Return the highest channel on which nothing lies: what is trimmed there meets nothing, and stays."""
    taken = {strip.channel for strip in there}
    return next((c for c in range(MOST, 0, -1) if c not in taken), MOST)


def free(strips: Iterable[Any], lowest: int, start: int, stop: int) -> int:
    """Return the first channel from ``lowest`` on that has room in ``start <= frame < stop``."""
    taken = {strip.channel for strip in strips if meets(strip, start, stop)}
    return next((c for c in range(lowest, MOST + 1) if c not in taken), MOST)


def room(scene: bpy.types.Scene, there: Iterable[Any], above: int, start: int, stop: int) -> int:
    """Return a channel above one that is free in ``start <= frame < stop``, and below all pictures there.

    Where none is, they go up by one: titles and adjustment layers stay above what is laid. On muted channels
    nothing would be seen.

    Args:
        there: the strips that it is for.
    """
    strips, hidden = list(there), muted(scene)
    higher = [s for s in strips if s.channel > above and meets(s, start, stop)]
    pictures = {s.channel for s in higher if s.type != "SOUND"} - hidden
    taken = {s.channel for s in higher} | hidden
    lowest = min(pictures, default=MOST + 1)
    found = next((channel for channel in range(above + 1, lowest) if channel not in taken), None)
    if found is None:
        found = _next(above, hidden)
        _lift(strips, found, start, stop, hidden)
    return found


def muted(scene: bpy.types.Scene) -> set[int]:
    """Return the muted channels of what the user sees."""
    editor = scene.sequence_editor
    owner = editor.meta_stack[-1] if len(editor.meta_stack) else editor
    return {number for number, channel in enumerate(owner.channels) if channel.mute}


def _lift(strips: list[Any], channel: int, start: int, stop: int, hidden: set[int]) -> None:
    higher = _next(channel, hidden)
    for strip in [s for s in strips if s.channel == channel < higher and meets(s, start, stop)]:
        _lift(strips, higher, *span(strip), hidden)
        strip.channel = higher
        for selector in [s for s in strips if s.type == "MULTICAM" and meets(s, *span(strip))]:
            if selector.multicam_source == channel:
                selector.multicam_source = higher


def _next(channel: int, hidden: set[int]) -> int:
    return next((c for c in range(channel + 1, MOST + 1) if c not in hidden), MOST)
