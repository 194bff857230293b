"""A generator's ears: they learn lips from speech alone, and a generator keeps them as they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from training.generators import ears
from training.generators.ears import EarsTrainee, MomentSource, read_ears
from training.generators.generator import GeneratorTrainee
from training.generators.recipe import Recipe
from training.packs.data import Sampler, read_pack
from training.run import checkpoint, loop
from training.run.machine import Machine
from training.speech.lessons import Lessons, lessons
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening

SLIM = Recipe(width=0.0625, windows=1, singles=3, soft=0.0)


@pytest.fixture(scope="module")
def taught(tones):
    return Lessons(lessons(tones(i, 3) for i in range(6)))


def test_they_learn_what_a_sound_does_to_lips(taught, step):
    torch.manual_seed(0)
    trainee = EarsTrainee(taught, SLIM)
    told = [step(trainee, number, 50, np.random.default_rng(number)) for number in range(50)]
    early, late = (np.mean([one["units"] for one in part]) for part in (told[:5], told[-5:]))
    assert late < 0.6 * early


def test_the_picture_lies_in_the_middle_of_what_is_heard(taught):
    # 100 ms into a window of 200 ms that begins 75 ms before the picture does: its own middle, to a column.
    assert MomentSource(taught, SLIM, Machine())._middle == 8
    assert MomentSource(taught, replace(SLIM, lead_ms=0), Machine())._middle == 2


def test_a_run_goes_on_and_gives_its_ears_to_a_generator_that_keeps_them(taught, pack, tmp_path, step):
    torch.manual_seed(0)
    begun = Generator(SLIM.width, SLIM.face_px, sub_pixels=SLIM.sub_pixels, from_reference=True, columns=16)
    loop.run(EarsTrainee(taught, SLIM, begun), tmp_path, steps=3)
    heard = read_ears(tmp_path)
    again = EarsTrainee(taught, SLIM)
    again.load_state_dict(checkpoint.load(tmp_path / "checkpoint.pt")["trainee"])
    assert all(torch.equal(value, heard[key]) for key, value in again.net.state_dict().items())
    trainee = GeneratorTrainee(Sampler(read_pack([pack])), None, Opening(), SLIM, begun, heard)
    before = {key: value.clone() for key, value in trainee.net.state_dict().items()}
    step(trainee, 0, 2, np.random.default_rng(0))
    for key, value in trainee.net.state_dict().items():
        if key.startswith("audio_encoder."):
            assert torch.equal(value, before[key]), key
    assert not torch.equal(before["output_block.1.weight"], trainee.net.output_block[1].weight)


def test_ears_that_hear_longer_are_told_and_shorter_ones_hear_in_the_middle(taught, pack, tmp_path):
    loop.run(EarsTrainee(taught, replace(SLIM, columns=28)), tmp_path, steps=1)
    heard, sampler = read_ears(tmp_path), Sampler(read_pack([pack]))
    with pytest.raises(UsageError, match="of another width than the generator, or hear longer"):
        GeneratorTrainee(sampler, None, Opening(), replace(SLIM, columns=16), None, heard)
    trainee = GeneratorTrainee(sampler, None, Opening(), SLIM, None, heard)
    kernel = "11.conv_block.0.weight"
    assert torch.equal(trainee.net.audio_encoder.state_dict()[kernel][..., 1:-1], heard[kernel])


def test_what_is_heard_of_a_longer_window_has_the_picture_in_its_middle(taught, monkeypatch):
    numbered = np.arange(240, dtype=np.float32)

    def counted(lesson, random):
        units = np.broadcast_to(numbered, (11, 240))
        return np.broadcast_to(numbered, (80, 240)), None, units, numbered, numbered.astype(int), units

    monkeypatch.setattr(ears, "window", counted)
    monkeypatch.setattr(ears, "SILENCE", -1000.0)
    monkeypatch.setattr(ears, "MEL_RANGE", 1000.0)
    monkeypatch.setattr(ears, "_QUIETEST", 0.0)
    monkeypatch.setattr(ears, "_LOUDEST", 1e-9)
    batch = MomentSource(taught, SLIM, Machine()).draw(0, 1, np.random.default_rng(0))
    assert batch.heard.shape[1:] == (1, 80, SLIM.columns)
    assert torch.allclose(batch.heard[:, 0, 0, SLIM.columns // 2], batch.units[:, 0])


def test_another_run_is_no_ears(tmp_path):
    checkpoint.save(tmp_path / "checkpoint.pt", {"step": 1, "means": {}, "trainee": {"net": {}}})
    with pytest.raises(WeightsError, match="not a run of `ears`"):
        read_ears(tmp_path)
