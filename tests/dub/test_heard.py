"""What pictures hear is cut when it is wanted: the same windows part by part, in a fraction of the memory."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.dub.sounds import Heard, hear, heard, joined, speaks, stem_for
from w2l_studio.errors import NoStem
from w2l_studio.media.sound import read_mono
from w2l_studio.sound import windows
from w2l_studio.terms import Stem
from w2l_studio.terms.sound import SILENCE

RATE = Fraction(24000, 1001)


def part(random, length, count, columns):
    spectrum = random.uniform(-4, 4, (80, length)).astype(np.float32)
    begins = random.integers(-3 * columns, length + 3 * columns, count)
    return Heard(spectrum, begins, columns, random.random(count) < 0.5)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 12)), min_size=1, max_size=4),
    st.sampled_from([16, 40]),
    st.integers(0, 2**32 - 1),
)
def test_parts_that_are_joined_hear_what_each_heard(sizes, columns, seed):
    random = np.random.default_rng(seed)
    parts = [part(random, length, count, columns) for length, count in sizes]
    voices, whole = [one.voice() for one in parts], joined(parts)
    told = whole.voice()
    assert np.array_equal(told.windows, np.concatenate([voice.windows for voice in voices]))
    assert np.array_equal(told.voiced, np.concatenate([voice.voiced for voice in voices]))
    some = whole.of(slice(1, 3)).voice()
    assert np.array_equal(some.windows, told.windows[1:3])
    chosen = random.random(len(whole.begins)) < 0.5
    assert np.array_equal(whole.of(chosen).voice().windows, told.windows[chosen])


def test_a_sound_is_heard_as_its_windows_are_aligned():
    samples = np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32)
    heard = hear(samples, Fraction(1, 3), 40, RATE, Fraction(-75, 1000), 40)
    begins = windows.starts(40, RATE, Fraction(1, 3), Fraction(-75, 1000)) - windows.before(40)
    wanted = windows.cut(heard.spectrum, begins, 40)
    assert np.array_equal(heard.voice().windows, wanted)


def test_whoever_listens_otherwise_hears_the_same_pauses(tmp_path, spoken_stem):
    spoken = read_mono(spoken_stem(tmp_path / "a.wav", 2.0), 16000)
    silence = np.zeros(16000, np.float32)
    samples = np.concatenate([silence, spoken, silence])

    def listen(mel, heard):
        assert len(heard) == len(samples)
        return np.ones((112, mel.shape[1]), np.float32)

    plain = hear(samples, Fraction(0), 90, RATE)
    other = hear(samples, Fraction(0), 90, RATE, listen=listen)
    assert np.array_equal(plain.voiced, other.voiced)
    silent = (other.spectrum == SILENCE).all(0)
    assert 0.2 < silent.mean() < 0.8
    assert (plain.spectrum[:, silent] == SILENCE).all()
    assert joined([other, other]).voice().windows.shape == (180, 112, 16)


def test_ten_uncut_minutes_stay_small():
    count = 10 * 60 * 25
    heard = hear(np.zeros(10 * 60 * 16000, np.float32), Fraction(0), count, Fraction(25), columns=40)
    held = heard.spectrum.nbytes + heard.begins.nbytes + heard.voiced.nbytes
    assert held < 0.1 * count * 80 * 40 * 4


@pytest.mark.parametrize(
    "written", ["He\u0301le\u0300ne 2", "H\u00c9L\u00c8NE  2", "h\u00e9l\u00e8ne\u00a02"]
)
def test_names_are_the_same_however_their_accents_are_composed(written, tmp_path):
    """Texts that a Mac wrote may hold an accent as a letter of its own."""
    stem = Stem(tmp_path / "a.wav", "H\u00e9l\u00e8ne 2", Fraction(0), Fraction(1), "edit", "")
    other = replace(stem, character="Anna")
    assert stem_for(written, [other, stem]) is stem
    with pytest.raises(NoStem):
        stem_for("Helene 2", [other, stem])


def test_whoever_is_heard_in_a_take_is_heard_before_it_is_made(tmp_path, spoken_stem):
    """A mark of two pictures inside a word is shorter than the window in which speech is found."""
    path = spoken_stem(tmp_path / "fr.wav", 2.0)
    stem = Stem(path, None, Fraction(1), Fraction(2), "edit", "")
    begins = [Fraction(n, 25) for n in range(0, 100, 3)]
    told = [speaks(stem, begin, 2, RATE) for begin in begins]
    wanted = [bool(heard(stem, begin, 2, RATE).voiced.any()) for begin in begins]
    assert told == wanted
    assert 10 < sum(told) < 20
