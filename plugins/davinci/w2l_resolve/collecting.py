"""Brings a finished job into the timeline: takes, stems, colours, markers; each read back after writing.

Doing it twice changes nothing twice. Nothing is deleted but what is no longer true: markers of the same
job, and what earlier runs laid on tracks of our own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2l_resolve import placing
from w2l_resolve.host import Clip, Host, HostError
from w2l_resolve.jobs import Job
from w2l_resolve.laying import COLOUR, Tracks
from w2l_resolve.reading import OURS, Item, Marker, Timeline, rate, same_file
from w2l_resolve.settings import OVERLAY

_DUBBED, _STAYS = "Green", "Yellow"
_KEY = "w2l"
#: How far a marker may move where the user's own stand.
_NEAR = 24


@dataclass
class Outcome:
    """What was done, and what was not, in words."""

    takes: int = 0
    above: int = 0
    stems: int = 0
    there: int = 0
    gone: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return it in one paragraph."""
        new = f"{self.takes} takes, {self.above} clips on a track above, {self.stems} stems"
        told = [f"New: {new}. Already there: {self.there}."]
        if self.gone:
            told.append(f"Taken away, since no longer true: {self.gone}.")
        return " ".join([*told, *self.problems])

    def clear(self, tracks: Tracks, wanted: list[tuple[str, placing.Above]]) -> None:
        """Take away what an earlier run has laid on tracks of ours, but for what belongs there."""
        stale = placing.stale(tracks.laid(), wanted, tracks.kind)
        left = tracks.take_away(stale)
        self.gone += len(stale) - len(left)
        self.problems += [
            f"Resolve did not take {Path(one.media).name}, of an earlier run, off the track {tracks.name}."
            for one in left
        ]


def collect(host: Host, job: Job, report: dict[str, Any], ours: Path) -> Outcome:
    """Bring everything that a report tells into the job's timeline.

    Args:
        ours: the folder of results: takes from there are not the user's media.

    Raises:
        HostError: the timeline is not in this project.
    """
    outcome = Outcome()
    with host.editing(job.timeline.id):
        with host.originals(ours):
            now = host.read()
        notes = _Notes(job, now)
        for entries in _by_take(report, job.timeline):
            _Delivery(host, job, now, outcome, notes).deliver(entries)
        _lay_stems(host, job, now, report["stems"], outcome)
        outcome.problems += notes.write(host, report)
    return outcome


def _by_take(report: dict[str, Any], then: Timeline) -> list[list[dict[str, Any]]]:
    """Group the ranges by take and by the item that they lie on."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in report["ranges"]:
        if entry["take"]:
            item = placing.whose(entry, then)
            groups.setdefault((entry["take"], item.id if item else ""), []).append(entry)
    return list(groups.values())


class _Notes:
    """What the markers will say of every range."""

    def __init__(self, job: Job, now: Timeline) -> None:
        self._job = job
        self._now = now
        self._said: dict[int, list[str]] = {}

    def add(self, entries: list[dict[str, Any]], sentence: str) -> None:
        for entry in entries:
            self._said.setdefault(id(entry), []).append(sentence)

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
    try:
        return bool(json.loads(marker.custom)[_KEY]["job"] == job.id)
    except (ValueError, KeyError, TypeError):
        return False


@dataclass(frozen=True)
class _Delivery:
    """Brings one take to the item that it was made for."""

    host: Host
    job: Job
    now: Timeline
    outcome: Outcome
    notes: _Notes

    def deliver(self, entries: list[dict[str, Any]]) -> None:
        then = placing.whose(entries[0], self.job.timeline)
        item = self.now.item(then.id) if then else None
        if then is None or item is None:
            self._fail(entries, "the clip is no longer in the timeline")
            return
        try:
            self._bring(entries, then, item)
        except HostError as error:
            # The rest goes on.
            self._fail(entries, str(error))

    def _bring(self, entries: list[dict[str, Any]], then: Item, item: Item) -> None:
        clip = self.host.import_file(entries[0]["take"], _bins(self.job))
        if clip.new:
            # Later the user may have chosen otherwise.
            self.host.read_as(item.id, clip)
        why_not = (
            "overlay was asked for" if self.job.deliver == OVERLAY else self._as_take(entries, item, clip)
        )
        if why_not:
            self._above(entries, then, item, clip, why_not)
        else:
            self.host.colour(item.id, COLOUR)

    def _as_take(self, entries: list[dict[str, Any]], item: Item, clip: Clip) -> str:
        """Add and select a take; return why it was not possible."""
        why_not = placing.refusal(item, self.now)
        if why_not:
            return why_not
        place = placing.as_take(item, entries[0]["take_start"], clip.frames)
        if place is None:
            return "the take does not hold every frame that the clip shows"
        if _index(self.host.takes(item.id)[0], clip.path):
            # What the user chose between the takes since then is the user's affair.
            self.outcome.there += 1
            return ""
        self.host.add_take(item.id, clip, place.first, place.last)
        index = _index(self.host.takes(item.id)[0], clip.path)
        if index:
            self.host.select_take(item.id, index)
        if not index or self.host.takes(item.id)[1] != index:
            return "Resolve did not take it as a take"
        self.outcome.takes += 1
        return ""

    def _above(self, entries: list[dict[str, Any]], then: Item, item: Item, clip: Clip, why_not: str) -> None:
        told = f"on a track above, since {why_not}"
        tracks = Tracks(self.host, "video", OURS + self.job.lang, _bins(self.job))
        for place in placing.above(entries, then, item, self.now, clip.frames):
            found = tracks.lay(clip, place)
            self.outcome.there += found == "there"
            self.outcome.above += found == "new"
            if found not in ("there", "new"):
                self._fail(entries, found)
        self.notes.add(entries, told)

    def _fail(self, entries: list[dict[str, Any]], why: str) -> None:
        self.outcome.problems.append(f"{entries[0]['timecode']} {entries[0]['clip']}: {why}.")
        self.notes.add(entries, why)


def _lay_stems(host: Host, job: Job, now: Timeline, stems: list[dict[str, Any]], outcome: Outcome) -> None:
    """Lay each stem onto an audio track of its own, in place of what was there before.

    Those of other characters stay: where clips were chosen, the report does not tell of them.
    """
    if all(stem["character"] for stem in stems):
        # The stem of everybody would be told of.
        outcome.clear(Tracks(host, "audio", OURS + job.lang, _bins(job)), [])
    for stem in stems:
        try:
            found = _lay_stem(host, job, now, stem, outcome)
        except HostError as error:
            found = str(error)
        outcome.there += found == "there"
        outcome.stems += found == "new"
        if found not in ("there", "new"):
            outcome.problems.append(f"{Path(stem['file']).name}: {found}.")


def _lay_stem(host: Host, job: Job, now: Timeline, stem: dict[str, Any], outcome: Outcome) -> str:
    """Lay a stem where the engine heard it, see `Tracks.lay`."""
    clip = host.import_file(stem["file"], _bins(job))
    first = round(stem["first_sample_s"] * rate(now.rate))
    record, cut = now.start_frame + max(0, first), max(0, -first)
    place = placing.Above(record, cut, clip.frames, clip.frames - cut)
    name = f"{OURS}{job.lang} {stem['character'] or ''}".strip()
    tracks = Tracks(host, "audio", name, _bins(job))
    outcome.clear(tracks, [(clip.path, place)])
    return tracks.lay(clip, place)


def _bins(job: Job) -> tuple[str, str]:
    return "W2L", job.lang


def _index(takes: list[str], path: str) -> int:
    """Return which take shows a file, from 1; 0 = none."""
    return next((i for i, media in enumerate(takes, 1) if same_file(media, path)), 0)
