"""Words of the edit: what is marked, by what, and what becomes of it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from w2l_studio.terms.media import Plate
from w2l_studio.timing import FrameRange


def folded(name: str) -> str:
    """Return a name as names are compared: without capitals, accents composed, single spaces."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).split()).casefold())


@dataclass(frozen=True, slots=True)
class FaceHint:
    """Where the speaker's face is, normalised to the picture (0..1, origin top left).

    A point has equal left/right and top/bottom.
    """

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Mark:
    """What says "dub this" on the edit.

    `record` is in frames of the edit from the timeline's first frame (not timecode).
    `clip_path` ties the mark to one clip (markers on clips), None = any clip in the range.
    `strength` (0..1) and `skip` are None where the mark does not say: then the clip's settings hold.
    """

    id: str
    record: FrameRange
    character: str | None = None
    clip_path: tuple[int, ...] | None = None
    hint: FaceHint | None = None
    strength: float | None = None
    skip: bool | None = None
    source: str = "marker"

    @property
    def gain(self) -> float:
        """How much of the new mouth is shown, 0..1: all of it where nobody says."""
        return 1.0 if self.strength is None else self.strength


@dataclass(frozen=True, slots=True)
class Cue:
    """One line to dub from a cue sheet; times in seconds of the timeline, from its first frame."""

    start_s: Fraction
    stop_s: Fraction
    character: str | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ClipUse:
    """One use of picture media in the edit.

    Args:
        path: child indices from the timeline's top stack down to the clip.
        record: the visible frames in edit frames from the timeline's first frame.
        source: the same frames in media frames **as the edit counts them** (absolute, with the
            media's start timecode where the edit uses one).
        available: the whole media as the edit counts it, at the rate of `source`; None where it is not told.
        media: local file, None where the edit names none or it lies elsewhere.
        transition_in/out: extra source frames that a neighbouring transition shows.
        retime: source seconds per record second; 1 = not retimed, 0 = freeze.
    """

    path: tuple[int, ...]
    name: str
    record: FrameRange
    source: FrameRange
    available: FrameRange | None
    media: Path | None
    media_url: str = ""
    transition_in: int = 0
    transition_out: int = 0
    retime: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class SoundUse:
    """One use of a sound file in the edit: where its first sample lies on the timeline (seconds).

    Args:
        binding: the clip says ``place: here``, so it counts before the file's own time reference.
        source_start_s: where in the file the clip begins, as the edit counts it, where it does not tell from
            where it counts: `first_sample_s` is then for a count from 0. None = it tells.
        laid: an earlier dub laid the clip, so it is a stem.
    """

    media: Path
    first_sample_s: Fraction
    binding: bool = False
    source_start_s: Fraction | None = None
    laid: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One mark's part of a segment: who speaks in which plate frames.

    Args:
        mark: as narrow as the clip shows it.
        cuts: whether it begins and whether it ends at full strength: at a cut that is seen (with its clip, or
            where another one covers that; not where the next clip goes on with the same pictures and no
            mark), and where another mark of the same speaker goes on.
    """

    mark: Mark
    plate_range: FrameRange
    cuts: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a clip that marks cover, rendered as one take.

    Args:
        id: stable over runs: derived from clip path and plate range.
        plate_range: frames of the file (0 = its first picture) that the edit shows of this take.
        render_range: `plate_range` with handles, inside the file.
        record_start_s: timeline time at which ``plate_range.start`` begins.
        whole_clip: the take replaces the clip's media; otherwise the clip is razored around it.
        lines: what is said in it, in order; their ranges may overlap.
        drop: how timecode counts where the plate has none.
    """

    id: str
    clip: ClipUse
    plate: Plate
    plate_range: FrameRange
    render_range: FrameRange
    record_start_s: Fraction
    whole_clip: bool
    lines: tuple[Line, ...]
    drop: bool = False

    @property
    def in_fields(self) -> Segment:
        """The same of an interlaced plate, counted by its fields."""
        return replace(
            self,
            plate=self.plate.in_fields,
            plate_range=self.plate_range.finer(2),
            render_range=self.render_range.finer(2),
            lines=tuple(replace(line, plate_range=line.plate_range.finer(2)) for line in self.lines),
        )

    def record_s(self, frame: int) -> Fraction:
        """Return the timeline's seconds at which a frame of the plate begins."""
        return self.record_start_s + (frame - self.plate_range.start) / self.plate.rate
