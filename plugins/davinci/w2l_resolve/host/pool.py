"""Resolve's media pool: files in bins of ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2l_resolve import reading
from w2l_resolve.host import handles
from w2l_resolve.host.handles import HostError
from w2l_resolve.host.session import Session
from w2l_resolve.sequences import sequence_of


@dataclass(frozen=True)
class Clip:
    """A file, or an image sequence, in the media pool; `handle` is Resolve's, `new`: imported just now."""

    handle: Any
    path: str
    frames: int
    channels: str
    new: bool


@dataclass(frozen=True)
class MediaPool:
    """The media pool of the open project."""

    session: Session

    def import_file(self, path: str, bins: tuple[str, ...], rate: str = "") -> Clip:
        """Return a clip in a bin of the media pool, imported where it is not there yet.

        Args:
            path: of a file, or what stands for an image sequence.
            rate: frames a second at which an image sequence is to be played, as Resolve writes it.

        Raises:
            HostError: a file is not there; or Resolve did not import it, does not tell how long it is, or
                plays it at another rate.
        """
        pool, folder = self.session.project().GetMediaPool(), self._bin(bins)
        new = _in_bin(folder, path) is None
        if new:
            asked, before = _asked(path), pool.GetCurrentFolder()
            pool.SetCurrentFolder(folder)
            pool.ImportMedia([asked])
            pool.SetCurrentFolder(before)
        handle = _in_bin(folder, path)
        if handle is None:
            raise HostError(f"Resolve did not import {path}; {_hint(path)}")
        if sequence_of(path) is not None:
            _play_at(handle, rate)
        frame_rate = reading.rate(str(self.session.timeline().GetSetting("timelineFrameRate")))
        frames = handles.frames(handle, frame_rate)
        return Clip(handle, path, frames, str(handle.GetClipProperty("Audio Ch")), new)

    def imported(self, bins: tuple[str, ...]) -> list[str]:
        """Return the files of a bin of the media pool."""
        return [handles.path(clip) for clip in self._bin(bins).GetClipList() or []]

    def _bin(self, bins: tuple[str, ...]) -> Any:
        pool = self.session.project().GetMediaPool()
        folder = pool.GetRootFolder()
        for name in bins:
            # A second bin of the same name would be allowed.
            inside = [one for one in folder.GetSubFolderList() or [] if one.GetName() == name]
            folder = inside[0] if inside else pool.AddSubFolder(folder, name)
        return folder


def _in_bin(folder: Any, path: str) -> Any:
    clips = folder.GetClipList() or []
    return next((clip for clip in clips if reading.same_file(handles.path(clip), path)), None)


def _asked(path: str) -> str | dict[str, Any]:
    """Return how Resolve is asked for a path: an image sequence's, which it tells itself, it does not take.

    Raises:
        HostError: a file of an image sequence is not there, and Resolve might import what is left of it.
    """
    sequence = sequence_of(path)
    if sequence is None:
        return path
    gone = next((file for file in sequence.files() if not Path(file).is_file()), None)
    if gone is not None:
        raise HostError(f"{gone} is not there; start the job again")
    return {"FilePath": sequence.pattern, "StartIndex": sequence.first, "EndIndex": sequence.last}


def _hint(path: str) -> str:
    if sequence_of(path) is None:
        return "can it read the file?"
    return "can it read the files, and is Show Individual Frames off?"


def _play_at(handle: Any, rate: str) -> None:
    """Have an image sequence played at a rate; it has none of its own, and Resolve takes the project's."""
    if handles.rate(handle) != reading.rate(rate):
        handle.SetClipProperty("FPS", rate)
    if handles.rate(handle) != reading.rate(rate):
        name, played = Path(handles.path(handle)).name, handle.GetClipProperty("FPS")
        raise HostError(
            f"Resolve plays {name} at {played} frames a second; set {rate} in its Clip Attributes"
        )
