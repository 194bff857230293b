"""Every setting of a job with its default, one frozen block per stage.

Holds values and their ranges; where they come from (flags) is the affair of `cli`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from w2l_studio.errors import UsageError

#: Names of cameras' curves, as `terms.curves.LOGS` has them: that needs numpy, and no command waits for it.
LOGS = (
    *("acescct", "arri-logc3", "arri-logc4", "bmd-film5", "canon-log3"),
    *("cineon", "davinci", "red-log3g10", "s-log3", "v-log"),
)
_LANGUAGE = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class EditConfig:
    """How marks become segments.

    Args:
        handles: extra frames on both sides of a take.
        whole_clip_share: a take replaces its whole clip when marks cover at least this part of it;
            otherwise the clip is razored around the take (docs/decisions/0008).
    """

    handles: int = 12
    whole_clip_share: Fraction = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """How faces are found and which of them are dubbed.

    Args:
        detector: name of registered weights, or path of a file: RetinaFace or YuNet.
        points: the network that says where the five points of a found face are.
        analysis_px: longer side of the pictures that shots and faces are looked for in.
        every: frames between detections; in between faces are carried by optical flow.
        min_face_px: faces whose window is smaller are passed through (plate pixels).
        soft_face_factor: warn when the window is this many times larger than the generator's crop.
        yaw_limit_deg: faces turned further than this are passed through.
        speaker_margin: by how much the expert's score of the speaker must lead the next face's.
        lips_still: a face under a cue whose lips open by less than this (parts of the mouth's width) listens.
    """

    detector: str = "w2l-faces"
    points: str = "w2l-points"
    analysis_px: int = 640
    every: int = 4
    min_face_px: int = 48
    soft_face_factor: float = 4.0
    yaw_limit_deg: float = 55.0
    speaker_margin: float = 0.03
    lips_still: float = 0.025


@dataclass(frozen=True, slots=True)
class MouthConfig:
    """How mouths are made.

    Args:
        weights: name of registered weights or path of a checkpoint.
        expert: the sync expert that chooses the speaker and judges takes.
        opening: what measures how far lips are open.
        sharpener: what makes drawn lips as crisp as the plate's.
        reference: ``closed`` = a frame of the track with closed lips and like pose; ``same`` = the
            frame itself (paper 3.5).
        precision: ``auto``, ``fp32`` or ``bf16``.
        device: ``auto``, ``cpu`` or ``cuda``.
    """

    weights: str = "w2l-192"
    expert: str = "w2l-expert"
    opening: str = "w2l-opening"
    sharpener: str = "w2l-sharp"
    reference: str = "closed"
    precision: str = "auto"
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class CompositeConfig:
    """How mouths are put back.

    Args:
        fade_frames: ramp at an end of a mark that is not a cut.
    """

    fade_frames: int = 4


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """How films are scored.

    Args:
        judge: name of registered weights, or path of a checkpoint: our judge, a sync expert, or SyncNet.
        protocol: what SyncNet sees: ``wild`` = each face track, ``lrs`` = the whole picture.
    """

    judge: str = "w2l-judge"
    protocol: str = "wild"
    faces: FaceConfig = field(default_factory=FaceConfig)

    def __post_init__(self) -> None:
        """Refuse values that nobody can mean."""
        _one_of("--protocol", self.protocol, ("wild", "lrs"))


@dataclass(frozen=True, slots=True)
class LipsConfig:
    """How a stem becomes lip motion.

    Args:
        weights: name of registered weights, or path of a file.
        rate: frames per second.
    """

    weights: str = "w2l-lips"
    rate: Fraction = Fraction(25)

    def __post_init__(self) -> None:
        """Refuse rates that no film has."""
        if not 1 <= self.rate <= 1000:
            raise UsageError(f"--rate must be between 1 and 1000, not {float(self.rate):g}")


@dataclass(frozen=True, slots=True)
class SignConfig:
    """By whom takes are signed (Content Credentials).

    Args:
        certificate: PEM chain.
        private_key: PEM.
    """

    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True)
class DubConfig:
    """A whole job."""

    edit: EditConfig = field(default_factory=EditConfig)
    faces: FaceConfig = field(default_factory=FaceConfig)
    mouths: MouthConfig = field(default_factory=MouthConfig)
    composite: CompositeConfig = field(default_factory=CompositeConfig)
    sign: SignConfig | None = None
    lang: str | None = None
    log: str = ""
    marker_color: str | None = None
    mark_all: bool = False
    strict: bool = False
    cues: Path | None = None
    media_roots: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse values that no job can mean."""
        if self.lang is not None and not _LANGUAGE.fullmatch(self.lang):
            raise UsageError(f"--lang must be a language tag like fr or pt-BR, not {self.lang!r}")
        _one_of("--log", self.log, ("", *LOGS))
        _in_range("--handles", self.edit.handles, 0, 10_000)
        _one_of("--reference", self.mouths.reference, ("closed", "same"))
        _one_of("--precision", self.mouths.precision, ("auto", "fp32", "bf16"))
        _one_of("--device", self.mouths.device, ("auto", "cpu", "cuda"))


def as_json(value: Any) -> Any:
    """Return a config (or a part of it) as plain JSON values, for content keys and the report."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if isinstance(value, Fraction | Path):
        return str(value)
    return value


def _in_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} must be between {low} and {high}, not {value}")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"{name} must be one of {', '.join(known)}, not {value}")
