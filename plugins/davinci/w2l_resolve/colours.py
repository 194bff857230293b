"""Which log curve a clip's file has, as Resolve's colour management knows it; told to the engine in the edit.

Engine and docs/marks.md have the curves' names.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from w2l_resolve.marking import KEY, placed
from w2l_resolve.reading import Timeline, rate

#: Letters and digits that an input colour space of Resolve's holds, and the engine's name for its curve.
#: Earlier ones go before: LogC4 holds LogC, too.
_CURVES = (
    ("logc4", "arri-logc4"),
    ("logc", "arri-logc3"),
    ("slog3", "s-log3"),
    ("vlog", "v-log"),
    ("canonlog3", "canon-log3"),
    ("log3g10", "red-log3g10"),
    ("filmgen5", "bmd-film5"),
    ("filmwidegamutgen5", "bmd-film5"),
    ("davinciintermediate", "davinci"),
    ("wgintermediate", "davinci"),
    ("cineonfilmlog", "cineon"),
    ("acescct", "acescct"),
)


def curve(colour_space: str) -> str:
    """Return the engine's name of an input colour space's curve; empty where it is none that it knows."""
    letters = re.sub(r"[^a-z0-9]", "", colour_space.lower())
    return next((name for part, name in _CURVES if part in letters), "")


def told(edit: dict[str, Any], timeline: Timeline) -> dict[str, Any]:
    """Return a copy of an exported edit in which clips say which curve their files have.

    What a clip says already stays.
    """
    if not any(curve(item.colour_space) for item in timeline.items):
        return edit
    edit = copy.deepcopy(edit)
    videos = [track for track in edit["tracks"]["children"] if track.get("kind") == "Video"]
    for number, track in enumerate(videos, 1):
        curves = {
            item.start - timeline.start_frame: curve(item.colour_space)
            for item in timeline.items
            if item.track == number
        }
        for start, clip in placed(track, rate(timeline.rate)):
            if curves.get(start):
                # Null stands for nothing in what hosts write.
                metadata = clip["metadata"] = clip.get("metadata") or {}
                own = metadata[KEY] = metadata.get(KEY) or {}
                own.setdefault("log", curves[start])
    return edit
