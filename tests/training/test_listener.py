"""A generator that hears through the network from sound to lips: what it learns, keeps, and is told."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.generators import start
from training.run import checkpoint, loop
from training.speech.listener import ListenerTrainee, lessons, listening
from w2l_studio.config import DubConfig, MouthConfig
from w2l_studio.dub import wiring
from w2l_studio.errors import WeightsError
from w2l_studio.nets import weights
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta

KIND = {"from_reference": True, "columns": 40}


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return Generator(0.0625, **KIND).eval()


@pytest.fixture(scope="module")
def ear():
    return weights.load_lips(weights.find("w2l-lips", "lips").path)


@pytest.fixture(scope="module")
def found(tones, net, ear):
    return list(lessons([tones(i, 3) for i in range(4)], net, None, ear, -75.0, 0))


def test_a_lesson_has_a_row_for_every_picture_and_thoughts_for_every_column(found):
    for lesson in found:
        assert lesson.thoughts.shape[0] == 112
        assert len(lesson.begins) == len(lesson.wanted)
        # A picture's window lies evenly around its middle.
        assert abs(float(lesson.begins[0]) + 20 - 80 / 50) <= 1
        assert np.isfinite(lesson.wanted).all()
    assert any((lesson.thoughts == -4).all(0).any() for lesson in found), "pauses are silence"


def test_it_learns_to_say_what_the_ears_say(found, net, step):
    torch.manual_seed(0)
    trainee = ListenerTrainee(found, net)
    told = [step(trainee, n, 160, np.random.default_rng(n)) for n in range(160)]
    for name, most in (("alike", 0.7), ("lips", 0.95)):
        losses = [float(step[name]) for step in told]
        assert 0.5 < losses[0] < 1.3
        assert np.mean(losses[-5:]) < most * losses[0]


def test_a_run_goes_on_exactly(found, net, tmp_path):
    def begun():
        torch.manual_seed(0)
        return ListenerTrainee(found, net)

    whole = loop.run(begun(), tmp_path / "whole", steps=4, report=lambda _: None)

    class Killed(Exception):
        pass

    class Dying(ListenerTrainee):
        def learn(self, number, steps, drawn):
            if number == 2:
                raise Killed
            return super().learn(number, steps, drawn)

    torch.manual_seed(0)
    with pytest.raises(Killed):
        loop.run(Dying(found, net), tmp_path / "cut", steps=4, save_every=1, report=lambda _: None)
    assert loop.run(begun(), tmp_path / "cut", steps=4, report=lambda _: None) == whole


def test_nothing_but_hearing_changes_and_another_generator_can_begin_with_it(found, net):
    made = listening(net, ListenerTrainee(found, net).net.state_dict())
    assert net.listener is None
    assert made.audio_encoder is None
    for name, value in net.state_dict().items():
        if not name.startswith("audio_encoder."):
            assert torch.equal(made.state_dict()[name], value), name
    for other in (Generator(0.0625, **KIND), Generator(0.0625, **KIND, listens=True)):
        start.begin(other, made)
        for name, value in net.state_dict().items():
            if not name.startswith("audio_encoder."):
                assert torch.equal(other.state_dict()[name], value), name
    assert torch.equal(other.listener.outer.bias, made.listener.outer.bias)


def test_one_that_listens_already_teaches_what_it_hears_through_other_weights(found, net, ear, tones):
    made = listening(net, ListenerTrainee(found, net).net.state_dict())
    (lesson,) = lessons([tones(0, 3)], made, ear, ear, -75.0, 0)
    assert lesson.wanted.shape == found[0].wanted.shape
    # An untaught listener says the mean of all, whatever it hears.
    np.testing.assert_allclose(
        lesson.wanted,
        made.listener.outer.bias.detach().numpy()[None].repeat(len(lesson.wanted), 0),
        atol=1e-6,
    )


def test_the_command_writes_weights_that_a_job_hears_through(tmp_path, spoken_folder, net, monkeypatch):
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "store"))
    base = tmp_path / "base.safetensors"
    meta = Meta("generator", width=0.0625, lead_ms=-75.0, recipe="finish", steps=7, licence="CC0", **KIND)
    weights.save(net, base, meta)
    words = [
        "listen",
        base,
        "--speech",
        spoken_folder,
        "--out",
        tmp_path / "run",
        "--steps",
        2,
        "--name",
        "new",
    ]
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    path = tmp_path / "run" / "new.safetensors"
    made, told = weights.load_generator(path)
    lips = weights.find("w2l-lips", "lips")
    assert told == replace(meta, listens=lips.sha256)
    learned = checkpoint.load(tmp_path / "run" / "checkpoint.pt")["trainee"]["net"]
    np.testing.assert_allclose(made.listener.state_dict()["outer.weight"], learned["outer.weight"], atol=1e-3)
    config = DubConfig(mouths=MouthConfig(weights=str(path), device="cpu"))
    entries = wiring.identify(config)
    assert entries["lips"] == lips
    hand = wiring.build(config, entries).generator
    assert hand.listen(np.zeros((80, 41), np.float32), np.ones(8000, np.float32)).shape == (112, 41)
    assert "lips" not in wiring.identify(DubConfig(mouths=MouthConfig(weights=str(base), device="cpu")))
    weights.save(made, path, replace(told, listens="ab" * 32))
    with pytest.raises(WeightsError, match=r"that it hears through are not here.*abab"):
        wiring.identify(config)
