"""One segment -> one take: shots, tracks, crops, mouths, composite, encode. The method on one page.

Reads the plate in passes and holds crops, never plates; what to do with trouble is the affair of `dub.run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
    Doubles,
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
from w2l_studio.timing import drop_frame_rate, frames_to_timecode, nearest_frame

#: Frames between a picture and its closed-lips reference, so that they are not the same moment.
_REFERENCE_GAP = 5
#: Crops handed to the generator at once: many of its batches, and little memory.
_CHUNK = 512
#: Pictures of a piece that its colour match looks at.
_COLOUR_SAMPLES = 48


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A piece with its new mouths; arrays have one row per dubbed frame of the piece.

    Args:
        rows: plate frame -> row.
        maps: ``float64[R, 2, 3]`` plate -> crop.
        mouths: ``uint8[R, P, P, 3]``.
        match: mouth -> plate colour.
    """

    piece: Piece
    stem: Stem
    rows: dict[int, int]
    maps: Doubles
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
    """Make the mouths of all pieces in one stream, so that short shots fill batches together.

    Mouths take the place of the crops that they were made from: of a long take there is one copy.
    """
    if not found:
        return
    wanted = [cutting.Windows(piece.frames, piece.maps, piece.dubbed) for piece in found]
    crops = cutting.cut(segment.plate, wanted, studio.generator.face_px, tick)
    parts = cutting.parted(crops, wanted)
    seen = [part.pixels[_samples(len(part.pixels))] for part in parts]
    voices = [_voice(segment, piece, stems[piece.line], studio) for piece in found]
    voice = Voice(np.concatenate([v.windows for v in voices]), np.concatenate([v.voiced for v in voices]))
    references = _references(parts, found, studio, config)
    kept, which = np.unique(references, return_inverse=True)
    others = crops.pixels[kept]
    for start in range(0, len(crops.pixels), _CHUNK):
        part = slice(start, start + _CHUNK)
        crops.pixels[part] = studio.generator.speak(
            Crops(crops.pixels[part], crops.affines[part]),
            others[which[part]],
            Voice(voice.windows[part], voice.voiced[part]),
        )
    skin = matte.skin(studio.generator.face_px)
    for piece, part_of, before in zip(found, parts, seen, strict=True):
        made = part_of.pixels
        rows = {int(n) + piece.frames.start: row for row, n in enumerate(np.flatnonzero(piece.dubbed))}
        match = colour.measure(before, made[_samples(len(made))], skin)
        yield Spoken(piece, stems[piece.line], rows, part_of.affines, made, match)


def _samples(count: int) -> Ints:
    """Return rows spread evenly over ``count``, at most as many as the colour match looks at."""
    return np.unique(np.linspace(0, count - 1, min(_COLOUR_SAMPLES, count)).astype(np.int64))


def _voice(segment: Segment, piece: Piece, stem: Stem, studio: Studio) -> Voice:
    rate = segment.plate.rate
    first_s = segment.record_start_s + (piece.frames.start - segment.plate_range.start) / rate
    lead_s = Fraction(studio.generator.lead_ms).limit_denominator(1000) / 1000
    heard = sounds.voice(stem, first_s, len(piece.frames), rate, lead_s)
    return Voice(heard.windows[piece.dubbed], heard.voiced[piece.dubbed])


def _references(parts: Sequence[Crops], found: Sequence[Piece], studio: Studio, config: DubConfig) -> Ints:
    """Return which row of all crops each row takes as its reference: one of its own piece."""
    chosen, start = [], 0
    for part, piece in zip(parts, found, strict=True):
        chosen.append(start + _reference(part.pixels, piece, studio, config))
        start += len(part.pixels)
    return np.concatenate(chosen)


def _reference(crops: FramesBGR, piece: Piece, studio: Studio, config: DubConfig) -> Ints:
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
        spoken.maps[row],
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
    with studio.encoder.open(path, timed(segment), segment.render_range.start, labels) as sink:
        for _, picture in composed(segment, performance):
            sink.write(picture)
            tick("composite")


def timed(segment: Segment) -> Plate:
    """Return the plate with the timecode by which the edit counts it, where its file has none.

    Hosts that find no timecode in a take would count it from 0 and look for its frames elsewhere.
    """
    plate, clip = segment.plate, segment.clip
    if plate.timecode is not None:
        return plate
    first = nearest_frame(Fraction(clip.available_start or 0) / clip.source.rate, plate.rate)
    return replace(plate, timecode=frames_to_timecode(first, plate.rate, drop=drop_frame_rate(plate.rate)))
