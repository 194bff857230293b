"""Our own judge: a planted slip is found, silence is heard as silence, what is too short is refused."""

import numpy as np
import pytest
import torch

from w2l_studio.judge import slim
from w2l_studio.judge.mfcc import mfcc
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.nets.syncnet import SLIM, SyncNet


class Loud:
    """A perfect network: lips are as bright as the sound is loud; embeds both on a circle."""

    def eval(self):
        return self

    def parameters(self):
        yield torch.zeros(1)

    def forward_lip(self, windows):
        assert windows.shape[1:] == (1, 5, 64, 64)
        return self._circle(windows[:, 0, 2, 0, 0])

    def forward_aud(self, sound):
        assert sound.shape[1:] == (1, 13, 20)
        return self._circle(sound[:, 0, 1, 9])

    @staticmethod
    def _circle(angle):
        return torch.stack([torch.cos(angle), torch.sin(angle)], 1)


@pytest.mark.parametrize("lead", [0, 3, -4])
def test_a_planted_slip_is_found(lead, monkeypatch):
    """Sound that leads by three pictures is told as +3, as everywhere."""
    angles = np.random.default_rng(0).uniform(-3, 3, 80).astype(np.float32)
    pictures = np.zeros((60, 96, 96, 3), np.uint8)
    numbered = np.broadcast_to(np.arange(60, dtype=np.uint8)[:, None, None], (60, 64, 64))
    monkeypatch.setattr(slim, "mouths", lambda _: numbered)
    monkeypatch.setattr(slim, "seen_as", lambda w: torch.from_numpy(angles[10:70])[w.long()][:, None])
    columns = np.zeros((13, 400), np.float32)
    for picture in range(60):
        columns[1, 4 * picture + 9 : 4 * picture + 13] = angles[10 + picture + 2 + lead]
    monkeypatch.setattr(slim, "heard", lambda _: columns)
    said = SlimJudge(Loud(), name="loud").score(pictures, np.zeros(60 * 640, np.int16))
    assert (said.offset_frames, said.judge) == (lead, "loud")
    assert said.distance < 1e-3
    assert said.confidence > 0.3


def test_the_network_takes_what_the_judge_shows_it():
    judge = SlimJudge(SyncNet(SLIM), name="untrained")
    random = np.random.default_rng(0)
    crops = random.integers(0, 256, (40, 96, 96, 3)).astype(np.uint8)
    distances = judge.distances(crops, random.integers(-9000, 9000, 40 * 640).astype(np.int16))
    assert distances.shape == (31,)
    assert np.isfinite(distances).all()
    with pytest.raises(ValueError, match="untrained needs 6 pictures"):
        judge.score(crops[:5], np.zeros(64000, np.int16))
    with pytest.raises(ValueError, match="untrained needs pictures with sound for at least 4 windows"):
        judge.score(crops[:8], np.zeros(64000, np.int16))
    assert judge.score(crops[:9], np.zeros(64000, np.int16)).judge == "untrained"


def test_digital_silence_is_as_quiet_as_one_step_and_speech_is_as_published():
    silent = slim.heard(np.zeros(16000, np.int16))
    assert silent[0].tolist() == [0.0] * silent.shape[1]
    speech = np.random.default_rng(0).integers(-3000, 3000, 16000).astype(np.int16)
    assert np.allclose(slim.heard(speech), mfcc(speech).T)
    assert slim.cut(slim.heard(speech), np.array([0, 3]))[1, 0] == pytest.approx(
        mfcc(speech)[12:32].T, rel=1e-5
    )
