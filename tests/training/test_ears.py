"""A generator's ears: they learn lips from speech alone, and a generator keeps them as they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from training import checkpoint, loop
from training.data import Sampler, read_pack
from training.ears import EarsTrainee, read_ears
from training.generator import GeneratorTrainee
from training.lessons import Lessons, lessons
from training.recipe import Recipe
from w2l_studio.errors import WeightsError
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening

SLIM = Recipe(width=0.0625, windows=1, singles=3, soft=0.0)


@pytest.fixture(scope="module")
def taught(tones):
    return Lessons(lessons(tones(i, 3) for i in range(6)))


def test_they_learn_what_a_sound_does_to_lips(taught):
    torch.manual_seed(0)
    trainee = EarsTrainee(taught, SLIM)
    told = [trainee.step(number, 50, np.random.default_rng(number)) for number in range(50)]
    early, late = (np.mean([one["units"] for one in part]) for part in (told[:5], told[-5:]))
    assert late < 0.6 * early


def test_the_picture_lies_in_the_middle_of_what_is_heard(taught):
    # 100 ms into a window of 200 ms that begins 75 ms before the picture does: its own middle, to a column.
    assert EarsTrainee(taught, SLIM)._middle == 8
    assert EarsTrainee(taught, replace(SLIM, lead_ms=0))._middle == 2


def test_a_run_goes_on_and_gives_its_ears_to_a_generator_that_keeps_them(taught, pack, tmp_path):
    torch.manual_seed(0)
    begun = Generator(SLIM.width, SLIM.face_px, sub_pixels=SLIM.sub_pixels, from_reference=True)
    loop.run(EarsTrainee(taught, SLIM, begun), tmp_path, steps=3)
    heard = read_ears(tmp_path)
    again = EarsTrainee(taught, SLIM)
    again.load_state_dict(checkpoint.load(tmp_path / "checkpoint.pt")["trainee"])
    assert all(torch.equal(value, heard[key]) for key, value in again.net.state_dict().items())
    trainee = GeneratorTrainee(Sampler(read_pack([pack])), None, Opening(), SLIM, begun, heard)
    before = {key: value.clone() for key, value in trainee.net.state_dict().items()}
    trainee.step(0, 2, np.random.default_rng(0))
    for key, value in trainee.net.state_dict().items():
        if key.startswith("audio_encoder."):
            assert torch.equal(value, before[key]), key
    assert not torch.equal(before["output_block.1.weight"], trainee.net.output_block[1].weight)


def test_another_run_is_no_ears(tmp_path):
    checkpoint.save(tmp_path / "checkpoint.pt", {"step": 1, "means": {}, "trainee": {"net": {}}})
    with pytest.raises(WeightsError, match="not a run of `ears`"):
        read_ears(tmp_path)
