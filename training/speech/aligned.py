"""When each phoneme of known words is said: PocketSphinx's aligner, whose acoustic model is in its wheel.

Hears no words (`training.speech.recogniser`). English alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from training.performers.speech import Phone
from w2l_studio.errors import UsageError
from w2l_studio.terms import Floats
from w2l_studio.terms.sound import SAMPLE_RATE

#: Its step, and how much too early it is (shared speech set: measured on a synthesiser's own times).
_STEP_S, _EARLY_S = 0.01, 0.006
#: A phoneme at a word's edge gives back what has no energy for so long, so much below the loud parts.
_QUIET_S, _QUIET_DB = 0.08, 40.0
#: Its second pass fails with one line in eight, and mostly succeeds once steps are laid otherwise, so many
#: samples later.
_LATER = (0, 40, 80, 120)
_SILENT = {"SIL", "+SPN+", "+NSN+"}
#: Pieces of words that are written otherwise than they are read.
_READ = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint"}


@dataclass(frozen=True, slots=True)
class Aligned:
    """Words with begin and end in seconds, and phonemes (ARPAbet, SIL between them)."""

    words: list[tuple[str, float, float]]
    phones: list[Phone]


class Aligner:
    """PocketSphinx; one per process.

    Args:
        spelled: tells how a word is said that its dictionary has not, None where that is not known.

    Raises:
        UsageError: it is not installed.
    """

    def __init__(self, spelled: Callable[[str], Sequence[str] | None] = lambda _: None) -> None:
        try:
            import pocketsphinx
        except ImportError:
            raise UsageError(
                "PocketSphinx is not installed", hint="install it: pip install pocketsphinx==5.1.1"
            ) from None
        self._started = partial(pocketsphinx.Decoder, loglevel="FATAL")
        self._decoder = self._started()
        self._spelled = spelled

    def __call__(self, samples: Floats, words: Sequence[str]) -> Aligned | None:
        """Find the words in a sound.

        Args:
            samples: ``float32[S]`` at 16 kHz.
            words: in lower case.

        Returns:
            None where a word's sounds are not known or they are not to be found.
        """
        read = [_READ.get(word, word) for word in words]
        if not read:
            return None
        for later in _LATER:
            if not all(map(self._knows, read)):
                return None
            try:
                told = self._found(np.pad(samples, (later, 0)), read, later / SAMPLE_RATE)
            except RuntimeError:
                # It is of no more use then.
                self._decoder = self._started()
                continue
            if [name for name, _ in told if name] == read:
                return _joined(told, samples)
        return None

    def _found(self, samples: Floats, read: Sequence[str], later_s: float) -> list[tuple[str, list[Phone]]]:
        whole = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.set_align_text(" ".join(read))
        self._listen(whole)
        self._decoder.set_alignment()
        self._listen(whole)
        found = self._decoder.get_alignment() or ()
        return [(bare(word.name), [_timed(one, later_s) for one in word]) for word in found]

    def _knows(self, word: str) -> bool:
        if self._decoder.lookup_word(word) is None:
            phones = self._spelled(word)
            if not phones:
                return False
            self._decoder.add_word(word, " ".join(phones), True)
        return True

    def _listen(self, whole: bytes) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(whole, full_utt=True)
        self._decoder.end_utt()


def bare(word: str) -> str:
    """Return a word without the number of how it is said, nothing for a silence.

    >>> bare("the(2)"), bare("<sil>"), bare("[NOISE]")
    ('the', '', '')
    """
    return "" if word[:1] in "<[" else word.split("(")[0]


def _timed(phone: Any, later_s: float) -> Phone:
    name = "SIL" if phone.name in _SILENT else phone.name
    begin = max(0.0, phone.start * _STEP_S + _EARLY_S - later_s)
    # A microsecond of silence between two phonemes would be none.
    return name, round(begin, 6), round(begin + phone.duration * _STEP_S, 6)


def _joined(told: list[tuple[str, list[Phone]]], samples: Floats) -> Aligned:
    """Lay words and phonemes out without gaps; a silence within a phoneme at a word's edge is one."""
    quiet = _quiet(samples)
    words, phones = [], []
    for name, said in told:
        if not name:
            continue
        first, last = said[0], said[-1]
        begin, end = _spoken(quiet, first[1], last[2], first[2], last[1])
        said[0], said[-1] = (first[0], begin, said[0][2]), (said[-1][0], said[-1][1], end)
        if len(said) == 1:
            said[0] = (first[0], begin, end)
        words.append((name, begin, end))
        phones += said
    seconds = len(samples) / SAMPLE_RATE
    filled: list[Phone] = []
    for name, begin, end in [*phones, ("", seconds, seconds)]:
        before = filled[-1][2] if filled else 0.0
        if begin > before:
            filled.append(("SIL", before, begin))
        filled.append((name, max(begin, before), max(end, before)))
    return Aligned(words, filled[:-1])


def _spoken(quiet: np.ndarray, begin: float, end: float, first: float, last: float) -> tuple[float, float]:
    """Return begin and end of a word without what is quiet in its outer phonemes."""
    least = round(_QUIET_S / _STEP_S)
    a, b = round(begin / _STEP_S), round(first / _STEP_S)
    run = _run(quiet[a:b])
    if run >= least:
        begin = min((a + run) * _STEP_S, first - _STEP_S)
    a, b = round(last / _STEP_S), round(end / _STEP_S)
    run = _run(quiet[a:b][::-1])
    if run >= least:
        end = max((b - run) * _STEP_S, last + _STEP_S)
    return begin, end


def _run(quiet: np.ndarray) -> int:
    """Return how many steps from the first one on are quiet."""
    return len(quiet) if quiet.all() else int(quiet.argmin())


def _quiet(samples: Floats) -> np.ndarray:
    """Tell which steps of 10 ms have no energy: ``bool[S]``."""
    step = round(_STEP_S * SAMPLE_RATE)
    power = np.square(samples[: len(samples) // step * step], dtype=np.float64).reshape(-1, step).mean(1)
    level = 10 * np.log10(power + 1e-12)
    return np.asarray(level < np.quantile(level, 0.95) - _QUIET_DB)
