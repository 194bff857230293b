from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.sound import windows
from w2l_studio.timing import RATES

TWO_HOURS_S = 7200


def exact(i, rate, first_s, lead_s):
    return (80 * (first_s + i / rate + lead_s)).__floor__()


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_exact_over_two_hours(rate):
    count = int(TWO_HOURS_S * rate)
    first_s, lead_s = Fraction(1001, 24000), Fraction(-40, 1000)
    ours = windows.starts(count, rate, first_s, lead_s)
    assert len(ours) == count
    # floor(80 t) at both ends of every column: start <= 80 t < start + 1, in whole numbers.
    below = rate.numerator * 24000 * 25
    time = (80 * below * (first_s + lead_s)).numerator + 80 * 24000 * 25 * rate.denominator * np.arange(count)
    assert (ours * below <= time).all()
    assert (time < (ours + 1) * below).all()


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(RATES),
    st.integers(0, 900_000),
    st.fractions(-10, 10_000, max_denominator=96_000),
    st.fractions(-1, 1, max_denominator=1000),
)
def test_exact_anywhere(rate, frame, first_s, lead_s):
    first_s += frame / rate
    assert windows.starts(3, rate, first_s, lead_s).tolist() == [
        exact(i, rate, first_s, lead_s) for i in range(3)
    ]


def test_the_float_formula_would_miss():
    """Why ints: inference.py's formula is a column low at 164 pictures of two hours at 24000/1001."""
    rate = Fraction(24000, 1001)
    count = int(TWO_HOURS_S * rate)
    step = 80.0 / float(rate)
    published = [int(i * step) for i in range(count)]
    assert (windows.starts(count, rate, Fraction(0), Fraction(0)) != published).sum() == 164


def columns(count):
    return np.broadcast_to(np.arange(count, dtype=np.float32), (80, count))


def test_every_picture_gets_its_window_and_beyond_the_ends_is_silence():
    begins = windows.starts(13, Fraction(25), Fraction(0), Fraction(-40, 1000))
    cut = windows.cut(columns(40), begins, 16)
    assert cut.shape == (13, 80, 16)
    assert cut.dtype == np.float32
    assert cut[0, 0].tolist() == [-4, -4, -4, -4, *range(12)]
    assert cut[2, 79].tolist() == list(range(3, 19))
    assert cut[12, 5].tolist() == [35, 36, 37, 38, 39, *[-4] * 11]


def test_a_longer_window_reaches_as_far_back_as_forth():
    begins = windows.starts(13, Fraction(25), Fraction(0), Fraction(-40, 1000))
    short, long = (windows.cut(columns(40), begins - windows.before(wide), wide) for wide in (16, 40))
    assert long.shape == (13, 80, 40)
    assert np.array_equal(long[:, :, 12:28], short)
    assert long[4, 0, :4].tolist() == [-4, -4, -4, 0]


def test_a_shot_in_the_middle_hears_what_it_hears_in_the_whole():
    mel = np.random.default_rng(0).uniform(-4, 4, (80, 900)).astype(np.float32)
    rate = Fraction(30000, 1001)
    whole = windows.cut(mel, windows.starts(300, rate, Fraction(0), Fraction(0)), 16)
    part = windows.cut(mel, windows.starts(100, rate, 100 / rate, Fraction(0)), 16)
    assert np.array_equal(part, whole[100:200])


def test_no_sound_at_all():
    assert (windows.cut(np.zeros((80, 0), np.float32), np.arange(3), 16) == -4).all()
    assert windows.cut(columns(9), np.zeros(0, np.int64), 16).shape == (0, 80, 16)
