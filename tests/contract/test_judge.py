"""What every Judge promises, over ours and a fake."""

import numpy as np
import pytest
import torch

from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.expert import Expert
from w2l_studio.terms import Verdict, Voice


class Certain:
    """A fake: always in sync."""

    name = "certain"

    def score(self, crops, voice):
        if len(crops) < 8:
            raise ValueError("too few pictures")
        return Verdict(0, 1.0, 0.0, self.name)


def expert(net):
    torch.manual_seed(0)
    return ExpertJudge(net(), name="expert")


JUDGES = {"paper": lambda: expert(lambda: Expert(0.25)), "ours": lambda: expert(Contrast), "fake": Certain}


@pytest.fixture(scope="module", params=JUDGES)
def judge(request):
    return JUDGES[request.param]()


def material(count, face_px=96):
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (count, face_px, face_px, 3)).astype(np.uint8)
    return crops, Voice(rng.uniform(-4, 4, (count, 80, 16)).astype(np.float32), np.ones(count, np.bool_))


@pytest.mark.parametrize(("count", "face_px"), [(8, 96), (40, 96), (40, 192)])
def test_a_verdict_is_made_of_numbers_and_signed(judge, count, face_px):
    verdict = judge.score(*material(count, face_px))
    assert verdict.judge == judge.name
    assert -15 <= verdict.offset_frames <= 15
    assert np.isfinite([verdict.confidence, verdict.distance]).all()
    assert verdict.confidence >= 0
    assert verdict.distance >= 0
    assert verdict == judge.score(*material(count, face_px))


@pytest.mark.parametrize("count", [4, 7])
def test_too_few_pictures_are_refused(judge, count):
    with pytest.raises(ValueError, match="pictures"):
        judge.score(*material(count))
