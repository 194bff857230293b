"""Who is disguised, and that target and reference are alike."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from training.generators.recipe import Recipe
from training.generators.sampling import LipSource
from training.packs.data import Sampler, read_pack
from training.run.machine import Machine
from training.variety import features, whiskers
from training.variety.features import Features
from training.variety.whiskers import Whiskers
from w2l_studio.nets.opening import Opening

SLIM = Recipe(width=0.0625, windows=1, singles=3, ears=0.0, soft=0.0)


def green_patch():
    patch, green = np.ones((16, 40), np.float32), np.full((16, 40, 3), (0, 255, 0), np.float32)
    return Whiskers(slice(76, 92), slice(44, 84), patch, 0 * patch, green, 0)


def green_skin():
    down, across = np.mgrid[:128, :128].astype(np.float32)
    green = np.array([[0.0, 0, 0], [1, 1, 1], [0, 0, 0]])
    return Features(across, down, green, np.arange(256, dtype=np.uint8), np.ones((128, 128, 3), np.float32))


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(("room", "dye", "part"), [(whiskers, green_patch, 0.0), (features, green_skin, 0.5)])
def test_filmed_people_are_changed_in_target_and_reference_and_drawn_heads_are_not(
    tmp_path, write_clip, monkeypatch, room, dye, part, known
):
    write_clip(tmp_path / "home" / "a", 1, speaker="a", opening=known)
    sampler = Sampler(read_pack([tmp_path / "home"]))

    def batch(share):
        recipe = replace(SLIM, **{room.__name__.split(".")[-1]: share})
        return LipSource(sampler, Opening(), recipe, Machine()).batch(np.random.default_rng(2))

    monkeypatch.setattr(room, "draw", lambda *_: dye())
    for share, dyes in ((1.0, not known), (0.0, False)):
        made = batch(share)
        for pictures in (made.target, made.faces[:, 3:]):
            blue, dyed, red = pictures.unbind(1)
            green = (dyed - torch.maximum(blue, red) > 0.3).float().mean((1, 2))
            assert (green > part).all() == dyes
