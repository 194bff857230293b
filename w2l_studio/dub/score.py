"""Scores how well lips and sound of films fit: shots, face tracks, a row for each (docs/score.md).

Joins media, faces and judges; holds one shot's crops at most; writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from w2l_studio.config import ScoreConfig
from w2l_studio.dub import figures, geometry, scan, wiring
from w2l_studio.dub.figures import Face, Figures, Film, FilmJudge
from w2l_studio.dub.listening import LEAST_FRAMES
from w2l_studio.errors import MediaError, NoFace, ShotError, SourceError, StemError, UsageError
from w2l_studio.judge import framing
from w2l_studio.judge.syncnet import SyncNetJudge
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import probe_sound
from w2l_studio.protocols import Detector
from w2l_studio.sound import speech
from w2l_studio.terms import FaceTrack, Floats, Shot, Stem
from w2l_studio.terms.arrays import runs
from w2l_studio.terms.sound import FRAME_MS
from w2l_studio.timing import FrameRange

#: No picture is larger: the full one is never reduced.
_LARGEST_PX = 1 << 20


@dataclass(frozen=True, slots=True)
class Score:
    """One row: a face in a shot, or with protocol ``lrs`` a whole film (shot and track are None).

    Args:
        shot, track: counted from 1; tracks of a shot from the longest on.
        first_frame: the film's frame that the row begins with.
        frames: pictures at 25 a second that were judged.
        note: why little can be concluded (``short``, ``small``, ``no speech``), empty where nothing is
            in the way.
    """

    file: str
    shot: int | None
    track: int | None
    first_frame: int
    frames: int
    judge: str
    protocol: str
    figures: Figures
    note: str = ""

    @property
    def offset_ms(self) -> int:
        """How far the sound leads the picture, steps of 40 ms."""
        return self.figures.offset_frames * FRAME_MS

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON values, the judge's numbers among them."""
        own = {name: getattr(self, name) for name in self.__slots__ if name != "figures"}
        said = asdict(self.figures)
        return {**own, **said, "offset_ms": self.offset_ms, "low_confidence": bool(self.note)}


def score(files: Sequence[Path], config: ScoreConfig) -> Iterator[Score | ShotError | SourceError]:
    """Score films one after the other.

    Yields:
        Rows in order; a film's trouble in place of its (further) rows: the next film is scored all the same.

    Raises:
        UsageError: the protocol is not the judge's.
        WeightsError: the judge's or the detector's weights are missing.
    """
    scored = _protocol(config)
    for path in files:
        try:
            yield from scored(_film(path, config))
        except (ShotError, SourceError) as error:
            yield error


def _protocol(config: ScoreConfig) -> Callable[[Film], Iterator[Score]]:
    judge = wiring.judge(config.judge)
    if config.protocol == "wild":
        detector = wiring.detector(config.faces)
        return lambda film: _faces(film, config, judge, detector)
    if not isinstance(judge, SyncNetJudge):
        raise UsageError(
            f"--protocol lrs is SyncNet's, and {judge.name} is none", hint="give --judge SYNCNET"
        )
    return lambda film: _whole(film, judge)


def _film(path: Path, config: ScoreConfig) -> Film:
    plate = probe(path)
    if not plate.has_audio:
        raise StemError("the film has no sound to score", hint="mux its sound into it", where=str(path))
    told = probe_sound(path)
    sound = Stem(path, None, Fraction(0), Fraction(told.samples, told.rate), "timeline-start")
    if scan.by_fields(plate, FrameRange(0, plate.frames, plate.rate)):
        plate = plate.in_fields
    views = [geometry.view(plate, longest_px) for longest_px in (config.faces.analysis_px, _LARGEST_PX)]
    return Film(plate, sound, *views)


def _whole(film: Film, judge: SyncNetJudge) -> Iterator[Score]:
    part = figures.part(film, film.frames)
    if len(part.shown) < LEAST_FRAMES:
        raise _too_short(film, len(part.shown))
    said = figures.of_whole(film, part, judge)
    note = ", ".join(_doubts(part.samples, len(part.shown)))
    path = str(film.plate.path)
    yield Score(path, None, None, 0, len(part.shown), judge.name, "lrs", said, note)


def _faces(film: Film, config: ScoreConfig, judge: FilmJudge, detector: Detector) -> Iterator[Score]:
    lengths: list[int] = []
    scored = 0
    for shot in scan.split(film.plate, film.frames, film.small, scan.quiet):
        faces = _found(film, shot, detector, config.faces.every)
        lengths += (len(face.part.shown) for face in faces)
        faces = [face for face in faces if len(face.part.shown) >= LEAST_FRAMES]
        said = figures.of_faces(film, faces, judge) if faces else []
        for track, (face, one) in enumerate(zip(faces, said, strict=True), 1):
            scored += 1
            yield Score(
                file=str(film.plate.path),
                shot=shot.index + 1,
                track=track,
                first_frame=int(face.part.shown[0]) // film.plate.per_frame,
                frames=len(face.part.shown),
                judge=judge.name,
                protocol=config.protocol,
                figures=one,
                note=_note(film, face),
            )
    if not scored:
        raise _too_short(film, max(lengths)) if lengths else _no_face(film)


def _found(film: Film, shot: Shot, detector: Detector, every: int) -> list[Face]:
    """Return a shot's faces, each as long as it is there and the film's sound goes, the longest first."""
    tracks = scan.tracks(film.plate, shot, film.small, detector, every, scan.quiet)
    parts = [piece for track in tracks for piece in _pieces(track)]
    faces = [Face(piece, figures.part(film, piece.frames)) for piece in parts]
    return sorted(faces, key=lambda face: -len(face.part.shown))


def _pieces(track: FaceTrack) -> Iterator[FaceTrack]:
    """Yield a track's stretches in which its face is there."""
    begin = track.frames.start
    for start, stop in runs(track.present):
        yield scan.within(track, FrameRange(begin + start, begin + stop, track.frames.rate))


def _note(film: Film, face: Face) -> str:
    doubts = list(_doubts(face.part.samples, len(face.part.shown)))
    left, top, right, bottom = figures.boxes(film, face).mean(0)
    if max(right - left, bottom - top) <= framing.SMALL_PX:
        doubts.append("small")
    return ", ".join(doubts)


def _doubts(samples: Floats, frames: int) -> Iterator[str]:
    if frames <= framing.SHORT_FRAMES:
        yield "short"
    if not speech.voiced(samples).any():
        yield "no speech"


def _no_face(film: Film) -> NoFace:
    return NoFace("no face was found", hint="try another --detector", where=str(film.plate.path))


def _too_short(film: Film, frames: int) -> MediaError:
    return MediaError(
        f"{frames} pictures at 25 a second with sound are too short to score (needs {LEAST_FRAMES})",
        hint="give a longer film, and check that its sound lasts as long as the picture",
        where=str(film.plate.path),
    )
