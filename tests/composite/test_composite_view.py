"""What HDR's values and those of cameras' log look like, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from w2l_studio import config
from w2l_studio.composite import view
from w2l_studio.terms import ColourTags
from w2l_studio.terms.curves import LOGS, light_of_srgb, srgb

HD = ColourTags(1, 1, 1, 1)
HDR = [ColourTags(9, 16, 9, 1), ColourTags(9, 18, 9, 1)]
OTHER = [*HDR, *(HD.in_log(name) for name in LOGS)]
#: What makers say of their curves: no light, a grey card and, where they tell it, white of 90 %; 10-bit codes
#: of a legal file (Sony, Panasonic, Canon), else shares of the signal.
TOLD = {
    "s-log3": [(0, 95), (0.18, 420), (0.9, 598)],
    "v-log": [(0, 128), (0.18, 433), (0.9, 602)],
    "canon-log3": [(0, 128), (0.18, 351), (0.9, 577)],
    "arri-logc3": [(0, 0.0928), (0.18, 0.391)],
    "arri-logc4": [(0, 0.0929), (0.18, 0.2784)],
    "red-log3g10": [(0, 0.0916), (0.18, 1 / 3)],
    "bmd-film5": [(0, 0.0925), (0.18, 0.3836)],
    "davinci": [(0, 0), (0.18, 0.336)],
    "acescct": [(0, 0.0729), (0.18, 0.4135884)],
    "cineon": [(0, 95 / 1023), (1, 685 / 1023)],
}


@given(some.floats(-8, 8))
def test_srgb_and_its_inverse(value):
    assert srgb(light_of_srgb(np.array(value))) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("tags", OTHER)
@given(level=some.floats(2, 255, width=32))
def test_what_is_seen_comes_back(tags, level):
    back = view.seen(view.stored(np.array([level], np.float32), tags), tags)
    assert back == pytest.approx(level, abs=0.6)


@pytest.mark.parametrize("tags", OTHER)
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


@pytest.mark.parametrize(("name", "told"), TOLD.items())
def test_light_is_where_the_maker_says(name, told):
    for light, value in told:
        within = (value - 64) / 876 if LOGS[name].as_code else value
        assert view.light(np.array(within), HD.in_log(name)) == pytest.approx(light, abs=0.004), (
            light,
            value,
        )


def test_every_curve_is_held_against_its_maker():
    assert set(TOLD) == set(LOGS) == set(config.LOGS)


@pytest.mark.parametrize("name", LOGS)
def test_a_curve_has_no_step_where_its_line_meets_its_logarithm(name):
    curve = LOGS[name]
    if curve.cut > 0:
        below, above = curve.light(np.array([curve.cut, curve.cut + 1e-9]))
        assert below == pytest.approx(above, abs=2e-5)


def test_codes_of_a_full_range_file_count_from_nought():
    full = ColourTags(matrix=0, range=2).in_log("s-log3")
    assert view.light(np.array(420 / 1023), full) == pytest.approx(0.18, abs=1e-6)


@pytest.mark.parametrize("transfer", [8, 13, 16, 18])
def test_what_tells_its_own_curve_is_no_log(transfer):
    tags = ColourTags(9, transfer, 9, 1)
    assert tags.in_log("v-log") == tags
    assert HD.in_log("v-log").in_log("") == HD
