"""What is learned from speech alone: what lips do at every mel column, and how it is heard anew.

Phonemes teach all units, closures and sounds; captured clips teach how far real lips open and get narrow.
Teaches nothing (`lips`, `ears`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from training.packs import data
from training.packs.data import Entry
from training.performers import act, motion, speech, voice
from training.performers.act import Source
from training.variety import recordings
from w2l_studio.errors import MediaError
from w2l_studio.nets.lips import SOUNDS, UNITS, levelled, sided
from w2l_studio.nets.moonshine import Moonshine, gain
from w2l_studio.sound import mel
from w2l_studio.terms import Bools, Doubles, Floats, Ints
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, FPS, SAMPLE_RATE, SILENCE

#: How much quicker or slower, and with how much longer or shorter throats, voices speak: e^x at most.
_TEMPO, _THROAT = 0.16, 0.12
_COLUMNS = 240
#: Share of the windows that are captured clips.
_CAPTURED = 0.15
#: What units weigh: an error of the jaw is seen first.
_UNIT_WEIGHTS = np.array([3, 1.5, 2, 1, 1, 1, 1, 1, 1, 1, 0.5], np.float32)
#: What landmarks tell well enough of a captured face.
_SEEN = ("jawOpen", "mouthPucker", "mouthFunnel")
#: The sound where nobody knows it.
OUTSIDE = -1
#: Every third utterance is also heard by another voice, in a room, beside noise or on a line.
_COPIED = 3
Window = tuple[Floats, Floats, Floats, Floats, Ints, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One utterance, a value per mel column.

    Args:
        name: of the utterance; with `licence` and `speaker` a line of the manifest.
        mel: ``float32[80, M]``, levelled.
        rows: ``float16[288, M]`` of Moonshine, none where nobody asked it.
        units: ``float32[11, M]``, 0..1.
        shut: ``float32[M]``: lips shut for p, b, m, 0..1.
        sounds: ``int64[M]``: index into `nets.lips.SOUNDS`, -1 where nobody knows.
        known: ``bool[M]``, where units and closures are known.
        captured: only `_SEEN` units count.
    """

    name: str
    speaker: str
    licence: str
    mel: Floats
    rows: npt.NDArray[np.float16]
    units: Floats
    shut: Floats
    sounds: Ints
    known: Bools
    captured: bool


def lessons(sources: Iterable[Source], ear: Moonshine | None = None) -> list[Lesson]:
    """Make lessons of performances.

    Args:
        ear: Moonshine on any device, where its rows are wanted.
    """
    return [_lesson(source, ear) for source in sources]


def with_other_voices(sources: Iterable[Source], seed: int) -> Iterator[Source]:
    """Yield performances, every third one that has phonemes twice: by another voice, elsewhere, in time."""
    random = np.random.default_rng(seed)
    for number, source in enumerate(sources):
        yield source
        if number % _COPIED == 0 and source.capture is None:
            other = voice.placed(random, voice.another(random, source.audio, 1.0))
            other = np.pad(other, (0, max(0, len(source.audio) - len(other))))[: len(source.audio)]
            yield replace(source, audio=other)


def manifest(found: Sequence[Lesson]) -> str:
    """Return a line per utterance, as `data.manifest`; an utterance's name tells where it comes from."""
    return data.manifest(
        {Entry("lips", one.name, one.speaker, "train", one.licence, one.name) for one in found}
    )


def _lesson(source: Source, ear: Moonshine | None) -> Lesson:
    heard = levelled(mel.spectrogram(source.audio))
    rows = np.zeros((0, heard.shape[1]), np.float16)
    if ear is not None:
        with torch.inference_mode():
            found = ear.at_columns(source.audio, 0, heard.shape[1], gain(source.audio))
        rows = found.half().cpu().numpy()
    at_s = np.arange(heard.shape[1]) / COLUMNS_PER_SECOND
    if source.capture is None:
        units, shut = animated(source.phones, at_s)
        sounds = _sounds(source.phones, at_s)
    else:
        units = _captured(source.capture, at_s)
        shut, sounds = np.zeros(len(at_s), np.float32), np.full(len(at_s), OUTSIDE)
    captured = source.capture is not None
    known = act.known(source.unsure, at_s)
    told = (heard, rows, units, shut, np.where(known, sounds, OUTSIDE), known)
    return Lesson(source.name, source.speaker, source.licence, *told, captured)


def animated(phones: Sequence[speech.Phone], at_s: Doubles) -> tuple[Floats, Floats]:
    """Return what phonemes do at some times: units ``float32[11, M]`` and closures ``float32[M]``."""
    curves, shut = speech.coarticulate(phones, float(at_s[-1]) + 0.1, speech.Manner(), np.ones(len(phones)))
    steps = np.arange(len(curves)) / speech.RATE
    units = np.stack([np.interp(at_s, steps, curve) for curve in curves.T])
    return units.astype(np.float32), np.interp(at_s, steps, shut).astype(np.float32)


def shapes(source: Source, at_s: Doubles) -> tuple[Floats, Floats]:
    """Return what lips do at some times, and how much an error in it weighs: ``float32[11, M]`` each."""
    if source.capture is None:
        units, _ = animated(source.phones, at_s)
        told = np.broadcast_to(act.known(source.unsure, at_s), units.shape)
    else:
        units = _captured(source.capture, at_s)
        inside = (at_s >= 0) & (at_s < len(source.audio) / SAMPLE_RATE)
        told = np.isin(UNITS, _SEEN)[:, None] & inside
    return units, _UNIT_WEIGHTS[:, None] * told


def _sounds(phones: Sequence[speech.Phone], at_s: Doubles) -> Ints:
    found = np.zeros(len(at_s), np.int64)
    for name, start, stop in phones:
        found[(at_s >= start) & (at_s < stop)] = SOUNDS.index(name.rstrip("012"))
    return found


def _captured(capture: motion.Capture, at_s: Doubles) -> Floats:
    names = tuple(name for unit in UNITS for name in sided(unit))
    fitted = motion.from_capture(capture, names)
    middles = (np.arange(len(fitted)) + 0.5) / FPS
    units = np.zeros((len(UNITS), len(at_s)), np.float32)
    for i, unit in enumerate(UNITS):
        units[i] = np.interp(at_s, middles, fitted[:, names.index(sided(unit)[0])])
    return units


class Lessons:
    """Draws lessons: longer ones more often, captured ones now and then.

    Args:
        found: what to learn from.

    Raises:
        MediaError: nothing with phoneme times.
    """

    def __init__(self, found: Sequence[Lesson]) -> None:
        self._spoken = [one for one in found if not one.captured]
        self._captured = [one for one in found if one.captured]
        if not self._spoken:
            raise MediaError("no speech with phoneme times", hint="give --speech")
        lengths = np.array([one.mel.shape[1] for one in self._spoken], np.float64)
        self._chance = lengths / lengths.sum()

    def usual(self) -> tuple[Floats, Floats]:
        """Return mean of mel and rows, and one over their deviation, ``float32[368]``, of some lessons."""
        some = self._spoken[:: max(1, len(self._spoken) // 100)]
        heard = np.concatenate([np.concatenate([one.mel, one.rows.astype(np.float32)]) for one in some], 1)
        return heard.mean(1), 1 / np.maximum(heard.std(1), 1e-2)

    def draw(self, random: np.random.Generator) -> Lesson:
        """Draw one lesson."""
        if self._captured and random.random() < _CAPTURED:
            return self._captured[random.integers(len(self._captured))]
        return self._spoken[random.choice(len(self._spoken), p=self._chance)]


def window(lesson: Lesson, random: np.random.Generator) -> Window:
    """Cut three seconds at another tempo, of another throat and otherwise changed; outside is silence.

    Returns:
        Mel ``float32[80, 240]``, rows ``float32[288, 240]``, units ``float32[11, 240]``, closures
        ``float32[240]``, sounds ``int64[240]``, and what an error in each unit weighs, ``float32[11, 240]``.
    """
    tempo, throat = np.exp(random.uniform(-_TEMPO, _TEMPO)), np.exp(random.uniform(-_THROAT, _THROAT))
    count, taken = lesson.mel.shape[1], _COLUMNS * tempo
    start = random.uniform(min(0, count - taken), max(0, count - taken))
    at = start + np.arange(_COLUMNS) * tempo
    inside = (at >= 0) & (at <= count - 1)
    nearest = np.rint(at).astype(np.int64).clip(0, count - 1)
    heard = np.where(inside, _between(lesson.mel, at), np.float32(SILENCE))
    heard = _between(heard.T, np.arange(len(heard)) * throat).T
    weights = _UNIT_WEIGHTS[:, None] * (lesson.known[nearest] | ~inside)
    if lesson.captured:
        weights = weights * np.isin(UNITS, _SEEN)[:, None] * inside
    return (
        otherwise(heard, random),
        _between(lesson.rows, at),
        _between(lesson.units, at) * inside.astype(np.float32),
        _between(lesson.shut[None], at)[0] * inside.astype(np.float32),
        np.where(inside, lesson.sounds[nearest], OUTSIDE if lesson.captured else 0),
        weights.astype(np.float32),
    )


def _between(values: Floats | npt.NDArray[np.float16], at: Doubles) -> Floats:
    """Read ``[C, M]`` between its columns; beyond the ends the last one stands."""
    at = at.clip(0, values.shape[1] - 1)
    below = np.minimum(at.astype(np.int64), max(values.shape[1] - 2, 0))
    above = np.minimum(below + 1, values.shape[1] - 1)
    share = (at - below).astype(np.float32)
    return values[:, below] * (1 - share) + values[:, above] * share


def otherwise(heard: Floats, random: np.random.Generator) -> Floats:
    """Change level, colour, noise and room of a sound in its mel spectrogram ``float32[80, M]``."""
    bands = np.linspace(0, 1, len(heard))[:, None]
    knots = random.normal(0, 0.25, 6)
    colour = np.interp(bands, np.linspace(0, 1, 6), knots) + random.normal(0, 0.25)
    changed = np.where(heard <= SILENCE, heard, heard + colour)
    if random.random() < 0.6:
        level = random.uniform(-4, -1) + random.normal(0, 0.8) * (bands - 0.5)
        noise = level + random.normal(0, 0.25, heard.shape)
        changed = recordings.mixed(changed, noise)
    if random.random() < 0.3:
        low = int(random.integers(0, 70))
        changed[low : low + int(random.integers(2, 10))] = changed.mean()
    return np.maximum(changed, SILENCE).astype(np.float32)
