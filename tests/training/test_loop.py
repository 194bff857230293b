import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from training.experts import expert
from training.experts.expert import ContrastTrainee
from training.experts.opening import OpeningTrainee
from training.packs.data import Sampler, read_pack
from training.paper import recipes
from training.paper.expert import PairTrainee
from training.run import checkpoint, loop
from training.run.journal import Journal
from training.run.machine import Machine
from w2l_studio.errors import OutputError, UsageError, WeightsError
from w2l_studio.nets.opening import Opening


class Killed(Exception):
    """What a power cut is to these tests."""


class Witness:
    """Keeps every loss of a trainee and dies where it is told to."""

    def __init__(self, trainee, dies_at=None):
        self.trainee, self.dies_at, self.losses = trainee, dies_at, {}

    @property
    def source(self):
        return self.trainee.source

    def learn(self, number, steps, drawn):
        if number == self.dies_at:
            raise Killed
        told = self.trainee.learn(number, steps, drawn)
        self.losses[number] = told.get("loss", told.get("contrast"))
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


def test_lip_opening_goes_on_from_what_weights_know(sampler, step):
    known = Opening().eval().requires_grad_(False)
    before = {name: value.clone() for name, value in known.state_dict().items()}
    trainee = OpeningTrainee(sampler, learned=known)
    began = trainee.net.state_dict()
    assert all(torch.equal(began[name], value) for name, value in before.items())
    assert step(trainee, 3, 10, np.random.default_rng(0))["loss"] > 0
    after = trainee.net.state_dict()
    assert not torch.equal(after["head.1.weight"], before["head.1.weight"])


def pairs(sampler):
    return PairTrainee(sampler, replace(recipes.expert(width=0.0625), pairs=16))


@pytest.mark.parametrize("kind", [ContrastTrainee, OpeningTrainee, pairs])
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


def test_a_run_with_no_step_left_says_so(sampler, tmp_path):
    loop.run(ContrastTrainee(sampler), tmp_path, steps=2, report=lambda _: None)
    said = []
    loop.run(ContrastTrainee(sampler), tmp_path, steps=1, report=said.append)
    assert said == ["taken up at step 2; no step is left of 1: give more --steps"]
    assert checkpoint.load(tmp_path / "checkpoint.pt")["step"] == 2


def test_a_full_disk_is_told_and_the_last_checkpoint_stands(sampler, tmp_path, small_disk):
    loop.run(ContrastTrainee(sampler), tmp_path, steps=1, report=lambda _: None)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with small_disk(len(before) // 2), pytest.raises(OutputError, match="disk is full") as caught:
        loop.run(ContrastTrainee(sampler), tmp_path, steps=2, report=lambda _: None)
    assert "checkpoint.pt" in caught.value.where
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_log_that_the_disk_does_not_take_is_told(sampler, tmp_path, small_disk):
    loop.run(ContrastTrainee(sampler), tmp_path, steps=1, report=lambda _: None)
    log = tmp_path / "log.jsonl"
    with small_disk(log.stat().st_size + 1), pytest.raises(OutputError, match="disk is full") as caught:
        loop.run(ContrastTrainee(sampler), tmp_path, steps=2, report=lambda _: None)
    assert caught.value.where == str(log)


def test_a_sheet_that_the_disk_does_not_take_is_told(tmp_path, small_disk):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    with (
        Journal(tmp_path, 0, lambda _: None) as journal,
        small_disk(1000),
        pytest.raises(OutputError, match="disk is full") as caught,
    ):
        journal.sheet(7, picture)
    assert caught.value.where == str(tmp_path / "sheets" / "0000007.png")


def test_a_folder_that_cannot_be_made_is_told(sampler, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        loop.run(ContrastTrainee(sampler), tmp_path / "file" / "run", steps=1, report=lambda _: None)


class Dice:
    """Draws what chance gives alone."""

    def draw(self, number, steps, random):
        return random.random()


class Constant:
    """Reports one number; measures what it is told to."""

    source = Dice()
    guessing = math.log(2)

    def __init__(self, value, measured=()):
        self.value, self.measured = value, iter(measured)

    def learn(self, *_):
        return {"loss": self.value}

    def measure(self):
        return {"loss": next(self.measured)}

    def sheet(self):
        return np.full((8, 6, 3), (0, 0, 255), np.uint8)

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        del state


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    with pytest.raises(FloatingPointError, match="loss is nan at step 0"):
        loop.run(Constant(float("nan")), tmp_path, steps=3)
    assert not (tmp_path / "checkpoint.pt").exists()


class Layered(Constant):
    """Has a layer, an optimiser of which nothing is known before a step, and perhaps no room for them."""

    def __init__(self, width=2, room=True):
        super().__init__(1.0)
        self.layer, self.room = torch.nn.Linear(width, 1), room
        self.optimiser = torch.optim.Adam(self.layer.parameters())

    def learn(self, *_):
        self.layer(torch.ones(1, self.layer.in_features)).sum().backward()
        self.optimiser.step()
        return {"loss": 1.0}

    def state_dict(self):
        return {"net": self.layer.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state):
        self.layer.load_state_dict(state["net"])
        if not self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.optimiser.load_state_dict(state["optimiser"])


def test_memory_that_is_full_is_not_another_network(tmp_path):
    loop.run(Layered(), tmp_path, steps=1)
    with pytest.raises(torch.OutOfMemoryError):
        loop.run(Layered(room=False), tmp_path, steps=2)
    with pytest.raises(UsageError, match="another network"):
        loop.run(Layered(width=3), tmp_path, steps=2)
    loop.run(Layered(), tmp_path, steps=2)


@pytest.mark.parametrize(("device", "steps"), [("cpu", 1), ("cuda", 2)])
def test_a_gpu_is_asked_when_a_line_is_due_and_before_anything_is_saved(tmp_path, device, steps):
    class Counting(Constant):
        taken = 0

        def learn(self, *_):
            self.taken += 1
            return {"loss": torch.tensor(float("nan"))}

    trainee = Counting(0.0)
    with pytest.raises(FloatingPointError, match="loss is nan at step 0"):
        loop.run(trainee, tmp_path, machine=Machine(torch.device(device)), steps=4, log_every=3, save_every=2)
    assert trainee.taken == steps
    assert not (tmp_path / "checkpoint.pt").exists()


def test_the_log_holds_a_line_per_interval(tmp_path):
    loop.run(Constant(2.0), tmp_path, steps=5, log_every=2, report=lambda _: None)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 5]
    assert rows[-1]["loss"] == pytest.approx(2.0)


def test_it_stops_when_nothing_gets_better_and_keeps_the_best(tmp_path):
    told = []
    options = {"steps": 50, "measure_every": 2, "patience": 2, "report": told.append}
    loop.run(Constant(1.0, [3.0, 2.0, 2.5, 2.1, 9.0]), tmp_path, **options)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["step"] == 8
    assert checkpoint.load(tmp_path / "best.pt")["step"] == 4
    assert "best.pt has 2.0" in told[-2]
    loop.run(Constant(1.0, [0.0]), tmp_path, **options)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["step"] == 8


class Unmeasured:
    """Has a recipe, and measures nothing."""

    source = Dice()

    def __init__(self, recipe=""):
        self.recipe = recipe

    def learn(self, number, steps, drawn):
        return {"loss": 1.0}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        del state


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"measure_every": 2}, "not measured while it trains"),
        ({"patience": 2}, "--patience counts measurements"),
    ],
)
def test_measurements_that_nobody_makes_are_refused_before_anything_is_written(tmp_path, options, told):
    with pytest.raises(UsageError, match=told):
        loop.run(Unmeasured(), tmp_path / "run", steps=3, **options)
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_by_its_own_recipe_alone(tmp_path):
    options = {"report": lambda _: None}
    loop.run(Unmeasured("one"), tmp_path, steps=1, **options)
    with pytest.raises(UsageError, match="a run by another recipe"):
        loop.run(Unmeasured("two"), tmp_path, steps=2, **options)
    loop.run(Unmeasured("one"), tmp_path, steps=2, **options)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["step"] == 2


def test_patience_is_part_of_the_checkpoint(tmp_path):
    options = {"measure_every": 1, "patience": 3, "report": lambda _: None}
    loop.run(Constant(1.0, [1.0, 2.0, 2.0]), tmp_path, steps=3, **options)
    loop.run(Constant(1.0, [2.0, 2.0, 2.0]), tmp_path, steps=9, **options)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["step"] == 4


def test_the_budget_ends_a_run_with_a_checkpoint_that_can_be_taken_up(tmp_path):
    clock = iter(range(0, 1000, 20))
    options = {"steps": 9, "report": lambda _: None}
    loop.run(Constant(1.0), tmp_path, budget_minutes=1, clock=lambda: next(clock), **options)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["step"] == 3
    again = Witness(Constant(1.0))
    loop.run(again, tmp_path, **options)
    assert sorted(again.losses) == [3, 4, 5, 6, 7, 8]


def test_a_resumed_run_keeps_its_seed(tmp_path):
    class Chance(Constant):
        def learn(self, number, steps, drawn):
            return {"loss": drawn + torch.rand(1).item()}

    whole = loop.run(Chance(0), tmp_path / "whole", steps=4, seed=3, report=lambda _: None)
    loop.run(Chance(0), tmp_path / "cut", steps=2, seed=3, report=lambda _: None)
    assert loop.run(Chance(0), tmp_path / "cut", steps=4, seed=8, report=lambda _: None) == whole


def test_the_alarm_is_raised_at_chance_alone(tmp_path):
    for value, alarms in ((math.log(2), 2), (0.6, 0)):
        told = []
        options = {"steps": 600, "save_every": 600, "log_every": 100, "report": told.append}
        loop.run(Constant(value), tmp_path / str(value), **options)
        assert sum("ALARM" in line for line in told) == alarms


def test_sheets_and_curves_are_kept(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    options = {"steps": 4, "log_every": 1, "measure_every": 2, "report": lambda _: None}
    loop.run(Constant(0.5, [2.0, 1.0]), tmp_path, **options)
    sheets = sorted((tmp_path / "sheets").iterdir())
    assert [path.name for path in sheets] == ["0000002.png", "0000004.png"]
    assert (cv2.imread(str(sheets[0])) == (0, 0, 255)).all()
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in board.Scalars("loss")] == [1, 2, 3, 4]
    assert [event.value for event in board.Scalars("heldout/loss")] == [2.0, 1.0]
    assert [event.step for event in board.Images("sheet")] == [2, 4]


def test_only_the_first_process_writes(tmp_path):
    loop.run(Constant(1.0), tmp_path, machine=Machine(rank=1), steps=2, report=lambda _: None)
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_the_first_release_is_taken_up(sampler, tmp_path):
    trainee = ContrastTrainee(sampler)
    old = {"step": 2, "means": {"loss": 2.0}, "trainee": trainee.state_dict()}
    checkpoint.save(tmp_path / "checkpoint.pt", old)
    witness = Witness(trainee)
    loop.run(witness, tmp_path, steps=3, report=lambda _: None)
    assert list(witness.losses) == [2]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"junk\n"])
def test_a_broken_checkpoint_is_refused_by_name(tmp_path, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(WeightsError, match="checkpoint") as caught:
        checkpoint.load(tmp_path / "checkpoint.pt")
    assert "checkpoint.pt" in caught.value.where


def test_a_folder_without_a_checkpoint_is_not_called_damaged(tmp_path):
    with pytest.raises(WeightsError, match="there is no checkpoint"):
        checkpoint.load(tmp_path / "checkpoint.pt")


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match="trainer"):
        checkpoint.load(tmp_path / "other.pt")


def test_the_rate_rises_and_falls():
    rates = [loop.one_cycle(n, 200) for n in range(200)]
    assert np.argmax(rates) == 15
    assert rates[-1] == pytest.approx(0.01)
    assert min(rates) > 0
