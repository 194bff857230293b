"""Sphinx's acoustic model as a network: the mixtures' arithmetic, where columns lie, that it hears speech."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from w2l_studio.media.sound import read_mono
from w2l_studio.nets import weights
from w2l_studio.nets.phones import BELIEFS, PHONES, STATES, Phones
from w2l_studio.sound import cepstra, mel

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"


@pytest.fixture(scope="module")
def random_net():
    torch.manual_seed(0)
    net = Phones()
    net.means.normal_(0, 2)
    net.precisions.uniform_(0.2, 2)
    net.mixtures.copy_(torch.randn_like(net.mixtures).log_softmax(2))
    return net.eval()


@pytest.fixture(scope="module")
def shipped():
    return weights.load_lips(weights.find("w2l-lips", "lips").path).phones


def test_a_state_is_as_likely_as_its_mixtures_of_gaussians(random_net):
    rows = np.random.default_rng(1).normal(0, 2, (5, 3, 13)).astype(np.float32)
    wanted = np.zeros((5, len(PHONES), STATES))
    for i in range(3):
        means, precisions = (x[:, i].double().numpy() for x in (random_net.means, random_net.precisions))
        apart = rows[:, i, None, None] - means
        logs = -0.5 * (apart**2 * precisions - np.log(precisions / 2 / np.pi)).sum(3)
        shares = np.exp(random_net.mixtures[i].double().numpy())
        wanted += np.log(np.einsum("tkd,kds->tks", np.exp(logs), shares))
    with torch.inference_mode():
        found = random_net(torch.from_numpy(rows)).numpy()
    flat = wanted.reshape(5, BELIEFS) * 0.3
    beliefs = flat - np.log(np.exp(flat).sum(1, keepdims=True))
    np.testing.assert_allclose(found, beliefs.clip(-12) / 6 + 1, atol=1e-3)


def test_columns_lie_where_the_mel_spectrogram_has_them(random_net, monkeypatch):
    """Each row says its own time; each column must read j / 80 s."""
    monkeypatch.setattr(Phones, "forward", lambda self, rows: rows[:, 0, :1])
    rows = np.zeros((300, 3, 13), np.float32)
    rows[:, 0, 0] = (np.arange(300) * 160 + 205) / 16000
    told = random_net.at_columns(rows, 10, 200)
    np.testing.assert_allclose(told[0], np.arange(10, 200) / 80, atol=1e-5)
    ends = random_net.at_columns(rows, 0, 300)[0]
    assert float(ends[0]) == pytest.approx(rows[0, 0, 0])
    assert float(ends[-1]) == pytest.approx(rows[-1, 0, 0])


def test_beliefs_run_from_impossible_to_certain(shipped):
    rows = cepstra.features(np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32))
    with torch.inference_mode():
        told = shipped(torch.from_numpy(rows))
    assert told.shape == (len(rows), BELIEFS)
    assert -1 <= float(told.min()) < float(told.max()) <= 1


def test_the_shipped_model_hears_what_the_example_says():
    """On average the phone that is spoken is among the likelier ones: chance would be half way."""
    net = weights.load_lips(weights.find("w2l-lips", "lips").path).phones
    samples = read_mono(EXAMPLE / "media" / "production.flac", mel.SAMPLE_RATE)
    with torch.inference_mode():
        told = net.at_columns(cepstra.features(samples), 0, 1 + len(samples) // mel.HOP).numpy()
    spoken = json.loads((EXAMPLE / "phones.json").read_text("utf-8"))
    best = told.reshape(len(PHONES), STATES, -1).max(1)
    ranks = [
        (best[:, round((a + b) * 40)] > best[PHONES.index(name), round((a + b) * 40)]).sum()
        for lines in spoken.values() for name, a, b in lines if name in PHONES and name != "SIL"
    ]  # fmt: skip
    assert len(ranks) > 100
    assert np.mean(ranks) < 8
