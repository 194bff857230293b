"""What is shown: which sound, and which of its frames. Read by Blender's Python and by the engine's."""

from __future__ import annotations

import json
from pathlib import Path

_EXAMPLE = Path(__file__).resolve().parents[1] / "two_voices"
#: English, because its phones and their times are known: nobody has to believe the engine.
STEM = _EXAMPLE / "media" / "production.flac"
#: The stem's first sample is heard in frame 1.
RATE = 24
#: Of the line "She called me before breakfast".
FIRST, LAST = 220, 268
#: Phones that are seen on lips: rounded, shut, lip on teeth, open (ARPAbet).
_SEEN = ("SH", "AO", "M", "B", "F", "EH")


def phones() -> list[tuple[str, int]]:
    """Return phones of the line and the frame in whose time each has its middle."""
    told = json.loads((_EXAMPLE / "phones.json").read_text("utf-8"))["ANNA"]
    found = [(name, 1 + int((start + stop) / 2 * RATE)) for name, start, stop in told if name in _SEEN]
    return [(name, frame) for name, frame in found if FIRST <= frame <= LAST]
