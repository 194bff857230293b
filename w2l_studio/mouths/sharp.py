"""Makes drawn lips as crisp as the shot's own, beside the plate's picture that is most like each of them.

A generator is unsure where lips and teeth end, and draws the mean. Works on crops in the mouth's own colour;
which picture is most like a mouth is found elsewhere (`composite.likeness`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import cv2
import numpy as np
import torch
from torch import Tensor

from w2l_studio.composite import likeness
from w2l_studio.nets.fuse import chosen
from w2l_studio.nets.sharpener import FACE_PX, FIRST_ROW, Sharpener
from w2l_studio.terms import Floats, FramesBGR

_BATCH = 16


class Sharp:
    """Lips made crisp.

    Args:
        net: our network.
        device, precision: as of `wav2lip.Wav2Lip`.
    """

    def __init__(self, net: Sharpener, *, device: str = "auto", precision: str = "auto") -> None:
        self._device, self._reduced = chosen(device, precision)
        self._net = net.eval().to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, mouths: FramesBGR, likes: Iterable[Floats], lips: Floats) -> FramesBGR:
        """Make lips crisp, and give them the texture of those that they are like.

        Args:
            mouths: ``uint8[T, P, P, 3]`` BGR.
            likes: T times ``float32[P, P, 3]`` BGR, in the mouths' colour.
            lips: ``float32[P, P]`` as from `matte.lips`; nothing changes elsewhere.

        Returns:
            ``uint8[T, P, P, 3]``.
        """
        out, beside = mouths.copy(), iter(likes)
        for start in range(0, len(mouths), _BATCH):
            part = mouths[start : start + _BATCH]
            alike = list(islice(beside, len(part)))
            for made, mouth, like, crisp in zip(
                out[start : start + _BATCH], part, alike, self._crisp(part, alike), strict=True
            ):
                mixed = mouth + lips[..., None] * (_sized(crisp, len(lips)) - mouth)
                made[:] = likeness.textured(np.rint(mixed).clip(0, 255).astype(np.uint8), like, lips)
        return out

    def _crisp(self, mouths: FramesBGR, likes: Sequence[Floats]) -> Floats:
        """Return what the network makes of mouths, ``float32[N, 192, 192, 3]``, levels."""
        drawn = np.stack([_sized(mouth.astype(np.float32), FACE_PX) for mouth in mouths])
        seen = drawn[:, FIRST_ROW:]
        alike = np.stack(
            [
                likeness.laid_over(_sized(like, FACE_PX)[FIRST_ROW:], mouth)
                for like, mouth in zip(likes, seen, strict=True)
            ]
        )
        drawn[:, FIRST_ROW:] = self._run(seen, alike)
        return drawn

    @torch.inference_mode()
    def _run(self, seen: Floats, alike: Floats) -> Floats:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._reduced):
            made = self._net(*(self._tensor(levels) for levels in (seen, alike)))
        return np.asarray(made.float().mul_(255).permute(0, 2, 3, 1).cpu().numpy())

    def _tensor(self, levels: Floats) -> Tensor:
        placed = torch.from_numpy(levels).to(self._device) / 255
        return placed.permute(0, 3, 1, 2)


def _sized(picture: Floats, side: int) -> Floats:
    if len(picture) == side:
        return picture
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
