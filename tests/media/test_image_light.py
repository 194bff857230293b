"""Scene-linear light as code values, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from w2l_studio.media.images import light


@given(some.floats(-60000, 60000, width=16))
def test_what_is_brighter_is_never_a_lower_code(value):
    one, other = np.float16(value), np.nextafter(np.float16(value), np.float16(np.inf))
    low, high = light.to_codes(np.array([one, other]))
    assert low <= high


@given(some.floats(0, 1, width=16))
def test_within_the_range_it_comes_back_within_a_thousandth(value):
    back = float(light.to_light(light.to_codes(np.array([value], np.float16)))[0])
    assert abs(back - value) <= 1e-3 * value + 1e-6


@given(some.floats(1, 64992, width=16))
def test_highlights_come_back_within_a_part_of_a_stop(value):
    back = float(light.to_light(light.to_codes(np.array([value], np.float16)))[0])
    assert abs(np.log2(back / value)) < 0.003


def test_every_code_is_light_that_a_half_float_holds():
    every = light.to_light(np.arange(1 << 16, dtype=np.uint16))
    assert np.isfinite(every.astype(np.float16)).all()


def test_black_white_and_grey_lie_where_a_display_has_them():
    codes = light.to_codes(np.array([0, 1, 0.18], np.float32))
    assert list(codes[:2]) == [16 << 8, 235 << 8]
    assert (int(codes[2]) - 4096) / (219 << 8) == pytest.approx(0.4613, abs=1e-3)


def test_what_is_no_number_or_has_no_end_is_a_code_all_the_same():
    assert list(light.to_codes(np.array([np.nan, np.inf, -np.inf, 1e9], np.float32))) == [
        4096,
        65535,
        0,
        65535,
    ]
