"""The recipe term by term: which arms share their batches, and that they learn as they would alone."""

import copy
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.terms import TERMS, WHOLE, Given, groups, together  # noqa: E402
from training.generators.recipe import Recipe  # noqa: E402
from training.packs.data import Clip, Sampler  # noqa: E402
from training.run.machine import Machine  # noqa: E402
from w2l_studio.nets.generator import Generator  # noqa: E402

RECIPES = {name: Recipe(**changes) for name, changes in TERMS.items()}


def test_arms_share_a_process_only_where_their_batches_are_drawn_alike():
    found = groups(RECIPES, 4)
    assert [len(group) for group in found] == [4, 2, 1, 1]
    assert {name for group in found for name in group} == set(TERMS)
    assert [list(group) for group in found[2:]] == [["any reference"], ["no silence"]]
    assert groups({}, 4) == []


@pytest.mark.parametrize("changed", ["ears", "features", "whiskers", "gap", "soft"])
def test_what_is_drawn_otherwise_is_drawn_apart(changed):
    other = replace(Recipe(), **{changed: 3})
    assert groups({"whole": Recipe(), "other": other}, 4) == [{"whole": Recipe()}, {"other": other}]


def test_each_arm_differs_from_the_whole_recipe():
    assert RECIPES[WHOLE] == Recipe()
    assert len(set(RECIPES.values())) == len(TERMS)


@pytest.fixture(scope="module")
def given():
    frames = np.random.default_rng(0).integers(0, 256, (40, 48, 48, 3), np.uint8)
    opening = np.linspace(0, 0.3, 40, dtype=np.float32)
    spectrum = np.random.default_rng(0).uniform(-2, 2, (80, 200)).astype(np.float32)
    clip = Clip("a", "g", "ann", "train", "", "", frames, spectrum, opening, None)
    heard = Generator(Recipe().width, columns=Recipe().columns).audio_encoder.state_dict()
    return Given(Sampler([clip]), heard, "w2l-expert", [], None, None)


def test_arms_that_learn_together_learn_as_they_would_alone(given):
    small = {"windows": 1, "singles": 1, "face_px": 96, "sub_pixels": 1}
    recipes = {name: Recipe(**TERMS[name], **small) for name in (WHOLE, "no expert")}
    both = together(given, recipes, 0, Machine())
    alone = together(given, {"no expert": recipes["no expert"]}, 0, Machine())
    told = [one.learn(0, 4, one.source.draw(0, 4, np.random.default_rng(1))) for one in (both, alone)]
    assert {"studio/looks", "studio/l1", "no expert/l1"} <= told[0].keys()
    assert "no expert/looks" not in told[0]
    assert {name: told[0][name] for name in told[1]} == told[1]
    state = copy.deepcopy(both.state_dict())
    both.learn(1, 4, both.source.draw(1, 4, np.random.default_rng(2)))
    both.load_state_dict(state)
    learned, lonely = (one.trainees["no expert"].net.state_dict() for one in (both, alone))
    assert all(torch.equal(learned[name], lonely[name]) for name in learned)
