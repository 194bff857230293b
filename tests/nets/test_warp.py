"""Pixels are taken from where the flow points to."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.nets.warp import warped

PICTURE = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, 23))
def test_whole_pixels_come_as_they_are_and_beyond_the_edge_stands_the_edge(right, down, first):
    flow = torch.tensor([right, down], dtype=torch.float32).view(1, 2, 1, 1).expand(2, 2, 24 - first, 24)
    rows = (torch.arange(first, 24) + down).clamp(0, 23)
    columns = (torch.arange(24) + right).clamp(0, 23)
    assert (warped(PICTURE, flow, first) - PICTURE[:, :, rows][..., columns]).abs().max() < 1e-5


@given(st.floats(0, 1))
def test_between_pixels_both_have_their_share(share):
    flow = torch.zeros(2, 2, 24, 24)
    flow[:, 0] = share
    mixed = PICTURE[..., :-1] * (1 - share) + PICTURE[..., 1:] * share
    assert (warped(PICTURE, flow, 0)[..., :-1] - mixed).abs().max() < 1e-5


def test_flows_learn():
    flow = torch.zeros(2, 2, 24, 24, requires_grad=True)
    warped(PICTURE, flow, 0).square().mean().backward()
    assert flow.grad.abs().max() > 0
