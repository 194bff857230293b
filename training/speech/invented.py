"""Speaks invented words with eSpeak NG in many languages and voices, with the times of their phonemes.

Makes a folder like that of the speech that performers learn from; trains nothing. Words are drawn, so that no
text is needed; each language reads them by its own rules. The library (GPL-3.0-or-later) is the system's
(``apt-get install libespeak-ng1``) and no part of this package.
"""

from __future__ import annotations

import ctypes
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from training.performers.speech import Phone
from w2l_studio.errors import UsageError
from w2l_studio.terms import Floats
from w2l_studio.terms.sound import SAMPLE_RATE

#: Who reads: none of the languages of `benchmarks/lips_voices.py`, which are for measuring.
LANGUAGES = (
    "es", "pt", "pt-br", "tr", "hu", "pl", "sw", "id", "nl", "sv", "ro", "hr", "eo", "da", "nb", "lv",
    "fr-fr", "cy",
)  # fmt: skip
#: eSpeak's variants: throats, pitches and ways to make a voice.
_VOICES = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2",
    "klatt3", "klatt4", "adam", "Andy", "Annie", "caleb", "belinda", "linda", "steph", "steph2",
    "grandma", "grandpa", "john", "paul", "rob", "robert", "victor", "travis", "quincy", "michael",
    "marcelo", "shelby", "Lee", "Gene", "Mike", "Michael", "iven", "anika", "benjamin", "ed", "david",
    "norbert", "zac", "Storm", "croak", "whisper",
)  # fmt: skip
#: Begins, middles and ends of syllables; lips shut in a third of them.
_BEGINS = (
    "p", "b", "m", "p", "b", "m", "p", "b", "m", "t", "d", "k", "g", "n", "l", "r", "s", "f", "v", "z",
    "t", "d", "k", "n", "l", "r", "s", "pr", "br", "pl", "tr", "st", "sp", "kr", "bl", "",
)  # fmt: skip
_MIDDLES = tuple("aeiouaeioaei")
_ENDS = (
    "",
    "",
    "",
    "",
    "n",
    "m",
    "r",
    "l",
    "s",
    "p",
    "t",
    "k",
    "b",
    "mp",
    "nt",
    "mb",
    "ks",
)
#: IPA -> ARPAbet, what looks nearest.
_VOWELS = {
    "AA": "aäɑ", "AE": "æ", "AH": "ɐəʌɤ", "AO": "ɒoɔ", "EH": "eɛ", "ER": "ɚɜɝøœ", "IH": "ɪɨɯᵻ", "IY": "i",
    "UH": "ʏʊɵ", "UW": "yuʉ",
}  # fmt: skip
_OTHERS = {
    "B": "b", "D": "dɖ", "DH": "ð", "F": "f", "G": "gɡɟɣʁʀ", "HH": "xχħhɦç", "K": "kqc", "L": "lɫɭʎʟɬ",
    "M": "m", "N": "nɲɳ", "NG": "ŋ", "P": "p", "R": "rɾɹɻ", "S": "s", "SH": "ʃʂɕ", "T": "tʈ", "TH": "θ",
    "V": "vɱʋ", "W": "wɥ", "Y": "jʝ", "Z": "z", "ZH": "ʒʐʑ",
}  # fmt: skip
_PAIRS = {
    "tʃ": "CH",
    "tɕ": "CH",
    "ʈʂ": "CH",
    "tʂ": "CH",
    "dʒ": "JH",
    "dʑ": "JH",
    "dʐ": "JH",
    "ts": "S",
    "dz": "Z",
}
_GLIDING = {
    ("AA", "Y"): "AY", ("AA", "W"): "AW", ("AE", "Y"): "AY", ("AE", "W"): "AW", ("EH", "Y"): "EY",
    ("AO", "Y"): "OY", ("AO", "W"): "OW",
}  # fmt: skip
_MARKS = "ˈˌːˑʰʲ̪̩̯̃͡'̥̝̞|ʷˤ_."
#: A stop's event is its burst; so long before it lips or tongue are shut (s; measured, least energy).
_SHUT_BEFORE = dict.fromkeys("PTK", 0.048) | dict.fromkeys("BDG", 0.036)
_LEAST_S, _LEAST_PHONES = 0.02, 6
#: Of espeak-ng/speak_lib.h: sound is handed over as it is made; events tell phonemes in IPA; parameters.
_SYNCHRONOUS, _PHONEMES_IN_IPA, _UTF8, _PHONEME = 2, 3, 1, 7
_PACE, _PITCH, _RANGE = 1, 3, 4


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("position", ctypes.c_int),
        ("length", ctypes.c_int), ("milliseconds", ctypes.c_int), ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p), ("id", _Id),
    )  # fmt: skip


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """One utterance.

    Args:
        audio: ``float32[S]``, 16 kHz.
        phones: in ARPAbet, with times in seconds.
    """

    language: str
    voice: str
    audio: Floats
    phones: list[Phone]


class Speaker:
    """eSpeak NG; one per process.

    Raises:
        UsageError: it is not installed.
    """

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError:
            raise UsageError("eSpeak NG is not installed", hint="apt-get install libespeak-ng1") from None
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEMES_IN_IPA)
        self._sound: list[Floats] = []
        self._begins: list[tuple[str, float]] = []
        self._callback = _Callback(self._heard)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self, text: str, language: str, voice: str, *, pace: int, pitch: int, lively: int
    ) -> Spoken | None:
        """Speak.

        Args:
            pace: words a minute.
            pitch, lively: height and range of the pitch, 0..100.

        Returns:
            None where it has no such voice, or a phoneme has no near one in ARPAbet.
        """
        if self._library.espeak_SetVoiceByName(f"{language}+{voice}".encode()):
            return None
        for name, value in ((_PACE, pace), (_PITCH, pitch), (_RANGE, lively)):
            self._library.espeak_SetParameter(name, value, 0)
        self._speak(text)
        if not self._sound:
            return None
        audio = soxr.resample(np.concatenate(self._sound), self._rate, SAMPLE_RATE).astype(np.float32)
        phones = timed(self._begins, len(audio) / SAMPLE_RATE)
        return None if phones is None else Spoken(language, voice, audio, phones)

    def spell(self, word: str, language: str) -> list[str] | None:
        """Return a word's phones in ARPAbet, None where one has no near one there."""
        if self._library.espeak_SetVoiceByName(language.encode()):
            return None
        self._speak(word)
        names = [arpabet(name) for name, _ in self._begins]
        return None if None in names else [name for name in names if name and name != "SIL"]

    def _speak(self, text: str) -> None:
        self._sound.clear()
        self._begins.clear()
        said = text.encode()
        self._library.espeak_Synth(said, len(said) + 1, 0, 1, 0, _UTF8, None, None)

    def _heard(
        self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]
    ) -> int:
        if samples and count:  # type: ignore[truthy-bool]  # NULL is false
            levels = np.ctypeslib.as_array(samples, (count,)).astype(np.float32)
            self._sound.append(levels / np.float32(32768))
        number = 0
        while events[number].type:
            if events[number].type == _PHONEME:
                name = events[number].id.string.decode("utf-8", "ignore")
                self._begins.append((name, events[number].sample / self._rate))
            number += 1
        return 0


def arpabet(name: str) -> str | None:
    """Return the nearest phone to one in IPA, None if none is near.

    >>> [arpabet(name) for name in ("p", "aɪ", "tʃ", "ˈɲ", "β", "")]
    ['P', 'AY', 'CH', 'N', None, 'SIL']
    """
    bare = "".join(letter for letter in name if letter not in _MARKS)
    if not bare:
        return "SIL"
    if bare[:2] in _PAIRS:
        return _PAIRS[bare[:2]]
    first = next((phone for phone, letters in _VOWELS.items() if bare[0] in letters), None)
    if first is None:
        return next((phone for phone, letters in _OTHERS.items() if bare[0] in letters), None)
    glide = "Y" if bare[1:2] in tuple("iɪj") else "W" if bare[1:2] in tuple("uʊw") else ""
    return _GLIDING.get((first, glide), first)


def timed(begins: list[tuple[str, float]], seconds: float) -> list[Phone] | None:
    """Return phones with begin and end, from names in IPA with the begins that eSpeak tells.

    Returns:
        None where there are few, or one has no near one in ARPAbet.
    """
    names = [arpabet(name) for name, _ in begins]
    if len(names) < _LEAST_PHONES or None in names:
        return None
    starts = [max(0.0, start) for _, start in begins]
    for i, name in enumerate(names[1:], 1):
        starts[i] = max(starts[i - 1] + _LEAST_S, starts[i] - _SHUT_BEFORE.get(name or "", 0.0))
    edges = [*starts, max(seconds, starts[-1] + _LEAST_S)]
    phones = [(name or "", edges[i], edges[i + 1]) for i, name in enumerate(names)]
    return [("SIL", 0.0, starts[0]), *phones] if starts[0] > 0 else phones


def words(random: np.random.Generator) -> str:
    """Draw a sentence."""
    drawn = [
        "".join(_syllable(random) for _ in range(random.integers(1, 4)))
        for _ in range(random.integers(4, 10))
    ]
    if len(drawn) > 6:
        drawn[3] += ","
    return " ".join(drawn) + str(random.choice(list(".?!")))


def _syllable(random: np.random.Generator) -> str:
    return "".join(str(random.choice(part)) for part in (_BEGINS, _MIDDLES, _ENDS))


def utterances(count: int, seed: int) -> Iterator[Spoken]:
    """Speak ``count`` utterances, in each language by turns.

    Raises:
        UsageError: eSpeak NG is not installed.
    """
    speaker, random, number = Speaker(), np.random.default_rng(seed), 0
    while number < count:
        for language in LANGUAGES:
            pace, pitch, lively = (int(random.integers(*span)) for span in ((125, 200), (25, 75), (20, 80)))
            voice = str(random.choice(_VOICES))
            said = speaker.say(words(random), language, voice, pace=pace, pitch=pitch, lively=lively)
            if said is not None and number < count:
                number += 1
                yield said


def write(folder: Path, count: int, seed: int) -> float:
    """Write ``speech.jsonl`` and a sound file per utterance; returns seconds of speech.

    Raises:
        UsageError: eSpeak NG is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines, seconds = [], 0.0
    for i, said in enumerate(utterances(count, seed)):
        name, lasts = f"espeak_{i:04}", len(said.audio) / SAMPLE_RATE
        # Through memory: what a disk refuses the library says in no way that tells why.
        sound = io.BytesIO()
        soundfile.write(sound, said.audio * 0.9, SAMPLE_RATE, format="OGG")
        (folder / f"{name}.ogg").write_bytes(sound.getvalue())
        phones = [(phone, round(start, 4), round(stop, 4)) for phone, start, stop in said.phones]
        row = {
            "id": name, "file": f"{name}.ogg", "dur": round(lasts, 3), "speaker": f"espeak {said.voice}",
            "language": "invented", "licence": "ours", "corpus": f"eSpeak NG, {said.language}",
            "aligner": "manual", "conf": 1.0, "phones": phones,
        }  # fmt: skip
        lines.append(json.dumps(row, ensure_ascii=False))
        seconds += lasts
    (folder / "speech.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return seconds
