"""What every Generator promises, over ours in each size and precision, and a fake."""

import numpy as np
import pytest
import torch

from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.sound.windows import cut
from w2l_studio.terms import Crops, Voice


class Echo:
    """A fake: the reference's lower half."""

    name, face_px, lead_ms, columns = "echo", 96, 0.0, 16

    def listen(self, mel, samples):
        return mel

    def speak(self, crops, references, voice):
        mouths = crops.pixels.copy()
        mouths[:, 48:] = references[:, 48:]
        return mouths


def ours(face_px, precision, ear=None, **kind):
    torch.manual_seed(0)
    net, name = Generator(0.25, face_px, **kind), "ours"
    return Wav2Lip(net, name=name, lead_ms=-40.0, precision=precision, device="cpu", ear=ear)


def listening():
    """Hears through a fresh network from sound to lips."""
    torch.manual_seed(1)
    return ours(192, "bf16", Lips().eval(), sub_pixels=2, from_reference=True, columns=40, listens=True)


def moving(made):
    """Let a fresh network's flow be other than 0."""
    torch.nn.init.normal_(made._net.flow_block[1].convolution.weight, 0, 0.1)
    return made


GENERATORS = {
    "96": lambda: ours(96, "fp32"),
    "96-bf16": lambda: ours(96, "bf16"),
    "128": lambda: ours(128, "fp32"),
    "192": lambda: ours(192, "fp32"),
    "192-studio": lambda: ours(192, "bf16", sub_pixels=2, from_reference=True),
    "192-long": lambda: ours(192, "fp32", sub_pixels=2, from_reference=True, columns=40),
    "192-warping": lambda: moving(ours(192, "bf16", sub_pixels=2, from_reference=True, warps=True)),
    "192-listening": listening,
    "fake": Echo,
}


@pytest.fixture(scope="module", params=GENERATORS)
def generator(request):
    return GENERATORS[request.param]()


@pytest.fixture
def material(generator):
    rng, side = np.random.default_rng(0), generator.face_px
    pixels, references = rng.integers(0, 256, (2, 5, side, side, 3)).astype(np.uint8)
    samples = rng.normal(0, 0.1, 16000).astype(np.float32)
    spectrum = generator.listen(rng.uniform(-4, 4, (80, 81)).astype(np.float32), samples)
    heard = cut(spectrum, np.arange(5) * 7, generator.columns)
    voice = Voice(heard, np.ones(5, np.bool_))
    return Crops(pixels, np.zeros((5, 2, 3))), references, voice


def test_it_hears_a_column_for_each_of_the_spectrograms(generator):
    random = np.random.default_rng(1)
    for columns in (0, 1, 81):
        mel = random.uniform(-4, 4, (80, columns)).astype(np.float32)
        heard = generator.listen(mel, random.normal(0, 0.1, 200 * columns).astype(np.float32))
        assert (heard.dtype, heard.ndim, heard.shape[1]) == (np.float32, 2, columns)


def test_one_mouth_per_crop_and_the_upper_half_is_the_crops(generator, material):
    crops, references, voice = material
    mouths = generator.speak(crops, references, voice)
    assert (mouths.dtype, mouths.shape) == (np.uint8, crops.pixels.shape)
    half = generator.face_px // 2
    assert np.array_equal(mouths[:, :half], crops.pixels[:, :half])
    assert not np.array_equal(mouths[:, half:], crops.pixels[:, half:])


def test_it_changes_nothing_and_says_the_same_twice(generator, material):
    crops, references, voice = material
    before = [each.copy() for each in (crops.pixels, references, voice.windows)]
    one, two = (generator.speak(crops, references, voice) for _ in range(2))
    assert np.array_equal(one, two)
    for old, now in zip(before, (crops.pixels, references, voice.windows), strict=True):
        assert np.array_equal(old, now)


def test_each_picture_is_drawn_by_itself(generator, material):
    crops, references, voice = material
    whole = generator.speak(crops, references, voice).astype(int)
    alone = generator.speak(
        Crops(crops.pixels[3:4], crops.affines[3:4]),
        references[3:4],
        Voice(voice.windows[3:4], voice.voiced[3:4]),
    )
    assert np.abs(whole[3:4] - alone).max() <= 2


def test_nothing_in_nothing_out(generator, material):
    crops, references, voice = material
    none = generator.speak(
        Crops(crops.pixels[:0], crops.affines[:0]), references[:0], Voice(voice.windows[:0], voice.voiced[:0])
    )
    assert none.shape == (0, generator.face_px, generator.face_px, 3)


def test_it_says_what_it_needs(generator):
    assert generator.name
    assert generator.face_px % 2 == 0
    assert -500 < generator.lead_ms < 500
