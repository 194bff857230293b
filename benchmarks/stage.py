"""What truth pairs are made of: lines with phoneme times, and a seeded head that performs any of them.

Dubs and measures nothing (`truth`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from training.performers import act, anatomy, motion, person, render, scene, sources, speech
from w2l_studio.media.sound import read_mono
from w2l_studio.terms import Bools, Floats, FramesBGR
from w2l_studio.terms.sound import FPS, SAMPLE_RATE

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "two_voices"
PICTURE_PX = 512
EYES_TO_MOUTH_PX = 84.0
#: Lines are cut from the example's production sound at pauses this long, with so much silence around.
_PAUSE_S, _AROUND_S = 0.9, 0.3
#: A pause between phonemes from here on rests the lips; lines that are shorter say too little.
_REST_S, _LEAST_S = 0.12, 2.4


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Something said: 16 kHz sound with the times of its phonemes.

    Args:
        unsure: from when to when, in seconds, the phonemes are a recogniser's guess.
    """

    name: str
    audio: Floats
    phones: list[speech.Phone]
    unsure: Sequence[tuple[float, float]] = ()

    def sure(self, frames: int) -> Bools:
        """Tell of which pictures it is known what is said in them: only there a film of it is true."""
        return act.known(self.unsure, (np.arange(frames) + 0.5) / FPS)


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A performance as it was drawn: pictures, five exact points each, exact openings."""

    pixels: FramesBGR
    points: Floats
    opening: Floats


def example_lines() -> list[Line]:
    """Return the example's English lines."""
    sound = read_mono(EXAMPLE / "media" / "production.flac")
    lines = []
    for who, told in json.loads((EXAMPLE / "phones.json").read_text("utf-8")).items():
        phones = [(str(name), float(start), float(stop)) for name, start, stop in told]
        breaks = [i for i in range(1, len(phones)) if phones[i][1] - phones[i - 1][2] > _PAUSE_S]
        for first, last in zip([0, *breaks], [*breaks, len(phones)], strict=True):
            begin = max(0.0, phones[first][1] - _AROUND_S)
            end = phones[last - 1][2] + _AROUND_S
            audio = sound[int(begin * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
            moved = [(name, a - begin, b - begin) for name, a, b in phones[first:last]]
            lines.append(Line(f"{who} {begin:.1f}", audio, moved))
    return [line for line in lines if len(line.audio) >= _LEAST_S * SAMPLE_RATE]


def spoken_lines(folder: Path) -> list[Line]:
    """Return utterances of speakers who were kept out of training."""
    held = [source for source in sources.spoken(folder) if source.split == "heldout"]
    return [Line(source.name, source.audio, list(source.phones), source.unsure) for source in held]


def turns(lines: Sequence[Line], seed: int) -> Iterator[tuple[Line, Line]]:
    """Yield what is said and what it is dubbed to: every line is dubbed to once before one comes again.

    >>> a, b, c = (Line(name, np.zeros(0, np.float32), []) for name in "abc")
    >>> sorted(dubbed_to.name for _, (_, dubbed_to) in zip(range(3), turns([a, b, c], 0)))
    ['a', 'b', 'c']
    """
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(len(lines))
        yield from ((lines[i], lines[j]) for i, j in zip(order, np.roll(order, 1), strict=True))


class Stage:
    """One seeded head with camera, light, motion and background, on which any line can be performed."""

    def __init__(self, seed: int, frames: int) -> None:
        random = np.random.default_rng((seed, 10))
        self._seed, self._frames = seed, frames
        self._body = anatomy.embody(person.draw(random))
        self._setting = scene.draw(random, PICTURE_PX, EYES_TO_MOUTH_PX)
        self._setting = replace(self._setting, centre=(0.0, 0.0))
        self._pose = scene.move(random, frames, FPS, turned=0.2, lively=0.8)
        self._behind = scene.background(random, PICTURE_PX, PICTURE_PX)

    def units(self, line: Line, *, shut: bool = False) -> Floats:
        """Return the performance of a line, or of the same head with its lips shut."""
        names = self._body.names
        # The same chance for every line: eyes, brows and manner do not tell one from the other.
        phones = rested(line.phones, self._frames / FPS)
        units = speech.perform(np.random.default_rng((self._seed, 20)), phones, self._frames, FPS, names)
        lids = motion.blinks(np.random.default_rng((self._seed, 30)), self._frames, FPS)
        for name in ("eyeBlinkLeft", "eyeBlinkRight", "browInnerUp"):
            units[:, names.index(name)] = 0 if name == "browInnerUp" else lids
        if shut:
            units[:, [name.startswith(("jaw", "mouth")) for name in names]] = 0
        return motion.on_person(units, names, self._body.person)

    def film(self, renderer: render.Renderer, units: Floats) -> Film:
        """Draw a performance."""
        drawn = list(renderer.render(self._body, units, self._pose, self._setting))
        return Film(
            np.stack([render.over(one, self._behind) for one in drawn]),
            np.stack([one.points for one in drawn]),
            np.array([one.opening for one in drawn], np.float32),
        )


def rested(phones: list[speech.Phone], seconds: float) -> list[speech.Phone]:
    """Put silence, in which lips rest, where nothing is said for a while.

    >>> rested([("M", 0.5, 0.6), ("AA", 0.6, 0.8)], 1.0)
    [('SIL', 0.0, 0.5), ('M', 0.5, 0.6), ('AA', 0.6, 0.8), ('SIL', 0.8, 1.0)]
    """
    filled: list[speech.Phone] = []
    for phone in [*phones, ("", seconds, seconds)]:
        end = filled[-1][2] if filled else 0.0
        if phone[1] - end >= _REST_S:
            filled.append(("SIL", end, phone[1]))
        filled.append(phone)
    return filled[:-1]
