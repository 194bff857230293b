"""One segment -> one take: shots, tracks, crops, mouths, composite, encode. The method on one page.

Reads the plate in passes and holds crops, never plates; what to do with trouble is the affair of `dub.run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from w2l_studio.composite import colour, matte, paste
from w2l_studio.config import DubConfig
from w2l_studio.dub import cutting, geometry, pieces, scan, sounds
from w2l_studio.dub.listening import Listener
from w2l_studio.dub.pieces import Piece
from w2l_studio.dub.scan import Tick
from w2l_studio.dub.wiring import Studio
from w2l_studio.faces import reference
from w2l_studio.media import decode
from w2l_studio.terms import (
    Crops,
    FramesBGR,
    Ints,
    Passed,
    Planes,
    Plate,
    Segment,
    Shot,
    SoundUse,
    Stem,
    Voice,
)

#: Frames between a picture and its closed-lips reference, so that they are not the same moment.
_REFERENCE_GAP = 5


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A piece with its new mouths; arrays have one row per dubbed frame of the piece.

    Args:
        rows: plate frame -> row.
        crops: the plate's own pixels.
        mouths: ``uint8[R, P, P, 3]``.
        match: mouth -> plate colour.
    """

    piece: Piece
    stem: Stem
    rows: dict[int, int]
    crops: Crops
    mouths: FramesBGR
    match: colour.ColourMatch


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """Everything new in a segment, before it is put on the plate.

    Args:
        passed: what passes through, per line.
    """

    shots: tuple[Shot, ...]
    spoken: tuple[Spoken, ...]
    passed: tuple[tuple[Passed, ...], ...]


def perform(
    segment: Segment,
    stems: Sequence[Stem],
    production: Sequence[SoundUse],
    studio: Studio,
    config: DubConfig,
    tick: Tick,
) -> Performance:
    """Find the speakers of a segment and make their mouths.

    Args:
        stems: one per line of the segment, in the same order.
        production: sounds of the edit, asked who speaks where the plate is silent.
        tick: called once per picture with the stage's name.
    """
    view = geometry.view(segment.plate, config.faces.analysis_px)
    shots = scan.split(segment.plate, segment.render_range, view, tick)
    listener = Listener(segment, production, studio.judge, view)
    found: list[Piece] = []
    passed: list[list[Passed]] = [[] for _ in segment.lines]
    for shot in shots:
        touched = [
            i for i, line in enumerate(segment.lines) if pieces.reach(segment, line).intersect(shot.frames)
        ]
        if not touched:
            continue
        tracks = scan.tracks(segment.plate, shot, view, studio.detector, config.faces.every, tick)
        cutter = pieces.Cutter(segment, shot, tracks, view, listener, config, studio.generator.face_px)
        for i in touched:
            piece, why = cutter.cut(i)
            passed[i] += why
            if piece is not None and piece.dubbed.any():
                found.append(piece)
    spoken = tuple(_speak(segment, found, stems, studio, config, tick))
    return Performance(shots, spoken, tuple(tuple(why) for why in passed))


def _speak(
    segment: Segment,
    found: Sequence[Piece],
    stems: Sequence[Stem],
    studio: Studio,
    config: DubConfig,
    tick: Tick,
) -> Iterator[Spoken]:
    """Make the mouths of all pieces in one stream, so that short shots fill batches together."""
    if not found:
        return
    windows = [cutting.Windows(piece.frames, piece.maps, piece.dubbed) for piece in found]
    cropped = cutting.cut(segment.plate, windows, studio.generator.face_px, tick)
    voices = [_voice(segment, piece, stems[piece.line], studio) for piece in found]
    references = [
        crops.pixels[_reference(crops.pixels, piece, studio, config)]
        for crops, piece in zip(cropped, found, strict=True)
    ]
    mouths = studio.generator.speak(
        Crops(np.concatenate([c.pixels for c in cropped]), np.concatenate([c.affines for c in cropped])),
        np.concatenate(references),
        Voice(np.concatenate([v.windows for v in voices]), np.concatenate([v.voiced for v in voices])),
    )
    start = 0
    for piece, crops in zip(found, cropped, strict=True):
        made = mouths[start : start + len(crops.pixels)]
        start += len(made)
        rows = {int(n) + piece.frames.start: row for row, n in enumerate(np.flatnonzero(piece.dubbed))}
        match = colour.measure(crops.pixels, made, matte.skin(studio.generator.face_px))
        yield Spoken(piece, stems[piece.line], rows, crops, made, match)


def _voice(segment: Segment, piece: Piece, stem: Stem, studio: Studio) -> Voice:
    rate = segment.plate.rate
    first_s = segment.record_start_s + (piece.frames.start - segment.plate_range.start) / rate
    lead_s = Fraction(studio.generator.lead_ms).limit_denominator(1000) / 1000
    heard = sounds.voice(stem, first_s, len(piece.frames), rate, lead_s)
    return Voice(heard.windows[piece.dubbed], heard.voiced[piece.dubbed])


def _reference(crops: FramesBGR, piece: Piece, studio: Studio, config: DubConfig) -> Ints:
    """Return which row each row takes as its reference."""
    if config.mouths.reference == "same":
        return np.arange(len(crops))
    every = np.ones(len(crops), np.bool_)
    return reference.closed(
        crops, studio.openness(crops), piece.yaw_deg[piece.dubbed], every, gap=_REFERENCE_GAP
    )


def composed(segment: Segment, performance: Performance) -> Iterator[tuple[Planes, Planes]]:
    """Yield each plate picture of the take with the picture that carries the new mouths."""
    frames = segment.render_range
    with decode.open_plate(segment.plate) as reader:
        for n, picture in enumerate(reader.read(frames.start, frames.stop), frames.start):
            new = picture
            for spoken in performance.spoken:
                if n in spoken.rows:
                    new = _pasted(new, segment.plate, spoken, n)
            yield picture, new


def _pasted(picture: Planes, plate: Plate, spoken: Spoken, n: int) -> Planes:
    row, i = spoken.rows[n], n - spoken.piece.frames.start
    face_px = spoken.mouths.shape[1]
    return paste.paste(
        picture,
        plate.tags,
        spoken.mouths[row],
        spoken.crops.affines[row],
        # Whole degrees, so that mattes are made once and not per picture.
        matte.mouth(face_px, float(round(float(spoken.piece.yaw_deg[i])))),
        gain=float(spoken.piece.gain[i]),
        colour=spoken.match,
        lips=matte.lips(face_px, spoken.piece.corners[i]),
    )


def render(
    segment: Segment,
    performance: Performance,
    studio: Studio,
    path: Path,
    labels: dict[str, str],
    tick: Tick,
) -> None:
    """Composite a segment and encode it with its handles.

    Raises:
        OutputError: the file cannot be written.
    """
    with studio.encoder.open(path, segment.plate, segment.render_range.start, labels) as sink:
        for _, picture in composed(segment, performance):
            sink.write(picture)
            tick("composite")
