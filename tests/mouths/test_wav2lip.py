"""The generator at work: what it reads, what it draws, in any batch and in half precision."""

import numpy as np
import pytest
import torch

from w2l_studio.mouths import wav2lip
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip, assemble
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.sound import windows
from w2l_studio.terms import Crops, Voice


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(3)
    made = Generator(0.25)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        made.output_block[1].weight.mul_(4)  # pictures with contrast
    return made.eval()


def material(count, face_px=96, seed=0):
    rng = np.random.default_rng(seed)
    crops, references = rng.integers(0, 256, (2, count, face_px, face_px, 3)).astype(np.uint8)
    voice = Voice(rng.uniform(-4, 4, (count, 80, 16)).astype(np.float32), np.ones(count, np.bool_))
    return Crops(crops, np.zeros((count, 2, 3))), references, voice


def made_by(net, **options):
    return Wav2Lip(net, name="test", lead_ms=-40, device="cpu", **{"precision": "fp32", **options})


def test_it_draws_what_the_network_draws(net, monkeypatch):
    monkeypatch.setattr(wav2lip, "_CPU_BATCH", 2)
    crops, references, voice = material(5)
    mouths = made_by(net).speak(crops, references, voice)
    face = assemble(torch.from_numpy(crops.pixels), torch.from_numpy(references))
    with torch.inference_mode():
        drawn = net(torch.from_numpy(voice.windows)[:, None], face).permute(0, 2, 3, 1).numpy() * 255
    assert drawn[:, 48:].std() > 3
    assert np.abs(mouths[:, 48:] - drawn[:, 48:]).max() <= 0.501


def test_one_that_listens_hears_by_its_listener_and_has_no_ears_of_its_own():
    torch.manual_seed(4)
    net, ear = Generator(0.25, columns=28, listens=True).eval(), Lips().eval()
    assert net.audio_encoder is None
    crops, references, voice = material(3)
    random = np.random.default_rng(5)
    mel, samples = random.uniform(-4, 4, (80, 81)).astype(np.float32), random.normal(0, 0.1, 16000)
    hand = made_by(net, ear=ear)
    spectrum = hand.listen(mel, samples.astype(np.float32))
    voice = Voice(windows.cut(spectrum, np.array([-5, 20, 75]), 28), np.ones(3, np.bool_))
    made = hand.speak(crops, references, voice)
    with torch.no_grad():
        net.listener.outer.weight.zero_()
        net.listener.outer.bias.zero_()
    deaf = made_by(net, ear=ear).speak(crops, references, voice)
    assert not np.array_equal(deaf, made)


def test_one_that_does_not_listen_hears_the_spectrogram_as_it_is():
    mel = np.zeros((80, 81), np.float32)
    hand = made_by(Generator(0.25, columns=28).eval())
    assert hand.listen(mel, np.zeros(16000, np.float32)) is mel


def test_the_input_is_masked_target_then_reference():
    target, reference = (torch.full((1, 96, 96, 3), level, dtype=torch.uint8) for level in (255, 51))
    face = assemble(target, reference)
    assert face.shape == (1, 6, 96, 96)
    assert (face[:, :3, :48] == 1).all()
    assert (face[:, :3, 48:] == 0).all()
    assert torch.allclose(face[:, 3:], torch.tensor(0.2))


def test_the_plates_own_mouth_is_never_seen(net):
    crops, references, voice = material(3)
    other = crops.pixels.copy()
    other[:, 48:] = 0
    one = made_by(net).speak(crops, references, voice)
    two = made_by(net).speak(Crops(other, crops.affines), references, voice)
    assert np.array_equal(one[:, 48:], two[:, 48:])


@pytest.mark.parametrize("batch", [1, 3, 7, 64])
def test_batches_reach_across_shots_and_leave_no_trace(net, batch, monkeypatch):
    crops, references, voice = material(11)
    whole = made_by(net).speak(crops, references, voice)
    monkeypatch.setattr(wav2lip, "_CPU_BATCH", batch)
    parts = made_by(net).speak(crops, references, voice)
    assert np.abs(whole.astype(int) - parts).max() <= 1


def test_sound_and_reference_of_the_right_row_are_used(net):
    crops, references, voice = material(6)
    order = np.array([3, 0, 5, 1, 4, 2])
    shuffled = made_by(net).speak(
        Crops(crops.pixels[order], crops.affines),
        references[order],
        Voice(voice.windows[order], voice.voiced),
    )
    straight = made_by(net).speak(crops, references, voice)
    assert np.abs(shuffled.astype(int) - straight[order]).max() <= 1
    assert np.abs(straight[:3].astype(int) - straight[3:]).max() > 5


def test_half_precision_stays_within_a_few_levels(net):
    crops, references, voice = material(8)
    full = made_by(net).speak(crops, references, voice).astype(int)
    half = made_by(net, precision="bf16").speak(crops, references, voice).astype(int)
    error = np.abs(full - half)[:, 48:]
    assert error.mean() < 0.6
    assert error.max() <= 8


def test_what_was_handed_in_is_not_changed(net):
    crops, references, voice = material(3)
    before = [each.copy() for each in (crops.pixels, references, voice.windows)]
    weights = net.state_dict()["output_block.1.weight"].clone()
    made_by(net, precision="bf16").speak(crops, references, voice)
    for old, now in zip(before, (crops.pixels, references, voice.windows), strict=True):
        assert np.array_equal(old, now)
    assert torch.equal(net.state_dict()["output_block.1.weight"], weights)


def test_wrong_numbers_and_sizes_are_told(net):
    crops, references, voice = material(4)
    generator = made_by(net)
    with pytest.raises(ValueError, match="as many mel windows"):
        generator.speak(crops, references[:3], voice)
    with pytest.raises(ValueError, match="and 3"):
        generator.speak(crops, references, Voice(voice.windows[:3], voice.voiced[:3]))
    with pytest.raises(ValueError, match="96, 96, 3"):
        generator.speak(*material(4, 128))


@pytest.mark.parametrize("side", [96, 192])
def test_openness_is_measured_per_crop_in_batches(side):
    class Level(torch.nn.Module):
        def forward(self, x):
            assert x.shape[1:] == (3, 96, 96)
            assert x.is_floating_point()
            return x.mean((1, 2, 3))

    crops = np.zeros((150, side, side, 3), np.uint8)
    crops[:] = np.arange(150, dtype=np.uint8)[:, None, None, None]
    told = Openness(Level())(crops)
    assert told.dtype == np.float32
    assert told == pytest.approx(np.arange(150) / 255, abs=1e-6)
    assert Openness(Level())(crops[:0]).shape == (0,)
