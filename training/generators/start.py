"""Begins a generator's training with what another one has learned, of another face size if need be.

All but the outermost layers see the same whether a face has 96 pixels or 192 side by side: what a mouth does
with a sound need not be learned again. Changes no file.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.errors import UsageError
from w2l_studio.nets.generator import Generator


def begin(net: Generator, learned: Generator) -> None:
    """Fill a generator with the layers of another one of the same width; what has none stays as it was drawn.

    The first and the last layer of a network with `sub_pixels` begin as the learned ones do for pictures
    halved and doubled; their additional channels say nothing at first.

    Args:
        net: is changed.
        learned: with ``sub_pixels`` 1, or the same as ``net``.
    """
    if net.audio_encoder is not None and learned.audio_encoder is not None:
        listen(net.audio_encoder, learned.audio_encoder.state_dict())
    state = net.state_dict()
    for name, value in learned.state_dict().items():
        if name.startswith("audio_encoder."):
            continue
        if name in state and state[name].shape == value.shape:
            state[name] = value
        elif name in state and state[name].ndim == value.ndim:
            state[name] = _fitted(state[name], value, net.sub_pixels, name)
    net.load_state_dict(state)


def listen(net: nn.Module, learned: Mapping[str, Tensor]) -> None:
    """Fill an audio encoder with another one that hears as long or shorter: the rest says nothing at first.

    The strides over time are 6 columns, and longer windows reach further by multiples of these.

    Raises:
        UsageError: it is of another width, or hears longer.
    """
    state = net.state_dict()
    for name, value in learned.items():
        beside = (state[name].shape[-1] - value.shape[-1]) // 2 if value.ndim == 4 else 0
        fitted = functional.pad(value, (beside, beside)) if beside > 0 else value
        if fitted.shape != state[name].shape:
            raise UsageError(
                "these ears are of another width than the generator, or hear longer",
                hint="train them with the same --width",
            )
        state[name] = fitted
    net.load_state_dict(state)


def _fitted(fresh: Tensor, value: Tensor, sub_pixels: int, name: str) -> Tensor:
    """Lay a learned tensor into a larger one whose channels are pixels side by side."""
    squared = sub_pixels**2
    if name.startswith(("output_block.1.", "flow_block.1.")):  # every pixel of a square gets what was learned
        value = value.repeat_interleave(squared, 0)
    if name.startswith("face_encoder_blocks.0.") and value.ndim == 4:
        value = _narrowed(value, fresh.shape[-1]).repeat_interleave(squared, 1) / squared
    laid = fresh.clone()
    if value.ndim == 4:
        # A skip's channels come behind the decoder's; those that are new feed nobody yet.
        laid[:, value.shape[1] :] = 0
    laid[tuple(slice(length) for length in value.shape)] = value
    return laid


def _narrowed(kernel: Tensor, side: int) -> Tensor:
    """Make a kernel smaller; what reached further now reads the edge, so that flat skin gives the same."""
    reach = (kernel.shape[-1] - side) // 2
    rows = torch.arange(kernel.shape[-1]).sub(reach).clamp(0, side - 1)
    narrow = kernel.new_zeros(*kernel.shape[:2], kernel.shape[-1], side).index_add_(3, rows, kernel)
    return kernel.new_zeros(*kernel.shape[:2], side, side).index_add_(2, rows, narrow)


def stand_still(net: Generator) -> None:
    """Let a fresh network draw the reference: what the sound changes is learned from there."""
    for parameter in net.output_block[1].parameters():
        nn.init.zeros_(parameter)
