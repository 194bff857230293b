"""What makes a take another one, and what does not."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from w2l_studio.config import DubConfig
from w2l_studio.dub.identity import take_key
from w2l_studio.media.probe import probe
from w2l_studio.terms import ClipUse, Line, Mark, Segment, SoundUse, Stem
from w2l_studio.timing import FrameRange

RATE = Fraction(25)
Keyed = Callable[..., str]


def frames(start: int, stop: int) -> FrameRange:
    return FrameRange(start, stop, RATE)


@pytest.fixture
def segment(tmp_path: Path, talking_film: Any) -> Segment:
    plate = probe(talking_film(tmp_path / "a.mov", rate=RATE, frames=60, faces=()))
    shown = frames(20, 40)
    clip = ClipUse((0, 0), "a", frames(0, 20), shown, None, plate.path)
    line = Line(Mark("m", frames(0, 20)), shown, (True, True))
    return Segment("s", clip, plate, shown, frames(17, 43), Fraction(0), True, (line,))


@pytest.fixture
def keyed(tmp_path: Path, spoken_stem: Any) -> Keyed:
    path = spoken_stem(tmp_path / "fr.wav", 2)
    stem = Stem(path, None, Fraction(0), Fraction(2), "timeline-start", "ab")

    def key(segment: Segment, *production: SoundUse, lang: str = "fr") -> str:
        return take_key(segment, [stem], production, DubConfig(), {}, lang)

    return key


def test_a_take_tells_its_language_and_where_its_lips_fade(segment: Segment, keyed: Keyed) -> None:
    assert keyed(segment, lang="it") != keyed(segment)
    (line,) = segment.lines
    assert keyed(replace(segment, lines=(replace(line, cuts=(True, False)),))) != keyed(segment)


def test_the_timecode_that_the_edit_gives_a_take_counts(segment: Segment, keyed: Keyed) -> None:
    later = replace(segment, clip=replace(segment.clip, available=FrameRange(90000, 90100, RATE)))
    assert keyed(later) != keyed(segment)
    told = replace(segment.plate, timecode="01:00:00:00")
    assert keyed(replace(later, plate=told)) == keyed(replace(segment, plate=told))


def test_where_the_plate_lies_and_what_is_stored_elsewhere_does_not_count(
    segment: Segment, keyed: Keyed, tmp_path: Path, talking_film: Any
) -> None:
    longer = probe(talking_film(tmp_path / "b.mov", rate=RATE, frames=70, faces=(), cut_at=50))
    assert keyed(replace(segment, plate=longer)) == keyed(segment)
    other = probe(talking_film(tmp_path / "c.mov", rate=RATE, frames=60, faces=(), cut_at=41))
    assert keyed(replace(segment, plate=other)) != keyed(segment)


def test_of_the_edits_sounds_only_what_lies_under_the_range_counts(
    segment: Segment, keyed: Keyed, tmp_path: Path, spoken_stem: Any
) -> None:
    said = SoundUse(spoken_stem(tmp_path / "production.wav", 2), Fraction(0))
    music = SoundUse(spoken_stem(tmp_path / "music.wav", 1), Fraction(30))
    gone = SoundUse(tmp_path / "gone.wav", Fraction(0))
    assert keyed(segment, said, music, gone) == keyed(segment, said)
    assert keyed(segment, said) != keyed(segment)
    assert keyed(segment, replace(said, first_sample_s=Fraction(1, 25))) != keyed(segment, said)


def test_the_numbers_of_an_image_sequence_count_and_where_it_lies_does_not(
    segment: Segment, keyed: Keyed, numbered: Any
) -> None:
    def of(first: int) -> Segment:
        plate = probe(numbered("png", first=first).path, RATE)
        shown = frames(2, 10)
        line = replace(segment.lines[0], plate_range=shown)
        return replace(segment, plate=plate, plate_range=shown, render_range=shown, lines=(line,))

    assert keyed(of(1001)) == keyed(of(1001))
    assert keyed(of(1001)) != keyed(of(2001))
