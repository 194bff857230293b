"""Calls Resolve: the only file that does.

Reads into plain values and writes one thing at a time; decides nothing. What Resolve returns is no proof of
anything, so whatever is written can be read here again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Iterator

from w2l_resolve import form, reading
from w2l_resolve.reading import same_file

OLDEST = (18, 5, 0)
#: `GetSourceStartFrame`; `AddTrack` between others; `Timeline.GetSelectedClips`.
_SOURCE_FRAMES, _TRACK_INDEX, _SELECTED_CLIPS = (19, 0, 0), (19, 0, 0), (21, 0, 4)
#: What Resolve knows of a clip's colour and shape, and a dub of it has to be read in the same way.
_READ_AS = ("IDT", "Input Color Space", "Data Level", "PAR")


class HostError(Exception):
    """One sentence for the user: what Resolve did not do, and what to do about it."""


@dataclass(frozen=True)
class Clip:
    """A file in the media pool; `handle` is Resolve's, `new`: it was imported just now."""

    handle: Any
    path: str
    frames: int
    channels: str
    new: bool


def connect(scope: dict[str, Any]) -> Host:
    """Return Resolve as a menu script sees it.

    Args:
        scope: the script's globals.

    Raises:
        HostError: Resolve does not answer or is too old.
    """
    resolve, bmd = scope.get("resolve"), scope.get("bmd")
    if resolve is None and bmd is not None:
        resolve = bmd.scriptapp("Resolve")
    if resolve is None:
        try:
            import DaVinciResolveScript
        except ImportError as error:
            raise HostError("Resolve does not answer; start this from Workspace > Scripts") from error
        resolve = DaVinciResolveScript.scriptapp("Resolve")
    if resolve is None:
        raise HostError("Resolve does not answer; start it, and start this from Workspace > Scripts")
    host = Host(resolve, scope.get("fusion"), bmd)
    if host.version < OLDEST:
        raise HostError(
            f"DaVinci Resolve 18.5 or newer is needed; this is {host.version[0]}.{host.version[1]}"
        )
    return host


class Host:
    """Resolve with its current project; keeps the handles of what was read last."""

    def __init__(self, resolve: Any, fusion: Any, bmd: Any) -> None:
        self._resolve = resolve
        self._fusion = fusion
        self._bmd = bmd
        self._items: dict[str, Any] = {}
        major, minor, patch = (int(part) for part in resolve.GetVersion()[:3])
        self.version = (major, minor, patch)
        #: Whether it puts a new track under another one; until `add_track` has seen that it does not.
        self.between = self.version >= _TRACK_INDEX
        #: Only Studio has windows; asking for one elsewhere opens a modal that spoils later calls.
        self.studio = "Studio" in resolve.GetProductName()

    def here(self) -> str:
        """Return the id of the current timeline."""
        return str(self._timeline().GetUniqueId())

    def read(self) -> reading.Timeline:
        """Read the current timeline once.

        Raises:
            HostError: no project or no timeline is open.
        """
        project, timeline = self._project(), self._timeline()
        self._items = {}
        items = []
        for track in range(1, int(timeline.GetTrackCount("video")) + 1):
            locked = bool(timeline.GetIsTrackLocked("video", track))
            shown = bool(timeline.GetIsTrackEnabled("video", track))
            ours = str(timeline.GetTrackName("video", track)).startswith(reading.OURS)
            handles = timeline.GetItemListInTrack("video", track) or []
            # Titles, generators and transitions are items too.
            media = [handle for handle in handles if handle.GetMediaPoolItem() is not None]
            items += [self._item(handle, track, locked, shown, ours) for handle in media]
        return reading.Timeline(
            project=project.GetName(),
            id=timeline.GetUniqueId(),
            name=timeline.GetName(),
            rate=str(timeline.GetSetting("timelineFrameRate")),
            start_frame=int(timeline.GetStartFrame()),
            items=tuple(items),
            markers=reading.markers(timeline.GetMarkers()),
            sounds=tuple(_sounds(timeline)),
        )

    def selected(self) -> tuple[list[str], str]:
        """Return the ids of the selected items, and in words how they were chosen.

        Resolve tells its selection since 21.0.4 only; before that, the clip under the playhead is taken.
        """
        timeline = self._timeline()
        if self.version >= _SELECTED_CLIPS:
            return [handle.GetUniqueId() for handle in timeline.GetSelectedClips() or []], "selected"
        handle = timeline.GetCurrentVideoItem()
        return ([handle.GetUniqueId()] if handle is not None else []), "under the playhead"

    def export(self, path: Path) -> None:
        """Write the current timeline as OpenTimelineIO.

        Raises:
            HostError: Resolve wrote nothing.
        """
        if path.exists():
            path.unlink()
        done = self._timeline().Export(str(path), self._resolve.EXPORT_OTIO, self._resolve.EXPORT_NONE)
        if not done or not path.exists():
            raise HostError(f"Resolve did not export the timeline to {path}; is the folder writable?")

    @contextmanager
    def editing(self, timeline_id: str) -> Iterator[None]:
        """Open a timeline on the Edit page, since writes fail elsewhere, and put the user's back afterwards.

        Raises:
            HostError: the timeline is not in the current project.
        """
        project, page = self._project(), self._resolve.GetCurrentPage()
        before = project.GetCurrentTimeline()
        every = [project.GetTimelineByIndex(i + 1) for i in range(int(project.GetTimelineCount()))]
        wanted = next((one for one in every if one.GetUniqueId() == timeline_id), None)
        if wanted is None:
            raise HostError("the timeline of this job is not in this project; open the project that it is in")
        self._resolve.OpenPage("edit")
        project.SetCurrentTimeline(wanted)
        try:
            yield
        finally:
            if before is not None:
                project.SetCurrentTimeline(before)
            if page and page != "edit":
                self._resolve.OpenPage(page)

    @contextmanager
    def originals(self, ours: Path) -> Iterator[None]:
        """Show the user's own media for a while where a take from below `ours` is selected."""
        timeline, flipped = self._timeline(), []
        try:
            for track in range(1, int(timeline.GetTrackCount("video")) + 1):
                for item in timeline.GetItemListInTrack("video", track) or []:
                    media, selected = _takes(item)
                    if selected and reading.below(media[selected - 1], ours):
                        flipped.append((item, selected))
                        item.SelectTakeByIndex(reading.own(media, ours) or selected)
            yield
        finally:
            for item, selected in flipped:
                item.SelectTakeByIndex(selected)

    def import_file(self, path: str, bins: tuple[str, ...]) -> Clip:
        """Return a file's clip in a bin of the media pool, imported where it is not there yet.

        Raises:
            HostError: Resolve did not import it, or does not tell how long it is.
        """
        pool, folder = self._project().GetMediaPool(), self._bin(bins)
        new = _in_bin(folder, path) is None
        if new:
            before = pool.GetCurrentFolder()
            pool.SetCurrentFolder(folder)
            pool.ImportMedia([path])
            pool.SetCurrentFolder(before)
        handle = _in_bin(folder, path)
        if handle is None:
            raise HostError(f"Resolve did not import {path}; can it read the file?")
        rate = reading.rate(str(self._timeline().GetSetting("timelineFrameRate")))
        return Clip(handle, path, _frames(handle, rate), str(handle.GetClipProperty("Audio Ch")), new)

    def imported(self, bins: tuple[str, ...]) -> list[str]:
        """Return the files of a bin of the media pool."""
        return [_path(clip) for clip in self._bin(bins).GetClipList() or []]

    def read_as(self, item_id: str, clip: Clip) -> None:
        """Have a clip's colour and pixel shape read as those of an item's media."""
        source = self._items[item_id].GetMediaPoolItem()
        for name in _READ_AS:
            value = source.GetClipProperty(name)
            if value:
                clip.handle.SetClipProperty(name, value)

    def takes(self, item_id: str) -> tuple[list[str], int]:
        """Return the media of an item's takes, and which of them is selected (from 1; 0 = no takes)."""
        return _takes(self._items[item_id])

    def add_take(self, item_id: str, clip: Clip, first: int, last: int) -> None:
        """Add a take: frames `first` to `last` of the clip, both included."""
        self._items[item_id].AddTake(clip.handle, float(first), float(last))

    def select_take(self, item_id: str, index: int) -> None:
        """Show a take, from 1."""
        self._items[item_id].SelectTakeByIndex(index)

    def colour(self, item_id: str, name: str) -> None:
        """Colour an item that has no colour of the user's."""
        if not self._items[item_id].GetClipColor():
            self._items[item_id].SetClipColor(name)

    def colour_laid(self, track: int, start: int, name: str) -> None:
        """Colour the clip that begins at a record frame of a video track."""
        for item in self._timeline().GetItemListInTrack("video", track) or []:
            if int(item.GetStart()) == start:
                item.SetClipColor(name)

    def tracks(self, kind: str, name: str) -> dict[int, list[reading.Placed]]:
        """Return what lies on the ``video`` or ``audio`` tracks of a name, by the track's number."""
        timeline = self._timeline()
        every = range(1, int(timeline.GetTrackCount(kind)) + 1)
        named = [track for track in every if str(timeline.GetTrackName(kind, track)) == name]
        return {
            track: [_placed(item) for item in timeline.GetItemListInTrack(kind, track) or []]
            for track in named
        }

    def higher(self, item_id: str, start: int, stop: int) -> tuple[int, dict[int, str]]:
        """Return an item's track as it is now, and names of tracks of the user's above it.

        Args:
            start, stop: only tracks on which something lies in these record frames, titles as well.
        """
        timeline, track = self._timeline(), 0
        found: dict[int, str] = {}
        for number in range(1, int(timeline.GetTrackCount("video")) + 1):
            name = str(timeline.GetTrackName("video", number))
            handles = timeline.GetItemListInTrack("video", number) or []
            if any(handle.GetUniqueId() == item_id for handle in handles):
                track, found = number, {}
            elif not name.startswith(reading.OURS) and any(_placed(h).meets(start, stop) for h in handles):
                found[number] = name
        return track, found

    def delete(self, kind: str, track: int, placed: list[reading.Placed]) -> None:
        """Take these off a track; what lies behind them stays where it is."""
        timeline = self._timeline()
        items = timeline.GetItemListInTrack(kind, track) or []
        timeline.DeleteClips([item for item in items if _placed(item) in placed], False)

    def add_track(self, kind: str, name: str, channels: str = "", below: int = 0) -> int:
        """Add a track and return its number.

        Args:
            below: the video track that it goes under, see `between`; 0 = above all.

        Raises:
            HostError: Resolve added none.
        """
        timeline = self._timeline()
        before = int(timeline.GetTrackCount(kind))
        how = {"index": below} if below else channels
        timeline.AddTrack(*((kind, how) if how else (kind,)))
        if int(timeline.GetTrackCount(kind)) != before + 1:
            raise HostError(f"Resolve added no {kind} track")
        number = before + 1
        if below:
            # An index that it does not take puts the track above all; something lay on `below`.
            self.between = not timeline.GetItemListInTrack(kind, below)
            number = below if self.between else number
        timeline.SetTrackName(kind, number, name)
        if timeline.GetTrackName(kind, number) != name:
            # By its name it is found again; else every collecting would lay the same once more.
            raise HostError(f"Resolve did not name the new {kind} track {name}")
        return number

    def append(self, clip: Clip, kind: str, track: int, record: int, first: int, stop: int) -> None:
        """Lay frames `first` to `stop` (not included) of a clip onto a track at an absolute record frame."""
        info = {
            "mediaPoolItem": clip.handle, "startFrame": first, "endFrame": stop, "recordFrame": record,
            "mediaType": 1 if kind == "video" else 2, "trackIndex": track,
        }  # fmt: skip
        self._project().GetMediaPool().AppendToTimeline([info])

    def add_marker(self, marker: reading.Marker, color: str) -> None:
        """Add a timeline marker."""
        self._timeline().AddMarker(
            marker.frame, color, marker.name, marker.note, marker.duration, marker.custom
        )

    def markers(self) -> tuple[reading.Marker, ...]:
        """Return the current timeline's markers as they are."""
        return reading.markers(self._timeline().GetMarkers())

    def delete_marker(self, custom: str) -> None:
        """Delete the timeline marker that carries this custom data."""
        self._timeline().DeleteMarkerByCustomData(custom)

    def ask(self, asked: form.Form) -> dict[str, str] | None:
        """Show a form and return what was chosen, see `form.show`; None = there are no windows here."""
        if not self.studio or self._bmd is None:
            return None
        fusion = self._fusion if self._fusion is not None else self._resolve.Fusion()
        manager = getattr(fusion, "UIManager", None)
        return None if manager is None else form.show(asked, manager, self._bmd.UIDispatcher(manager))

    def tell(self, title: str, text: str) -> None:
        """Say something in a window where there are any, and on the console."""
        print(f"{title}: {text}")
        self.ask(form.Form(title, text, (), ("OK",)))

    def _project(self) -> Any:
        project = self._resolve.GetProjectManager().GetCurrentProject()
        if project is None:
            raise HostError("no project is open")
        return project

    def _timeline(self) -> Any:
        timeline = self._project().GetCurrentTimeline()
        if timeline is None:
            raise HostError("no timeline is open; open the one to dub")
        return timeline

    def _bin(self, bins: tuple[str, ...]) -> Any:
        pool = self._project().GetMediaPool()
        folder = pool.GetRootFolder()
        for name in bins:
            # A second bin of the same name would be allowed.
            inside = [one for one in folder.GetSubFolderList() or [] if one.GetName() == name]
            folder = inside[0] if inside else pool.AddSubFolder(folder, name)
        return folder

    def _item(self, handle: Any, track: int, locked: bool, shown: bool, ours: bool) -> reading.Item:
        media, item_id = handle.GetMediaPoolItem(), handle.GetUniqueId()
        self._items[item_id] = handle
        span = None
        if self.version >= _SOURCE_FRAMES:
            first, last = int(handle.GetSourceStartFrame()), int(handle.GetSourceEndFrame())
            span = last - first if (first, last) != (0, 0) else None
        return reading.Item(
            id=item_id,
            name=handle.GetName(),
            track=track,
            start=int(handle.GetStart()),
            duration=int(handle.GetDuration()),
            left_offset=int(handle.GetLeftOffset()),
            span=span,
            media=_path(media),
            kind=str(media.GetClipProperty("Type")),
            rate=str(media.GetClipProperty("FPS")),
            locked=locked,
            visible=shown and bool(handle.GetClipEnabled()),
            markers=reading.markers(handle.GetMarkers()),
            ours=ours,
        )


def _sounds(timeline: Any) -> Iterator[reading.Marker]:
    """Yield the markers of enabled sound clips of the user's."""
    for track in range(1, int(timeline.GetTrackCount("audio")) + 1):
        ours = str(timeline.GetTrackName("audio", track)).startswith(reading.OURS)
        if ours or not timeline.GetIsTrackEnabled("audio", track):
            continue
        for handle in timeline.GetItemListInTrack("audio", track) or []:
            if handle.GetClipEnabled():
                yield from reading.markers(handle.GetMarkers())


def _path(media: Any) -> str:
    return str(media.GetClipProperty("File Path") or "") if media is not None else ""


def _frames(media: Any, rate: Fraction) -> int:
    frames = reading.frames(
        str(media.GetClipProperty("Frames")), str(media.GetClipProperty("Duration")), rate
    )
    if not frames:
        raise HostError(f"Resolve does not tell how long {_path(media)} is")
    return frames


def _placed(item: Any) -> reading.Placed:
    start, duration, left = item.GetStart(), item.GetDuration(), item.GetLeftOffset() or 0
    return reading.Placed(int(start), int(duration), _path(item.GetMediaPoolItem()), int(left))


def _takes(item: Any) -> tuple[list[str], int]:
    takes = [item.GetTakeByIndex(i + 1) for i in range(int(item.GetTakesCount()))]
    return [_path(take["mediaPoolItem"]) for take in takes], int(item.GetSelectedTakeIndex())


def _in_bin(folder: Any, path: str) -> Any:
    clips = folder.GetClipList() or []
    return next((clip for clip in clips if same_file(_path(clip), path)), None)
