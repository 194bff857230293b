"""What makes lips crisp learns from the true lips, laid over those that a generator drew."""

import copy

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.generators import sharpening
from training.generators.sharpening import DrawnLips, SharpenerTrainee
from training.packs.data import Sampler, read_pack
from training.run.machine import Machine
from training.weights import export
from w2l_studio.errors import UsageError
from w2l_studio.nets import checkpoint, weights
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening
from w2l_studio.nets.sharpener import FACE_PX, FIRST_ROW, Sharpener

ROWS = FACE_PX - FIRST_ROW
KIND = {"from_reference": True, "warps": True, "sub_pixels": 2, "columns": 40}


class SoftHand:
    """A generator that draws the true lips, softly and three pixels too low."""

    name, face_px, lead_ms, columns = "soft", FACE_PX, -75.0, 16

    def speak(self, crops, references, voice):
        assert crops.pixels.shape == references.shape
        assert voice.windows.shape == (len(references), 80, 16)
        return np.stack([cv2.GaussianBlur(np.roll(p, 3, 0), (0, 0), 3.0) for p in crops.pixels])


@pytest.fixture(scope="module")
def opening():
    return weights.load_opening(weights.find("w2l-opening", "opening").path)


@pytest.fixture
def source(pack, opening, monkeypatch):
    monkeypatch.setattr(sharpening, "_CLIPS", 2)
    monkeypatch.setattr(sharpening, "_PICTURES", 3)
    return DrawnLips(Sampler(read_pack([pack])), SoftHand(), None, opening, Machine())


@pytest.fixture
def all_drawn(monkeypatch):
    monkeypatch.setattr(sharpening, "_MADE_SOFT", 0.0)
    monkeypatch.setattr(sharpening, "_ALONE", 0.0)


def crisp(pictures):
    """Squared, since a soft edge is as high as a crisp one."""
    return float((pictures[..., 1:, :] - pictures[..., :-1, :]).square().mean())


def apart(a, b, counts):
    return float(((a - b).abs() * counts).sum() / counts.sum())


def test_a_batch_holds_what_it_says_and_repeats_by_chance(source):
    batch = source.draw(0, 1, np.random.default_rng(1))
    again = source.draw(5, 9, np.random.default_rng(1))
    assert batch.drawn.shape == batch.alike.shape == batch.wanted.shape == (6, 3, ROWS, FACE_PX)
    assert batch.counts.shape == (6, 1, ROWS, FACE_PX)
    assert batch.opening.shape == (6,)
    for one, other in zip(batch, again, strict=True):
        assert torch.equal(one, other)
        assert one.min() >= 0
        assert one.max() <= 1


@pytest.mark.usefixtures("all_drawn")
def test_the_true_lips_lie_where_the_drawn_ones_do_and_are_crisper(source):
    batch = source.draw(0, 1, np.random.default_rng(2))
    assert crisp(batch.wanted) > 1.5 * crisp(batch.drawn)
    # Moved back, they would lie three rows off.
    moved = batch.wanted.roll(-3, 2)
    assert apart(batch.wanted, batch.drawn, batch.counts) < apart(moved, batch.drawn, batch.counts)
    assert batch.counts.mean() > 0.5


@pytest.mark.usefixtures("all_drawn")
def test_other_lips_count_for_nothing_where_they_differ():
    drawn = np.full((ROWS, FACE_PX, 3), 100, np.float32)
    wanted = drawn.copy()
    wanted[:, 96:] = 180
    counts = sharpening._same(wanted, drawn)
    assert counts[:, 120:].max() < 0.05
    assert counts[:, :70].min() > 0.95


def test_soft_lips_are_made_of_those_that_are_wanted(source, monkeypatch):
    monkeypatch.setattr(sharpening, "_MADE_SOFT", 1.0)
    monkeypatch.setattr(sharpening, "_ALONE", 1.0)
    batch = source.draw(0, 1, np.random.default_rng(3))
    assert torch.equal(batch.alike, batch.drawn)
    assert (batch.counts == 1).all()
    assert crisp(batch.drawn) < 0.8 * crisp(batch.wanted)
    assert float(batch.drawn.mean()) == pytest.approx(float(batch.wanted.mean()), abs=0.01)


def test_nothing_is_alike_but_other_moments(source):
    made = np.zeros((1, FACE_PX, FACE_PX, 3), np.uint8)
    seen = [made[0].astype(np.float32)] * 3
    found = source._alike(made, np.zeros(1, np.float32), seen, np.array([10, 12, 30]), np.zeros(40))
    assert found == [2]
    assert source._alike(made, np.zeros(1, np.float32), seen[:2], np.array([10, 12]), np.zeros(40)) == [-1]


def test_lips_become_crisper_as_it_learns_and_a_run_goes_on_the_same(source, opening):
    torch.manual_seed(0)
    trainee = SharpenerTrainee(source, opening, None, Machine())
    batch = source.draw(0, 1, np.random.default_rng(4))
    told = [trainee.learn(number, 40, batch) for number in range(30)]
    assert float(told[-1]["edges"]) < 0.95 * float(told[0]["edges"])
    assert float(told[-1]["l1"]) < float(told[0]["l1"])
    other = SharpenerTrainee(source, opening, None, Machine())
    other.load_state_dict(copy.deepcopy(trainee.state_dict()))
    assert other.learn(30, 40, batch)["l1"] == trainee.learn(30, 40, batch)["l1"]


@pytest.mark.usefixtures("all_drawn")
def test_untaught_it_keeps_lips_and_how_far_they_are_open(source, opening):
    trainee = SharpenerTrainee(source, opening, None, Machine())
    batch = source.draw(0, 1, np.random.default_rng(5))
    told = trainee.compared(batch.drawn, batch)
    assert float(told["opening"]) < 1e-6
    same = trainee.compared(batch.wanted, batch)
    assert float(same["l1"]) == float(same["edges"]) == 0
    assert float(same["structure"]) == pytest.approx(0, abs=1e-5)


def test_the_command_goes_on_from_weights_and_ships(pack, tmp_path, monkeypatch):
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "store"))
    monkeypatch.setattr(sharpening, "_CLIPS", 1)
    lips = weights.find("w2l-lips", "lips")
    hand = tmp_path / "hand.safetensors"
    meta = Meta("generator", width=0.0625, face_px=192, lead_ms=-75.0, listens=lips.sha256, **KIND)
    weights.save(Generator(0.0625, 192, **KIND, listens=True), hand, meta)

    def run(*words):
        done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    of = ("--pack", pack, "--generator", hand, "--opening", "w2l-opening", "--steps", 1)
    run("sharpener", *of, "--start", "w2l-sharp", "--out", tmp_path / "run")
    net, told = export.from_run(tmp_path / "run")
    assert isinstance(net, Sharpener)
    assert (told.kind, told.face_px, told.steps) == ("sharpener", FACE_PX, 1)
    told_ = run("export", tmp_path / "run", tmp_path / "out", "--name", "crisp", "--licence", "CC0")
    assert "sharpener" in told_
    path = tmp_path / "out" / "crisp.safetensors"
    assert path.stat().st_size < 600_000
    assert checkpoint.kind_of(path) == "sharpener"
    begun = weights.load_sharpener(weights.find("w2l-sharp", "sharpener").path)
    torch.testing.assert_close(weights.load_sharpener(path).head.weight, begun.head.weight, atol=0.05, rtol=0)


def test_generators_of_other_faces_are_told(pack, tmp_path):
    hand = tmp_path / "hand.safetensors"
    weights.save(Generator(0.0625, 96), hand, Meta("generator", width=0.0625))
    words = ["sharpener", "--pack", pack, "--generator", hand, "--opening", "w2l-opening", "--steps", 1]
    done = CliRunner().invoke(cli, [str(word) for word in [*words, "--out", tmp_path / "run"]])
    assert isinstance(done.exception, UsageError)
    assert "draws faces of 96 px, and a sharpener learns from 192" in str(done.exception)


def test_points_and_sharpeners_are_told_apart_by_their_layers(tmp_path):
    weights.save(Opening(), tmp_path / "o.safetensors", Meta("opening"))
    assert isinstance(export.network(Sharpener().state_dict(), tmp_path)[0], Sharpener)
