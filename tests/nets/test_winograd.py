"""The quick ways of a generator's layers give what the layers give."""

import pytest
import torch
from torch import nn

from w2l_studio.nets.fuse import fold, lighten
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.winograd import Winograd, suits


@pytest.fixture(autouse=True)
def _no_gradients():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("shape", [(3, 6, 6), (2, 9, 12), (5, 16, 7), (1, 60, 50), (2, 3, 3), (0, 8, 8)])
def test_winograd_is_the_convolution(shape):
    count, height, width = shape
    convolution = nn.Conv2d(256, 264, 3, 1, 1)
    x = torch.rand(count, 256, height, width).to(memory_format=torch.channels_last)
    quick, plain = Winograd(convolution)(x), convolution(x)
    assert quick.shape == plain.shape
    assert torch.allclose(quick, plain, atol=2e-6)


def test_winograd_in_bf16_errs_no_more_than_a_few_roundings():
    convolution = nn.Conv2d(256, 256, 3, 1, 1)
    x = torch.rand(2, 256, 8, 8).bfloat16()
    exact = convolution(x.float())
    error = Winograd(convolution).bfloat16()(x).float() - exact
    assert error.std() < 0.01 * exact.std()


def test_it_suits_wide_layers_of_three_by_three():
    assert suits(nn.Conv2d(256, 256, 3, 1, 1))
    assert not suits(nn.Conv2d(128, 256, 3, 1, 1))
    assert not suits(nn.Conv2d(256, 256, 3, 2, 1))
    assert not suits(nn.Conv2d(256, 256, 3, 1, 0))
    assert not suits(nn.Conv2d(256, 256, 1))
    assert not suits(nn.ConvTranspose2d(256, 256, 3, 1, 1))


@pytest.mark.parametrize(("width", "face_px", "sub_pixels"), [(1, 96, 1), (0.5, 128, 1), (0.5, 192, 2)])
def test_a_lightened_generator_draws_the_same(lively, width, face_px, sub_pixels):
    net = lively(Generator(width, face_px, sub_pixels=sub_pixels))
    light = fold(net)
    lighten(light)
    assert any(isinstance(module, Winograd) for module in light.modules())
    assert any(isinstance(module, nn.Linear) for module in light.modules())
    face = torch.rand(2, 6, face_px, face_px)
    audio = torch.rand(2, 1, 80, 16) * 8 - 4
    whole = net(audio, face)
    assert whole.std() > 0.005
    assert (light(audio, face) - whole).abs().max() < 1e-5
    assert (light.lower_half(audio, face) - whole[:, :, face_px // 2 :]).abs().max() < 1e-5
