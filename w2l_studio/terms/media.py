"""Words of picture and sound files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

from w2l_studio.terms.arrays import Bools, Floats, Plane

#: Which field of a frame is seen first: that of its rows 0, 2, 4, or the other.
FieldOrder: TypeAlias = Literal["top", "bottom"]


#: H.273 transfer characteristics that no camera's log is tagged as: linear light, sRGB (to which light is
#: brought, `media.images.light`), PQ and HLG.
_TOLD = (8, 13, 16, 18)


@dataclass(frozen=True, slots=True)
class ColourTags:
    """ITU-T H.273 code points as the stream carries them; 2 = unspecified.

    Args:
        range: 0 unspecified, 1 tv, 2 pc.
        log: name in `curves.LOGS` of a camera's curve, which no code point tells: the user does. "" = none.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    range: int = 0
    log: str = ""

    def in_log(self, name: str) -> ColourTags:
        """Return the tags with a camera's curve, "" = none; as they are where they tell of another."""
        return self if self.transfer in _TOLD else replace(self, log=name)


@dataclass(frozen=True, slots=True)
class Plate:
    """Original picture media, as probed.

    Args:
        width, height: stored samples, before rotation and pixel aspect.
        rate: exact constant rate at which the edit plays it.
        frames: number of pictures that decode.
        field_order: of an interlaced plate; None = progressive.
        fields: `rate` and `frames` count fields, two to a frame, each read as a whole picture.
        pix_fmt: FFmpeg's name of the decoded pixel format, e.g. ``yuv422p10le``.
        bits: bits per sample.
        timecode: SMPTE timecode of the first frame, None where the file has none.
        rotation: degrees that a player turns the picture, counter-clockwise as FFmpeg tells it.
        display: the matrix that says so, its nine numbers as FFmpeg tells them; it also moves what is turned
            back into sight. () = the file has none.
        stored_rate: the file's own rate where the edit plays its frames at another one; None = `rate`.
        speed: how many times faster a retimed clip plays it; `rate` counts it in.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    codec: str
    pix_fmt: str
    bits: int
    tags: ColourTags = field(default_factory=ColourTags)
    pixel_aspect: Fraction = Fraction(1)
    rotation: int = 0
    display: tuple[int, ...] = ()
    timecode: str | None = None
    reel: str | None = None
    field_order: FieldOrder | None = None
    fields: bool = False
    has_audio: bool = False
    stored_rate: Fraction | None = None
    speed: Fraction = Fraction(1)

    @property
    def per_frame(self) -> int:
        """How many of what is counted make a frame: 1, or 2 fields."""
        return 2 if self.fields else 1

    @property
    def in_fields(self) -> Plate:
        """An interlaced plate, counted by its fields."""
        return replace(self, rate=2 * self.rate, frames=2 * self.frames, fields=True)

    @property
    def in_frames(self) -> Plate:
        """The plate, counted by frames as the edit counts it."""
        each = self.per_frame
        return replace(self, rate=self.rate / each, frames=self.frames // each, fields=False)

    def in_log(self, name: str) -> Plate:
        """Return the plate as what a camera's curve has filmed, "" = as a display shows it."""
        return replace(self, tags=self.tags.in_log(name))

    @property
    def take_rate(self) -> Fraction:
        """Frames a second of a take: the clip's retime is not in it, and retimes it as it does the plate."""
        return self.rate / self.speed

    @property
    def unretimed(self) -> Plate:
        """The plate as its clip's retime takes it, and as a take of it is written."""
        return replace(self, rate=self.take_rate, speed=Fraction(1))


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """One picture in the plate's own samples: Y, U, V (, A) in native code values, each ``[h, w]``."""

    planes: tuple[Plane, ...]
    pix_fmt: str


@dataclass(frozen=True, slots=True)
class Stem:
    """Dubbed sound of one character or language.

    Args:
        character: whose it is; None = everybody's.
        first_sample_s: where its first sample lies on the timeline, seconds from the first frame.
        placed_by: the rule that placed it: ``time-reference``, ``edit`` or ``timeline-start``.
    """

    path: Path
    character: str | None
    first_sample_s: Fraction
    duration_s: Fraction
    placed_by: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What the generator hears, one entry per picture.

    Args:
        windows: ``float32[T, B, C]``: of a mel spectrogram, or of what a generator hears; silence is -4.
        voiced: ``bool[T]``, whether speech sounds during the picture.
    """

    windows: Floats
    voiced: Bools
