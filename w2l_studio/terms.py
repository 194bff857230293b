"""The glossary as frozen dataclasses: one meaning for each word, in code, CLI and docs.

Holds data only. Arrays state shape, dtype and range; docs/glossary.md is tested against this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from w2l_studio.timing import FrameRange

#: ``uint8[T, H, W, 3]`` BGR (or one picture of it, ``uint8[H, W, 3]``).
FramesBGR: TypeAlias = npt.NDArray[np.uint8]
#: ``float32`` of any shape; the docstring tells it.
Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]
#: One plane of a plate, ``uint8[H, W]`` or ``uint16[H, W]``, native code values.
Plane: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


# --- edit -------------------------------------------------------------------------------------


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
    """

    id: str
    record: FrameRange
    character: str | None = None
    clip_path: tuple[int, ...] | None = None
    hint: FaceHint | None = None
    strength: float = 1.0
    skip: bool = False
    source: str = "marker"


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
        available_start: first frame of the media as the edit counts it, None where it says nothing.
        media: local file, None where the edit names none or it lies elsewhere.
        transition_in/out: extra source frames that a neighbouring transition shows.
        retime: source seconds per record second; 1 = not retimed, 0 = freeze.
    """

    path: tuple[int, ...]
    name: str
    record: FrameRange
    source: FrameRange
    available_start: int | None
    media: Path | None
    media_url: str = ""
    transition_in: int = 0
    transition_out: int = 0
    retime: Fraction = Fraction(1)
    track_name: str = ""


@dataclass(frozen=True, slots=True)
class SoundUse:
    """One use of a sound file in the edit: where its first sample lies on the timeline (seconds)."""

    media: Path
    first_sample_s: Fraction


@dataclass(frozen=True, slots=True)
class Line:
    """One mark's part of a segment: who speaks in which plate frames."""

    mark: Mark
    plate_range: FrameRange


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
    """

    id: str
    clip: ClipUse
    plate: Plate
    plate_range: FrameRange
    render_range: FrameRange
    record_start_s: Fraction
    whole_clip: bool
    lines: tuple[Line, ...]


# --- media ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ColourTags:
    """ITU-T H.273 code points as the stream carries them; 2 = unspecified.

    Range: 0 unspecified, 1 tv, 2 pc.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    range: int = 0


@dataclass(frozen=True, slots=True)
class Plate:
    """Original picture media, as probed.

    Args:
        width, height: stored samples, before rotation and pixel aspect.
        rate: exact constant rate.
        frames: number of pictures that decode.
        pix_fmt: FFmpeg's name of the decoded pixel format, e.g. ``yuv422p10le``.
        bits: bits per sample.
        timecode: SMPTE timecode of the first frame, None where the file has none.
        rotation: degrees that a player turns the picture, counter-clockwise as FFmpeg tells it.
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
    timecode: str | None = None
    reel: str | None = None
    interlaced: bool = False
    has_audio: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """One picture in the plate's own samples: Y, U, V (, A) in native code values, each ``[h, w]``."""

    planes: tuple[Plane, ...]
    pix_fmt: str


# --- sound ------------------------------------------------------------------------------------


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
        windows: ``float32[T, 80, 16]``, mel windows in -4..4.
        voiced: ``bool[T]``, whether speech sounds during the picture.
    """

    windows: Floats
    voiced: Bools


# --- faces ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What a detector finds in one picture, best first.

    Args:
        boxes: ``float32[N, 4]`` left, top, right, bottom in pixels of the picture handed in.
        points: ``float32[N, 5, 2]`` x, y of left eye, right eye, nose, left and right mouth corner
            (left and right as seen in the picture).
        scores: ``float32[N]`` in 0..1.
    """

    boxes: Floats
    points: Floats
    scores: Floats


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames without a cut."""

    index: int
    frames: FrameRange


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One face through a shot; arrays have one row per frame of `frames`, plate pixels.

    Args:
        boxes: ``float32[T, 4]`` left, top, right, bottom.
        points: ``float32[T, 5, 2]``, order as in `Faces`.
        scores: ``float32[T]``, 0 where the face was interpolated.
        present: ``bool[T]``, False where no face was there (gap too long to interpolate).
    """

    frames: FrameRange
    boxes: Floats
    points: Floats
    scores: Floats
    present: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """Roll-aligned windows on one face.

    Args:
        pixels: ``uint8[T, P, P, 3]`` BGR.
        affines: ``float64[T, 2, 3]``, plate pixel (x, y, 1) -> crop pixel; pixel centres are integers.
    """

    pixels: FramesBGR
    affines: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class Matte:
    """Soft mask of the mouth in crop space: ``float32[P, P]`` in 0..1."""

    alpha: Floats


# --- results ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of a take.

    Args:
        offset_frames: how far the sound lies from the lips, > 0 = sound leads (SyncNet's sign).
        confidence: median minus minimum distance over offsets (LSE-C).
        distance: minimum mean distance (LSE-D).
        judge: which network said so.
    """

    offset_frames: int
    confidence: float
    distance: float
    judge: str


@dataclass(frozen=True, slots=True)
class Passed:
    """Frames of a line in which the plate stays, and why."""

    frames: int
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Slate:
    """Identity of a take; stored in the edit, the media file and the report."""

    segment: str
    key: str
    engine: str
    generator: str
    weights_sha256: str
    stems: dict[str, str]
    lang: str
    synthetic: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the slate as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Take:
    """One rendered result of a segment.

    Args:
        path: the new media file; its first frame is ``segment.render_range.start`` of the plate. Not
            there where nothing was synced.
        synced: frames with a new mouth, per line.
        passed: what was passed through, per line.
    """

    segment: Segment
    path: Path
    slate: Slate
    synced: tuple[int, ...]
    passed: tuple[tuple[Passed, ...], ...]
    details: dict[str, Any] = field(default_factory=dict)
