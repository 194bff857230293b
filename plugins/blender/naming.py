"""Recognises a character's mouth controls by their names.

Strings in, strings out; knows no Blender data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .visemes import SETS

#: ARKit's units of jaw, lips and tongue; brows, eyes, cheeks and nose are not the voice's.
UNITS = (
    "jawOpen", "jawForward", "jawLeft", "jawRight",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "tongueOut",
)  # fmt: skip

#: How many of a set's names have to be there, in parts of the set, before a character counts as made for it.
_ENOUGH = 0.7
#: Of ARKit's units far fewer are enough: their names mean nothing else.
_LEAST_UNITS = 3
#: What stands between an owner and its name; a side behind a dot is no name of its own.
_OWNER = re.compile(r"[.:](?!(?:left|right)\b)(?=[a-z]{2})", re.IGNORECASE)
#: A bone, or a property, that opens the mouth.
_JAW = ("jawmaster", "jaw", "lowerjaw", "jawbone", "jawlower", "mandible", "cjaw", "headjaw", "jawjnt")
#: Custom properties by what the engine tells.
_PROPERTIES = {
    "opening": ("mouthopen", "openmouth", "lipsopen", "opening", "jaw"),
    "width": ("mouthwide", "wide", "lipswide", "mouthwidth", "width"),
    "rounding": ("mouthround", "round", "lipsround", "rounding", "mouthnarrow"),
    "closure": ("mouthclosed", "lipsclosed", "mouthpress", "closure"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a list of names was made for.

    Args:
        kind: ``arkit`` or a name of `visemes.SETS`.
        names: unit or viseme -> the character's own name.
    """

    kind: str
    names: dict[str, str]


def shapes(names: Sequence[str]) -> Found | None:
    """Return the set that shape keys were made for, None where their names say nothing.

    >>> shapes(["Basis", "mouth_smile_L", "Jaw Open", "mouthFunnel"]).names["jawOpen"]
    'Jaw Open'
    >>> shapes(["MTH_A", "MTH_I", "MTH_U", "MTH_E", "MTH_O", "EYE_A"]).kind
    'vrm'
    """
    units = _units(names)
    if len(units) >= _LEAST_UNITS and "jawOpen" in units:
        return Found("arkit", units)
    groups = list(_groups(names))
    best: Found | None = None
    best_share = _ENOUGH
    for kind, visemes in SETS.items():
        spelled = {
            _plain(alias): name for name, viseme in visemes.items() for alias in (name, *viseme.aliases)
        }
        for group in groups:
            found = {spelled[last]: name for last, name in group.items() if last in spelled}
            share = len(found) / len(visemes)
            if share > best_share or (share == best_share and best is None):
                best, best_share = Found(kind, found), share
    return best


def jaw(bones: Iterable[str]) -> str | None:
    """Return the bone that opens the mouth: the name that says least besides.

    >>> jaw(["jaw_master_mouth", "DEF-jaw", "jaw_master"])
    'jaw_master'
    """
    spelled = {_plain(name): name for name in sorted(bones, key=len, reverse=True)}
    return next((spelled[name] for name in _JAW if name in spelled), None)


def properties(names: Iterable[str]) -> dict[str, str]:
    """Return custom properties by unit or feature (``opening``, ``width``, ``rounding``, ``closure``)."""
    names = list(names)
    found = _units(names)
    for name in names:
        for feature, aliases in _PROPERTIES.items():
            if _plain(name) in aliases and feature not in found:
                found[feature] = name
    return found


def _units(names: Sequence[str]) -> dict[str, str]:
    """Return names by unit, in the order of `UNITS`; of two for one unit the first."""
    known = {spelling: unit for unit in UNITS for spelling in _spellings(unit)}
    found = {known[plain]: name for name in reversed(names) if (plain := _plain(name)) in known}
    return {unit: found[unit] for unit in UNITS if unit in found}


def _spellings(unit: str) -> Iterable[str]:
    plain = unit.lower()
    yield plain
    for side in ("left", "right"):
        if plain.endswith(side):
            base = plain.removesuffix(side)
            yield from (f"{base}{side[0]}", f"{side}{base}", f"{side[0]}{base}")


def _plain(name: str) -> str:
    """Return a name without its owner, separators and capitals.

    >>> _plain("blendShape2.mouthSmile_L")
    'mouthsmilel'
    >>> _plain("mouthSmile.Left")
    'mouthsmileleft'
    """
    return re.sub(r"[^a-z0-9]", "", _OWNER.split(name)[-1].lower())


def _groups(names: Sequence[str]) -> Iterable[dict[str, str]]:
    """Yield names that share what stands before their last word: last word -> name."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        match = re.fullmatch(r"(.*?[^A-Za-z0-9])?([A-Za-z0-9]+)", name.strip())
        if match:
            groups.setdefault(match[1] or "", {}).setdefault(match[2].lower(), name)
    return groups.values()
