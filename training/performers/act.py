"""What a performer does: lips and sound of a source, for as long as a clip lasts.

Draws all chance from the generators it is handed; knows no person and no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.performers import heard as listening
from training.performers import motion, speech, voice
from w2l_studio.sound import speech as activity
from w2l_studio.terms import Bools, Doubles, Floats
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, FPS, SAMPLES_PER_FRAME

_LONGEST_S = 3.0
#: So many stretches of a recording without phonemes are looked at for one in which enough is said.
_LOOKS = 4


def known(unsure: Sequence[tuple[float, float]], at_s: Doubles) -> Bools:
    """Tell of some moments whether what is said then is known.

    Args:
        unsure: from when to when, in seconds, the phonemes are a recogniser's guess.
        at_s: ``float64[M]``.

    >>> known([(0.0, 0.06)], np.array([0.02, 0.06, 0.1]))
    array([False,  True,  True])
    """
    guessed: Bools = np.any([(at_s >= begin) & (at_s < end) for begin, end in unsure] or [at_s < 0], axis=0)
    return ~guessed


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a performer is to do; without capture and phonemes, what the network from sound to units hears.

    Args:
        name: of the clip or utterance.
        speaker: whose voice it is.
        split: as in `training.packs.data`.
        licence: of the sound and of what drives the lips.
        audio: ``float32[S]``, 16 kHz.
        capture: a real clip's performance, or
        phones: phonemes with times.
        unsure: from when to when, in seconds, the phonemes are a recogniser's guess.
    """

    name: str
    speaker: str
    split: str
    licence: str
    audio: Floats
    capture: motion.Capture | None = None
    phones: Sequence[speech.Phone] = ()
    unsure: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """A performance.

    Args:
        units: ``float32[T, U]`` in 0..1, of nobody in particular.
        audio: ``float32[640 T]``, 16 kHz.
        start_s: where the stretch begins, at its tempo.
        tempo: how much quicker it is than the source.
    """

    units: Floats
    audio: Floats
    start_s: float
    tempo: float


def act(
    source: Source, random: np.random.Generator, apart: np.random.Generator, names: tuple[str, ...]
) -> Act:
    """Perform a stretch of at most three seconds, lips and sound together at a tempo drawn by chance.

    Args:
        random: of tempo, stretch and manner.
        apart: of pitch and throat, so that these leave all else as it was.
        names: the units wanted, `anatomy.Body.names`.
    """
    tempo = float(np.exp(random.uniform(-0.14, 0.14)))
    audio = voice.another(apart, source.audio, tempo)
    longest = int(_LONGEST_S * FPS)
    whole = (
        len(audio) // SAMPLES_PER_FRAME if source.capture is None else int(len(source.capture.units) / tempo)
    )
    count = min(longest, whole)
    first = int(random.integers(0, whole - count + 1))
    if source.capture is None and not source.phones:
        first = _most_said(audio, [first, *apart.integers(0, whole - count + 1, _LOOKS)], count)
    sound = np.zeros(count * SAMPLES_PER_FRAME, np.float32)
    heard = audio[first * SAMPLES_PER_FRAME :][: len(sound)]
    sound[: len(heard)] = heard
    if source.capture is not None:
        fitted = motion.from_capture(source.capture, names)
        at = np.clip((np.arange(count) + first) * tempo, 0, len(fitted) - 1)
        units = np.stack([np.interp(at, np.arange(len(fitted)), column) for column in fitted.T], 1)
    elif source.phones:
        start_s = first / FPS
        phones = [(name, a / tempo - start_s, b / tempo - start_s) for name, a, b in source.phones]
        units = speech.perform(random, phones, count, FPS, names)
    else:
        units = listening.perform(random, sound, count, FPS, names)
    return Act(units.astype(np.float32), sound, first / FPS, tempo)


def _most_said(audio: Floats, starts: list[int], count: int) -> int:
    """Return the start of the stretch in which most is said."""
    said = activity.voiced(audio)
    per_picture = COLUMNS_PER_SECOND / FPS
    spans = [said[int(start * per_picture) : int((start + count) * per_picture)] for start in starts]
    return int(starts[int(np.argmax([span.mean() for span in spans]))])
