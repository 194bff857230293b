"""Stems as the stages hear them: a voice per range of pictures, read with context, never the whole film.

Joins `media.sound` (samples) with `sound` (mel, windows, speech activity).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from w2l_studio.errors import NoStem
from w2l_studio.media.sound import read_mono
from w2l_studio.sound import mel, speech, windows
from w2l_studio.terms import Bools, Floats, Ints, Stem, Voice, folded
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, SAMPLE_RATE, SILENCE
from w2l_studio.timing import FrameRange

#: Sound read on both sides of what is asked for: the speech detector's noise floor needs it, and
#: the spectrogram's edge columns (25 ms) fall outside.
CONTEXT_S = Fraction(10)
_COLUMN_S = Fraction(1, COLUMNS_PER_SECOND)
#: As `protocols.Generator.listen`.
Listen: TypeAlias = Callable[[Floats, Floats], Floats]


def _by_mel(spectrum: Floats, _: Floats) -> Floats:
    """Listen as networks do that hear mel columns."""
    return spectrum


def stem_for(character: str | None, stems: Sequence[Stem]) -> Stem:
    """Return the stem of a mark's character.

    The character's own stem comes first, then one for everybody, then the only one there is where
    the mark names nobody.

    Raises:
        NoStem: none of these is there.
    """
    for stem in stems:
        if character and stem.character and folded(stem.character) == folded(character):
            return stem
    general = [stem for stem in stems if stem.character is None]
    if general:
        return general[0]
    if character is None and len(stems) == 1:
        return stems[0]
    named = ", ".join(stem.character for stem in stems if stem.character)
    if character is None:
        raise NoStem(f"the mark names no character, and there are stems for {named}", hint="write `w2l NAME`")
    raise NoStem(f"no stem for {character} (there is {named})", hint=f"add --stem {character}=FILE")


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What some pictures hear of a stem, uncut: windows overlap, and all of a long take's would fill memory.

    Args:
        spectrum: ``float32[B, M]``, as who hears it listens, in which pauses are silence.
        begins: ``int64[T]``, the column with which each picture's window begins.
        columns: of each window.
        voiced: ``bool[T]``, whether speech sounds during the picture.
    """

    spectrum: Floats
    begins: Ints
    columns: int
    voiced: Bools

    def of(self, rows: slice | Bools) -> Heard:
        """Return what some of the pictures hear."""
        return replace(self, begins=self.begins[rows], voiced=self.voiced[rows])

    def voice(self) -> Voice:
        """Cut the windows of all pictures."""
        return Voice(windows.cut(self.spectrum, self.begins, self.columns), self.voiced)


def joined(parts: Sequence[Heard]) -> Heard:
    """Return what all pictures hear, part after part; none hears anything of another part."""
    columns = parts[0].columns
    silence = np.full((len(parts[0].spectrum), columns), SILENCE, np.float32)
    spectra, begins, offset = [silence], list[Ints](), columns
    for part in parts:
        length = part.spectrum.shape[1]
        # A window wholly outside hears silence, however far outside it lies.
        begins.append(part.begins.clip(-columns, length) + offset)
        spectra += [part.spectrum, silence]
        offset += length + columns
    voiced = np.concatenate([part.voiced for part in parts])
    return Heard(np.concatenate(spectra, 1), np.concatenate(begins), columns, voiced)


def heard(
    stem: Stem,
    first_s: Fraction,
    frames: int,
    rate: Fraction,
    lead_s: Fraction = Fraction(0),
    columns: int = windows.COLUMNS,
    listen: Listen = _by_mel,
) -> Heard:
    """Return what the pictures of a range hear of a stem.

    Args:
        stem: placed on the timeline.
        first_s: timeline time at which the first picture begins.
        frames: number of pictures.
        rate: pictures per second.
        lead_s: how much later than its picture a mel window begins (negative: earlier).
        columns: of each window.
        listen: how who hears it listens.
    """
    begin = first_s - stem.first_sample_s
    samples, read_s = _with_context(stem, begin, begin + frames / rate)
    return hear(samples, begin - read_s, frames, rate, lead_s, columns, listen)


def hear(
    samples: Floats,
    first_s: Fraction,
    frames: int,
    rate: Fraction,
    lead_s: Fraction = Fraction(0),
    columns: int = windows.COLUMNS,
    listen: Listen = _by_mel,
) -> Heard:
    """Return what pictures hear of 16 kHz samples, the first of them from ``first_s`` on."""
    spectrum = listen(mel.spectrogram(samples), samples)
    active = speech.voiced(samples)[: spectrum.shape[1]]
    spectrum[:, : len(active)][:, ~active] = SILENCE
    begins = windows.starts(frames, rate, first_s, lead_s) - windows.before(columns)
    return Heard(spectrum, begins, columns, _during(active, frames, rate, first_s))


def spans(stem: Stem) -> list[tuple[Fraction, Fraction]]:
    """Return where the stem speaks, in seconds of the timeline."""
    active = speech.voiced(read_mono(stem.path))
    return [(stem.first_sample_s + a, stem.first_sample_s + b) for a, b in speech.spans(active)]


def covers(stem: Stem, first_s: Fraction, stop_s: Fraction) -> bool:
    """Tell whether the stem has any sound in a range of the timeline."""
    return stem.first_sample_s < stop_s and first_s < stem.first_sample_s + stem.duration_s


def speaks(stem: Stem, first_s: Fraction, frames: int, rate: Fraction) -> bool:
    """Tell whether anybody is heard during the pictures of a range, as `heard` finds it: with context."""
    begin = first_s - stem.first_sample_s
    samples, read_s = _with_context(stem, begin, begin + frames / rate)
    return bool(_during(speech.voiced(samples), frames, rate, begin - read_s).any())


def digest(stem: Stem, first_s: Fraction, frames: FrameRange) -> str:
    """Return the SHA-256 of the samples that a range of pictures depends on."""
    begin = first_s - stem.first_sample_s
    samples, read_s = _with_context(stem, begin, begin + len(frames) / frames.rate)
    return hashlib.sha256(str(begin - read_s).encode() + samples.tobytes()).hexdigest()


def _with_context(stem: Stem, begin_s: Fraction, stop_s: Fraction) -> tuple[Floats, Fraction]:
    """Read stem time ``begin_s..stop_s`` with context; the start lies on a mel column's grid."""
    start = max(Fraction(0), begin_s - CONTEXT_S)
    start = (start / _COLUMN_S).__floor__() * _COLUMN_S
    stop = min(stem.duration_s, stop_s + CONTEXT_S)
    if stop <= start:
        return np.zeros(0, np.float32), start
    return read_mono(stem.path, SAMPLE_RATE, start, stop), start


def _during(active: Bools, frames: int, rate: Fraction, first_s: Fraction) -> Bools:
    """Return for each picture whether speech sounds at its middle."""
    flags = np.zeros(frames, np.bool_)
    for i in range(frames):
        column = ((first_s + (i + Fraction(1, 2)) / rate) / _COLUMN_S).__floor__()
        flags[i] = 0 <= column < len(active) and bool(active[column])
    return flags
