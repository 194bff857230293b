"""Brings a finished job into the timeline: takes, stems, colours, markers; each read back after writing.

Doing it twice changes nothing twice. Nothing is deleted but what is no longer true: markers of the same
job, and what earlier runs laid on tracks of our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from w2l_resolve import jobs, placing, reading
from w2l_resolve.host import Clip, Host, HostError
from w2l_resolve.jobs import Job
from w2l_resolve.laying import COLOUR, Tracks
from w2l_resolve.noting import Notes
from w2l_resolve.reading import OURS, Item, Placed, Timeline, rate, same_file
from w2l_resolve.settings import OVERLAY


@dataclass
class Outcome:
    """What was done, and what was not, in words."""

    takes: int = 0
    above: int = 0
    stems: int = 0
    there: int = 0
    shown: int = 0
    gone: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return it in one paragraph."""
        new = f"{self.takes} takes, {self.above} clips on a track above, {self.stems} stems"
        told = [f"New: {new}. Already there: {self.there}."]
        if self.shown:
            told.append(f"Selected again: {self.shown}.")
        if self.gone:
            told.append(f"Taken away, since no longer true: {self.gone}.")
        return " ".join([*told, *self.problems])

    def clear(self, tracks: Tracks, stale: list[Placed]) -> None:
        """Take away what an earlier run has laid."""
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
        job = replace(job, timeline=reading.begun_at(job.timeline, now.start_frame))
        notes = Notes(job, now)
        takes = [entry["take"] for entry in report["ranges"] if entry["take"]]
        delivery = _Delivery(host, job, now, ours, takes, outcome, notes)
        for entries in _by_take(report, job.timeline):
            delivery.deliver(entries)
        for entries in _without_take(report, job.timeline):
            delivery.leave(entries)
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


def _without_take(report: dict[str, Any], then: Timeline) -> list[list[dict[str, Any]]]:
    """Group the ranges of items of which no range has a take."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in report["ranges"]:
        item = placing.whose(entry, then)
        if item:
            groups.setdefault(item.id, []).append(entry)
    return [entries for entries in groups.values() if not any(entry["take"] for entry in entries)]


@dataclass(frozen=True)
class _Delivery:
    """Brings takes to the items that they were made for; of what an earlier run brought, none stays in sight.

    Args:
        ours: the folder of results.
        takes: every one of the report.
    """

    host: Host
    job: Job
    now: Timeline
    ours: Path
    takes: list[str]
    outcome: Outcome
    notes: Notes

    def deliver(self, entries: list[dict[str, Any]]) -> None:
        """Bring a take to its item."""
        then, item = self._item(entries)
        if entries[0].get("speed", 1) != 1:
            self._fail(entries, f"no script lays a dub of a retimed clip; its take is {entries[0]['take']}")
            self.leave(entries)
            return
        parts = placing.cut_off(entries, then, self.job.timeline, self.now) if then else []
        if then is None or (item is None and not parts):
            self._fail(entries, "the clip is no longer in the timeline")
            return
        try:
            if item is not None:
                self._bring(entries, then, item)
            for part in parts:
                self._bring_part(entries, part)
        except HostError as error:
            # The rest goes on.
            self._fail(entries, str(error))

    def leave(self, entries: list[dict[str, Any]]) -> None:
        """Show the user's own picture of an item for which the report has no take that can be brought."""
        _, item = self._item(entries)
        if item is None:
            return
        self.notes.leave(entries, item)
        self._clear(item, "", [])
        try:
            self._own(item, [])
        except HostError as error:
            self._fail(entries, str(error))

    def _item(self, entries: list[dict[str, Any]]) -> tuple[Item | None, Item | None]:
        """Return an item as it was when the job was started, and as it is."""
        then = placing.whose(entries[0], self.job.timeline)
        return then, self.now.item(then.id) if then else None

    def _bring(self, entries: list[dict[str, Any]], then: Item, item: Item) -> None:
        clip, why_not = self._taken(entries, item)
        places = placing.above(entries, then, item, self.now, clip.frames) if why_not else []
        self._clear(item, clip.path, places)
        if why_not:
            self._above(entries, clip, places, item)
            self.notes.add(entries, f"on a track above, since {why_not}")
            self._own(item, self.takes)
        else:
            self.host.colour(item.id, COLOUR)

    def _bring_part(self, entries: list[dict[str, Any]], part: Item) -> None:
        """Bring a take to what was cut off its item; above it may lie what lies above the item."""
        _, why_not = self._taken(entries, part)
        if not why_not:
            self.host.colour(part.id, COLOUR)
        elif not any(one.start <= part.start and part.stop <= one.stop for one in self._tracks().laid()):
            self._fail(entries, f"the part that was cut off it is not dubbed, since {why_not}; dub it again")

    def _taken(self, entries: list[dict[str, Any]], item: Item) -> tuple[Clip, str]:
        """Import a take and show it on an item; return it, and why the item does not carry it."""
        clip = self.host.pool.import_file(entries[0]["take"], _bins(self.job), item.rate)
        if clip.new:
            # Later the user may have chosen otherwise.
            self.host.read_as(item.id, clip)
        overlay = self.job.deliver == OVERLAY
        return clip, "overlay was asked for" if overlay else self._as_take(entries, item, clip)

    def _as_take(self, entries: list[dict[str, Any]], item: Item, clip: Clip) -> str:
        """Add and select a take; return why it was not possible."""
        why_not = placing.refusal(item, self.now)
        if why_not:
            return why_not
        place = placing.as_take(item, entries[0]["take_start"], clip.frames)
        if place is None:
            return "the take does not hold every frame that the clip shows"
        index = _index(self.host.takes(item.id)[0], clip.path)
        if index:
            self.outcome.there += 1
            # Where the user chose a picture of their own since then, it stays.
            if self._shown(item, but=self.takes) or self.notes.was_left(item):
                self._show(item, index)
            return ""
        self.host.add_take(item.id, clip, place.first, place.last)
        index = _index(self.host.takes(item.id)[0], clip.path)
        if index:
            self.host.select_take(item.id, index)
        if not index or self.host.takes(item.id)[1] != index:
            return "Resolve did not take it as a take"
        self.outcome.takes += 1
        return ""

    def _above(
        self, entries: list[dict[str, Any]], clip: Clip, places: list[placing.Above], item: Item
    ) -> None:
        tracks = self._tracks()
        hidden: list[str] = []
        for place in places:
            found = tracks.lay(clip, place, item)
            self.outcome.there += found == "there"
            self.outcome.above += found == "new"
            if found not in ("there", "new"):
                self._fail(entries, found)
            hidden += tracks.hides(clip, place, item)
        for name in dict.fromkeys(hidden):
            self._fail(entries, f"its dub hides what lies on {name}: move the track {tracks.name} below that")

    def _tracks(self) -> Tracks:
        return Tracks(self.host, "video", OURS + self.job.lang, _bins(self.job))

    def _clear(self, item: Item, take: str, places: list[placing.Above]) -> None:
        """Take away what lies above an item, but for its take in these places and takes of other items."""
        tracks = self._tracks()
        others = [one for one in self.takes if one != take]
        above = [one for one in tracks.laid() if item.start <= (one.start + one.stop) // 2 < item.stop]
        mine = [one for one in above if not _index(others, one.media)]
        self.outcome.clear(tracks, placing.stale(mine, [(take, place) for place in places], tracks.kind))

    def _own(self, item: Item, but: list[str]) -> None:
        """Select the user's own take where one of ours is selected, but for these."""
        own = reading.own(self.host.takes(item.id)[0], self.ours)
        if own and self._shown(item, but):
            self._show(item, own)

    def _shown(self, item: Item, but: list[str]) -> bool:
        """Tell whether a take is selected that this report decides on, but for these."""
        takes, selected = self.host.takes(item.id)
        shown = takes[selected - 1] if selected else ""
        return jobs.decides(self.job, shown, self.ours) and not _index(but, shown)

    def _show(self, item: Item, index: int) -> None:
        if self.host.takes(item.id)[1] == index:
            return
        self.host.select_take(item.id, index)
        if self.host.takes(item.id)[1] != index:
            raise HostError(f"Resolve did not select take {index}")
        self.outcome.shown += 1

    def _fail(self, entries: list[dict[str, Any]], why: str) -> None:
        self.outcome.problems.append(f"{entries[0]['timecode']} {entries[0]['clip']}: {why}.")
        self.notes.add(entries, why)


def _lay_stems(host: Host, job: Job, now: Timeline, stems: list[dict[str, Any]], outcome: Outcome) -> None:
    """Lay each stem onto an audio track of its own, in place of what was there before.

    Those of other characters stay: where clips were chosen, the report does not tell of them.
    """
    if all(stem["character"] for stem in stems):
        # The stem of everybody would be told of.
        tracks = Tracks(host, "audio", OURS + job.lang, _bins(job))
        outcome.clear(tracks, tracks.laid())
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
    clip = host.pool.import_file(stem["file"], _bins(job))
    first = round(stem["first_sample_s"] * rate(now.rate))
    record, cut = now.start_frame + max(0, first), max(0, -first)
    place = placing.Above(record, cut, clip.frames, clip.frames - cut)
    name = f"{OURS}{job.lang} {stem['character'] or ''}".strip()
    tracks = Tracks(host, "audio", name, _bins(job))
    outcome.clear(tracks, placing.stale(tracks.laid(), [(clip.path, place)], tracks.kind))
    return tracks.lay(clip, place)


def _bins(job: Job) -> tuple[str, str]:
    return "W2L", job.lang


def _index(takes: list[str], path: str) -> int:
    """Return which take shows a file, from 1; 0 = none."""
    return next((i for i, media in enumerate(takes, 1) if same_file(media, path)), 0)
