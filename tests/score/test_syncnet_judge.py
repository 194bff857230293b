"""SyncNet as judge: one pass over time is the published loop of windows, batch borders leave no seam."""

import numpy as np
import pytest
import torch

from w2l_studio.judge.lse import lse
from w2l_studio.judge.mfcc import mfcc
from w2l_studio.judge.syncnet import SyncNetJudge
from w2l_studio.nets.syncnet import SyncNet

#: More than one batch of 16 windows.
PICTURES = 23


@pytest.fixture(scope="module")
def judge(rule):
    return SyncNetJudge(rule.filled(SyncNet(), "syncnet"), name="syncnet")


@pytest.fixture(scope="module")
def film():
    """``uint8[T, 224, 224, 3]`` of blocks."""
    small = np.random.default_rng(0).integers(0, 256, (PICTURES, 28, 28, 3)).astype(np.uint8)
    return small.repeat(8, 1).repeat(8, 2)


@pytest.fixture(scope="module")
def seen(judge, film):
    lips = judge.lips()
    for picture in film:
        lips.add(picture)
    return lips


def windows(film):
    stacked = np.stack([film[v : v + 5] for v in range(len(film) - 4)])
    return torch.from_numpy(stacked).permute(0, 4, 1, 2, 3).float()


def test_a_film_of_one_window_is_the_published_embedding(rule, judge):
    lip = np.floor(127.5 + 127.5 * rule.blk("syncnet.lip", (2, 3, 5, 224, 224)))
    wanted = rule.arrays("syncnet")["lip"]
    for window, row in zip(lip, wanted, strict=True):
        lips = judge.lips()
        for picture in window.transpose(1, 2, 3, 0).astype(np.uint8):
            lips.add(picture)
        assert np.abs(lips.embeddings() - row).max() < 1e-4 * np.abs(wanted).max()


def test_one_pass_over_time_is_the_loop_of_windows(rule, seen, film):
    net = rule.filled(SyncNet(), "syncnet")
    # The first and the last window, and those on both sides of the batches' border.
    picked = [0, 15, 16, PICTURES - 5]
    with torch.inference_mode():
        wanted = net.forward_lip(windows(film)[picked]).numpy()
    ours = seen.embeddings()
    assert ours.shape == (PICTURES - 4, 1024)
    assert np.abs(ours[picked] - wanted).max() < 1e-4 * np.abs(wanted).max()
    assert np.array_equal(seen.embeddings(), ours)


def test_a_score_is_the_published_arithmetic_over_the_published_windows(rule, judge, seen):
    samples = rule.arrays("mel")["pcm"][: PICTURES * 640 + 300]
    columns = mfcc(samples).T.astype(np.float32)
    count = PICTURES - 5
    cut = np.stack([columns[:, 4 * v : 4 * v + 20] for v in range(count)])[:, None]
    with torch.inference_mode():
        audio = rule.filled(SyncNet(), "syncnet").forward_aud(torch.from_numpy(cut)).numpy()
    wanted = lse(seen.embeddings()[:count], audio)
    found = judge.score(seen, samples)
    assert found.mean_distances == pytest.approx(wanted.mean_distances, rel=1e-4)
    assert found.offset_frames == wanted.offset_frames
    # Sound that ends earlier ends the score: n is the smaller of both (floor(samples / 640)).
    shorter, wanted = judge.score(seen, samples[: 640 * 12 + 639]), lse(seen.embeddings()[:7], audio[:7])
    assert shorter.mean_distances == pytest.approx(wanted.mean_distances, rel=1e-4)


def test_what_is_shorter_than_a_window_is_refused(judge, seen, film):
    with pytest.raises(ValueError, match="6 pictures"):
        judge.score(seen, np.ones(640 * 5, np.int16))
    few = judge.lips()
    for picture in film[:4]:
        few.add(picture)
    assert few.embeddings().shape == (0, 1024)
    with pytest.raises(ValueError, match="6 pictures"):
        judge.score(few, np.ones(16000, np.int16))
