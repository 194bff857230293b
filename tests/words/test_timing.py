from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.timing import (
    RATES,
    FrameRange,
    drop_frame_rate,
    floor_frame,
    frames_to_timecode,
    is_drop_timecode,
    nearest_frame,
    snap_rate,
    timecode_to_frames,
)

NTSC = Fraction(30000, 1001)
SHOWN = [Fraction(24000, 1001), Fraction(24), Fraction(25), NTSC, Fraction(50), Fraction(60000, 1001)]


@given(st.sampled_from(RATES), st.integers(0, 24 * 3600 * 24 - 1), st.booleans())
def test_timecode_there_and_back(rate: Fraction, frame: int, drop: bool) -> None:
    drop = drop and drop_frame_rate(rate)
    text = frames_to_timecode(frame, rate, drop=drop)
    assert timecode_to_frames(text, rate) == frame
    assert is_drop_timecode(text, rate) is drop


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (0, "00:00:00;00"),
        (1799, "00:00:59;29"),
        (1800, "00:01:00;02"),
        (17982, "00:10:00;00"),
        (107892, "01:00:00;00"),
    ],
)
def test_drop_frame_numbers_of_smpte(frame: int, text: str) -> None:
    assert frames_to_timecode(frame, NTSC, drop=True) == text


def test_drop_frame_stays_within_a_frame_of_the_clock_for_a_day() -> None:
    day = timecode_to_frames("23:59:59;29", NTSC)
    assert abs(day / NTSC - 86400) < Fraction(1, 5)


@pytest.mark.parametrize("text", ["00:01:00;00", "00:60:00:00", "1:2:3", "00:00:00:30", "noon"])
def test_what_is_no_timecode_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"timecode|exist"):
        timecode_to_frames(text, NTSC)


@given(st.sampled_from(SHOWN), st.integers(0, 10**7))
def test_every_frame_is_on_screen_from_its_first_instant(rate: Fraction, frame: int) -> None:
    assert floor_frame(frame / rate, rate) == frame
    assert floor_frame((frame + 1) / rate - Fraction(1, 10**9), rate) == frame
    assert nearest_frame(frame / rate, rate) == frame


@pytest.mark.parametrize("written", [23.976, 23.98, 23.976023976023978, "23.976"])
def test_written_rates_snap(written: float) -> None:
    assert snap_rate(written) == Fraction(24000, 1001)


@pytest.mark.parametrize("wrong", [0, -25, 1e-9, float("inf"), float("nan"), "film"])
def test_what_is_no_rate_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="not a frame rate"):
        snap_rate(wrong)


@given(st.integers(-100, 100), st.integers(0, 100), st.integers(-100, 100), st.integers(0, 100))
def test_intersection_is_what_both_contain(a: int, n: int, b: int, m: int) -> None:
    one, other = FrameRange(a, a + n, NTSC), FrameRange(b, b + m, NTSC)
    common = one.intersect(other)
    wanted = set(range(a, a + n)) & set(range(b, b + m))
    assert (set(range(common.start, common.stop)) if common else set()) == wanted


def test_ranges_of_different_rates_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        FrameRange(0, 1, NTSC).intersect(FrameRange(0, 1, Fraction(25)))
    with pytest.raises(ValueError, match="ends before"):
        FrameRange(2, 1, NTSC)
