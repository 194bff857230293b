"""Our own networks and the ways to make them quick (published figures: tests/parity)."""

import numpy as np
import pytest
import torch
from torch import nn

from w2l_studio.nets.contrast import Contrast, contrasted
from w2l_studio.nets.critic import Critic
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.fuse import fold
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening
from w2l_studio.nets.syncnet import SyncNet


@pytest.fixture(autouse=True)
def _no_gradients():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


def inputs(count, face_px):
    face = torch.rand(count, 6, face_px, face_px)
    face[:, :3, face_px // 2 :] = 0
    return torch.rand(count, 1, 80, 16) * 8 - 4, face


SIZES = [(0.25, 96, 1), (0.5, 96, 1), (0.25, 128, 1), (0.25, 192, 1), (0.25, 192, 2)]


@pytest.mark.parametrize(("width", "face_px", "sub_pixels"), SIZES)
def test_the_lower_half_alone_is_the_lower_half_of_the_whole(lively, width, face_px, sub_pixels):
    net = lively(Generator(width, face_px, sub_pixels=sub_pixels))
    audio, face = inputs(2, face_px)
    whole = net(audio, face)
    assert whole.shape == (2, 3, face_px, face_px)
    assert whole.std() > 0.005, "a flat picture would prove nothing"
    half = net.lower_half(audio, face)
    assert half.shape == (2, 3, face_px // 2, face_px)
    assert (half - whole[:, :, face_px // 2 :]).abs().max() < 2e-6


@pytest.mark.parametrize("kind", [Generator, Expert])
def test_folded_is_the_same_without_batch_norms(lively, kind):
    net = lively(kind(0.25))
    before = {key: value.clone() for key, value in net.state_dict().items()}
    quick = fold(net)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick.modules())
    audio, face = inputs(3, 96)
    face = face if kind is Generator else torch.rand(3, 15, 48, 96)
    for one, other in zip(net(audio, face), quick(audio, face), strict=True):
        assert one.std() > 0.005
        assert (one - other).abs().max() < 1e-5
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items()), "it is a copy"


def test_time_is_folded_and_unfolded_in_order(lively):
    net = lively(Generator(0.25))
    audio, face = inputs(6, 96)
    clip = net(audio.reshape(2, 3, 1, 80, 16), face.reshape(2, 3, 6, 96, 96).transpose(1, 2))
    assert clip.shape == (2, 3, 3, 96, 96)
    alone = net(audio, face).reshape(2, 3, 3, 96, 96)
    assert (clip.transpose(1, 2) - alone).abs().max() < 1e-5


@pytest.mark.parametrize(("face_px", "sub_pixels"), [(96, 1), (192, 2)])
def test_from_the_reference_nothing_changes_until_something_is_learned(lively, face_px, sub_pixels):
    net = lively(Generator(0.25, face_px, from_reference=True, sub_pixels=sub_pixels))
    audio, face = inputs(2, face_px)
    assert (net.lower_half(audio, face) - net(audio, face)[:, :, face_px // 2 :]).abs().max() < 2e-6
    nn.init.zeros_(net.output_block[1].weight)
    nn.init.zeros_(net.output_block[1].bias)
    face[:, 3:] = face[:, 3:].clamp(0.01, 0.99)
    assert (net(audio, face) - face[:, 3:]).abs().max() < 1e-5


@pytest.mark.parametrize(("face_px", "sub_pixels"), [(96, 1), (192, 2)])
def test_a_flow_moves_the_reference_and_the_lower_half_alone_is_moved_alike(lively, face_px, sub_pixels):
    net = lively(Generator(0.25, face_px, from_reference=True, warps=True, sub_pixels=sub_pixels))
    audio, face = inputs(2, face_px)
    face[:, 3:] = face[:, 3:].clamp(0.01, 0.99)
    nn.init.zeros_(net.output_block[1].weight)
    nn.init.zeros_(net.output_block[1].bias)
    assert (net(audio, face) - face[:, 3:]).abs().max() < 1e-5, "it stands still until it learns"
    flow = net.flow_block[1]
    flow.bias.data[:] = 24 / face_px * torch.tensor([3.0, -2.0]).repeat_interleave(sub_pixels**2)
    right_and_up = net(audio, face)[:, :, 2:, :-3]
    assert (right_and_up - face[:, 3:, :-2, 3:]).abs().max() < 1e-4
    nn.init.normal_(flow.weight, 0, 0.3)
    assert (net.lower_half(audio, face) - net(audio, face)[:, :, face_px // 2 :]).abs().max() < 2e-5


def test_what_is_drawn_from_nothing_has_nothing_to_warp():
    with pytest.raises(ValueError, match="draws from its reference"):
        Generator(0.25, warps=True)


@pytest.mark.parametrize(("face_px", "sub_pixels"), [(64, 1), (95, 1), (256, 1), (96, 2), (384, 2)])
def test_other_face_sizes_are_refused(face_px, sub_pixels):
    with pytest.raises(ValueError, match="face_px must be one of"):
        Generator(1.0, face_px, sub_pixels=sub_pixels)


def test_other_expert_windows_are_refused():
    with pytest.raises(ValueError, match="1, 3 or 5"):
        Expert(frames=4)


@pytest.mark.parametrize(("net", "frames"), [(Expert(0.25), 5), (Expert(0.25, 3), 3), (Contrast(), 5)])
def test_embeddings_are_of_unit_length(lively, net, frames):
    audio, face = lively(net)(torch.rand(4, 1, 80, 16), torch.rand(4, 3 * frames, 48, 96))
    for embedding in (audio, face):
        assert embedding.norm(dim=1).numpy() == pytest.approx(np.ones(4), abs=1e-5)


def test_our_expert_is_blind_to_colour_and_light(lively):
    net = lively(Contrast())
    face = torch.rand(2, 15, 48, 96) * 0.5 + 0.2
    luma = torch.tensor([0.114, 0.587, 0.299]).repeat(5)[:, None, None]
    grey = (face * luma).unflatten(1, (5, 3)).sum(2, keepdim=True).expand(-1, -1, 3, -1, -1).flatten(1, 2)
    assert (net.see(face) - net.see(grey)).abs().max() < 1e-4
    darker = net.see(face * 0.6 + 0.05)
    assert torch.cosine_similarity(darker, net.see(face)).min() > 0.99
    assert torch.cosine_similarity(net.see(face.flip(1)), net.see(face)).max() < 0.9999, "but not to time"


def test_contrast_is_taken_over_the_whole_window():
    grey = torch.rand(2, 5, 40, 64)
    normal = contrasted(grey)
    assert normal.mean((1, 2, 3)).abs().max() < 1e-5
    assert normal[:, 0].mean((1, 2)).abs().max() > 1e-4, "pictures keep their differences"
    assert torch.isfinite(contrasted(torch.full((1, 5, 40, 64), 0.5))).all()


def test_opening_reads_bytes_and_floats_alike_and_is_never_negative(lively):
    net = lively(Opening())
    crops = torch.randint(0, 256, (6, 3, 96, 96), dtype=torch.uint8)
    told = net(crops)
    assert told.shape == (6,)
    assert (told >= 0).all()
    assert (told - net(crops.float() / 255)).abs().max() < 1e-6
    upper = crops.clone()
    upper[:, :, :48] = 0
    assert torch.equal(net(upper), told), "the upper half is not read"


def test_critic_and_syncnet_answer_per_window():
    assert Critic(0.25).eval()(torch.rand(2, 3, 5, 96, 96)).shape == (10, 1)
    net = SyncNet().eval()
    assert net.forward_aud(torch.rand(2, 1, 13, 20)).shape == (2, 1024)
