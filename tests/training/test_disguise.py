"""Whiskers on filmed faces: where they may be, that they go with the jaw, and who is given them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from training import disguise
from training.data import MARGIN, Sampler, read_pack
from training.machine import Machine
from training.recipe import Recipe
from training.sampling import LipSource
from w2l_studio.faces import crop
from w2l_studio.nets.opening import Opening

PX = 240
UNIT = PX / (crop.SIDE * MARGIN)
MOUTH = (PX - 1) / 2 + (1 - crop.CENTRE) * UNIT
SKIN = np.full((PX, PX, 3), (140, 160, 200), np.uint8)
SLIM = Recipe(width=0.0625, windows=1, singles=3, ears=0.0, soft=0.0)


def changed(whiskers, opening=0.0):
    return np.abs(whiskers(SKIN, opening).astype(int) - SKIN).mean(2)


@pytest.mark.parametrize("seed", range(12))
def test_whiskers_leave_lips_eyes_and_nose_alone(seed):
    dark = changed(disguise.draw(np.random.default_rng(seed), PX))
    x, y = (PX - 1) // 2, round(MOUTH)
    assert dark.max() > 20
    assert dark[: round(MOUTH - 0.5 * UNIT)].max() < 2
    lips = dark[y - 2 : y + 3, x - round(0.15 * UNIT) : x + round(0.15 * UNIT)]
    assert lips.mean() < 0.25 * dark.max()
    assert dark[:, : round(0.1 * PX)].max() < 2


def test_they_differ_from_person_to_person_and_not_from_picture_to_picture():
    one, other = (disguise.draw(np.random.default_rng(seed), PX) for seed in (1, 2))
    np.testing.assert_array_equal(one(SKIN, 0.1), one(SKIN, 0.1))
    assert np.abs(changed(one) - changed(other)).max() > 20


def test_a_beard_goes_down_with_the_jaw_and_a_moustache_up_with_the_lip():
    fallen, risen = [], []
    rows, chin = np.arange(PX), round(MOUTH + 0.12 * UNIT)
    for seed in range(30):
        drawn = disguise.draw(np.random.default_rng(seed), PX)
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


@pytest.mark.parametrize("known", [False, True])
def test_filmed_people_are_given_whiskers_in_target_and_reference_and_drawn_heads_are_not(
    tmp_path, write_clip, monkeypatch, known
):
    write_clip(tmp_path / "home" / "a", 1, speaker="a", opening=known)
    sampler = Sampler(read_pack([tmp_path / "home"]))

    def batch(share):
        recipe = replace(SLIM, whiskers=share)
        return LipSource(sampler, Opening(), recipe, Machine()).batch(np.random.default_rng(2))

    patch = np.ones((16, 40), np.float32)
    green = np.full((16, 40, 3), (0, 255, 0), np.float32)
    dyed = disguise.Whiskers(slice(76, 92), slice(44, 84), patch, 0 * patch, green, 0)
    monkeypatch.setattr(disguise, "draw", lambda *_: dyed)
    for share, dyes in ((1.0, not known), (0.0, False)):
        made = batch(share)
        for pictures in (made.target, made.faces[:, 3:]):
            blue, dye, red = pictures.unbind(1)
            assert ((dye - torch.maximum(blue, red)).amax((1, 2)) > 0.3).all() == dyes
