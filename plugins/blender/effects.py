"""Effects that show dubbed strips, repeated on takes: a fade between two strips fades between their takes.

Blender draws no strip that an effect takes in, so the effect would go on to show the old lips. The user's own
effects stay as they are. Starts no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import bpy

from . import channels, look, strips, takes

#: Takes of the user's strips and effects of ours, by the name of what they show in its place.
_Shown = Mapping[str, Sequence[Any]]


def repeat(scene: bpy.types.Scene, language: str) -> tuple[set[str], list[str]]:
    """Lay effects again above themselves, with the takes of a language in the place of their strips.

    What an earlier run laid so for the language and is no longer true goes.

    Returns:
        Names of the user's effects that were repeated, and sentences on those that go on to show old lips.
    """
    there, shown = strips.collection(scene), takes.shown(scene, language)
    effects = [s for s in there if strips.inputs(s) and strips.OURS not in s and strips.visible(scene, s)]
    # What an effect takes in lies below it: chains of effects are met from their beginning.
    names = [effect.name for effect in sorted(effects, key=lambda s: s.channel)]
    _remove(there, [s for s in _ours(there, language) if s[strips.OURS] not in names])
    repeated, told = set(), []
    for name in names:
        effect = there.get(name)
        # One of the user's that took in what is gone, went with it.
        if effect is None:
            continue
        chosen = list(_chosen(effect, shown))
        before = [strip for strip in _ours(there, language) if strip[strips.OURS] == name]
        kept = [s for s in before if s.type == effect.type and strips.inputs(s) in chosen]
        _remove(there, [strip for strip in before if strip not in kept])
        have = [strips.inputs(strip) for strip in kept]
        laid = [_again(scene, effect, inputs, language) for inputs in chosen if inputs not in have]
        shown[name] = [strip for strip in [*kept, *laid] if strips.seen(scene, strip)]
        if chosen:
            repeated.add(name)
        elif any(_meeting(effect, strip, shown) for strip in strips.inputs(effect)):
            told.append(f"{name} shows the old lips: no take lasts from its beginning to its end")
    return repeated, told + _unselected(scene, shown)


def _unselected(scene: bpy.types.Scene, shown: _Shown) -> list[str]:
    """Return sentences on multicam selectors that show no channel as high as a take of what they show."""
    there, told = strips.collection(scene), []
    for selector in [s for s in there if s.type == "MULTICAM" and strips.visible(scene, s)]:
        source = selector.multicam_source
        below = [(strip, shown[strip.name]) for strip in there if strip.name in shown]
        laid = [one for strip, ours in below for one in ours if strip.channel <= source < one.channel]
        highest = max(
            (one.channel for one in laid if channels.meets(one, *channels.span(selector))), default=0
        )
        if highest:
            told.append(f"{selector.name} shows channel {source}: the new lips lie on channel {highest}")
    return told


def _remove(there: Any, gone: Sequence[Any]) -> None:
    """Remove strips; Blender removes every effect on them, too."""
    for name in [strip.name for strip in gone]:
        strip = there.get(name)
        if strip is not None:
            there.remove(strip)


def _chosen(effect: Any, shown: _Shown) -> Iterator[list[Any]]:
    """Yield what an effect takes in where it is laid again, once for each take if it takes in one strip.

    An effect of two strips lasts as long as both do: only takes will do that last as long as it.
    """
    inputs = strips.inputs(effect)
    if len(inputs) == 1:
        yield from ([one] for one in _meeting(effect, inputs[0], shown))
        return
    start, stop = channels.span(effect)
    lasting = [
        next((one for one in shown.get(s.name, ()) if channels.lasts(one, start, stop)), s) for s in inputs
    ]
    if lasting != inputs:
        yield lasting


def _again(scene: bpy.types.Scene, effect: Any, inputs: list[Any], language: str) -> Any:
    there = strips.collection(scene)
    # Above those of other languages, as takes lie.
    others = [s for s in there if s.get(strips.OURS) == effect.name]
    highest = max(strip.channel for strip in [effect, *inputs, *others])
    channel = channels.room(scene, there, highest, *channels.span(effect))
    laid = strips.repeated(there, effect, f"{effect.name} {language}", channel, inputs)
    laid[strips.OURS], laid[strips.LANGUAGE] = effect.name, language
    look.give_effect(scene, effect, laid)
    laid.color_tag = "COLOR_05"
    return laid


def _meeting(effect: Any, strip: Any, shown: _Shown) -> list[Any]:
    return [one for one in shown.get(strip.name, ()) if channels.meets(one, *channels.span(effect))]


def _ours(there: Any, language: str) -> list[Any]:
    """Return the effects that we laid for a language."""
    effects = [strip for strip in there if strips.inputs(strip) and strip.get(strips.OURS)]
    return [strip for strip in effects if strip.get(strips.LANGUAGE) == language]
