"""Measures how far lips are open in crops, by our lip-opening network.

Used to choose closed-lips references and to check results; makes no mouth.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.terms import Floats, FramesBGR

_BATCH = 64


class Openness:
    """Lip opening per crop.

    Args:
        net: `nets.opening.Opening`: ``float32[N, 3, 96, 96]`` BGR 0..1 -> ``float32[N]``.
    """

    def __init__(self, net: nn.Module) -> None:
        self._net = net.eval()

    def __call__(self, crops: FramesBGR) -> Floats:
        """Measure ``uint8[T, P, P, 3]`` BGR crops of any size.

        Returns:
            ``float32[T]``: inner gap divided by mouth width; 0 = shut.
        """
        parts = []
        with torch.inference_mode():
            for start in range(0, len(crops), _BATCH):
                batch = torch.from_numpy(np.ascontiguousarray(crops[start : start + _BATCH]))
                parts.append(self._net(_resized(batch.permute(0, 3, 1, 2).float() / 255)).reshape(-1))
        if not parts:
            return np.zeros(0, np.float32)
        return torch.cat(parts).numpy().astype(np.float32)


def _resized(crops: Tensor) -> Tensor:
    """Make crops ``[N, 3, P, P]`` as large as the network reads them."""
    if crops.shape[-1] == FACE_PX:
        return crops
    return functional.interpolate(crops, (FACE_PX, FACE_PX), mode="area")
