"""What Resolve's handles say, as plain values. Writes nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Iterator

from w2l_resolve import reading

#: `GetSourceStartFrame`.
_SOURCE_FRAMES = (19, 0, 0)


class HostError(Exception):
    """One sentence for the user: what Resolve did not do, and what to do about it."""


def item(
    handle: Any, version: tuple[int, int, int], track: int, locked: bool, shown: bool, ours: bool
) -> reading.Item:
    """Return a clip of a video track.

    Args:
        handle: of a clip that shows media.
        locked, shown, ours: of its track.
    """
    media, span = handle.GetMediaPoolItem(), None
    if version >= _SOURCE_FRAMES:
        first, last = int(handle.GetSourceStartFrame()), int(handle.GetSourceEndFrame())
        span = last - first if (first, last) != (0, 0) else None
    return reading.Item(
        id=handle.GetUniqueId(),
        name=handle.GetName(),
        track=track,
        start=int(handle.GetStart()),
        duration=int(handle.GetDuration()),
        left_offset=int(handle.GetLeftOffset()),
        span=span,
        media=path(media),
        kind=str(media.GetClipProperty("Type")),
        rate=str(media.GetClipProperty("FPS")),
        locked=locked,
        visible=shown and bool(handle.GetClipEnabled()),
        markers=reading.markers(handle.GetMarkers()),
        ours=ours,
        colour_space=str(media.GetClipProperty("Input Color Space") or media.GetClipProperty("IDT") or ""),
    )


def sounds(timeline: Any) -> Iterator[reading.Marker]:
    """Yield the markers of enabled sound clips of the user's."""
    for track in range(1, int(timeline.GetTrackCount("audio")) + 1):
        ours = str(timeline.GetTrackName("audio", track)).startswith(reading.OURS)
        if ours or not timeline.GetIsTrackEnabled("audio", track):
            continue
        for handle in timeline.GetItemListInTrack("audio", track) or []:
            if handle.GetClipEnabled():
                yield from reading.markers(handle.GetMarkers())


def path(media: Any) -> str:
    """Return the file of a clip of the media pool, empty where it has none."""
    return str(media.GetClipProperty("File Path") or "") if media is not None else ""


def rate(media: Any) -> Fraction:
    """Return the frames a second of a clip of the media pool; 0 = unknown."""
    return reading.rate(str(media.GetClipProperty("FPS")))


def frames(media: Any, rate: Fraction) -> int:
    """Return how long a clip of the media pool is at the timeline's rate.

    Raises:
        HostError: Resolve does not tell.
    """
    found = reading.frames(str(media.GetClipProperty("Frames")), str(media.GetClipProperty("Duration")), rate)
    if not found:
        raise HostError(f"Resolve does not tell how long {path(media)} is")
    return found


def placed(item: Any) -> reading.Placed:
    """Return what lies on a track."""
    start, duration, left = item.GetStart(), item.GetDuration(), item.GetLeftOffset() or 0
    return reading.Placed(int(start), int(duration), path(item.GetMediaPoolItem()), int(left))


def takes(item: Any) -> tuple[list[str], int]:
    """Return the media of an item's takes, and which of them is selected (from 1; 0 = no takes)."""
    every = [item.GetTakeByIndex(i + 1) for i in range(int(item.GetTakesCount()))]
    return [path(take["mediaPoolItem"]) for take in every], int(item.GetSelectedTakeIndex())
