"""What a generator that listens is taught with: thoughts of clips; what hears stays as it is."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.generators.generator import GeneratorTrainee
from training.generators.recipe import Recipe
from training.generators.sampling import LipSource
from training.packs.data import Sampler, read_pack
from training.run.machine import Machine
from training.speech import hearing
from training.speech.hearing import Thoughts
from training.speech.listener import listening
from w2l_studio.nets import weights
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.listener import Listener
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening

SLIM = Recipe(name="finish", width=0.0625, windows=1, singles=3, ears=0.0, soft=0.0)
KIND = {"from_reference": True, "warps": True, "sub_pixels": 2, "columns": 40}


@pytest.fixture(scope="module")
def lips():
    return weights.find("w2l-lips", "lips")


@pytest.fixture(scope="module")
def thoughts(lips):
    return Thoughts(weights.load_lips(lips.path), lips.sha256)


@pytest.fixture
def clips(pack):
    return read_pack([pack])


@pytest.fixture(scope="module")
def learned():
    torch.manual_seed(0)
    net = Generator(0.0625, 192, **KIND)
    deep = net.audio_encoder[-1].conv_block[0].out_channels
    return listening(net, Listener(40, deep).state_dict())


def test_a_clip_is_thought_about_as_long_as_it_sounds_and_the_same_after_a_restart(clips, thoughts):
    told = thoughts.of(clips[0], np.random.default_rng(1))
    assert told.shape == (112, clips[0].mel.shape[1])
    again = Thoughts(thoughts.ear, thoughts.sha256).of(clips[0], np.random.default_rng(1))
    np.testing.assert_array_equal(told, again)


def test_a_clip_is_heard_in_several_recordings_each_of_them_once(clips, thoughts, monkeypatch):
    fresh = Thoughts(thoughts.ear, "")
    heard = []
    monkeypatch.setattr(
        hearing, "thought", lambda _, mel, samples: heard.append(samples) or np.zeros((112, mel.shape[1]))
    )
    random = np.random.default_rng(0)
    for clip in clips[:3]:
        for _ in range(40):
            fresh.of(clip, random)
    assert len(heard) == 9
    assert any(not np.array_equal(*pair) for pair in itertools.pairwise(heard[:3]))


def test_pauses_are_silent_and_nothing_else_is(thoughts):
    samples = np.zeros(32000, np.float32)
    samples[12000:20000] = np.random.default_rng(0).normal(0, 0.2, 8000)
    silent = np.zeros(161, np.bool_)
    silent[:40] = True
    told = hearing.thoughts(thoughts.ear, samples, silent)
    assert (told[:, :40] == -4).all()
    assert not (told[:, 40:] == -4).all(0).any()


def test_what_is_drawn_for_a_listener_are_thoughts_and_silence_stays_silence(clips, thoughts):
    def drawn(recipe):
        source = LipSource(Sampler(clips), Opening(), recipe, Machine(), thoughts)
        return source.batch(np.random.default_rng(2))

    batch = drawn(SLIM)
    assert batch.heard.shape == (8, 1, 112, 40)
    assert batch.sound.shape == (1, 1, 80, 16)
    assert (drawn(replace(SLIM, silent=1.0)).heard == -4).all()


def test_the_hand_learns_and_what_hears_stays(clips, thoughts, learned, step):
    recipe = replace(SLIM, critic=1.0)
    trainee = GeneratorTrainee(Sampler(clips), None, Opening(), recipe, learned, thoughts)
    before = {name: value.clone() for name, value in trainee.net.state_dict().items()}
    for n in range(2):
        step(trainee, n, 4, np.random.default_rng(n))
    after = trainee.net.state_dict()
    assert not torch.equal(after["output_block.1.weight"], before["output_block.1.weight"])
    for name in before:
        if name.startswith("listener."):
            assert torch.equal(after[name], before[name]), name
    assert trainee.state_dict()["meta"]["listens"] == thoughts.sha256


def test_weights_that_listen_are_trained_and_adapted_as_they_will_be_heard(
    pack, tmp_path, lips, learned, monkeypatch
):
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "store"))
    base = tmp_path / "base.safetensors"
    meta = Meta("generator", width=0.0625, face_px=192, lead_ms=-75.0, listens=lips.sha256, **KIND)
    weights.save(learned, base, meta)
    weights.add(base, "base")

    def run(*words):
        done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output

    begin = ("--recipe", "finish", "--start", base, "--width", 0.0625, "--opening", "w2l-opening")
    run("generator", "--pack", pack, *begin, "--steps", 1, "--pictures", 8, "--out", tmp_path / "run")
    run("export", tmp_path / "run", tmp_path / "out", "--name", "on", "--licence", "CC0")
    net, told = weights.load_generator(tmp_path / "out" / "on.safetensors")
    assert told.listens == lips.sha256
    torch.testing.assert_close(net.listener.inner.weight, learned.listener.inner.weight, atol=1e-3, rtol=0)
    assert not torch.equal(net.output_block[1].weight, learned.output_block[1].weight)
    run("adapt", base, pack, "--out", tmp_path / "fit", "--steps", 1)
    assert weights.load_generator(tmp_path / "fit" / "adapted.safetensors")[1].listens == lips.sha256
