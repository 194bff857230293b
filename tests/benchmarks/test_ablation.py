"""The ablation: what an arm is taught by, and where ears come from."""

from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks import ablation  # noqa: E402 - after the skip
from benchmarks.ablation import ARMS  # noqa: E402
from training.packs.data import Clip  # noqa: E402
from w2l_studio.errors import UsageError  # noqa: E402
from w2l_studio.nets import weights  # noqa: E402
from w2l_studio.nets.generator import Generator  # noqa: E402
from w2l_studio.nets.meta import Meta  # noqa: E402

CLIP_S = 40


def pack(group):
    frames, spectrum = np.zeros((CLIP_S, 8, 8, 3), np.uint8), np.zeros((80, 200), np.float32)
    clips = [("a", "train"), ("b", "unseen")]
    return [Clip(n, group, n, split, "", "", frames, spectrum, None, None) for n, split in clips]


@pytest.mark.parametrize(
    ("arm", "shares"),
    [
        (ARMS[0], {"film": 1}),
        (ARMS[1], {"heads": 0.5, "voices": 0.5}),
        (ARMS[2], {"film": 0.5, "heads": 0.25, "voices": 0.25}),
        (ARMS[3], {"film": 0.25, "heads": 0.375, "voices": 0.375}),
    ],
)
def test_an_arm_draws_from_its_packs_as_often_as_it_says_and_only_what_may_be_learned(arm, shares):
    draws = ablation.sampler(arm, pack("film"), [pack("heads"), pack("voices")])
    random = np.random.default_rng(0)
    drawn = [draws.draw(random) for _ in range(2000)]
    assert {clip.split for clip in drawn} == {"train"}
    assert {group: n / 2000 for group, n in Counter(clip.group for clip in drawn).items()} == pytest.approx(
        shares, abs=0.05
    )


def test_ears_come_from_weights_by_their_name(tmp_path):
    net = Generator(0.0625, columns=28)
    weights.save(net, tmp_path / "own.safetensors", Meta("generator", width=0.0625, columns=28))
    heard, columns = ablation.ears(str(tmp_path / "own.safetensors"))
    assert columns == 28
    assert heard.keys() == net.audio_encoder.state_dict().keys()
    with pytest.raises(UsageError, match="has no ears of its own"):
        ablation.ears("w2l-192")


def test_lips_that_no_network_drew_are_measured_once(tmp_path):
    assert len(ablation.baselines(tmp_path, [])) == 2
    for run in ablation.baselines(tmp_path, []):
        run()
    assert ablation.baselines(tmp_path, []) == []
