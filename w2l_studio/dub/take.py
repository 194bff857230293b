"""One segment -> what is new in it: shots, tracks, crops, mouths. The method on one page.

Reads the plate in passes and holds one picture of it; crops and mouths wait in a spool. `render` puts them on
the plate; what to do with trouble is the affair of `dub.run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from w2l_studio.composite import colour, likeness, matte, teeth
from w2l_studio.config import DubConfig
from w2l_studio.dub import cutting, geometry, pieces, scan, silent, sounds
from w2l_studio.dub.listening import ProductionScores
from w2l_studio.dub.pieces import Piece
from w2l_studio.dub.scan import Tick
from w2l_studio.dub.spool import Rows, Spool
from w2l_studio.dub.wiring import Studio
from w2l_studio.faces import reference
from w2l_studio.terms import (
    Crops,
    Doubles,
    Floats,
    Ints,
    Passed,
    Segment,
    Shot,
    SoundUse,
    Stem,
)

#: Crops handed to the generator at once: many of its batches, and little memory.
_CHUNK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A piece with its new mouths; arrays have one row per dubbed frame of the piece.

    Args:
        rows: plate frame -> row.
        maps: ``float64[R, 2, 3]`` plate -> crop.
        mouths: ``uint8[R, P, P, 3]`` in the spool.
        match: mouth -> plate colour.
        own_teeth: in the light of the piece.
        openings: ``float32[R]``, how far old lips or new ones are open, whichever are further.
    """

    piece: Piece
    stem: Stem
    rows: dict[int, int]
    maps: Doubles
    mouths: Rows
    match: colour.ColourMatch
    own_teeth: teeth.Teeth
    openings: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """Everything new in a segment, before it is put on the plate.

    Args:
        segment: counted by frames, or by fields where each of them shows a moment of its own.
        passed: what passes through, per line.
    """

    segment: Segment
    shots: tuple[Shot, ...]
    spoken: tuple[Spoken, ...]
    passed: tuple[tuple[Passed, ...], ...]


def perform(
    segment: Segment,
    stems: Sequence[Stem],
    production: Sequence[SoundUse],
    studio: Studio,
    config: DubConfig,
    spool: Spool,
    tick: Tick,
) -> Performance:
    """Find the speakers of a segment and make their mouths.

    Args:
        stems: one per line of the segment, in the same order.
        production: sounds of the edit, asked who speaks where the plate is silent.
        spool: holds the mouths for as long as the performance is used.
        tick: called once per picture with the stage's name.
    """
    view = geometry.view(segment.plate, config.faces.analysis_px)
    segment, shots = scan.counted(segment, view, tick)
    listen = ProductionScores(segment, production, studio.judge, view)
    resting = silent.SilentFaces(segment, studio.openness, view, listen, config.faces)
    found: list[Piece] = []
    passed: list[list[Passed]] = [[] for _ in segment.lines]
    for shot in shots:
        touched = [
            i for i, line in enumerate(segment.lines) if pieces.reach(segment, line).intersect(shot.frames)
        ]
        if not touched:
            continue
        tracks = scan.tracks(segment.plate, shot, view, studio.detector, config.faces.every, tick)
        cutter = pieces.Cutter(segment, shot, tracks, view, listen, config, studio.generator.face_px)
        seen: list[Piece] = []
        for i in touched:
            piece, why = cutter.cut(i)
            passed[i] += why
            if piece is not None and piece.dubbed.any():
                seen.append(piece)
        listening = resting.among(seen)
        for piece in listening:
            passed[piece.line] += pieces.refused(piece, segment, silent.trouble())
        found += [piece for piece in seen if piece not in listening]
    spoken = tuple(_speak(segment, found, stems, studio, config, spool, tick))
    return Performance(segment, shots, spoken, tuple(tuple(why) for why in passed))


def _speak(
    segment: Segment,
    found: Sequence[Piece],
    stems: Sequence[Stem],
    studio: Studio,
    config: DubConfig,
    spool: Spool,
    tick: Tick,
) -> Iterator[Spoken]:
    """Make the mouths of all pieces in one stream, so that short shots fill batches together."""
    if not found:
        return
    face_px = studio.generator.face_px
    wanted = [cutting.Windows(piece.frames, piece.maps, piece.dubbed) for piece in found]
    maps, starts = cutting.joined_maps(wanted), cutting.starts_of(wanted)
    crops, mouths = spool.rows(len(maps), face_px), spool.rows(len(maps), face_px)
    once = scan.once_a_frame(segment.plate, tick)
    for row, picture in cutting.pictures(segment.plate, wanted, face_px, once):
        crops[row] = picture
    heard = sounds.joined([_heard(segment, piece, stems[piece.line], studio) for piece in found])
    ranges = list(pairwise(starts.tolist()))
    openings = np.concatenate([studio.openness(crops[part]) for part in _chunks(len(crops))])
    references = np.concatenate(
        [
            start + _references(crops.part(start, stop), openings[start:stop], piece, config)
            for (start, stop), piece in zip(ranges, found, strict=True)
        ]
    )
    for part in _chunks(len(crops)):
        which, of_row = np.unique(references[part], return_inverse=True)
        mouths[part.start] = studio.generator.speak(
            Crops(crops[part], maps[part]),
            crops[which][of_row],
            heard.of(part).voice(),
        )
    skin, lips = matte.skin(face_px), matte.lips(face_px)
    for (start, stop), piece in zip(ranges, found, strict=True):
        made = mouths.part(start, stop)
        rows = {int(n) + piece.frames.start: row for row, n in enumerate(np.flatnonzero(piece.dubbed))}
        looked_at = colour.looked_at(len(made))
        before = crops.part(start, stop)[looked_at]
        match = colour.measure(before, made[looked_at], skin)
        open_ = _sharpen(made, crops.part(start, stop), openings[start:stop], match, lips, studio)
        own_teeth = teeth.measure(before, match.apply(made[looked_at]), skin, lips)
        yield Spoken(piece, stems[piece.line], rows, maps[start:stop], made, match, own_teeth, open_)


def _sharpen(
    mouths: Rows,
    crops: Rows,
    openings: Floats,
    match: colour.ColourMatch,
    lips: Floats,
    studio: Studio,
) -> Floats:
    """Make each mouth of a piece as crisp as the plate's lips that are most like it.

    Args:
        openings: ``float32[R]``, how far the plate's lips are open.

    Returns:
        How far the lips of either are open, ``float32[R]``, the larger and as calm as a mask has to be.
    """
    chunks = list(_chunks(len(mouths)))
    widest = openings.copy()
    # Picture by picture: a chunk of them in float would be a quarter of all memory.
    plate = np.concatenate(
        [likeness.looks(map(match.undone, crops[part]), openings[part], lips) for part in chunks]
    )
    for part in chunks:
        made = mouths[part]
        new = studio.openness(made)
        which, of_row = np.unique(
            likeness.nearest(likeness.looks(made, new, lips), plate), return_inverse=True
        )
        like = crops[which]
        over = map(likeness.laid_over, (match.undone(like[row]) for row in of_row), made)
        crisp = studio.sharp(made, over, lips)
        for mouth, row in zip(crisp, of_row, strict=True):
            mouth[:] = likeness.textured(mouth, match.undone(like[row]), lips)
        mouths[part.start] = crisp
        widest[part] = np.maximum(new, openings[part])
    return matte.calm(widest)


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))


def _heard(segment: Segment, piece: Piece, stem: Stem, studio: Studio) -> sounds.Heard:
    rate, hand = segment.plate.rate, studio.generator
    first_s = segment.record_s(piece.frames.start)
    lead_s = Fraction(hand.lead_ms).limit_denominator(1000) / 1000
    heard = sounds.heard(stem, first_s, len(piece.frames), rate, lead_s, hand.columns, hand.listen)
    return heard.of(piece.dubbed)


def _references(crops: Rows, openings: Floats, piece: Piece, config: DubConfig) -> Ints:
    """Return which row each row of a piece takes as its reference."""
    if config.mouths.reference == "same":
        return np.arange(len(crops))
    uppers = [reference.uppers_of(crops[part]) for part in _chunks(len(crops))]
    return reference.closed(np.concatenate(uppers), openings, piece.yaw_deg[piece.dubbed])
