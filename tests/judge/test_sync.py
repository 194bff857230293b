"""The judge over a network whose answers are known: it reads a code that stands in pictures and sound."""

import numpy as np
import pytest
import torch
from torch import nn

from w2l_studio.judge.lse import SHIFT
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.terms import Voice


class Reader(nn.Module):
    """Embeds moment ``m`` as the m-th of many directions that have nothing to do with each other."""

    frames = 5

    def __init__(self):
        super().__init__()
        self.directions = nn.functional.normalize(
            torch.randn(256, 64, generator=torch.Generator().manual_seed(0))
        )

    def forward(self, audio, faces):
        heard, seen = audio[:, 0, 0, 0], faces[:, 0, 5, 5] * 255
        return self.directions[heard.round().long()], self.directions[seen.round().long()]


def crops(moments, size=96):
    pixels = np.zeros((len(moments), size, size, 3), np.uint8)
    pixels[:] = np.asarray(moments, np.uint8)[:, None, None, None]
    return pixels


def voice(moments, voiced=None):
    windows = np.zeros((len(moments), 80, 16), np.float32)
    windows[:] = np.asarray(moments, np.float32)[:, None, None]
    return Voice(windows, np.ones(len(moments), np.bool_) if voiced is None else voiced)


@pytest.fixture
def judge():
    return ExpertJudge(Reader(), name="reader")


@pytest.mark.parametrize("early", [-9, -1, 0, 1, 4, 12])
def test_sound_that_leads_has_a_positive_offset(judge, early):
    moments = np.arange(40, 140)
    verdict = judge.score(crops(moments), voice(moments + early))
    assert (verdict.offset_frames, verdict.judge) == (early, "reader")
    assert verdict.distance == pytest.approx(0, abs=1e-5)
    assert verdict.confidence > 0.8


def test_distances_are_one_minus_the_mean_cosine_of_pairs_that_exist(judge):
    moments = np.arange(12)
    distances = judge.distances(crops(moments), voice(moments))
    assert distances.shape == (2 * SHIFT + 1,)
    assert distances[SHIFT] == pytest.approx(0, abs=1e-5)
    windows = len(moments) - 4
    assert np.isnan(distances).tolist() == [windows - abs(k - SHIFT) < 4 for k in range(2 * SHIFT + 1)]
    directions = Reader().directions.numpy()
    wanted = np.mean([directions[v] @ directions[v + 3] for v in range(windows - 3)])
    assert distances[SHIFT + 3] == pytest.approx(1 - wanted, abs=1e-5)


def test_who_follows_the_sound(judge):
    moments = np.arange(60)
    assert judge.follow(crops(moments), voice(moments)) > 0.9
    assert abs(judge.follow(crops(moments + 100), voice(moments))) < 0.1
    assert abs(judge.follow(crops(np.full(60, 7)), voice(moments))) < 0.1


def test_silence_does_not_count(judge):
    """Half of the clip is in sync but silent, and says nothing; the other half is spoken by somebody else."""
    moments = np.arange(80)
    seen = np.where(moments < 40, moments, moments + 100)
    spoken = moments >= 44
    assert judge.follow(crops(seen), voice(moments)) > 0.3
    assert abs(judge.follow(crops(seen), voice(moments, spoken))) < 0.1


def test_what_cannot_be_moved_far_says_nothing(judge):
    assert judge.follow(crops(np.arange(8)), voice(np.arange(8))) == 0


def test_other_crop_sizes_are_brought_to_the_experts(judge):
    moments = np.arange(30)
    for size in (48, 192):
        assert judge.score(crops(moments, size), voice(moments)).distance == pytest.approx(0, abs=1e-5)


def test_long_takes_go_through_in_batches_without_a_seam(judge):
    moments = np.arange(100)
    assert judge.distances(crops(moments), voice(moments))[SHIFT] == pytest.approx(0, abs=1e-5)


def test_pictures_are_stacked_first_to_last():
    class Order(nn.Module):
        frames = 5

        def forward(self, audio, faces):
            assert faces.shape[1:] == (15, 48, 96)
            levels = faces[:, ::3, 0, 0] * 255
            assert (levels.diff(dim=1) == 1).all()
            assert (levels[:, 0].diff() == 1).all()
            return audio[:, 0, :2, 0], audio[:, 0, :2, 0]

    ExpertJudge(Order(), name="order").score(crops(np.arange(40)), voice(np.arange(40)))
