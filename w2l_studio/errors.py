"""Every error of the engine, each with a stable code, a hint and an exit code.

    StudioError
    +-- UsageError            2   bad option, unknown setting
    |   +-- NothingMarked     2   the edit holds no mark
    +-- SourceError           3
    |   +-- EditError         3   edit unreadable
    |   +-- MediaError        3   picture unreadable or offline
    |   +-- StemError         3   sound unreadable
    +-- OutputError           1   result cannot be written (disk full, no permission, folder in use)
    +-- WeightsError          5   weights missing or altered
    +-- Cancelled           130   interrupted; finished takes are kept
    +-- ShotError             -   the plate stays and the job goes on; subclasses carry the reason code

Holds no behaviour: who raises and who catches is told in docs/architecture.md.
"""

from __future__ import annotations


class StudioError(Exception):
    """A sentence for the user: what is wrong, where, and what to do next.

    Args:
        message: what is wrong, one sentence without a full stop.
        hint: what to do next, one sentence without a full stop.
        where: file, clip or timecode that it concerns.
    """

    code = "studio-error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    @property
    def head(self) -> str:
        """``where: message``, without what to do next."""
        return f"{self.where}: {self.message}" if self.where else self.message

    def __str__(self) -> str:
        """Return ``where: message. Hint.`` with the empty parts left out."""
        hint = self.hint[:1].upper() + self.hint[1:]
        return f"{self.head}. {hint}." if hint else f"{self.head}."

    def __reduce__(self) -> tuple[object, ...]:
        """Survive a process pool with all data (pickle calls the class with positional arguments only)."""
        return _rebuild, (type(self), self.message, self.hint, self.where)


def _rebuild(kind: type[StudioError], message: str, hint: str, where: str) -> StudioError:
    return kind(message, hint=hint, where=where)


class UsageError(StudioError):
    """An option or setting that cannot be meant."""

    code = "usage"
    exit_code = 2


class NothingMarked(UsageError):
    """The edit holds no mark, so there is nothing to dub."""

    code = "nothing-marked"


class SourceError(StudioError):
    """Something that the user handed in cannot be read."""

    code = "source"
    exit_code = 3


class EditError(SourceError):
    """The edit cannot be read."""

    code = "edit"


class MediaError(SourceError):
    """Picture media cannot be read or is offline."""

    code = "media"


class StemError(SourceError):
    """A stem cannot be read."""

    code = "stem"


class OutputError(StudioError):
    """The result cannot be written."""

    code = "output"


class WeightsError(StudioError):
    """Weights are missing, altered, or not what their name says."""

    code = "weights"
    exit_code = 5


class Cancelled(StudioError):
    """The user interrupted the job; finished takes are kept."""

    code = "cancelled"
    exit_code = 130


class ShotError(StudioError):
    """A shot or a line of it that cannot be dubbed: the plate stays, the job goes on."""

    code = "shot"


class MediaOffline(ShotError):
    """The clip's media is missing."""

    code = "media-offline"


class MediaMismatch(ShotError):
    """The clip uses frames that its file does not have."""

    code = "media-mismatch"


class NoClip(ShotError):
    """The mark lies over no picture."""

    code = "no-clip"


class Unsupported(ShotError):
    """The plate is of a kind that is not composited (variable rate, unknown pixel format)."""

    code = "plate-unsupported"


class Retimed(ShotError):
    """The clip is retimed."""

    code = "retimed"


class NoFace(ShotError):
    """No face was found."""

    code = "no-face"


class FaceTooSmall(ShotError):
    """The face is too small to be worth dubbing."""

    code = "face-too-small"


class FaceTurned(ShotError):
    """The face is turned beyond the yaw limit."""

    code = "face-turned"


class SpeakerUnclear(ShotError):
    """Several faces, and nothing says which of them speaks."""

    code = "speaker-unclear"


class LipsStill(ShotError):
    """The face under a cue does not move its lips: it listens."""

    code = "lips-still"


class NoStem(ShotError):
    """No stem belongs to the mark's character."""

    code = "no-stem"


class StemOutside(ShotError):
    """The stem ends before the mark begins, or has not begun."""

    code = "stem-outside"


class Skipped(ShotError):
    """The mark says skip."""

    code = "skipped"
