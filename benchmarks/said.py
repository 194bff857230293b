"""Captured GRID clips with what is said in them and when: the grammar of their names, a forced aligner.

Measures nothing (`lead` does). The aligner is pocketsphinx, which lives in a Python of its own.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from benchmarks import dubbing
from training.performers import motion, sources, speech
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
_ALIGN = """
import json, sys, wave
from pocketsphinx import Decoder
decoder = Decoder(loglevel="FATAL")
for line in sys.stdin:
    path, text = json.loads(line)
    with wave.open(path) as file:
        sound = file.readframes(file.getnframes())
    phones = []
    try:
        decoder.set_align_text(text)
        for again in (False, True):
            if again:
                decoder.set_alignment()
            decoder.start_utt(); decoder.process_raw(sound, full_utt=True); decoder.end_utt()
        for word in decoder.get_alignment():
            phones += [(p.name, p.start / 100, (p.start + p.duration) / 100) for p in word]
    except RuntimeError:
        phones = []
    print(json.dumps(phones), flush=True)
"""
#: Sphinx tells edges 6 ms early; the speech set's times have been moved by it (measured on flite's voices).
_ALIGNER_S = 0.006


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


def read(captures: Path, clips: Path, aligner: Path, most: int) -> Iterator[Said]:
    """Yield captured clips whose phonemes the aligner finds."""
    # Spread over the names, which begin with what is said.
    found = sorted(captures.glob("*.npz"))
    found = [found[i] for i in np.random.default_rng(0).permutation(len(found))[:most]]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [aligner, "-c", _ALIGN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        for path in found:
            speaker, code = path.stem.split("__", 1)
            audio = sources.read_sound(clips / speaker / f"{code}.mp4")
            wav = Path(folder, "line.wav")
            dubbing.write_sound(wav, audio / max(1e-3, np.abs(audio).max()) * 0.9)
            process.stdin.write(json.dumps([str(wav), sentence(code)]) + "\n")
            process.stdin.flush()
            told = json.loads(process.stdout.readline())
            if told:
                phones = [(n if n.isalpha() else "SIL", a + _ALIGNER_S, b + _ALIGNER_S) for n, a, b in told]
                yield Said(path.stem, phones, motion.read_capture(path).opening, audio)


def film(path: Path) -> FramesBGR:
    """Read the pictures of a clip."""
    with av.open(str(path.with_name(path.name + ".mp4"))) as container:
        return np.stack([frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)])
