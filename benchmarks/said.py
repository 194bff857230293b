"""Captured GRID clips with what is said in them and when: the grammar of their names, a forced aligner.

Measures nothing (`lead` does).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from training.performers import motion, speech
from training.speech.aligned import Aligner
from w2l_studio.media.sound import read_mono
from w2l_studio.terms import Floats, FramesBGR

#: GRID's grammar (Cooke et al. 2006): a letter of the clip's name for each word.
_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    {
        "z": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven",
        "8": "eight", "9": "nine",
    },
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A captured clip: phonemes with times, and the opening of the lips at the middles of its pictures."""

    name: str
    phones: list[speech.Phone]
    opening: Floats
    audio: Floats


def sentence(code: str) -> str:
    """Return what is said in a GRID clip.

    >>> sentence("bbaf2n")
    'bin blue at f two now'
    """
    return " ".join(words[letter] for words, letter in zip(_WORDS, code, strict=True))


def read(captures: Path, clips: Path, most: int) -> Iterator[Said]:
    """Yield captured clips whose phonemes the aligner finds."""
    align = Aligner()
    # Spread over the names, which begin with what is said.
    found = sorted(captures.glob("*.npz"))
    for path in (found[i] for i in np.random.default_rng(0).permutation(len(found))[:most]):
        speaker, code = path.stem.split("__", 1)
        audio = read_mono(clips / speaker / f"{code}.mp4")
        told = align(audio / max(1e-3, np.abs(audio).max()) * 0.9, sentence(code).split())
        if told is not None:
            yield Said(path.stem, told.phones, motion.read_capture(path).opening, audio)


def film(path: Path) -> FramesBGR:
    """Read the pictures of a clip."""
    with av.open(str(path.with_name(path.name + ".mp4"))) as container:
        return np.stack([frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)])
