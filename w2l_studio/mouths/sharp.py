"""Makes drawn lips as crisp as the shot's own, beside the plate's picture that is most like each of them.

A generator is unsure where lips and teeth end, and draws the mean. Works on crops in the mouth's own colour;
which picture is most like a mouth, and how it comes to lie over it, is `composite.likeness`' affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import cv2
import numpy as np
import torch
from torch import Tensor

from w2l_studio.nets.device import chosen
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

    def __call__(self, mouths: FramesBGR, alike: Iterable[Floats], lips: Floats) -> FramesBGR:
        """Make lips crisp.

        Args:
            mouths: ``uint8[T, P, P, 3]`` BGR; crops of other sides than 192 are made so and back.
            alike: T times ``float32[P, P, 3]`` BGR 0..255 in the mouths' colour, filmed lips that lie where
                the drawn ones do.
            lips: ``float32[P, P]`` 0..1, where lips may be; nothing changes elsewhere.

        Returns:
            ``uint8[T, P, P, 3]``.

        Raises:
            ValueError: there are fewer pictures alike than mouths.
        """
        out, beside = mouths.copy(), iter(alike)
        for start in range(0, len(mouths), _BATCH):
            part = out[start : start + _BATCH]
            filmed = list(islice(beside, len(part)))
            if len(filmed) < len(part):
                raise ValueError(f"{len(mouths)} mouths, and {start + len(filmed)} pictures alike")
            made = self._made(part, filmed)
            for mouth, crisp in zip(part, made, strict=True):
                mixed = mouth + lips[..., None] * (_sized(crisp, len(lips)) - mouth)
                mouth[:] = np.rint(mixed).clip(0, 255)
        return out

    def _made(self, mouths: FramesBGR, alike: Sequence[Floats]) -> Floats:
        """Return what the network makes of mouths, ``float32[N, 192, 192, 3]``, levels."""
        drawn, filmed = (
            np.stack([_sized(np.asarray(each, np.float32), FACE_PX) for each in pictures])
            for pictures in (mouths, alike)
        )
        drawn[:, FIRST_ROW:] = self._run(drawn[:, FIRST_ROW:], filmed[:, FIRST_ROW:])
        return drawn

    @torch.inference_mode()
    def _run(self, seen: Floats, alike: Floats) -> Floats:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._reduced):
            made = self._net(self._tensor(seen), self._tensor(alike))
        return np.asarray(made.float().mul_(255).permute(0, 2, 3, 1).cpu().numpy())

    def _tensor(self, levels: Floats) -> Tensor:
        placed = torch.from_numpy(levels).to(self._device) / 255
        return placed.permute(0, 3, 1, 2)


def _sized(picture: Floats, side: int) -> Floats:
    if len(picture) == side:
        return picture
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
