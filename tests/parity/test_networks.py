"""The networks against figures of the published classes (README.md in this folder)."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from w2l_studio.nets.blocks import fold_time
from w2l_studio.nets.critic import Critic
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator

NETWORKS = {"generator": Generator, "expert": Expert, "disc": Critic}


def close(actual, wanted, within):
    assert actual.shape == wanted.shape
    assert np.abs(np.asarray(actual) - wanted).max() <= within


def test_fill_rule(rule):
    wanted = json.loads((rule.HERE / "fill_check.json").read_text())
    for network, tensors in wanted.items():
        state = rule.state(network)
        for key, (total, first, last) in tensors.items():
            flat = state[key].flatten()
            assert (flat.double().sum().item(), flat[0].item(), flat[-1].item()) == pytest.approx(
                (total, first, last), abs=1e-9
            )


@pytest.mark.parametrize("network", NETWORKS)
def test_key_names_and_shapes_are_the_published_ones(rule, network):
    module = NETWORKS[network]()
    table = rule.keys(network)
    ours = {key: (list(value.shape), str(value.dtype)) for key, value in module.state_dict().items()}
    assert ours == {key: (shape, f"torch.{dtype}") for key, shape, dtype in table["keys"]}
    assert sum(p.numel() for p in module.parameters()) == table["trainable_parameters"]


def test_generator_on_pictures(rule):
    net, wanted = rule.filled(Generator(), "generator"), rule.arrays("generator")
    mel, face = rule.mel4(), rule.face4()
    close(net.audio_encoder(mel).flatten(1), wanted["audio_embedding4"], 1e-5)
    close(net(mel, face), wanted["out4"], 2e-5)
    close(net(mel.flip(2), face)[..., ::4, ::4], wanted["out4_melflip_s4"], 2e-5)
    logits = []
    net.output_block[1].register_forward_hook(lambda *call: logits.append(call[2]))
    net(mel, face)
    close(logits[0][..., ::4, ::4], wanted["logits4_s4"], 1e-4)


def test_generator_on_clips(rule):
    net, wanted = rule.filled(Generator(), "generator"), rule.arrays("generator")
    face = 0.5 + 0.5 * rule.blk("generator.face5", (2, 6, 5, 96, 96))
    face[:, :3, :, 48:] = 0
    out = net(rule.tensor(4 * rule.u("generator.mel5", (2, 5, 1, 80, 16))), rule.tensor(face))
    close(out[..., ::4, ::4], wanted["out5_s4"], 2e-5)
    close(out[1, :, 3], wanted["out5_full_b1_t3"], 2e-5)
    close(out.mean((3, 4)), wanted["out5_mean"], 2e-5)
    close(out.std((3, 4)), wanted["out5_std"], 2e-5)


def test_lower_half_is_exact(rule):
    net = rule.filled(Generator(), "generator")
    mel, face = rule.mel4(), rule.face4()
    close(net.lower_half(mel, face), net(mel, face)[:, :, 48:].numpy(), 2e-6)


def test_expert(rule):
    net, wanted = rule.filled(Expert(), "expert"), rule.arrays("expert")
    mel = rule.tensor(4 * rule.u("expert.mel", (4, 1, 80, 16)))
    audio, face = net(mel, rule.tensor(0.5 + 0.5 * rule.blk("expert.face", (4, 15, 48, 96))))
    close(audio, wanted["audio_emb"], 1e-5)
    close(face, wanted["face_emb"], 1e-5)
    close(functional.cosine_similarity(audio, face), wanted["cos"], 1e-5)
    close(audio @ face.T, wanted["cos_matrix_audio_by_face"], 1e-5)


def test_sync_path_from_generated_clips(rule):
    net, wanted = rule.filled(Expert(), "expert"), rule.arrays("expert")
    clip = rule.tensor(0.5 + 0.5 * rule.blk("expert.gen", (2, 3, 5, 96, 96)))
    lower = torch.cat([clip[:, :, t, 48:] for t in range(5)], 1)
    assert lower.double().sum((2, 3)).numpy() == pytest.approx(wanted["sync_in_sum_per_channel"], abs=1e-3)
    audio, face = net(rule.tensor(4 * rule.u("expert.mel", (4, 1, 80, 16))[:2]), lower)
    cosine = functional.cosine_similarity(audio, face)
    close(cosine, wanted["sync_cos"], 1e-5)
    loss = functional.binary_cross_entropy(cosine, torch.ones(2))
    assert loss.item() == pytest.approx(float(wanted["sync_loss"]), abs=1e-5)


def test_critic(rule):
    net, wanted = rule.filled(Critic(), "disc"), rule.arrays("disc")
    probability = net(rule.tensor(0.5 + 0.5 * rule.blk("disc.face", (2, 3, 5, 96, 96))))
    close(probability, wanted["prob"], 1e-5)
    ones = functional.binary_cross_entropy(probability, torch.ones(10, 1))
    assert ones.item() == pytest.approx(float(wanted["bce_vs_ones"]), abs=1e-5)


def test_time_is_folded_time_major():
    x = torch.arange(6).reshape(2, 3, 1, 1, 1)
    assert fold_time(x, 1).flatten().tolist() == [0, 3, 1, 4, 2, 5]
