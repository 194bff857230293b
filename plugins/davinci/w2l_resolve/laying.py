"""Clips on tracks of our own, dubs above and stems: laid, found again and taken away, each read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from w2l_resolve.host import Clip, Host
from w2l_resolve.placing import Above
from w2l_resolve.reading import Item, Placed, same_file

#: Of every picture that is ours.
COLOUR = "Teal"


@dataclass(frozen=True)
class Tracks:
    """The ``video`` or ``audio`` tracks of a name of ours.

    Args:
        bins: of the media pool; it holds what we lay there.
    """

    host: Host
    kind: str
    name: str
    bins: tuple[str, str]

    def laid(self) -> list[Placed]:
        """Return what we have laid there; what else lies there is the user's."""
        every = [one for placed in self._placed().values() for one in placed]
        files = self.host.pool.imported(self.bins) if every else []
        return [one for one in every if any(same_file(one.media, path) for path in files)]

    def take_away(self, stale: list[Placed]) -> list[Placed]:
        """Take these away and return those that Resolve left there."""
        for track, placed in self._placed().items():
            if any(one in stale for one in placed):
                self.host.tracks.delete(self.kind, track, stale)
        return [one for placed in self._placed().values() for one in placed if one in stale] if stale else []

    def lay(self, clip: Clip, place: Above, item: Item | None = None) -> str:
        """Lay a clip there, on a new track where none is free; read it back.

        Args:
            item: what a picture lies above, but below what the user laid higher.

        Returns:
            ``new``, ``there``, or what is wrong.
        """
        tracks, stop = self._placed(), place.record + place.frames
        lengths = [
            found for placed in tracks.values() for found in [self._lies(placed, clip, place)] if found
        ]
        if lengths:
            return self._measured(lengths[0], clip, place) or "there"
        lowest, higher = self.host.tracks.higher(item.id, place.record, stop) if item else (0, {})
        # Where Resolve puts no track between others, one above all serves every clip.
        below = min(higher, default=0) if self.host.tracks.between else 0
        between = [n for n in tracks if lowest < n and (n < below or not below)]
        free = [n for n in between if not any(one.meets(place.record, stop) for one in tracks[n])]
        track = free[0] if free else self.host.tracks.add(self.kind, self.name, _channels(clip), below)
        self.host.tracks.append(clip, self.kind, track, place.record, place.first, place.stop)
        found = self._lies(self._placed()[track], clip, place)
        if not found:
            return f"Resolve did not lay {Path(clip.path).name} onto the track {self.name}"
        if self.kind == "video":
            self.host.tracks.colour(track, place.record, COLOUR)
        return self._measured(found, clip, place) or "new"

    def hides(self, clip: Clip, place: Above, item: Item) -> list[str]:
        """Return names of the user's tracks that lie above an item, and under what is laid there for it."""
        _, higher = self.host.tracks.higher(item.id, place.record, place.record + place.frames)
        lies = [n for n, placed in self._placed().items() if self._lies(placed, clip, place)]
        return [name for n, name in higher.items() if lies and n < min(lies)]

    def _placed(self) -> dict[int, list[Placed]]:
        return self.host.tracks.named(self.kind, self.name)

    def _lies(self, placed: list[Placed], clip: Clip, place: Above) -> int:
        """Return how long a clip is that lies at a place, 0 where it is not there."""
        here = [one for one in placed if same_file(one.media, clip.path) and place.held_by(one, self.kind)]
        return here[0].duration if here else 0

    def _measured(self, found: int, clip: Clip, place: Above) -> str:
        """Say where a picture is not as long as it has to be; empty = it is."""
        if self.kind == "audio" or found == place.frames:
            return ""
        return f"{Path(clip.path).name} is {found} frames long on its track instead of {place.frames}"


def _channels(clip: Clip) -> str:
    return {"1": "mono", "6": "5.1"}.get(clip.channels, "stereo")
