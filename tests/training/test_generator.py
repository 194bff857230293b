"""The generator's trainer: what it draws from clips, that it learns, and that it can be taken up again."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from training.generators.critic import Patches, difference, mistakes
from training.generators.generator import GeneratorTrainee, painting
from training.generators.recipe import Recipe, paint
from training.generators.sampling import LipSource, choose_reference, shut_lips
from training.generators.start import begin
from training.packs.data import Sampler, read_pack
from training.run import loop
from training.run.machine import Machine
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening

SLIM = Recipe(width=0.0625, windows=1, singles=3, ears=0.0, soft=0.0)


@pytest.fixture
def sampler(pack):
    return Sampler(read_pack([pack]))


def trainee(sampler, recipe=SLIM, *, judged=True, machine=None):
    torch.manual_seed(0)
    return GeneratorTrainee(sampler, Contrast() if judged else None, Opening(), recipe, machine=machine)


def drawn(sampler, recipe, machine=None):
    source = LipSource(sampler, Opening(), recipe, machine or Machine())
    return source.batch(np.random.default_rng(2))


def test_the_target_is_masked_and_the_reference_is_another_moment(sampler):
    batch = drawn(sampler, SLIM)
    assert batch.faces.shape == (8, 6, 192, 192)
    assert batch.target.shape == (8, 3, 96, 192)
    assert batch.heard.shape == (8, 1, 80, 40)
    assert batch.sound.shape == (1, 1, 80, 16)
    assert not batch.faces[:, :3, 96:].any()
    assert batch.faces[:, :3, :96].any()
    difference = (batch.faces[:, 3:, 96:] - batch.target).abs().amax((1, 2, 3))
    assert (difference > 0.02).all()


def test_references_keep_their_distance_and_are_mostly_shut():
    random = np.random.default_rng(1)
    opening = np.abs(np.sin(np.arange(60) / 4)).astype(np.float32)
    shut = shut_lips(opening)
    frames = np.arange(28, 33)
    chosen = np.array([choose_reference(shut, frames, random, Recipe()) for _ in range(300)])
    assert (np.abs(chosen[:, None] - frames).min(1) > Recipe().gap).all()
    assert shut[chosen].mean() > 0.65


def test_silence_goes_with_shut_lips(sampler):
    quiet = replace(SLIM, singles=24, silent=1.0)
    batch = drawn(sampler, quiet)
    assert (batch.heard == -4).all()
    mouth = (slice(None), slice(None), slice(12, 68), slice(72, 120))
    spoken = drawn(sampler, replace(quiet, silent=0.0))
    assert _gap(batch.target[mouth]) < 0.6 * _gap(spoken.target[mouth])


def _gap(mouths):
    """Share of pixels that are much darker than the skin."""
    grey = mouths.mean(1).flatten(1)
    return (grey < 0.7 * grey.quantile(0.9, 1)[:, None]).float().mean()


def test_it_learns_and_leaves_the_judges_alone(sampler, step):
    learner = trainee(sampler)
    judged = [x.clone() for x in learner.terms.expert.state_dict().values()]
    told = [step(learner, n, 30, np.random.default_rng(0)) for n in range(30)]
    assert told[-1]["l1"] < 0.9 * told[0]["l1"]
    assert {"looks", "sync", "opening", "edges"} <= told[0].keys()
    for before, after in zip(judged, learner.terms.expert.state_dict().values(), strict=True):
        assert torch.equal(before, after)


def test_who_paints_leaves_the_rest_alone(sampler, step):
    learner = trainee(sampler, replace(SLIM, paints=True), judged=False)
    before = {key: value.clone() for key, value in learner.net.state_dict().items()}
    for number in range(3):  # what paints upon a reference that stands still has no slope in the first
        step(learner, 10 + number, 30, np.random.default_rng(0))
    after = learner.net.state_dict()
    moved = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert {key.split(".")[0] for key in moved} == {"face_decoder_blocks", "flow_block", "output_block"}
    assert moved <= set(painting(learner.net))


def test_the_critic_learns_before_it_has_a_say(sampler, step):
    learner = trainee(sampler, replace(SLIM, critic=0.5), judged=False)
    before = [x.clone() for x in learner.terms.critic.parameters()]
    told = step(learner, 40, 100, np.random.default_rng(0))
    assert "critic" not in told
    told = step(learner, 49, 100, np.random.default_rng(0))
    assert told["critic"] == pytest.approx(1, abs=0.2)
    assert "real" not in told
    after = list(learner.terms.critic.parameters())
    assert not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    told = step(learner, 50, 100, np.random.default_rng(0))
    assert {"critic", "real", "alike"} <= told.keys()


def test_the_critic_sees_faint_texture_and_its_taste_can_be_followed():
    torch.manual_seed(0)
    critic = Patches(paint(1).finer)
    learning = torch.optim.Adam(critic.parameters(), 2e-3)
    smooth = functional.interpolate(torch.rand(16, 3, 6, 12), (96, 192), mode="bicubic").clamp(0, 1)
    skin = smooth + 0.02 * torch.randn(16, 3, 96, 192)
    reference, true, drawn = skin[8:], skin[:8], smooth[:8]
    for _ in range(40):
        loss = mistakes(critic(true, reference)[-1], critic(drawn, reference)[-1])
        learning.zero_grad()
        loss.backward()
        learning.step()
    assert loss < 0.5
    assert critic(true, reference)[-1].mean() > critic(drawn, reference)[-1].mean() + 0.5
    wanted = critic(true, reference)
    assert difference(wanted, wanted) == 0
    assert difference(critic(drawn, reference), wanted) > difference(critic(true + 0.01, reference), wanted)


def test_a_larger_generator_begins_with_what_a_smaller_one_knows(lively):
    small = lively(Generator(0.125, 96, from_reference=True))
    large = Generator(0.125, 192, from_reference=True, sub_pixels=2)
    begin(large, small)
    large.eval()
    random = np.random.default_rng(0)
    face = torch.from_numpy(cv2.resize(random.random((6, 6, 6), np.float32), (96, 96))).permute(2, 0, 1)[None]
    face[:, :3, 48:] = 0
    doubled = functional.interpolate(face, scale_factor=2)
    audio = torch.rand(1, 1, 80, 16) * 8 - 4
    with torch.inference_mode():
        before = small(audio, face)
        after = functional.avg_pool2d(large(audio, doubled), 2)
    change, error = (before - face[:, 3:]).abs().mean(), (after - before).abs().mean()
    assert error < 0.3 * change


def test_what_hears_longer_hears_at_first_in_the_middle_what_it_begins_with(lively):
    learned = lively(Generator(0.125, 192, from_reference=True, sub_pixels=2))
    longer = Generator(0.125, 192, from_reference=True, sub_pixels=2, columns=40)
    begin(longer, learned)
    kernel = longer.audio_encoder[11].conv_block[0].weight
    assert torch.equal(kernel[..., 2:5], learned.audio_encoder[11].conv_block[0].weight)
    assert not kernel[..., :2].any()
    assert not kernel[..., 5:].any()


def test_the_same_generator_begins_as_it_is(lively):
    learned = lively(Generator(0.125, 192, from_reference=True, sub_pixels=2))
    fresh = Generator(0.125, 192, from_reference=True, sub_pixels=2)
    begin(fresh, learned)
    for one, other in zip(learned.state_dict().values(), fresh.state_dict().values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("reduced", [False, True])
def test_it_trains_where_the_machine_says_and_as_precisely(sampler, reduced, step):
    learner = trainee(sampler, replace(SLIM, critic=0.0), machine=Machine(reduced=reduced))
    seen = {}

    def note(name):
        def hook(_module, _given, result):
            seen[name] = result.dtype

        return hook

    learner.net.face_encoder_blocks[0][0].conv_block[0].register_forward_hook(note("net"))
    learner.terms.critic.layers[0].register_forward_hook(note("critic"))
    step(learner, 0, 2, np.random.default_rng(0))
    assert seen == dict.fromkeys(("net", "critic"), torch.bfloat16 if reduced else torch.float32)
    assert learner.net.face_encoder_blocks[1][0].conv_block[0].weight.dtype == torch.float32


def test_everything_lies_on_the_machines_device(sampler):
    learner = trainee(sampler, machine=Machine(torch.device("meta")))
    parts = (
        learner.net,
        learner.mean,
        learner._ears,
        learner.terms.critic,
        learner.terms.expert,
        learner.terms.opening,
    )
    tensors = [tensor for part in parts for tensor in part.state_dict().values()]
    assert {tensor.device.type for tensor in [*tensors, learner.terms.weights]} == {"meta"}
    # What is drawn comes from the CPU, whatever learns from it.
    assert {part.device.type for part in learner.source.batch(np.random.default_rng(0))} == {"cpu"}


def test_processes_share_a_batch_windows_and_singles_alike(sampler):
    recipe = replace(SLIM, windows=2, singles=4)
    whole = drawn(sampler, recipe)
    parts = [drawn(sampler, recipe, Machine(rank=rank, world=2)) for rank in (0, 1)]
    assert torch.equal(whole.sound, torch.cat([part.sound for part in parts]))
    for name in ("faces", "target", "heard"):
        value, halves = getattr(whole, name), [getattr(part, name) for part in parts]
        joined = torch.cat([*(half[:5] for half in halves), *(half[5:] for half in halves)])
        assert torch.equal(value, joined), name


def test_without_an_expert_there_is_no_term_on_sync(sampler, step):
    told = step(trainee(sampler, judged=False), 0, 2, np.random.default_rng(0))
    assert "sync" not in told


def test_a_killed_run_goes_on_as_if_nothing_had_happened(sampler, tmp_path):
    whole = loop.run(trainee(sampler), tmp_path / "whole", steps=6, report=lambda _: None)

    class Killed(Exception):
        pass

    first = trainee(sampler)
    taken = first.learn

    def learn(number, steps, drawn):
        if number == 4:
            raise Killed
        return taken(number, steps, drawn)

    first.learn = learn
    with pytest.raises(Killed):
        loop.run(first, tmp_path / "cut", steps=6, save_every=2, report=lambda _: None)
    resumed = loop.run(trainee(sampler), tmp_path / "cut", steps=6, report=lambda _: None)
    assert resumed == whole
