"""The paper's generator at work: assembles its input, runs it in batches, returns whole crops.

Draws lower faces only; which reference, which sound and where to paste is told by others.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from w2l_studio.mouths import lips
from w2l_studio.nets.device import chosen
from w2l_studio.nets.fuse import fold, lighten
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.terms import Crops, Floats, FramesBGR, Voice

#: Larger batches fall out of the cache and make the allocator return its pages (benchmarks/figures/speed.md).
_CPU_BATCH, _GPU_BATCH = 16, 64


class Wav2Lip:
    """Fulfils `protocols.Generator` with networks of `nets.generator`, the published one among them.

    Args:
        net: any width and face size; it is copied, folded and not changed.
        name: what takes are labelled with.
        lead_ms: where its mel window begins relative to the picture (`sound.windows.starts`).
        precision: ``fp32``, ``bf16``, or ``auto`` = bf16 where the machine gains by it.
        device: ``cpu``, ``cuda``, or ``auto`` = a GPU where there is one.
        ear: what it hears through, for a network with a `listener`; None = its own ears.
    """

    def __init__(
        self,
        net: Generator,
        *,
        name: str,
        lead_ms: float,
        precision: str = "auto",
        device: str = "auto",
        ear: Lips | None = None,
    ) -> None:
        self.name, self.face_px, self.lead_ms = name, net.face_px, lead_ms
        self.columns, self._ear = net.columns, ear
        self._device, reduced = chosen(device, precision)
        self._dtype = torch.bfloat16 if reduced else torch.float32
        self._batch = _CPU_BATCH if self._device.type == "cpu" else _GPU_BATCH
        self._net = _ready(net, self._device, self._dtype)

    def listen(self, mel: Floats, samples: Floats) -> Floats:
        """Return the spectrogram for its own ears; by an ``ear`` what that thinks, ``float32[112, M]``."""
        return mel if self._ear is None else lips.thought(self._ear, mel, samples)

    def speak(self, crops: Crops, references: FramesBGR, voice: Voice) -> FramesBGR:
        """Draw the lower face of every crop so that it says what the voice says.

        Args:
            crops: T crops of `face_px`.
            references: ``uint8[T, P, P, 3]`` BGR, the same person with another mouth.
            voice: T windows of `columns` of what `listen` returned, cut with this generator's lead.

        Returns:
            ``uint8[T, P, P, 3]`` BGR, rounded; rows above the middle are the crop's.

        Raises:
            ValueError: numbers or sizes of pictures, references and windows differ.
        """
        pixels = crops.pixels
        wanted = (len(pixels), self.face_px, self.face_px, 3)
        if pixels.shape != wanted or references.shape != wanted or len(voice.windows) != len(pixels):
            raise ValueError(
                f"{self.name} wants {wanted} crops and references with as many mel windows, not "
                f"{pixels.shape}, {references.shape} and {len(voice.windows)}"
            )
        mouths = pixels.copy()
        for start in range(0, len(pixels), self._batch):
            part = slice(start, start + self._batch)
            mouths[part, self.face_px // 2 :] = self._lower(
                pixels[part], references[part], voice.windows[part]
            )
        return mouths

    @torch.inference_mode()
    def _lower(self, pixels: FramesBGR, references: FramesBGR, windows: Floats) -> FramesBGR:
        face = assemble(self._tensor(pixels), self._tensor(references)).to(self._dtype)
        audio = self._tensor(windows)[:, None].to(self._dtype)
        drawn = self._net.lower_half(audio, face).float()
        # Rounded: the published truncation darkens the face by half a level.
        levels = drawn.mul_(255).round_().clamp_(0, 255).to(torch.uint8)
        return np.asarray(levels.permute(0, 2, 3, 1).cpu().numpy())

    def _tensor(self, array: FramesBGR | Floats) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


def assemble(target: Tensor, reference: Tensor) -> Tensor:
    """Build the generator's input (paper 3.4.1): masked target first, then the reference.

    Args:
        target: ``uint8[N, P, P, 3]`` BGR; its lower half is never read.
        reference: ``uint8[N, P, P, 3]`` BGR.

    Returns:
        ``float32[N, 6, P, P]`` in 0..1, channels-last in memory; channels 0-2 are 0 from row P/2 on.
    """
    both = torch.cat([target, reference], 3).float() / 255
    both[:, target.shape[1] // 2 :, :, :3] = 0
    return both.permute(0, 3, 1, 2)


class _FullPrecision(nn.Module):
    """A last 1x1 convolution in fp32: a level of 255, or a tenth of a pixel, is finer than bf16 near 1."""

    def __init__(self, convolution: nn.Module) -> None:
        super().__init__()
        self.convolution = convolution.float()

    def forward(self, x: Tensor) -> Tensor:
        drawn: Tensor = self.convolution(x.float())
        return drawn


def _ready(net: Generator, device: torch.device, dtype: torch.dtype) -> Generator:
    ready = fold(net)
    if device.type == "cpu":
        lighten(ready)
    ready.to(device=device, dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if dtype != torch.float32:
        ready.output_block[1] = _FullPrecision(copy.deepcopy(net.output_block[1]).to(device))
        if ready.flow_block is not None and net.flow_block is not None:
            ready.flow_block[1] = _FullPrecision(copy.deepcopy(net.flow_block[1]).to(device))
    return ready
