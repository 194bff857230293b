"""Makes a network quick at inference: batch norms folded into convolutions, layers done another way.

Changes no weights on disk and nothing that is trained: `fold` makes a copy, and the rest works on that.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from w2l_studio.nets import winograd
from w2l_studio.nets.blocks import Conv, Up
from w2l_studio.nets.generator import Generator

Module = TypeVar("Module", bound=nn.Module)
_Convolution = nn.Conv2d | nn.ConvTranspose2d


def fold(module: Module) -> Module:
    """Return a copy in which every convolution has taken over the batch norm behind it.

    Args:
        module: networks of `nets.blocks`; it is not changed.

    Returns:
        A module in ``eval`` mode with the same outputs (within 1e-6 in fp32) and no batch norm.
    """
    folded = copy.deepcopy(module).eval()
    for unit in list(folded.modules()):
        for name, child in unit.named_children():
            if isinstance(child, nn.Sequential):
                setattr(unit, name, _folded(child))
    return folded


def lighten(net: Generator) -> None:
    """Replace in a folded generator what a CPU does better another way; the outputs stay, within rounding.

    Layers of many channels multiply by `winograd`. Where a kernel covers all of a picture, or makes all of it
    of one pixel, a convolution is a matrix product, and is slower than one.
    """
    for unit in net.modules():
        if isinstance(unit, Conv | Up):
            convolution = unit.conv_block[0]
            if winograd.suits(convolution):
                unit.conv_block = nn.Sequential(winograd.Winograd(convolution))
            elif isinstance(convolution, _Convolution) and convolution.padding == (0, 0):
                unit.conv_block = _product(convolution)


def _product(convolution: _Convolution) -> nn.Sequential:
    weight = convolution.weight.detach()
    if isinstance(convolution, nn.ConvTranspose2d):
        made = weight.shape[1:]
        weight = weight.flatten(1).T
    else:
        made = torch.Size([len(weight), 1, 1])
        weight = weight.flatten(1)
    linear = nn.Linear(*weight.T.shape)
    assert convolution.bias is not None
    linear.weight.data = weight.contiguous()
    linear.bias.data = convolution.bias.detach().repeat_interleave(made[1:].numel())
    return nn.Sequential(nn.Flatten(), linear, nn.Unflatten(1, made))


def _folded(unit: nn.Sequential) -> nn.Sequential:
    if len(unit) != 2 or not isinstance(unit[1], nn.BatchNorm2d):
        return unit
    convolution, norm = unit[0], unit[1]
    if isinstance(convolution, nn.ConvTranspose2d):
        return nn.Sequential(fuse_conv_bn_eval(convolution, norm, transpose=True))
    if isinstance(convolution, nn.Conv2d):
        return nn.Sequential(fuse_conv_bn_eval(convolution, norm))
    return unit
