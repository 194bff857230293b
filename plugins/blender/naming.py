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
#: What may follow a jaw bone's name, or stand before it and mean no more; c may mean "middle" too.
_CONTROL = frozenset(("c", "ctl", "ctrl", "cntrl", "con", "control", "main", "master", "anim"))
_PLAIN = frozenset(
    (
        "b",
        "bip",
        "bn",
        "bone",
        "center",
        "centre",
        "head",
        "joint",
        "jnt",
        "jt",
        "lower",
        "m",
        "mid",
        "root",
        "x",
    )
)
#: Bones that deform and follow a control where there is one.
_FOLLOWING = frozenset(("def", "deform", "org", "bind", "skin"))
#: What makes it another bone, wherever it stands.
_OTHER = frozenset(
    ("end", "l", "left", "mch", "nub", "r", "right", "teeth", "tip", "tongue", "top", "upper", "vis", "wgt")
)
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
    """Return the bone that opens the mouth: a control before what follows it, then the name that says least.

    The word jaw, or mandible, has to be in it. What stands before it may be anything (``mixamorig:Jaw``),
    what follows has to be known (not ``jaw_master_mouth``, which turns with it).

    >>> jaw(["jaw_master_mouth", "DEF-jaw", "jaw_master", "MCH-jaw_master"])
    'jaw_master'
    >>> jaw(["CC_Base_UpperJaw", "CC_Base_JawRoot", "CC_Base_Head"])
    'CC_Base_JawRoot'
    """
    ranked = [(rank, len(name), name) for name in bones if (rank := _jaw_rank(name)) is not None]
    return min(ranked)[-1] if ranked else None


def _jaw_rank(name: str) -> tuple[int, int] | None:
    """Return how unlikely a bone is the jaw to be turned, and how many words it has that say nothing."""
    words = _words(name)
    at = next((i for i, word in enumerate(words) if word in ("jaw", "mandible")), None)
    if at is None or not _OTHER.isdisjoint(words):
        return None
    known = _CONTROL | _PLAIN | _FOLLOWING
    if any(word not in known and not word.isdigit() for word in words[at + 1 :]):
        return None
    role = 0 if not _CONTROL.isdisjoint(words) else 1 if _FOLLOWING.isdisjoint(words) else 2
    return role, sum(word not in known for word in words)


def _words(name: str) -> list[str]:
    """Split a name where separators, capitals and numbers do, and about the word jaw.

    >>> _words("CC_Base_JawRoot"), _words("c_jawbone.x"), _words("lowerjaw")
    (['cc', 'base', 'jaw', 'root'], ['c', 'jaw', 'bone', 'x'], ['lower', 'jaw'])
    """
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)
    split = (re.split(r"(jaw|mandible)", part.lower()) for part in parts)
    return [word for words in split for word in words if word]


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
