"""What a range of the report means to who has to check it: how urgent, in a word, and why.

Reads values of report.json; opens no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from w2l_studio.terms.sound import FRAME_MS

#: From so many pictures on people see that lips and sound are apart.
_APART = 2
#: A judge's confidence below this says that it cannot tell.
_UNSURE = 0.03


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of a range.

    Args:
        urgency: higher is looked at first.
        word: of the status.
        reasons: sentences, the gravest first; empty where there is nothing to say.
    """

    urgency: int
    word: str
    reasons: tuple[str, ...]


def of(entry: dict[str, Any]) -> Finding:
    """Judge one range of a report."""
    passed = tuple(_passed(why) for why in entry["passed"])
    if not entry["synced"]:
        if {why["code"] for why in entry["passed"]} == {"skipped"}:
            return Finding(1, "left as asked", passed)
        return Finding(5, "not dubbed", passed)
    reasons = (*_sync(entry), *passed, *_face(entry))
    offset = entry["offset_frames"]
    if offset is not None and abs(offset) >= _APART and not _unsure(entry):
        return Finding(4, "out of sync", reasons)
    if passed:
        return Finding(3, "dubbed in part", reasons)
    return Finding(2, "worth a look", reasons) if reasons else Finding(0, "dubbed", ())


def offset(entry: dict[str, Any]) -> str:
    """Say in words where the sound lies."""
    frames = entry["offset_frames"]
    if frames is None:
        return "not measured"
    if frames == 0:
        return "in sync (0)"
    plural = "" if abs(frames) == 1 else "s"
    way = "leads the lips" if frames > 0 else "is behind the lips"
    return f"the sound {way} by {abs(frames)} picture{plural} of 25 a second ({abs(frames) * FRAME_MS} ms)"


def _passed(why: dict[str, Any]) -> str:
    hint = f" To do: {why['hint']}." if why["hint"] else ""
    return f"{why['frames']} frames stay as they were ({why['code']}): {why['message']}.{hint}"


def _sync(entry: dict[str, Any]) -> list[str]:
    if entry["offset_frames"] is None:
        return ["Lips and sound were not compared: too short, or no speech sounds here."]
    if _unsure(entry):
        return ["The judge cannot tell whether lips and sound fit (its confidence is low): listen and look."]
    return [f"Measured: {offset(entry)}."] if entry["offset_frames"] else []


def _unsure(entry: dict[str, Any]) -> bool:
    return bool(entry["sync_confidence"] is not None and entry["sync_confidence"] < _UNSURE)


def _face(entry: dict[str, Any]) -> list[str]:
    said = []
    if entry["warning"]:
        said.append(f"{entry['warning'][0].upper()}{entry['warning'][1:]}.")
    if "lips-follow-sound" in entry["speaker_by"]:
        said.append("The speaker was chosen by the production sound: check that it is the right face.")
    return said
