"""Takes above the strips that they are of: laid, taken away, and what is muted below them.

Starts no engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import bpy

from . import channels, look, placing, strips
from .edit import Picture
from .placing import Placement

#: Custom property of takes: the media of the strip below, by which that is known once it has another name.
_PLATE = "w2l_plate"


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
        apart = not any(channels.meets(one, now.start, now.stop) for one in left)
        if inside and apart and placing.shift(was, now) == way:
            found.append(strip)
    return found


def lay(scene: bpy.types.Scene, below: Any, placements: Sequence[Placement], language: str) -> int:
    """Lay a strip's takes above it, and take away those of earlier runs that are not among them.

    Returns how many were not there yet.
    """
    there = strips.collection(scene)
    names = {strip.name for strip in there}
    ours = [s for s in there if s.type in strips.PLATES and s.get(strips.LANGUAGE) == language]
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
        _lay_take(scene, below, placement, language)
    return len(new)


def remove(scene: bpy.types.Scene, below: Any) -> None:
    """Take away every take of a strip, in whatever language."""
    there = strips.collection(scene)
    for strip in [strip for strip in there if strip.get(strips.OURS) == below.name]:
        there.remove(strip)


def mute(scene: bpy.types.Scene, dubbed: Collection[str]) -> None:
    """Mute strips of which takes show all; those that we muted and takes no longer cover are shown again.

    Args:
        dubbed: names of the strips that were dubbed, and of effects that were repeated, now: only these
            are muted.
    """
    there = strips.collection(scene)
    originals = [s for s in there if strips.OURS not in s and (s.type in strips.PLATES or strips.inputs(s))]
    for strip in [s for s in originals if s.name in dubbed or strips.MUTED in s]:
        hidden = _covered(scene, strip) and (scene.w2l.mute or strip.name not in dubbed)
        if hidden and strip.name in dubbed and not strip.mute:
            strip.mute = strip[strips.MUTED] = True
        elif strips.MUTED in strip and not hidden:
            strip.mute = False
            del strip[strips.MUTED]


def _lay_take(scene: bpy.types.Scene, below: Any, placement: Placement, language: str) -> None:
    there = strips.collection(scene)
    # Above the takes of other languages, but below what the user laid higher.
    start, stop = placement.start, placement.stop
    others = [s for s in there if s.get(strips.OURS) == below.name and channels.meets(s, start, stop)]
    highest = max(strip.channel for strip in [below, *others])
    # Where it met anything while it is trimmed, Blender would move it in time.
    aside = channels.aside(there)
    laid = strips.new_media(there, f"{below.name} {language}", placement.path, aside, placement.zero)
    laid.frame_offset_start, laid.frame_final_end = start - placement.zero, stop
    laid.channel = channels.room(scene, [s for s in there if s != laid], highest, start, stop)
    laid[strips.OURS], laid[strips.LANGUAGE] = below.name, language
    laid[_PLATE] = str(strips.path_of(below))
    # A take is written as its plate was, so it is read as that is.
    laid.colorspace_settings.name = below.colorspace_settings.name
    look.give(scene, below, laid)
    laid.color_tag = "COLOR_05"


def _plates(there: Iterable[Any]) -> list[Any]:
    return [strip for strip in there if strip.type in strips.PLATES and strips.OURS not in strip]


def _copies(there: Iterable[Any], plate: Any) -> list[Any]:
    """Return a strip and its copies: what shows the same media and is no take."""
    path = strips.path_of(plate)
    return [strip for strip in _plates(there) if strips.path_of(strip) == path]


def _is_of(take: Any, below: Any, names: Collection[str]) -> bool:
    """Tell whether a take is of a strip, which may have been renamed since."""
    if take[strips.OURS] in names:
        return bool(take[strips.OURS] == below.name)
    return take.get(_PLATE) == str(strips.path_of(below)) and channels.meets(take, *channels.span(below))


def _copied_along(there: Iterable[Any], take: Any, below: Any) -> bool:
    """Tell whether a take was copied or cut together with its strip: it lies above the other part of it."""
    above = [strip for strip in _copies(there, below) if channels.meets(strip, *channels.span(take))]
    return bool(above) and below not in above


def _covered(scene: bpy.types.Scene, plate: Any) -> bool:
    """Tell whether takes of a strip, or of what it was copied from, leave nothing to see of it."""
    there = strips.collection(scene)
    copied = _copies(there, plate) if plate.type in strips.PLATES else [plate]
    names = {strip.name for strip in copied}
    ours = [s for s in there if s.get(strips.OURS) in names and s.channel > plate.channel]
    takes = [s for s in ours if strips.seen(scene, s)]
    return placing.covered(*channels.span(plate), map(channels.span, takes))


def shown(scene: bpy.types.Scene, language: str) -> dict[str, list[Any]]:
    """Return the takes of a language that are seen, by the name of the strip above which they lie.

    One that was copied along with its strip is named after the strip that was copied.
    """
    there = strips.collection(scene)
    takes = [s for s in there if s.type in strips.PLATES and s.get(strips.LANGUAGE) == language]
    takes = [take for take in takes if strips.seen(scene, take)]
    found = dict[str, list[Any]]()
    for take in takes:
        found.setdefault(take[strips.OURS], []).append(take)
    for plate in _plates(there):
        if plate.name not in found:
            found[plate.name] = [take for take in takes if _lies_above(there, take, plate)]
    return found


def _lies_above(there: Iterable[Any], take: Any, plate: Any) -> bool:
    """Tell whether a take lies above a strip of its media, and not above the one that it is named after."""
    start, stop = channels.span(take)
    mine = [s for s in there if s.name == take[strips.OURS] and channels.meets(s, start, stop)]
    fits = plate.channel < take.channel and channels.lasts(plate, start, stop)
    return fits and not mine and take.get(_PLATE) == str(strips.path_of(plate))


def _lies(strip: Any, placement: Placement) -> bool:
    return (
        strips.path_of(strip) == placement.path.resolve()
        and channels.span(strip) == (placement.start, placement.stop)
        and int(strip.frame_start) == placement.zero
    )
