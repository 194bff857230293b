"""What is checked before hours are spent: passes where all is well, and fails where it is not."""

from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.measure import check
from training.packs.data import read_pack
from training.paper import recipes
from training.run.machine import Machine

RECIPE = replace(recipes.published_expert(width=0.0625), pairs=16, near=5, far=5, rate=2e-3)


@pytest.fixture(scope="module")
def clips(pack):
    return read_pack([pack])


def test_the_networks_are_as_large_as_published():
    assert [finding.passed for finding in check.sizes()] == [True] * 3


def test_eight_clips_are_learned_by_heart_by_a_network_that_learns(clips):
    torch.manual_seed(0)
    assert check.overfit(clips, RECIPE, Machine(), 150).passed
    lame = check.overfit(clips, replace(RECIPE, rate=1e-7), Machine(), 5)
    assert not lame.passed
    assert "after 5 steps" in lame.told


def test_shuffled_sound_tells_nothing_unless_something_else_gives_the_label_away(clips, monkeypatch):
    torch.manual_seed(0)
    assert check.shuffled(clips, RECIPE, Machine(), 40).passed

    class Leaky(check.Shuffled):
        def draw(self, number, steps, random):
            drawn = super().draw(number, steps, random)
            return drawn._replace(lips=drawn.lips * drawn.together[:, None, None, None, None].to(torch.uint8))

    monkeypatch.setattr(check, "Shuffled", Leaky)
    assert not check.shuffled(clips, RECIPE, Machine(), 60).passed


def test_speed_compares_what_is_drawn_with_what_is_learned(clips, monkeypatch):
    recipe = replace(recipes.wav2lip(0.0625), sync=0.0, windows=2)
    rates = iter([5.0, 4.0, 3.0, 4.0])
    monkeypatch.setattr(check, "_per_second", lambda things, machine: next(things) and next(rates))
    assert check.speed(clips, recipe, Machine(), 0).passed
    slow = check.speed(clips, recipe, Machine(), 0)
    assert not slow.passed
    assert "3.0 batches a second" in slow.told


@pytest.mark.parametrize("good", [True, False])
def test_the_command_ends_with_a_verdict_and_says_what_to_do(pack, monkeypatch, good):
    told = [check.Finding("one", "fine", True, "rest"), check.Finding("two", "so so", good, "give more")]
    monkeypatch.setattr(check, "run", lambda *_, **__: iter(told))
    result = CliRunner().invoke(cli, ["check", "--pack", str(pack)])
    assert result.exit_code == (0 if good else 1)
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    if good:
        assert lines == ["ok one: fine", "ok two: so so", "ready to train: every check passed"]
    else:
        assert lines == ["ok one: fine", "FAILED two: so so", "give more", "not ready to train: two"]
