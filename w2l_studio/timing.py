"""Exact time: rates, frame ranges and timecode in ints and Fractions.

Times become frame and sample numbers by `floor_frame` and `nearest_frame`; no float seconds are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

#: Rates that edit and media may carry (SMPTE ST 12-1 and its NTSC pull-downs).
RATES: tuple[Fraction, ...] = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(48000, 1001),
    Fraction(48),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
    Fraction(100),
    Fraction(120000, 1001),
    Fraction(120),
)

_SNAP = Fraction(1, 100)
_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")


def snap_rate(rate: float | Fraction) -> Fraction:
    """Return the exact rate that a written one stands for (23.976 and 23.98 are 24000/1001).

    Args:
        rate: pictures per second, > 0.

    Returns:
        One of `RATES` when one lies within 0.01, else the rate as an exact Fraction.

    Raises:
        ValueError: the rate is not a positive number.
    """
    try:
        exact = Fraction(rate)
    except (ValueError, OverflowError, TypeError) as error:
        raise ValueError(f"{rate!r} is not a frame rate") from error
    snapped = _snapped(exact)
    if snapped <= 0:
        raise ValueError(f"{rate!r} is not a frame rate")
    return snapped


@lru_cache(maxsize=64)  # each time of an edit carries its rate: a reel has 50,000 of them, and one rate
def _snapped(exact: Fraction) -> Fraction:
    best = min(RATES, key=lambda known: abs(known - exact))
    return best if abs(best - exact) < _SNAP else exact.limit_denominator(100_000)


def floor_frame(seconds: Fraction, rate: Fraction) -> int:
    """Return the frame that is on screen at ``seconds``: floor(seconds * rate)."""
    return (seconds * rate).__floor__()


def nearest_frame(seconds: Fraction, rate: Fraction) -> int:
    """Return the frame boundary nearest to ``seconds``; halves go up."""
    return (seconds * rate + Fraction(1, 2)).__floor__()


@dataclass(frozen=True, slots=True, order=True)
class FrameRange:
    """Frames ``start <= n < stop`` at ``rate`` pictures per second."""

    start: int
    stop: int
    rate: Fraction

    def __post_init__(self) -> None:
        """Refuse ranges that end before they start."""
        if self.stop < self.start:
            raise ValueError(f"range ends before it starts: {self.start}..{self.stop}")

    def __len__(self) -> int:
        """Return the number of frames."""
        return self.stop - self.start

    def __contains__(self, frame: int) -> bool:
        """Tell whether ``frame`` lies inside."""
        return self.start <= frame < self.stop

    @property
    def start_s(self) -> Fraction:
        """Time of the first frame's beginning in seconds."""
        return Fraction(self.start) / self.rate

    @property
    def stop_s(self) -> Fraction:
        """Time of the last frame's end in seconds."""
        return Fraction(self.stop) / self.rate

    def intersect(self, other: FrameRange) -> FrameRange | None:
        """Return the common frames, or None where there are none (same rate required)."""
        self._same_rate(other)
        start, stop = max(self.start, other.start), min(self.stop, other.stop)
        return FrameRange(start, stop, self.rate) if start < stop else None

    def grow(self, before: int, after: int) -> FrameRange:
        """Return the range with frames added on both sides (negative numbers shrink it)."""
        return FrameRange(self.start - before, self.stop + after, self.rate)

    def finer(self, parts: int) -> FrameRange:
        """Return the same time in pictures of which ``parts`` make one of these."""
        return FrameRange(self.start * parts, self.stop * parts, self.rate * parts)

    def _same_rate(self, other: FrameRange) -> None:
        if self.rate != other.rate:
            raise ValueError(f"ranges at {self.rate} and {other.rate} do not mix")


def drop_frame_rate(rate: Fraction) -> bool:
    """Tell whether drop-frame counting exists at this rate (29.97, 59.94 and 119.88 only)."""
    return rate.denominator == 1001 and rate.numerator % 30000 == 0


def frames_to_timecode(frame: int, rate: Fraction, *, drop: bool = False) -> str:
    """Write a frame number as SMPTE timecode.

    Args:
        frame: frames since 00:00:00:00; wraps at 24 hours.
        rate: pictures per second.
        drop: count in drop frame (SMPTE ST 12-1, 29.97 and multiples).

    Returns:
        ``HH:MM:SS:FF``, with ``;`` before the frames in drop frame.

    >>> frames_to_timecode(1800, Fraction(30000, 1001), drop=True)
    '00:01:00;02'
    """
    per_second = nominal(rate)
    if drop:
        frame += _dropped_before(frame, rate)
    frame %= 24 * 3600 * per_second
    seconds, frames = divmod(frame, per_second)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    width = 3 if per_second > 100 else 2
    return f"{hours:02}:{minutes:02}:{seconds:02}{';' if drop else ':'}{frames:0{width}}"


def timecode_to_frames(timecode: str, rate: Fraction) -> int:
    """Read SMPTE timecode as frames since 00:00:00:00.

    Drop frame is read where ``;``, ``.`` or ``,`` stands before the frames and the rate knows it.

    Raises:
        ValueError: not a timecode, or a number that does not exist at this rate.

    >>> timecode_to_frames("00:01:00;02", Fraction(30000, 1001))
    1800
    """
    match = _TIMECODE.fullmatch(timecode.strip())
    if not match:
        raise ValueError(f"{timecode!r} is not a timecode (HH:MM:SS:FF)")
    hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
    per_second = nominal(rate)
    if minutes > 59 or seconds > 59 or frames >= per_second or hours > 23:
        raise ValueError(f"{timecode!r} does not exist at {float(rate):g} frames per second")
    total = ((hours * 60 + minutes) * 60 + seconds) * per_second + frames
    if match[4] == ":" or not drop_frame_rate(rate):
        return total
    skip = per_second // 15
    if seconds == 0 and minutes % 10 and frames < skip:
        raise ValueError(f"{timecode!r} is a dropped number: it does not exist in drop frame")
    whole = hours * 60 + minutes
    return total - skip * (whole - whole // 10)


def is_drop_timecode(timecode: str, rate: Fraction) -> bool:
    """Tell whether a timecode text counts in drop frame at this rate."""
    match = _TIMECODE.fullmatch(timecode.strip())
    return match is not None and match[4] != ":" and drop_frame_rate(rate)


def day_s(rate: Fraction, *, drop: bool = False) -> Fraction:
    """Return the seconds that 24 hours of timecode last: 86.4 more than a day at 23.976.

    >>> day_s(Fraction(24000, 1001)) - 86400
    Fraction(432, 5)
    >>> day_s(Fraction(30000, 1001), drop=True) * Fraction(30000, 1001)
    Fraction(2589408, 1)
    """
    frames = 24 * 3600 * nominal(rate)
    if drop:
        # Each minute leaves numbers out but every tenth: 54 of an hour.
        frames -= nominal(rate) // 15 * 24 * 54
    return frames / rate


def nominal(rate: Fraction) -> int:
    """Return the frame numbers that a second of timecode has: 30 at 29.97."""
    return -(-rate.numerator // rate.denominator)


def _dropped_before(frame: int, rate: Fraction) -> int:
    """Return how many numbers drop-frame counting has left out up to ``frame``."""
    skip = nominal(rate) // 15
    per_minute = nominal(rate) * 60 - skip
    per_ten = per_minute * 10 + skip
    tens, rest = divmod(frame, per_ten)
    minutes = 0 if rest < skip else (rest - skip) // per_minute
    return skip * (9 * tens + minutes)
