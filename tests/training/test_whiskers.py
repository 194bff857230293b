"""Whiskers on filmed faces: where they may be, and that they go with the jaw."""

import numpy as np
import pytest

from training.packs.data import MARGIN
from training.variety import whiskers
from w2l_studio.faces import crop

PX = 240
UNIT = PX / (crop.SIDE * MARGIN)
MOUTH = (PX - 1) / 2 + (1 - crop.CENTRE) * UNIT
SKIN = np.full((PX, PX, 3), (140, 160, 200), np.uint8)


def changed(drawn, opening=0.0):
    return np.abs(drawn(SKIN, opening).astype(int) - SKIN).mean(2)


@pytest.mark.parametrize("seed", range(12))
def test_whiskers_leave_lips_eyes_and_nose_alone(seed):
    dark = changed(whiskers.draw(np.random.default_rng(seed), PX))
    x, y = (PX - 1) // 2, round(MOUTH)
    assert dark.max() > 20
    assert dark[: round(MOUTH - 0.5 * UNIT)].max() < 2
    lips = dark[y - 2 : y + 3, x - round(0.15 * UNIT) : x + round(0.15 * UNIT)]
    assert lips.mean() < 0.25 * dark.max()
    assert dark[:, : round(0.1 * PX)].max() < 2


def test_they_differ_from_person_to_person_and_not_from_picture_to_picture():
    one, other = (whiskers.draw(np.random.default_rng(seed), PX) for seed in (1, 2))
    np.testing.assert_array_equal(one(SKIN, 0.1), one(SKIN, 0.1))
    assert np.abs(changed(one) - changed(other)).max() > 20


def test_a_beard_goes_down_with_the_jaw_and_a_moustache_up_with_the_lip():
    fallen, risen = [], []
    rows, chin = np.arange(PX), round(MOUTH + 0.12 * UNIT)
    for seed in range(30):
        drawn = whiskers.draw(np.random.default_rng(seed), PX)
        shut, wide = changed(drawn), changed(drawn, 0.5)
        if drawn.below.max() > 0.2:
            low = [np.average(rows[chin:], weights=dark[chin:].sum(1) + 1e-6) for dark in (shut, wide)]
            fallen.append(low[1] - low[0])
        if drawn.over.max() > 0.2 and drawn.below.max() < 0.01:
            high = [np.average(rows, weights=dark.sum(1)) for dark in (shut, wide)]
            risen.append(high[0] - high[1])
    assert len(fallen) > 10
    assert 0.1 * UNIT < np.median(fallen) < 0.35 * UNIT
    assert risen
    assert 0.02 * UNIT < min(risen) <= max(risen) < 0.08 * UNIT
