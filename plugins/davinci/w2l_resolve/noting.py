"""Markers at the clips that say what was dubbed, and why not; those of earlier runs go.

Brings no picture and no sound (`collecting`).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from w2l_resolve import placing
from w2l_resolve.host import Host
from w2l_resolve.jobs import Job
from w2l_resolve.reading import Item, Marker, Timeline

_DUBBED, _STAYS = "Green", "Yellow"
_KEY = "w2l"
#: How far a marker may move where the user's own stand.
_NEAR = 24


class Notes:
    """What the markers will say of every range.

    Args:
        job: whose markers they are.
        now: the timeline as it is.
    """

    def __init__(self, job: Job, now: Timeline) -> None:
        self._job = job
        self._now = now
        self._said: dict[int, list[str]] = {}
        self._left: dict[int, str] = {}

    def add(self, entries: list[dict[str, Any]], sentence: str) -> None:
        """Say something of some ranges."""
        for entry in entries:
            self._said.setdefault(id(entry), []).append(sentence)

    def leave(self, entries: list[dict[str, Any]], item: Item) -> None:
        """Say that an item shows the user's own picture, since there is no take for it."""
        self._left.update((id(entry), item.id) for entry in entries)

    def was_left(self, item: Item) -> bool:
        """Tell whether the collecting before this one said so: its picture is no choice of the user's."""
        said = [_told(marker) for marker in self._now.markers if _is_of(marker, self._job)]
        return any(one.get("left") == item.id for one in said)

    def write(self, host: Host, report: dict[str, Any]) -> list[str]:
        """Leave a marker for every range; take away those of this job that are no longer true.

        Returns:
            What Resolve did not do.
        """
        wanted = [(entry["synced"] > 0, self._marker(entry)) for entry in report["ranges"]]
        customs = {marker.custom for _, marker in wanted}
        there = self._now.markers
        for marker in there:
            if _is_of(marker, self._job) and marker.custom not in customs:
                host.delete_marker(marker.custom)
        kept = [marker for marker in there if not _is_of(marker, self._job) or marker.custom in customs]
        taken = {marker.frame for marker in kept}
        for dubbed, marker in wanted:
            if any(marker.custom == one.custom for one in kept):
                continue
            free = next(
                (n for n in range(marker.frame, marker.frame + _NEAR) if n not in taken), marker.frame
            )
            taken.add(free)
            placed = Marker(free, 1, marker.name, marker.note, marker.custom)
            host.add_marker(placed, _DUBBED if dubbed else _STAYS)
        lost = customs - {marker.custom for marker in host.markers()}
        return [f"Resolve did not set {len(lost)} of the markers."] if lost else []

    def _marker(self, entry: dict[str, Any]) -> Marker:
        # Neither name nor note may begin with "w2l": that would mark.
        name = f"{'Dubbed' if entry['synced'] else 'Not dubbed'} ({self._job.lang})"
        made = ["Synthetic, by W2L Studio"] if entry["synced"] else []
        note = "; ".join([*made, *self._said.get(id(entry), []), *_reasons(entry["passed"])])
        digest = hashlib.sha256(f"{entry['take']} {note}".encode()).hexdigest()[:12]
        place = {"job": self._job.id, "mark": entry["mark"], "at": entry["record_start"], "digest": digest}
        if id(entry) in self._left:
            place["left"] = self._left[id(entry)]
        return Marker(self._frame(entry), 1, name, note, json.dumps({_KEY: place}, sort_keys=True))

    def _frame(self, entry: dict[str, Any]) -> int:
        then = placing.whose(entry, self._job.timeline)
        now = self._now.item(then.id) if then else None
        return placing.marked(entry, then, now, self._now) if then and now else int(entry["record_start"])


def _reasons(passed: list[dict[str, Any]]) -> list[str]:
    """Say why frames stay, each reason once."""
    frames: dict[str, int] = {}
    for why in passed:
        told = f"({why['code']}): {why['message']}"
        frames[told] = frames.get(told, 0) + int(why["frames"])
    return [f"{count} frames stay {told}" for told, count in frames.items()]


def _is_of(marker: Marker, job: Job) -> bool:
    return _told(marker).get("job") == job.id


def _told(marker: Marker) -> dict[str, Any]:
    """Return what a marker of ours carries; nothing of another one."""
    try:
        return dict(json.loads(marker.custom)[_KEY])
    except (ValueError, KeyError, TypeError):
        return {}
