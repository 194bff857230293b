"""Takes above the strips that they are of: laid, taken away, and what is muted below them.

Starts no engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import bpy

from . import placing, strips
from .edit import Picture
from .placing import Placement

#: Custom property of strips that we muted: what the user muted is never shown again.
MUTED = "w2l_muted"
#: Custom property of takes: the movie of the strip below, by which that is known once it has another name.
_PLATE = "w2l_plate"
#: What of the original's look is given to the take above it.
_LOOK = (
    "blend_type", "blend_alpha", "color_saturation", "color_multiply", "use_flip_x", "use_flip_y",
    "use_float", "alpha_mode", "multiply_alpha",
)  # fmt: skip
_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_CROP = ("min_x", "max_x", "min_y", "max_y")


def followed(
    scene: bpy.types.Scene, strip: Any, was: Picture, placements: Sequence[Placement]
) -> tuple[list[Placement], list[str]]:
    """Return takes where their strip lies now, and sentences on what changed while the engine worked.

    Args:
        scene: of the strip.
        strip: as it is now.
        was: the strip as the job was told of it.
        placements: takes of this strip.
    """
    now = strips.picture(scene, strip)
    found, told = [], []
    for placement in placements:
        moved = placing.moved(placement, was, now)
        if moved is None:
            told.append(f"{strip.name} no longer shows what was dubbed of it; its take is {placement.path}")
        else:
            found.append(moved)
    way = placing.shift(was, now)
    if found and way:
        side = "later" if way > 0 else "earlier"
        told.append(
            f"{strip.name} lies {abs(way)} frames {side} than it was dubbed, and its take with it: "
            "the lips follow the sound where that was, so move it too or dub again"
        )
    return found, told


def cut_off(scene: bpy.types.Scene, was: Picture, known: Collection[str]) -> list[Any]:
    """Return strips that were cut off one while the engine worked: they lie where it lay, beside its rest.

    Args:
        scene: of the strip.
        was: the strip as the job was told of it.
        known: names of every strip that the job was told of.
    """
    there = strips.collection(scene)
    left = [strip for strip in there if strip.name == was.name]
    way = placing.shift(was, strips.picture(scene, left[0])) if left else 0
    found = []
    for strip in _plates(there):
        if strip.name in known or strips.path_of(strip) != was.path or strips.problem(scene, strip):
            continue
        now = strips.picture(scene, strip)
        inside = was.start + way <= now.start and now.stop <= was.stop + way
        apart = not any(strips.meets(one, now.start, now.stop) for one in left)
        if inside and apart and placing.shift(was, now) == way:
            found.append(strip)
    return found


def lay(scene: bpy.types.Scene, below: Any, placements: Sequence[Placement], language: str) -> int:
    """Lay a strip's takes above it, and take away those of earlier runs that are not among them.

    Returns how many were not there yet.
    """
    there = strips.collection(scene)
    names = {strip.name for strip in there}
    ours = [strip for strip in there if strip.get(strips.LANGUAGE) == language]
    kept, new = [], []
    for placement in placements:
        # The strip below may have been renamed since; a copy of it has a take of its own.
        mine = [s for s in ours if s[strips.OURS] == below.name or s[strips.OURS] not in names]
        found = next((strip for strip in mine if _lies(strip, placement)), None)
        if found is None:
            new.append(placement)
        else:
            found[strips.OURS] = below.name
            kept.append(found)
    for strip in [s for s in ours if s not in kept and _is_of(s, below, names)]:
        if not _copied_along(there, strip, below):
            there.remove(strip)
    for placement in new:
        _lay_take(there, below, placement, language)
    return len(new)


def remove(scene: bpy.types.Scene, below: Any) -> None:
    """Take away every take of a strip, in whatever language."""
    there = strips.collection(scene)
    for strip in [strip for strip in there if strip.get(strips.OURS) == below.name]:
        there.remove(strip)


def mute(scene: bpy.types.Scene, dubbed: Collection[str]) -> None:
    """Mute strips of which takes show all; those that we muted and takes no longer cover are shown again.

    Args:
        dubbed: names of the strips that were dubbed now: only these are muted.
    """
    there = strips.collection(scene)
    for strip in [s for s in _plates(there) if s.name in dubbed or MUTED in s]:
        hidden = _covered(there, strip) and (scene.w2l.mute or strip.name not in dubbed)
        if hidden and strip.name in dubbed and not strip.mute:
            strip.mute = strip[MUTED] = True
        elif MUTED in strip and not hidden:
            strip.mute = False
            del strip[MUTED]


def _lay_take(there: Any, below: Any, placement: Placement, language: str) -> None:
    channel = strips.free_channel(there, below.channel + 1, placement.start, placement.stop)
    laid = there.new_movie(f"{below.name} {language}", str(placement.path), channel, placement.zero)
    laid.frame_offset_start = placement.start - placement.zero
    laid.frame_final_end = placement.stop
    laid[strips.OURS], laid[strips.LANGUAGE] = below.name, language
    laid[_PLATE] = str(strips.path_of(below))
    _copy(below, laid, _LOOK)
    _copy(below.transform, laid.transform, _TRANSFORM)
    _copy(below.crop, laid.crop, _CROP)
    # A take is written as its plate was, so it is read as that is.
    _copy(below.colorspace_settings, laid.colorspace_settings, ("name",))
    laid.color_tag = "COLOR_05"


def _plates(there: Iterable[Any]) -> list[Any]:
    return [strip for strip in there if strip.type == "MOVIE" and strips.OURS not in strip]


def _copies(there: Iterable[Any], plate: Any) -> list[Any]:
    """Return a strip and its copies: what plays the same movie and is no take."""
    return [strip for strip in _plates(there) if strip.filepath == plate.filepath]


def _is_of(take: Any, below: Any, names: Collection[str]) -> bool:
    """Tell whether a take is of a strip, which may have been renamed since."""
    if take[strips.OURS] in names:
        return bool(take[strips.OURS] == below.name)
    return take.get(_PLATE) == str(strips.path_of(below)) and strips.meets(take, *_span(below))


def _copied_along(there: Iterable[Any], take: Any, below: Any) -> bool:
    """Tell whether a take was copied or cut together with its strip: it lies above the other part of it."""
    above = [strip for strip in _copies(there, below) if strips.meets(strip, *_span(take))]
    return bool(above) and below not in above


def _covered(there: Iterable[Any], plate: Any) -> bool:
    """Tell whether takes of a strip, or of what it was copied from, leave nothing to see of it."""
    names = {strip.name for strip in _copies(there, plate)}
    takes = [s for s in there if s.get(strips.OURS) in names and not s.mute and s.channel > plate.channel]
    return placing.covered(*_span(plate), map(_span, takes))


def _lies(strip: Any, placement: Placement) -> bool:
    return (
        strips.path_of(strip) == placement.path.resolve()
        and _span(strip) == (placement.start, placement.stop)
        and int(strip.frame_start) == placement.zero
    )


def _copy(source: Any, target: Any, names: Iterable[str]) -> None:
    for name in names:
        if hasattr(source, name):
            setattr(target, name, getattr(source, name))


def _span(strip: Any) -> tuple[int, int]:
    return int(strip.frame_final_start), int(strip.frame_final_end)
