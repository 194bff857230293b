"""Finds what performers are to do: captured clips, utterances with phoneme times, any speech.

Reads lists and sound files; makes no clip.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from training.packs.data import LEAST_FRAMES
from training.packs.splits import Rule, assign
from training.performers import motion
from training.performers.act import Source
from w2l_studio.errors import UsageError
from w2l_studio.media.sound import read_mono
from w2l_studio.terms.sound import SAMPLE_RATE, SAMPLES_PER_FRAME

#: Every n-th captured clip and one of n speakers stay out of training.
_EVERY_CLIP, _OF_SPEAKERS = 11, 10
#: How words were aligned: free phone loops are too wrong to learn closures from.
_TRUSTED = {"align", "manual", "align-xlang", "align-asr"}
_LEAST_CONFIDENCE = 0.5
#: A word that a recogniser is less sure of may be another, with other closures.
_SURE = 0.7
#: Files that may hold speech.
_SOUNDS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aiff", ".mp4", ".mov", ".mkv", ".webm")
#: What is shorter, at any tempo, makes no clip that trainers draw from.
_LEAST_SAMPLES = 2 * LEAST_FRAMES * SAMPLES_PER_FRAME

Kind = Callable[[int | None], Iterator[Source]]
_Thing = TypeVar("_Thing")


def rounds(kinds: Sequence[Kind], seed: int, *, once: bool = False) -> Iterator[tuple[int, Source]]:
    """Yield sources of several kinds in turn, each with the seed of who performs it.

    A round has every source once, in an order of its own; the next one has other performers.

    Args:
        kinds: what yields sources in the order of a seed.
        seed: of the first round.
        once: end after the first round, which goes in the order of the lists.
    """
    for number in count(seed):
        found = False
        going = [kind(None if once else number) for kind in kinds]
        while going:
            for one in list(going):
                source = next(one, None)
                if source is None:
                    going.remove(one)
                else:
                    found = True
                    yield number, source
        if once or not found:
            return


def _ordered(things: Sequence[_Thing], seed: int | None) -> Sequence[_Thing]:
    if seed is None:
        return things
    return [things[i] for i in np.random.default_rng((seed, len(things))).permutation(len(things))]


def captured(captures: Path, clips: Path, seed: int | None = None) -> Iterator[Source]:
    """Yield performances captured from real clips of one speaker.

    Args:
        captures: folder of ``<speaker>__<clip>.npz``.
        clips: folder of ``<speaker>/<clip>.mp4``.
        seed: of their order; None = by name.
    """
    for i, path in _ordered(list(enumerate(sorted(captures.glob("*.npz")))), seed):
        speaker, name = path.stem.split("__", 1)
        split = "heldout" if i % _EVERY_CLIP == 0 else "train"
        audio = read_mono(clips / speaker / f"{name}.mp4")
        yield Source(
            name, speaker, split, "CC BY 4.0 (GRID corpus); CC0 head", audio, motion.read_capture(path)
        )


def captured_for_training(captures: Path, clips: Path, seed: int | None = None) -> Iterator[Source]:
    """Yield those of `captured` that are not held out."""
    return (source for source in captured(captures, clips, seed) if source.split == "train")


def spoken(speech: Path, languages: Collection[str] = (), seed: int | None = None) -> Iterator[Source]:
    """Yield utterances with phoneme times.

    Args:
        speech: folder with ``speech.jsonl`` and its sound files.
        languages: only these; none = all.
        seed: of their order; None = as listed.

    Raises:
        UsageError: the list cannot be read.
    """
    for row in _ordered(read_list(speech), seed):
        if languages and row["language"] not in languages:
            continue
        if row["aligner"] not in _TRUSTED or (
            row["aligner"] == "align-asr" and (row["conf"] or 0) < _LEAST_CONFIDENCE
        ):
            continue
        speaker = str(row["speaker"])
        audio = read_mono(speech / row["file"])
        phones = [(str(name), float(start), float(stop)) for name, start, stop in row["phones"]]
        yield Source(
            row["id"],
            speaker,
            _split(speaker),
            f"{row['licence']} ({row['corpus']}); CC0 head",
            audio,
            phones=phones,
            unsure=_guessed(row.get("words", ())),
        )


def read_list(speech: Path) -> list[dict[str, Any]]:
    """Read a speech set's list.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return [json.loads(line) for line in (speech / "speech.jsonl").read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise UsageError(
            f"speech.jsonl cannot be read ({error})",
            hint="give a folder of utterances with phoneme times (docs/performers.md)",
            where=str(speech),
        ) from error


def _guessed(words: Sequence[Sequence[Any]]) -> list[tuple[float, float]]:
    """Return from when to when words are that a recogniser was not sure of; others tell no confidence."""
    return [(begin, end) for _, begin, end, *sure in words if sure and sure[0] < _SURE]


def heard(voices: Path, rules: Sequence[Rule] = (Rule(),), seed: int | None = None) -> Iterator[Source]:
    """Yield any speech, which the network from sound to face units is to perform; but for short files.

    Args:
        voices: folder of sound files, a folder per speaker.
        rules: who speaks, under which licence, in which split; by default one of ten speakers is held out.
        seed: of their order; None = by name.

    Raises:
        StemError: a file cannot be read as sound; the message names it.
        UsageError: there is none.
    """
    files = [path for path in voices.rglob("*") if path.suffix.lower() in _SOUNDS]
    if not files:
        raise UsageError(
            "the folder has no sound files", hint=f"these are read: {', '.join(_SOUNDS)}", where=str(voices)
        )
    for sound in _ordered(assign(files, rules, voices), seed):
        if sound.drop:
            continue
        audio = read_mono(sound.path, SAMPLE_RATE)
        if len(audio) >= _LEAST_SAMPLES:
            split = _split(sound.speaker) if sound.split == "train" else sound.split
            yield Source(sound.id, sound.speaker, split, f"{sound.licence}; CC0 head", audio)


def _split(speaker: str) -> str:
    """Hold out one of ten speakers."""
    return "heldout" if sha256(speaker.encode()).digest()[0] % _OF_SPEAKERS == 0 else "train"
