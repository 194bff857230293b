import json

import numpy as np
import pytest
import torch

from training import checkpoint, expert, loop
from training.data import Sampler, read_pack
from training.expert import ContrastTrainee
from training.opening import OpeningTrainee
from w2l_studio.errors import WeightsError


class Killed(Exception):
    """What a power cut is to these tests."""


class Witness:
    """Keeps every loss of a trainee and dies where it is told to."""

    def __init__(self, trainee, dies_at=None):
        self.trainee, self.dies_at, self.losses = trainee, dies_at, {}

    def step(self, number, steps, random):
        if number == self.dies_at:
            raise Killed
        told = self.trainee.step(number, steps, random)
        self.losses[number] = told["loss"]
        return told

    def state_dict(self):
        return self.trainee.state_dict()

    def load_state_dict(self, state):
        self.trainee.load_state_dict(state)


@pytest.fixture
def sampler(pack):
    return Sampler(read_pack([pack]))


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(expert, "CLIPS", 2)


@pytest.mark.parametrize("kind", [ContrastTrainee, OpeningTrainee])
def test_a_killed_run_goes_on_as_if_it_had_not_been(sampler, tmp_path, kind):
    options = {"steps": 6, "save_every": 2, "report": lambda _: None}
    torch.manual_seed(0)
    whole = Witness(kind(sampler))
    loop.run(whole, tmp_path / "whole", **options)
    torch.manual_seed(0)
    first = Witness(kind(sampler), dies_at=5)
    with pytest.raises(Killed):
        loop.run(first, tmp_path / "cut", **options)
    torch.manual_seed(99)
    second = Witness(kind(sampler))
    loop.run(second, tmp_path / "cut", **options)
    assert min(second.losses) == 4
    assert {**first.losses, **second.losses} == whole.losses
    ended, resumed = whole.state_dict()["net"], second.state_dict()["net"]
    assert all(torch.equal(ended[key], resumed[key]) for key in ended)


def test_a_finished_run_takes_no_further_step(sampler, tmp_path):
    options = {"steps": 1, "report": lambda _: None}
    loop.run(ContrastTrainee(sampler), tmp_path, **options)
    again = Witness(ContrastTrainee(sampler))
    loop.run(again, tmp_path, **options)
    assert again.losses == {}


class Constant:
    """Reports one number."""

    def __init__(self, value):
        self.value = value

    def step(self, *_):
        return {"loss": self.value}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        del state


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    with pytest.raises(FloatingPointError, match="loss is nan at step 0"):
        loop.run(Constant(float("nan")), tmp_path, steps=3)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_the_log_holds_a_line_per_interval(tmp_path):
    loop.run(Constant(2.0), tmp_path, steps=5, log_every=2, report=lambda _: None)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 5]
    assert rows[-1]["loss"] == pytest.approx(2.0)


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_broken_checkpoint_is_refused_by_name(tmp_path, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(WeightsError, match="checkpoint") as caught:
        checkpoint.load(tmp_path / "checkpoint.pt")
    assert "checkpoint.pt" in caught.value.where


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match="trainer"):
        checkpoint.load(tmp_path / "other.pt")


def test_the_rate_rises_and_falls():
    rates = [loop.one_cycle(n, 200) for n in range(200)]
    assert np.argmax(rates) == 15
    assert rates[-1] == pytest.approx(0.01)
    assert min(rates) > 0
