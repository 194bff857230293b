import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def lively():
    """Return ``lively(net)``: weights and statistics as after training, not the neutral ones of a new net."""

    def change(net, seed=0):
        generator = torch.Generator().manual_seed(seed)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.data.uniform_(0.5, 1.5, generator=generator)
                module.bias.data.uniform_(-0.3, 0.3, generator=generator)
                module.running_mean.uniform_(-0.3, 0.3, generator=generator)
                module.running_var.uniform_(0.5, 2.0, generator=generator)
        return net.eval()

    return change
