"""Rules that give every clip its person, split, licence and source, read from a short YAML list.

Opens no video.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from training.packs.data import SPLITS
from w2l_studio.errors import UsageError


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the videos that fit two patterns; the first rule that fits counts.

    Args:
        speaker: pattern (``*``, ``?``) of the video's folder.
        name: pattern of its file name without suffix.
        person: who it is, default the folder's name. A person belongs into one split only.
        split: one of `data.SPLITS`.
        every: each so-manieth video of a folder goes to split ``then`` instead; 0 = none.
        drop: a reason to leave the videos out.
    """

    speaker: str = "*"
    name: str = "*"
    person: str = ""
    split: str = "train"
    every: int = 0
    then: str = "heldout"
    drop: str = ""
    licence: str = "unknown"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Video:
    """One file with what the rules say of it.

    Args:
        id: name of its clips in the pack.
    """

    path: Path
    id: str
    speaker: str
    split: str
    licence: str
    source: str
    drop: str


def read(path: Path | None) -> tuple[Rule, ...]:
    """Read rules; without a file everything is trained on.

    Raises:
        UsageError: the file is no list of rules.
    """
    if path is None:
        return (Rule(),)
    try:
        rows = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"the rules cannot be read ({error})", where=str(path)) from error
    if not isinstance(rows, list) or not rows:
        raise UsageError(
            "this is no list of rules", hint="write `- {speaker: NAME, split: train}`", where=str(path)
        )
    return tuple(_rule(row, path) for row in rows)


#: What a rule's fields may be, in words.
_KINDS = {str: "text", int: "a whole number"}


def _rule(row: Any, path: Path) -> Rule:
    known = {field.name for field in fields(Rule)}
    if not isinstance(row, dict) or not row.keys() <= known:
        raise UsageError(
            f"this is no rule: {row}", hint=f"a rule may tell {', '.join(sorted(known))}", where=str(path)
        )
    for name, value in row.items():
        kind = type(getattr(Rule(), name))
        if type(value) is not kind:
            raise UsageError(
                f"{name} is {value!r} in {row}, and {_KINDS[kind]} is asked for",
                hint="quote names that YAML would read as something else, 'no' and '12' for two",
                where=str(path),
            )
    rule = Rule(**row)
    for split in (rule.split, rule.then):
        if split not in SPLITS:
            raise UsageError(f"split {split!r} is not one of {', '.join(SPLITS)}", where=str(path))
    return rule


def assign(paths: Sequence[Path], rules: Sequence[Rule], source: Path) -> list[Video]:
    """Give every file its rule, sorted by folder and name.

    Args:
        paths: videos; a file's folder names its speaker.
        rules: a file that fits none is dropped.
        source: the folder that all of them lie under.

    Raises:
        UsageError: two files would make clips of one name.
    """
    videos, counts = [], dict[str, int]()
    paths = sorted(paths, key=lambda path: (path.parent.name, path.stem, path))
    for path, name in zip(paths, _ids(paths, source), strict=True):
        folder = path.parent.name
        number = counts[folder] = counts.get(folder, -1) + 1
        rule = next(
            (r for r in rules if fnmatchcase(folder, r.speaker) and fnmatchcase(path.stem, r.name)),
            Rule(drop="no rule fits"),
        )
        turned = rule.every > 0 and number % rule.every == 0
        videos.append(
            Video(
                path,
                name,
                rule.person or folder,
                rule.then if turned else rule.split,
                rule.licence,
                rule.source,
                rule.drop,
            )
        )
    return videos


def _ids(paths: Sequence[Path], source: Path) -> list[str]:
    """Name each file by its folder and itself; those of one name by their whole way from the source."""
    ways = [path.relative_to(source) for path in paths]
    ids = [f"{path.parent.name}__{path.stem}" for path in paths]
    for longer in ([way.with_suffix("") for way in ways], ways):
        times = Counter(ids)
        ids = ["__".join(way.parts) if times[one] > 1 else one for one, way in zip(ids, longer, strict=True)]
    for one, used in Counter(ids).items():
        if used > 1:
            first, other, *_ = (path for path, name in zip(paths, ids, strict=True) if name == one)
            raise UsageError(
                f"its clips would have the names of those of {first}", hint="rename one", where=str(other)
            )
    return ids
