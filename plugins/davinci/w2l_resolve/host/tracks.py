"""Tracks of the open timeline: what lies there, new ones, and clips laid onto them or taken away."""

from __future__ import annotations

from typing import Any

from w2l_resolve import reading
from w2l_resolve.host import handles
from w2l_resolve.host.handles import HostError
from w2l_resolve.host.pool import Clip
from w2l_resolve.host.session import Session

#: `AddTrack` between others.
_TRACK_INDEX = (19, 0, 0)


class TimelineTracks:
    """The ``video`` and ``audio`` tracks of the open timeline, by number from 1 = lowest."""

    def __init__(self, session: Session) -> None:
        self._session = session
        #: Whether Resolve puts a new track under another one; until `add` has seen that it does not.
        self.between = session.version >= _TRACK_INDEX

    def named(self, kind: str, name: str) -> dict[int, list[reading.Placed]]:
        """Return what lies on the ``video`` or ``audio`` tracks of a name, by the track's number."""
        timeline = self._session.timeline()
        every = range(1, int(timeline.GetTrackCount(kind)) + 1)
        found = [track for track in every if str(timeline.GetTrackName(kind, track)) == name]
        return {
            track: [handles.placed(item) for item in timeline.GetItemListInTrack(kind, track) or []]
            for track in found
        }

    def higher(self, item_id: str, start: int, stop: int) -> tuple[int, dict[int, str]]:
        """Return an item's track as it is now, and names of tracks of the user's above it.

        Args:
            start, stop: only tracks on which something lies in these record frames, titles as well.
        """
        timeline, track = self._session.timeline(), 0
        found: dict[int, str] = {}
        for number in range(1, int(timeline.GetTrackCount("video")) + 1):
            name = str(timeline.GetTrackName("video", number))
            lying = timeline.GetItemListInTrack("video", number) or []
            if any(handle.GetUniqueId() == item_id for handle in lying):
                track, found = number, {}
            elif not name.startswith(reading.OURS) and any(_meets(one, start, stop) for one in lying):
                found[number] = name
        return track, found

    def add(self, kind: str, name: str, channels: str = "", below: int = 0) -> int:
        """Add a track and return its number.

        Args:
            below: the video track that it goes under, see `between`; 0 = above all.

        Raises:
            HostError: Resolve added none.
        """
        timeline = self._session.timeline()
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
        self._session.project().GetMediaPool().AppendToTimeline([info])

    def delete(self, kind: str, track: int, placed: list[reading.Placed]) -> None:
        """Take these off a track; what lies behind them stays where it is."""
        timeline = self._session.timeline()
        items = timeline.GetItemListInTrack(kind, track) or []
        timeline.DeleteClips([item for item in items if handles.placed(item) in placed], False)

    def colour(self, track: int, start: int, name: str) -> None:
        """Colour the clip that begins at a record frame of a video track."""
        for item in self._session.timeline().GetItemListInTrack("video", track) or []:
            if int(item.GetStart()) == start:
                item.SetClipColor(name)


def _meets(item: Any, start: int, stop: int) -> bool:
    return handles.placed(item).meets(start, stop)
