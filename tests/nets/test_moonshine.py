"""Moonshine's first layers: the arithmetic of its makers, where columns lie, levels, lengths, pieces."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from w2l_studio.media.sound import read_mono
from w2l_studio.nets import moonshine, weights
from w2l_studio.nets.lips import SOUNDS, levelled
from w2l_studio.nets.moonshine import WIDTH, Moonshine, gain
from w2l_studio.sound import mel
from w2l_studio.terms.sound import HOP, SAMPLE_RATE

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
#: Rows 0, 7 and 20, numbers 0, 100 and 287, of `ruled` for `chirp`, by MoonshineEncoder of transformers 5.24
#: in fp32, without its fifth and sixth layer and its last norm.
TRANSFORMERS = [[-2.1885, 6.3482, 9.6378], [0.0783, 9.8217, 4.5431], [0.8460, 7.8654, 11.1389]]


@pytest.fixture(scope="module")
def ruled():
    """Weights by a rule that both sides can follow."""
    net = Moonshine()
    random = np.random.default_rng(7)
    for name, value in net.state_dict().items():
        if name.endswith("levels"):
            value.copy_(torch.from_numpy(random.integers(0, 256, tuple(value.shape), np.uint8)))
        elif name.endswith("step"):
            value.fill_(0.001)
        elif name.endswith("zero"):
            value.fill_(127.0)
        else:
            value.copy_(torch.from_numpy(random.normal(0.5, 0.2, tuple(value.shape))))
    return net.eval()


@pytest.fixture(scope="module")
def shipped():
    return weights.load_lips(weights.find("w2l-lips", "lips").path)


@pytest.fixture(scope="module")
def spoken():
    return read_mono(EXAMPLE / "media" / "production.flac", SAMPLE_RATE)


def chirp(samples=9000):
    """A rising tone."""
    time = np.arange(samples) / 16000
    return (0.3 * np.sin(2 * np.pi * (200 + 2000 * time) * time)).astype(np.float32)


def test_rows_are_those_of_its_makers(ruled):
    with torch.inference_mode():
        rows = ruled(torch.from_numpy(chirp())).numpy()
    assert rows.shape == (22, WIDTH)
    np.testing.assert_allclose(rows[[0, 7, 20]][:, [0, 100, 287]], TRANSFORMERS, atol=2e-3)


def test_columns_lie_where_the_mel_spectrogram_has_them(monkeypatch):
    """Each row says the time of its middle; each column must read j / 80 s, across pieces too."""

    def told(self, samples):
        middles = torch.arange((len(samples) - 895) // 384 + 1) * 384 + 447
        return (samples[0] + middles / 16000)[:, None]

    monkeypatch.setattr(Moonshine, "forward", told)
    monkeypatch.setattr(moonshine, "_PIECE", 90)
    monkeypatch.setattr(moonshine, "_AROUND", 20)
    samples = (np.arange(80000) / 16000).astype(np.float32)
    columns = Moonshine().at_columns(samples, 10, 390, 1.0)
    np.testing.assert_allclose(columns[0], np.arange(10, 390) / 80, atol=1e-4)
    assert float(Moonshine().at_columns(samples, 0, 2, 1.0)[0, 0]) == pytest.approx(447 / 16000)


@pytest.mark.parametrize("samples", [0, 1, 894, 895, 896, 16000])
def test_any_length_and_silence_give_finite_columns(ruled, samples):
    columns = 1 + samples // HOP
    silent = np.zeros(samples, np.float32)
    with torch.inference_mode():
        told = ruled.at_columns(silent, 0, columns, gain(silent))
    assert told.shape == (WIDTH, columns)
    assert torch.isfinite(told).all()


@pytest.mark.parametrize("level", [2e-3, 0.05, 3.0])
def test_level_changes_nothing(level):
    sound = chirp()
    np.testing.assert_allclose(level * sound * gain(level * sound), sound * gain(sound), rtol=1e-4)


def test_silence_around_speech_does_not_make_it_louder(spoken):
    padded = np.concatenate([np.zeros(160000, np.float32), spoken])
    assert gain(padded) == pytest.approx(gain(spoken), rel=0.02)


def test_pieces_leave_no_step(shipped, spoken, monkeypatch):
    """Where one piece ends and the next begins both say nearly the same."""
    short = spoken[: 16000 * 12]
    with torch.inference_mode():
        whole = shipped.ear.at_columns(short, 0, 900, gain(short))
        monkeypatch.setattr(moonshine, "_PIECE", 300)
        parted = shipped.ear.at_columns(short, 0, 900, gain(short))
    for edge in (300, 600):
        both = np.corrcoef(whole[:, edge - 8 : edge + 8].flatten(), parted[:, edge - 8 : edge + 8].flatten())
        assert both[0, 1] > 0.97


def test_the_shipped_network_hears_what_the_example_says(shipped, spoken):
    """On average the phone that is spoken is among the likelier ones: chance would be half way, 20."""
    count = 1 + len(spoken) // HOP
    with torch.inference_mode():
        rows = shipped.ear.at_columns(spoken, 0, count, gain(spoken))
        told = shipped(torch.from_numpy(levelled(mel.spectrogram(spoken))[None]), rows[None]).sounds[0]
    lines = json.loads((EXAMPLE / "phones.json").read_text("utf-8")).values()
    ranks = [
        int((told[:, round((a + b) * 40)] > told[SOUNDS.index(name), round((a + b) * 40)]).sum())
        for line in lines for name, a, b in line if name in SOUNDS and name != "SIL"
    ]  # fmt: skip
    assert len(ranks) > 100
    assert np.mean(ranks) < 5
