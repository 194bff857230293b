"""Reads CMU Sphinx's acoustic model as the pocketsphinx package carries it, and makes `nets.phones` of it.

Trains nothing. The formats are those of sphinxbase: headers of text, then numbers in the writer's order.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from w2l_studio.errors import WeightsError
from w2l_studio.nets.phones import CEPSTRA, DENSITIES, PHONES, STATES, STREAMS, Phones
from w2l_studio.terms import Doubles, Floats

_ORDER_MARK = 0x11223344
#: A mixture's weight is a byte: how many steps of 1024 logarithms to this base it lies below 1.
_WEIGHT_STEP = 1024 * np.log(1.0001)
#: Narrower densities are widened to this, as Sphinx does.
_LEAST_VARIANCE = 1e-4


def network(folder: Path) -> Phones:
    """Return the model as a network.

    Args:
        folder: ``pocketsphinx/model/en-us/en-us`` of the installed package.

    Raises:
        WeightsError: not that model.
    """
    try:
        means = _gaussians(folder / "means")
        variances = _gaussians(folder / "variances").clip(_LEAST_VARIANCE)
        mixtures = _mixtures(folder / "sendump")
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"it is no model of Sphinx's that is known here ({error})", where=str(folder)
        ) from error
    net = Phones()
    net.load_state_dict(
        {
            "means": torch.from_numpy(means.astype(np.float32)),
            "precisions": torch.from_numpy((1 / variances).astype(np.float32)),
            "mixtures": torch.from_numpy(mixtures.astype(np.float32)),
        }
    )
    return net.eval()


def _gaussians(path: Path) -> Doubles:
    """Return means or variances, ``float64[42, 3, 128, 13]``."""
    content = path.read_bytes()
    begin = content.index(b"endhdr\n") + len(b"endhdr\n")
    shape = (len(PHONES), STREAMS, DENSITIES, CEPSTRA)
    head = np.frombuffer(content, "<i4", 5 + STREAMS, begin)
    if tuple(head) != (_ORDER_MARK, *shape[:3], *(CEPSTRA,) * STREAMS, int(np.prod(shape))):
        raise ValueError(f"{path.name} has another shape")
    return (
        np.frombuffer(content, "<f4", int(np.prod(shape)), begin + head.nbytes)
        .reshape(shape)
        .astype(np.float64)
    )


def _mixtures(path: Path) -> Floats:
    """Return logarithms of the weights of the states without context, ``float32[3, 42, 128, 3]``."""
    content = path.read_bytes()
    at = 0
    while length := int(np.frombuffer(content, "<i4", 1, at)[0]):
        at += 4 + length
    rows, states = (int(number) for number in np.frombuffer(content, "<i4", 2, at + 4))
    found = np.frombuffer(content, np.uint8, offset=at + 12)
    if rows != DENSITIES or len(found) % (STREAMS * DENSITIES) or states < len(PHONES) * STATES:
        raise ValueError(f"{path.name} has another shape")
    # States without context come first, three for each phone.
    told = found.reshape(STREAMS, DENSITIES, -1)[:, :, : len(PHONES) * STATES]
    logs = -told.astype(np.float64) * _WEIGHT_STEP
    weights: Floats = logs.reshape(STREAMS, DENSITIES, len(PHONES), STATES).transpose(0, 2, 1, 3)
    return weights
