"""SyncNet, its MFCC and the LSE arithmetic against figures of the published code."""

import numpy as np
import pytest
from torch.nn import functional

from w2l_studio.judge.lse import lse
from w2l_studio.judge.mfcc import mfcc
from w2l_studio.nets.syncnet import SyncNet

CASES = {"a": (60, 0, 0.3), "b": (45, 3, 0.5), "c": (20, -2, 0.2)}


def test_key_names_and_shapes_are_the_published_ones(rule):
    table = rule.keys("syncnet")
    ours = {key: list(value.shape) for key, value in SyncNet().state_dict().items()}
    assert ours == {key: shape for key, shape, _ in table["keys"]}


def test_syncnet(rule):
    net, wanted = rule.filled(SyncNet(), "syncnet"), rule.arrays("syncnet")
    lip = rule.tensor(np.floor(127.5 + 127.5 * rule.blk("syncnet.lip", (2, 3, 5, 224, 224))))
    scale = np.array([12, 8, 8, 8, 8, 8, 6, 6, 6, 4, 4, 4, 4.0])[:, None]
    sound = rule.tensor(rule.u("syncnet.mfcc", (2, 1, 13, 20)) * scale)
    lips, audio = net.forward_lip(lip), net.forward_aud(sound)
    for actual, name in ((lips, "lip"), (audio, "aud"), (net.forward_lipfeat(lip), "lipfeat")):
        assert np.abs(actual.numpy() - wanted[name]).max() < 1e-4 * np.abs(wanted[name]).max()
    assert functional.pairwise_distance(lips, audio).numpy() == pytest.approx(
        wanted["pairwise_distance"], rel=1e-4
    )


def test_mfcc(rule):
    wanted, pcm = rule.arrays("mfcc"), rule.arrays("mel")["pcm"]
    ours = mfcc(pcm)
    np.testing.assert_allclose(ours, wanted["mfcc"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours[:20].T, wanted["mfcc_window0"], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours[276:296].T, wanted["mfcc_window_last"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_lse(rule, case):
    count, shift, noise = CASES[case]
    key, wanted = f"lse.{case}", rule.arrays("lse")
    base, projection = rule.u(f"{key}.base", (count + 60, 32)), rule.u(f"{key}.proj", (32, 1024))
    lips = (base[30 : 30 + count] @ projection / 4).astype(np.float32)
    audio = base[30 - shift : 30 - shift + count] @ projection / 4
    audio = (audio + noise * rule.u(f"{key}.noise", (count, 1024))).astype(np.float32)
    assert lips[0, :8] == pytest.approx(wanted[f"{case}_im_first"], abs=1e-6)
    scores = lse(lips, audio)
    assert scores.mean_distances == pytest.approx(wanted[f"{case}_mean_dist"], abs=1e-3)
    assert scores.lse_d == pytest.approx(float(wanted[f"{case}_lse_d"]), abs=1e-3)
    assert scores.lse_c == pytest.approx(float(wanted[f"{case}_lse_c"]), abs=1e-3)
    assert scores.offset_frames == int(wanted[f"{case}_offset"]) == -shift
