"""What makes hearing unsure: another voice's looks, noise, moments and ears that are missing."""

import torch

from training.speech import doubts
from w2l_studio.nets.lips import Lips
from w2l_studio.terms.sound import BANDS

SILENCE = torch.full((BANDS,), -3.0)


def windows(count=64, length=60):
    torch.manual_seed(0)
    return torch.randn(count, 368, length)


def test_one_of_two_ears_is_deaf_now_and_then_never_both():
    spoilt = doubts.doubted(windows(600), SILENCE)
    no_mel = (spoilt[:, :BANDS] == -3).flatten(1).all(1)
    no_rows = (spoilt[:, BANDS:] == 0).flatten(1).all(1)
    assert not (no_mel & no_rows).any()
    for deaf in (no_mel, no_rows):
        assert 0.06 < deaf.float().mean() < 0.2


def test_a_window_takes_on_another_ones_mean_and_keeps_what_moves():
    heard = windows() + torch.arange(64.0)[:, None, None]
    moved = doubts._of_another_voice(heard)
    told = (moved.mean(2) - heard.mean(2)).abs().amax(1) > 0.5
    assert 0.15 < told.float().mean() < 0.75
    still = (moved - moved.mean(2, keepdim=True)) / moved.std(2, keepdim=True)
    was = (heard - heard.mean(2, keepdim=True)) / heard.std(2, keepdim=True)
    torch.testing.assert_close(still, was, atol=0.02, rtol=0)


def test_noise_and_muting_leave_the_mel_columns_alone():
    rows = torch.arange(368)[:, None] >= BANDS
    heard = windows()
    noisy = doubts._noisy(heard, rows)
    assert torch.equal(noisy[:, :BANDS], heard[:, :BANDS])
    mute = (noisy[:, BANDS:] == 0).all(2).float().mean(1)
    assert 0 <= mute.min() < 0.05 < 0.2 < mute.max() < 0.45


def test_a_moment_is_lost_in_each_ear_and_no_more():
    rows = torch.arange(368)[:, None] >= BANDS
    lost = doubts._lost(windows() + 100, rows) == 0
    for ear in (lost[:, :BANDS], lost[:, BANDS:]):
        gone = ear.all(1)
        assert torch.equal(gone, ear.any(1))
        assert 8 < gone.sum(1).max() <= 16
        assert ((gone.long().diff(dim=1) == 1).sum(1) <= 1).all()


def test_the_network_says_the_same_of_inputs_that_were_joined_before():
    torch.manual_seed(0)
    net = Lips().eval()
    mel, rows = torch.randn(2, 80, 31), torch.randn(2, 288, 31)
    for whole, parted in zip(net(mel, rows), net.told(net.joined(mel, rows)), strict=True):
        assert torch.equal(whole, parted)
