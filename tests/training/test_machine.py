"""Processes that share a batch, precision, and batches that are drawn ahead."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from training.experts.expert import ContrastTrainee
from training.packs.data import Sampler, read_pack
from training.run import feed
from training.run.machine import Machine, started
from w2l_studio.errors import UsageError

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def sampler(pack):
    return Sampler(read_pack([pack]))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def joined(pack, out, world):
    """Run one_step.py in as many processes, with what torchrun tells them."""
    told = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    roots = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(HERE / "one_step.py"), str(pack), str(out)]
    running = [
        subprocess.Popen(command, env={**os.environ, **told, "RANK": str(rank), "PYTHONPATH": roots})
        for rank in range(world)
    ]
    assert [one.wait() for one in running] == [0] * world
    return torch.load(out, weights_only=True)  # noqa: TID251 - gradients, no weights


def test_two_processes_learn_what_one_with_the_joined_batch_does(pack, tmp_path):
    two = joined(pack, tmp_path / "two.pt", 2)
    one = joined(pack, tmp_path / "one.pt", 1)
    assert two.keys() == one.keys()
    kinds = ("pairs", "faces", "critic", "contrast", "judge", "studio", "patches")
    assert {key.split(".")[0] for key in one} == set(kinds)
    for key, value in one.items():
        assert (value - two[key]).double().norm() < 1e-6 * value.double().norm() + 1e-9, key


def test_parts_join_to_the_whole_batch():
    def drawn(rank, world):
        part = Machine(rank=rank, world=world).part(np.random.default_rng(3), 6)
        return [chance.random() for chance in part]

    assert drawn(0, 1) == drawn(0, 2) + drawn(1, 2) == drawn(0, 3) + drawn(1, 3) + drawn(2, 3)
    with pytest.raises(UsageError, match="6 cannot be shared by 4"):
        drawn(0, 4)


def test_the_smallest_numbers_are_flushed_while_it_lasts_and_no_longer():
    smallest = np.full(64, 5e-324)
    with started("cpu", "fp32"):
        assert not (smallest * 1.0).any()
    assert (smallest * 1.0).all()


def test_bf16_is_used_where_it_is_asked_for():
    with started("cpu", "bf16") as here:
        net = here.ready(torch.nn.Conv2d(3, 4, 3))
        with here.autocast():
            assert net(torch.zeros(1, 3, 8, 8)).dtype == torch.bfloat16
        assert net.weight.dtype == torch.float32
    with Machine().autocast():
        assert net(torch.zeros(1, 3, 8, 8)).dtype == torch.float32


@pytest.mark.parametrize(("has", "wanted"), [("amx_bf16", True), ("avx512_bf16", True), ("avx512_f", False)])
def test_bf16_is_used_where_the_processor_multiplies_in_it(monkeypatch, has, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {has: True}, raising=False)
    with started() as here:
        assert here.reduced is wanted


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device"), started("cuda"):
        pass


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_batches_drawn_ahead_are_the_same_in_the_same_order(sampler):
    source = ContrastTrainee(sampler).source
    here, ahead = (list(feed.batches(source, 3, 6, seed=5, workers=workers)) for workers in (0, 2))
    assert len(here) == len(ahead) == 3
    for one, other in zip(here, ahead, strict=True):
        assert type(other) is type(one)
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert torch.equal(here[1].lips, feed.Drawn(source, 6, 5)[4].lips)
    assert not torch.equal(here[0].lips, here[1].lips)


def test_a_step_is_as_long_as_its_rate_and_stays_so_until_told():
    weight = torch.nn.Parameter(torch.zeros(()))
    optimiser, lengths = torch.optim.SGD([weight], 1.0), []
    for rate in (None, 0.25, None):
        before = weight.item()
        Machine().learn(-weight, optimiser, rate=rate)
        lengths.append(weight.item() - before)
    assert lengths == [1.0, 0.25, 0.25]
