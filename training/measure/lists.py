"""Lists of which sound goes on which video: the published ones' two forms, and seeded ones for any footage.

Reads and writes text; the published lists themselves are not ours to ship. Decodes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from w2l_studio.errors import UsageError

#: ``lrs``: LRS2, LRS3 and LRW, sound first, no suffixes; ``resynced``: ReSyncED, video first, with suffixes.
Form = Literal["lrs", "resynced"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One line: a video that is to speak a sound."""

    sound: str
    video: str


def read(path: Path, form: Form) -> list[Pair]:
    """Read a list; empty lines are passed over.

    Raises:
        UsageError: the file cannot be read, or a line does not hold two names (the message names it), or none
            does.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the list cannot be read ({error})", where=str(path)) from error
    pairs = []
    for number, line in enumerate(lines, 1):
        names = line.split()
        if not names:
            continue
        if len(names) != 2:
            raise UsageError(
                f"line {number} holds {len(names)} names, not a sound and a video", where=str(path)
            )
        first, second = names
        pairs.append(Pair(first, second) if form == "lrs" else Pair(second, first))
    if not pairs:
        raise UsageError("the list holds no pair", hint="write a sound and a video a line", where=str(path))
    return pairs


def written(pairs: Sequence[Pair], form: Form) -> str:
    r"""Return the text of a list.

    >>> written([Pair("b", "a")], "lrs"), written([Pair("b.wav", "a.mp4")], "resynced")
    ('b a\n', 'a.mp4 b.wav\n')
    """
    rows = [(p.sound, p.video) if form == "lrs" else (p.video, p.sound) for p in pairs]
    return "".join(f"{first} {second}\n" for first, second in rows)


def draw(lengths: Mapping[str, int], count: int, seed: int) -> list[Pair]:
    """Draw pairs as the paper did: each video speaks a random sound of another clip, none longer than it.

    The paper asks for a shorter sound. Of clips that are all as long as each other, as GRID's are, none would
    be drawn beside longer ones.

    Args:
        lengths: pictures by name of clip.
        count: how many pairs; videos come round by chance until there are so many.
        seed: the same seed draws the same list.

    Raises:
        UsageError: there are no two clips.
    """
    if len(lengths) < 2:
        raise UsageError("a pair needs two clips", hint="give more of them, or another --split")
    random = np.random.default_rng(seed)
    names = sorted(lengths)
    fitting = {
        video: [name for name in names if name != video and lengths[name] <= lengths[video]]
        for video in names
    }
    videos = [video for video in names if fitting[video]]
    order = [videos[i] for _ in range(-(-count // len(videos))) for i in random.permutation(len(videos))]
    return [Pair(str(random.choice(fitting[video])), video) for video in order[:count]]
