"""Words of what a job makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from w2l_studio.terms.arrays import Bools, Floats
from w2l_studio.terms.edit import Segment

#: The metadata key that is ours: on markers, clips and timelines of edits, and in takes.
METADATA_KEY = "w2l_studio"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of a take.

    Args:
        offset_frames: how far the sound lies from the lips, > 0 = sound leads (SyncNet's sign).
        confidence: median minus minimum distance over offsets; on the judge's own scale, no LSE-C.
        distance: minimum mean distance, 1 - cosine; no LSE-D.
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


@dataclass(frozen=True, slots=True, eq=False)
class LipMotion:
    """What lips do to a stem, one value per frame.

    Args:
        rate: frames per second; frame i begins at i / rate seconds of the stem.
        channels: ARKit unit -> ``float32[T]``, 0..1.
        opening: ``float32[T]``, gap of the inner lips over mouth width on a neutral head; 0 = shut.
        width: ``float32[T]``, mouth width over its width at rest.
        rounding: ``float32[T]``, 0..1.
        closure: ``bool[T]``, lips shut for p, b or m.
        confidence: ``float32[T]``, 0..1: how sure the network is of the kind of sound.
    """

    rate: Fraction
    channels: dict[str, Floats]
    opening: Floats
    width: Floats
    rounding: Floats
    closure: Bools
    confidence: Floats
