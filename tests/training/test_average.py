"""The moving average that follows a network."""

import pytest
import torch
from torch import nn

from training.run import average


def normed(weight, seen):
    net = nn.BatchNorm1d(2)
    with torch.no_grad():
        net.weight.fill_(weight)
        net.running_mean.fill_(weight)
        net.num_batches_tracked.fill_(seen)
    return net


@pytest.mark.parametrize(("memory", "left"), [(0.75, 1.0), (0.0, 4.0)])
def test_an_average_moves_by_what_it_forgets_and_counts_as_the_network_does(memory, left):
    followed = normed(0.0, 3)
    average.follow(followed, normed(4.0, 7), memory)
    assert followed.weight.tolist() == followed.running_mean.tolist() == [left, left]
    assert followed.num_batches_tracked == 7


def test_an_average_forgets_faster_in_the_beginning():
    net = normed(0.0, 0)
    learner = average.Followed(net, torch.optim.SGD(net.parameters(), 1.0))
    nn.init.ones_(net.weight)
    shares = []
    for number in (0, 10, 100_000):
        nn.init.zeros_(learner._average.weight)
        learner.follow(number)
        shares.append(learner._average.weight[0].item())
    assert shares == pytest.approx([9 / 10, 9 / 20, 1 - average.MEMORY])
