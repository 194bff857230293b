"""What each picture hears: one mel window per picture at any rate, exact.

Counts in ints and Fractions; makes no spectrogram.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from w2l_studio.terms import Floats, Ints
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, SILENCE

#: Columns of a window: 200 ms, five pictures at 25 a second (paper 3.1).
COLUMNS = 16


def before(columns: int) -> int:
    """Return by how many columns a window begins earlier than the paper's around the same moment.

    >>> [before(columns) for columns in (16, 28, 40)]
    [0, 6, 12]
    """
    return (columns - COLUMNS) // 2


def starts(frame_count: int, rate: Fraction, first_s: Fraction, lead_s: Fraction) -> Ints:
    """Return the mel column with which each picture's window begins: floor(80 * (first + i / rate + lead)).

    Integer arithmetic, because the published float formula is a column low at 164 pictures of two hours
    at 24000/1001.

    Args:
        frame_count: T pictures.
        rate: pictures per second.
        first_s: where picture 0 begins, in seconds of the sound.
        lead_s: how much later than its picture a window begins; negative = earlier.

    Returns:
        ``int64[T]``; may be negative or lie beyond the end.

    >>> starts(4, Fraction(24000, 1001), Fraction(0), Fraction(0)).tolist()
    [0, 3, 6, 10]
    """
    return begins(range(frame_count), rate, first_s, lead_s)


def begins(frames: Iterable[int], rate: Fraction, first_s: Fraction, lead_s: Fraction) -> Ints:
    """Return the mel column with which the window of some pictures begins, as `starts` of the first ones.

    >>> begins([3, 0], Fraction(25), Fraction(0), Fraction(-80, 1000)).tolist()
    [3, -7]
    """
    first = COLUMNS_PER_SECOND * (first_s + lead_s)
    step = COLUMNS_PER_SECOND / rate
    below = first.denominator * step.denominator
    offset, stride = first.numerator * step.denominator, step.numerator * first.denominator
    return np.array([(offset + i * stride) // below for i in frames], np.int64)


def cut(mel: Floats, begins: Ints, columns: int) -> Floats:
    """Cut windows ``float32[T, B, columns]`` that begin at some columns; beyond either end is silence.

    Args:
        mel: ``float32[B, M]``: a spectrogram, or anything else that has its columns and its silence.
    """
    wanted = begins[:, None] + np.arange(columns)
    outside = (wanted < 0) | (wanted >= mel.shape[1])
    if mel.shape[1] == 0:
        return np.full((len(begins), len(mel), columns), SILENCE, np.float32)
    windows = mel[:, np.where(outside, 0, wanted)]
    windows[:, outside] = SILENCE
    return np.ascontiguousarray(windows.transpose(1, 0, 2))
