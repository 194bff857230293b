"""What lips from sound are worth on speech whose phonemes are known: measured beside other methods.

    python benchmarks/lips.py SPEECH [--language it] [--rhubarb PROGRAM] [--phonemes] [--ceiling]

SPEECH is a folder with ``speech.jsonl`` (`benchmarks/lips_voices.py` makes one; of speech that was trained
on only speakers that stayed out count). Truth: closures where p, b and m are, mouth opening as the phonemes
animate it. Columns: closures of which a frame at 25 a second lies in the sound or a frame beside it;
closures that no p, b or m explains, in parts of the true ones; correlation of the opening and the lag in
frames at which it is largest; its deviation in parts of the true one; seconds for a minute of sound.
What a recogniser guessed (words of which it was less sure than 0.7) counts for nothing but the lag.
``--ceiling`` adds what listeners would reach that know every phoneme but not exactly when, or only what it
looks like.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks import lag
from training.performers import act, sources
from training.performers.act import Source
from training.speech import lessons
from w2l_studio.config import LipsConfig
from w2l_studio.dub.lips import listened
from w2l_studio.mouths import lips
from w2l_studio.nets import weights
from w2l_studio.terms import Bools, Floats
from w2l_studio.terms.arrays import runs
from w2l_studio.terms.sound import SAMPLE_RATE

RATE = Fraction(25)
#: Rhubarb's mouth shapes -> opening (README of Rhubarb: A shut for p b m, D wide open, X idle).
_SHAPES = {"A": 0.0, "B": 0.06, "C": 0.2, "D": 0.38, "E": 0.2, "F": 0.08, "G": 0.06, "H": 0.2, "X": 0.0}
#: Phonemes that are alike on lips, or nearly.
_ALIKE = (
    ("AA", "AE", "AH", "AO", "EH", "AY", "AW", "EY"), ("IY", "IH", "EY", "Y"), ("UW", "UH", "OW", "W"),
    ("T", "D", "N", "L", "K", "G", "NG", "HH", "TH", "DH", "R"), ("S", "Z", "T"), ("SH", "ZH", "CH", "JH"),
    ("F", "V"), ("P", "B", "M"), ("ER", "R", "AH"),
)  # fmt: skip
Told = tuple[Floats, Bools]
Method = Callable[[Source, int], Told]


def truth(source: Source, frames: int) -> Floats:
    return phones_to_lips(source.phones, frames)[0]


def network(name: str) -> Method:
    net = weights.load_lips(weights.find(name, "lips").path)

    def told(source: Source, frames: int) -> Told:
        motion = lips.move(net, listened(source.audio), RATE, frames)
        return motion.opening, motion.closure

    return told


def phones_to_lips(phones: Sequence[tuple[str, float, float]], frames: int) -> Told:
    """Animate phonemes, a recogniser's as the true ones."""
    middles = (np.arange(frames) + 0.5) / float(RATE)
    units, shut = lessons.animated(phones, middles)
    motion = lips.measured(RATE, units, np.zeros(frames, np.bool_), np.ones(frames, np.float32))
    return motion.opening, shut > 0.5


def write_wave(path: Path, source: Source) -> None:
    import soundfile

    soundfile.write(path, _levelled(source), SAMPLE_RATE)


def _levelled(source: Source) -> Floats:
    return source.audio / max(1e-3, np.abs(source.audio).max()) * 0.9


def rhubarb(program: Path, folder: Path) -> Method:
    def told(source: Source, frames: int) -> Told:
        wav = folder / "line.wav"
        write_wave(wav, source)
        command = [program, "-r", "phonetic", "-f", "json", "-q", wav]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        opening, shut = np.zeros(frames, np.float32), np.zeros(frames, np.bool_)
        middles = (np.arange(frames) + 0.5) / float(RATE)
        for cue in json.loads(done.stdout)["mouthCues"]:
            inside = (middles >= cue["start"]) & (middles < cue["end"])
            opening[inside] = _SHAPES[cue["value"]]
            if cue["value"] == "A":
                shut[inside] = True
                shut[min(int((cue["start"] + cue["end"]) / 2 * RATE), frames - 1)] = True
        return np.convolve(opening, [0.25, 0.5, 0.25], "same"), shut

    return told


def recogniser() -> Method:
    """Phonemes by pocketsphinx, which guesses them one by one, in English."""
    from pocketsphinx import Config, Decoder, get_model_path

    models = [get_model_path(f"en-us/{name}") for name in ("en-us", "en-us-phone.lm.bin")]
    # Wide beams: a phone loop that prunes as a recogniser of words does loses the way.
    wide = {"lw": 2.0, "beam": 1e-20, "pbeam": 1e-20}
    decoder = Decoder(Config(hmm=models[0], allphone=models[1], loglevel="FATAL", **wide))

    def told(source: Source, frames: int) -> Told:
        sound = np.rint(_levelled(source) * (2**15 - 1)).astype(np.int16)
        decoder.start_utt()
        decoder.process_raw(sound.tobytes(), full_utt=True)
        decoder.end_utt()
        said = [(s.word, s.start_frame / 100, (s.end_frame + 1) / 100) for s in decoder.seg()]
        return phones_to_lips([(w if w.isalpha() else "SIL", a, b) for w, a, b in said], frames)

    return told


def late(most_s: float) -> Method:
    """Know every phoneme, but the edge between two only within some seconds."""
    random = np.random.default_rng(0)

    def told(source: Source, frames: int) -> Told:
        edges = np.array([start for _, start, _ in source.phones] + [source.phones[-1][2]])
        edges[1:-1] += random.uniform(-most_s, most_s, len(edges) - 2)
        edges = np.maximum.accumulate(edges)
        phones = [(p[0], a, b) for p, a, b in zip(source.phones, edges[:-1], edges[1:], strict=True)]
        return phones_to_lips(phones, frames)

    return told


def alike() -> Method:
    """Know of every phoneme only what it looks like."""
    random = np.random.default_rng(0)

    def told(source: Source, frames: int) -> Told:
        phones = []
        for name, start, stop in source.phones:
            bare = name.rstrip("012")
            kind = next((kind for kind in _ALIKE if bare in kind), (bare,))
            phones.append((str(random.choice(kind)), start, stop))
        return phones_to_lips(phones, frames)

    return told


Span = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """True closures beside those told; of what was guessed, neither.

    Args:
        true: index in ``source.phones`` of every p, b and m.
        hit: of each, whether a closure told lies in it or within a frame of it.
        invented: from when to when closures are told that no p, b or m explains (s).
    """

    true: list[int]
    hit: Bools
    invented: list[Span]


def matched(source: Source, shut: Bools) -> Match:
    """Match closures told, ``bool[T]``, with phonemes."""
    frame_s = 1 / float(RATE)

    def sure(start: float, stop: float) -> bool:
        return not any(start < b + frame_s and stop > a - frame_s for a, b in source.unsure)

    true = [
        i
        for i, (name, start, stop) in enumerate(source.phones)
        if name.rstrip("012") in ("P", "B", "M") and sure(start, stop)
    ]
    told = [(start / float(RATE), stop / float(RATE)) for start, stop in runs(shut)]
    spans = [source.phones[i][1:] for i in true]
    touches = [[start < b + frame_s and stop > a - frame_s for a, b in spans] for start, stop in told]
    table = np.array(touches, bool).reshape(len(told), len(true))
    alone = [run for run, any_true in zip(told, table.any(1), strict=True) if not any_true and sure(*run)]
    return Match(true, table.any(0), alone)


def closures(source: Source, shut: Bools) -> tuple[int, int, int]:
    """Return true closures, how many of them are hit, and how many are told but not there."""
    match = matched(source, shut)
    return len(match.true), int(match.hit.sum()), len(match.invented)


def known(source: Source, frames: int) -> Bools:
    """Tell which frames lie in no word that was guessed."""
    middles = (np.arange(frames) + 0.5) / float(RATE)
    return act.known(source.unsure, middles)


def measure(method: Method, found: list[Source]) -> str:
    counts = np.zeros(3)
    openings: list[tuple[Floats, Floats]] = []
    counted: list[Bools] = []
    seconds, began = 0.0, time.perf_counter()
    for source in found:
        frames = int(len(source.audio) * RATE / SAMPLE_RATE)
        opening, shut = method(source, frames)
        counts += closures(source, shut)
        openings.append((opening, truth(source, frames)))
        counted.append(known(source, frames))
        seconds += frames / float(RATE)
    spent = time.perf_counter() - began
    long = [lag.correlations(told, true) for told, true in openings if len(told) > 20]
    kept = np.concatenate(counted)
    told, true = (np.concatenate([pair[i] for pair in openings])[kept] for i in (0, 1))
    best = max(lag.REACH, key=lambda n: float(np.nanmean([at[n] for at in long])))
    hit, invented = counts[1:] / counts[0]
    correlation = np.corrcoef(told, true)[0, 1]
    amplitude, spent_s = told.std() / true.std(), spent / seconds * 60
    return f"{hit:.2f} | {invented:.2f} | {correlation:.2f} | {best:+d} | {amplitude:.2f} | {spent_s:.1f}"


def options(about: str) -> argparse.ArgumentParser:
    """Return the options of whatever looks at lips from speech whose phonemes are known."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--language", action="append", default=[])
    parser.add_argument("--weights", default=LipsConfig().weights)
    return parser


def main() -> None:
    parser = options(__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true", help="Speakers that were trained on, too.")
    parser.add_argument("--most", type=int, default=120, help="Sentences.")
    parser.add_argument("--rhubarb", type=Path)
    parser.add_argument("--phonemes", action="store_true", help="pocketsphinx, too.")
    parser.add_argument("--ceiling", action="store_true")
    asked = parser.parse_args()
    found = [
        one for one in sources.spoken(asked.speech, asked.language) if asked.all or one.split == "heldout"
    ]
    if not found:
        parser.error("no sentence of that language by a speaker that stayed out (or give --all)")
    found = [found[i] for i in np.random.default_rng(0).permutation(len(found))[: asked.most]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        methods = {"network": network(asked.weights)}
        if asked.phonemes:
            methods["pocketsphinx"] = recogniser()
        if asked.ceiling:
            methods["true phonemes, edges within a frame"] = late(1 / float(RATE))
            methods["true phonemes, as they look"] = alike()
        if asked.rhubarb:
            methods["Rhubarb"] = rhubarb(asked.rhubarb, folder)
        print(f"{len(found)} sentences, {sum(len(one.audio) for one in found) / SAMPLE_RATE:.0f} s")
        print("method | closures hit | invented | correlation | lag | amplitude | s a minute")
        for name, method in methods.items():
            print(f"{name} | {measure(method, found)}", flush=True)


if __name__ == "__main__":
    main()
