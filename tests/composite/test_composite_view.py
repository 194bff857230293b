"""What HDR's values look like, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from w2l_studio.composite import view
from w2l_studio.terms import ColourTags
from w2l_studio.terms.curves import light_of_srgb, srgb

HDR = [ColourTags(9, 16, 9, 1), ColourTags(9, 18, 9, 1)]


@given(some.floats(-8, 8))
def test_srgb_and_its_inverse(value):
    assert srgb(light_of_srgb(np.array(value))) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("tags", HDR)
@given(level=some.floats(2, 255, width=32))
def test_what_is_seen_comes_back(tags, level):
    back = view.seen(view.stored(np.array([level], np.float32), tags), tags)
    assert back == pytest.approx(level, abs=0.6)


@pytest.mark.parametrize("tags", HDR)
@given(value=some.floats(0, 254, width=32), more=some.floats(0.0625, 1, width=32))
def test_what_is_brighter_is_seen_brighter(tags, value, more):
    low, high = view.seen(np.array([value, value + more], np.float32), tags)
    assert low <= high


@pytest.mark.parametrize("tags", [ColourTags(), ColourTags(1, 1, 1, 1), ColourTags(9, 14, 9, 1)])
def test_other_curves_stay_as_they_are(tags):
    values = np.linspace(-20, 300, 50, dtype=np.float32)
    assert view.seen(values, tags) is values
    assert view.stored(values, tags) is values


@pytest.mark.parametrize("tags", HDR)
def test_what_lies_beyond_the_signal_is_the_nearest(tags):
    low, black, white, high = view.seen(np.array([-30, 0, 255, 290], np.float32), tags)
    assert (low, high) == (black, white)
    assert black == pytest.approx(0, abs=0.1)
