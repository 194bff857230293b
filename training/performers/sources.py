"""Finds what performers are to do: captured clips with their sound, and utterances with phoneme times.

Reads lists and sound files; makes no clip.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from hashlib import sha256
from pathlib import Path

import av
import numpy as np

from training.performers import motion
from training.performers.make import Source
from w2l_studio.sound.mel import SAMPLE_RATE
from w2l_studio.terms import Floats

#: Every n-th captured clip and one of n speakers stay out of training.
_EVERY_CLIP, _OF_SPEAKERS = 11, 10
#: How words were aligned: free phone loops are too wrong to learn closures from.
_TRUSTED = {"align", "manual", "align-xlang", "align-asr"}
_LEAST_CONFIDENCE = 0.5


def captured(captures: Path, clips: Path) -> Iterator[Source]:
    """Yield performances captured from real clips of one speaker.

    Args:
        captures: folder of ``<speaker>__<clip>.npz``.
        clips: folder of ``<speaker>/<clip>.mp4``.
    """
    for i, path in enumerate(sorted(captures.glob("*.npz"))):
        speaker, name = path.stem.split("__", 1)
        split = "heldout" if i % _EVERY_CLIP == 0 else "train"
        audio = read_sound(clips / speaker / f"{name}.mp4")
        yield Source(
            name, speaker, split, "CC BY 4.0 (GRID corpus); CC0 head", audio, motion.read_capture(path)
        )


def spoken(speech: Path, languages: Collection[str] = ()) -> Iterator[Source]:
    """Yield utterances with phoneme times.

    Args:
        speech: folder with ``speech.jsonl`` and its sound files.
        languages: only these; none = all.
    """
    for line in (speech / "speech.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if languages and row["language"] not in languages:
            continue
        if row["aligner"] not in _TRUSTED or (
            row["aligner"] == "align-asr" and (row["conf"] or 0) < _LEAST_CONFIDENCE
        ):
            continue
        speaker = str(row["speaker"])
        held = sha256(speaker.encode()).digest()[0] % _OF_SPEAKERS == 0
        audio = read_sound(speech / row["file"])
        phones = [(str(name), float(start), float(stop)) for name, start, stop in row["phones"]]
        yield Source(
            row["id"],
            speaker,
            "heldout" if held else "train",
            f"{row['licence']} ({row['corpus']}); CC0 head",
            audio,
            phones=phones,
        )


def read_sound(path: Path) -> Floats:
    """Read a sound file as ``float32[S]``, 16 kHz mono."""
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
    parts = []
    with av.open(str(path)) as container:
        for frame in [*container.decode(audio=0), None]:
            parts += [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)
