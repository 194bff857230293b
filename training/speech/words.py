"""Writes down anew what a speech set's utterances say, where it has only a poorer recogniser's guess.

Makes a list of its own beside the set's (`speech.jsonl`), of the same sound files; the set is not changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.performers.sources import read_list
from training.speech.aligned import Aligned
from training.speech.recogniser import Word
from w2l_studio import atomic
from w2l_studio.media.sound import read_mono
from w2l_studio.terms import Floats

#: How words or phonemes were found that nobody wrote down.
GUESSED = ("align-asr", "allphone")
_ALIGNER = "align-asr"
#: What is found stands there until the list is whole, so that an interrupted run is taken up.
_JOURNAL = "speech.unfinished.jsonl"


@dataclass(frozen=True, slots=True)
class Told:
    """How many utterances there are, how many were guesses, and of those how many are written anew."""

    utterances: int
    guessed: int
    anew: int


def write(
    speech: Path,
    out: Path,
    recognise: Callable[[Floats], list[Word]],
    align: Callable[[Floats, Sequence[str]], Aligned | None],
    tick: Callable[[], None] = lambda: None,
) -> Told:
    """Write ``OUT/speech.jsonl``; what cannot be aligned stays as it is. An interrupted run is taken up.

    Raises:
        UsageError: the list cannot be read.
        StemError: a sound file cannot.
    """
    rows = read_list(speech)
    out.mkdir(parents=True, exist_ok=True)
    journal = out / _JOURNAL
    known = _known(journal)
    guessed = 0
    written = []
    with journal.open("a", encoding="utf-8") as kept:
        for row in rows:
            row = {**row, "file": str((speech / row["file"]).resolve())}
            if row["language"] == "en" and row["aligner"] in GUESSED:
                guessed += 1
                if row["file"] not in known:
                    samples = read_mono(Path(row["file"]))
                    words = recognise(samples)
                    found = align(samples, [word.text for word in words])
                    known[row["file"]] = _row(words, found) if found else {}
                    kept.write(json.dumps([row["file"], known[row["file"]]]) + "\n")
                    kept.flush()
                row |= known[row["file"]]
            written.append(row)
            tick()
    with atomic.written(out / "speech.jsonl") as path:
        path.write_text("".join(json.dumps(row) + "\n" for row in written), "utf-8")
    journal.unlink()
    return Told(len(rows), guessed, sum(bool(changes) for changes in known.values()))


def _known(journal: Path) -> dict[str, dict[str, Any]]:
    """Read what an interrupted run has found: what changes by sound file; half a last line is lost."""
    known: dict[str, dict[str, Any]] = {}
    if journal.exists():
        lines = journal.read_text("utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        journal.write_text("".join(whole), "utf-8")
        known.update(json.loads(line) for line in whole)
    return known


def _row(words: Sequence[Word], found: Aligned) -> dict[str, Any]:
    """Return what changes in an utterance's row."""
    sure = [round(word.sure, 2) for word in words]
    return {
        "text": " ".join(word.text for word in words),
        "text_source": "Moonshine Tiny",
        "aligner": _ALIGNER,
        "score": None,
        "conf": round(sum(sure) / len(sure), 3),
        "words": [
            [name, round(begin, 3), round(end, 3), least]
            for (name, begin, end), least in zip(found.words, sure, strict=True)
        ],
        "phones": list(_phones(found)),
    }


def _phones(found: Aligned) -> Iterator[list[Any]]:
    for name, begin, end in found.phones:
        yield [name, round(begin, 3), round(end, 3)]
