"""The open timeline: its clips with their takes, and its markers."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from w2l_resolve import reading
from w2l_resolve.host import handles
from w2l_resolve.host.handles import HostError
from w2l_resolve.host.pool import Clip, MediaPool
from w2l_resolve.host.session import Session
from w2l_resolve.host.tracks import TimelineTracks

#: `Timeline.GetSelectedClips`.
_SELECTED_CLIPS = (21, 0, 4)
#: What Resolve knows of a clip's colour and shape, and a dub of it has to be read in the same way.
_READ_AS = ("IDT", "Input Color Space", "Data Level", "PAR")


class Host(Session):
    """Resolve with its current timeline; keeps the handles of what was read last."""

    def __init__(self, resolve: Any, fusion: Any, bmd: Any) -> None:
        super().__init__(resolve, fusion, bmd)
        self.pool, self.tracks = MediaPool(self), TimelineTracks(self)
        self._items: dict[str, Any] = {}

    def here(self) -> str:
        """Return the id of the current timeline."""
        return str(self.timeline().GetUniqueId())

    def read(self) -> reading.Timeline:
        """Read the current timeline once.

        Raises:
            HostError: no project or no timeline is open.
        """
        project, timeline = self.project(), self.timeline()
        self._items = {}
        items = []
        for track in range(1, int(timeline.GetTrackCount("video")) + 1):
            locked = bool(timeline.GetIsTrackLocked("video", track))
            shown = bool(timeline.GetIsTrackEnabled("video", track))
            ours = str(timeline.GetTrackName("video", track)).startswith(reading.OURS)
            # Titles, generators and transitions are items too.
            media = [
                handle
                for handle in timeline.GetItemListInTrack("video", track) or []
                if handle.GetMediaPoolItem() is not None
            ]
            self._items.update({handle.GetUniqueId(): handle for handle in media})
            items += [handles.item(handle, self.version, track, locked, shown, ours) for handle in media]
        return reading.Timeline(
            project=project.GetName(),
            id=timeline.GetUniqueId(),
            name=timeline.GetName(),
            rate=str(timeline.GetSetting("timelineFrameRate")),
            start_frame=int(timeline.GetStartFrame()),
            items=tuple(items),
            markers=reading.markers(timeline.GetMarkers()),
            sounds=tuple(handles.sounds(timeline)),
        )

    def selected(self) -> tuple[list[str], str]:
        """Return the ids of the selected items, and in words how they were chosen.

        Resolve tells its selection since 21.0.4 only; before that, the clip under the playhead is taken.
        """
        timeline = self.timeline()
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
        done = self.timeline().Export(str(path), self.resolve.EXPORT_OTIO, self.resolve.EXPORT_NONE)
        if not done or not path.exists():
            raise HostError(f"Resolve did not export the timeline to {path}; is the folder writable?")

    @contextmanager
    def originals(self, ours: Path) -> Iterator[None]:
        """Show the user's own media for a while where a take from below `ours` is selected."""
        timeline, flipped = self.timeline(), []
        try:
            for track in range(1, int(timeline.GetTrackCount("video")) + 1):
                for item in timeline.GetItemListInTrack("video", track) or []:
                    media, selected = handles.takes(item)
                    if selected and reading.below(media[selected - 1], ours):
                        flipped.append((item, selected))
                        item.SelectTakeByIndex(reading.own(media, ours) or selected)
            yield
        finally:
            for item, selected in flipped:
                item.SelectTakeByIndex(selected)

    def read_as(self, item_id: str, clip: Clip) -> None:
        """Have a clip's colour and pixel shape read as those of an item's media."""
        source = self._items[item_id].GetMediaPoolItem()
        for name in _READ_AS:
            value = source.GetClipProperty(name)
            if value:
                clip.handle.SetClipProperty(name, value)

    def takes(self, item_id: str) -> tuple[list[str], int]:
        """Return the media of an item's takes, and which of them is selected (from 1; 0 = no takes)."""
        return handles.takes(self._items[item_id])

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

    def add_marker(self, marker: reading.Marker, color: str) -> None:
        """Add a timeline marker."""
        self.timeline().AddMarker(
            marker.frame, color, marker.name, marker.note, marker.duration, marker.custom
        )

    def markers(self) -> tuple[reading.Marker, ...]:
        """Return the current timeline's markers as they are."""
        return reading.markers(self.timeline().GetMarkers())

    def delete_marker(self, custom: str) -> None:
        """Delete the timeline marker that carries this custom data."""
        self.timeline().DeleteMarkerByCustomData(custom)
