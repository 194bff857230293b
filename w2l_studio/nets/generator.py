"""The paper's generator, layer for layer (section 3.4; 352 keys, 36.3 M parameters at width 1).

Draws a face from masked target, reference and mel window; cutting and batching are `mouths.wav2lip`'s.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.nets.blocks import Conv, Up, audio_encoder, fold_time, residuals, scaled, unfold_time
from w2l_studio.nets.listener import Listener
from w2l_studio.nets.warp import warped

#: Side of the face -> (channels of the encoder's stages above the bottleneck, side of the bottleneck).
_SIZES = {
    96: ((16, 32, 64, 128, 256, 512), 3),
    128: ((16, 32, 64, 128, 256, 512), 4),
    192: ((16, 16, 32, 64, 128, 256, 512), 3),
}
#: Residual units per encoder stage and channels per decoder stage, counted from the bottleneck up.
_ENCODER_RESIDUALS = (1, 2, 2, 3, 2, 2)
_DECODER = (512, 512, 384, 256, 128, 64, 32)

#: Half a level of 255: keeps black and white of a reference finite before the sigmoid.
_LEAST = 0.5 / 255
#: A flow of 1 moves by this part of the face's side.
_REACH = 1 / 24


class Generator(nn.Module):
    """Encoder-decoder with a skip at every size; the audio embedding enters at the bottleneck.

    At 128 px the bottleneck is 4x4 instead of 3x3 (same stages, 4x4 kernels there); at 192 px one more
    stage of 16 encoder and 32 decoder channels stands at the outer end. Width scales every layer's
    channels by `blocks.scaled` but those of the input (6) and of the output (3).

    Args:
        width: channel multiplier; 1 is the published network.
        face_px: side of the face: 96, 128 or 192.
        from_reference: draw what differs from the reference (added before the sigmoid), not the face from
            nothing as published: skin keeps its colour and pores from the first step of training on.
        warps: move the reference's pixels first, by a flow that is 0 until it is learned: what the reference
            shows elsewhere need not be wiped away and drawn anew. Only with `from_reference`.
        sub_pixels: pixels along each axis that stand side by side as channels at the outer layers (sub-pixel
            convolution, arXiv 1609.05158): with 2, a 192-pixel face is drawn for little more than a 96-pixel
            one; 1 as published.
        columns: mel columns that it hears; 16 (200 ms) as published, in steps of 6 by the strides over time.
        listens: it hears through the network from sound to lips, by a `listener`, and has no ears of its own.

    Raises:
        ValueError: a `face_px` for which there are no stages; `warps` without `from_reference`.
    """

    def __init__(
        self,
        width: float = 1.0,
        face_px: int = 96,
        *,
        from_reference: bool = False,
        warps: bool = False,
        sub_pixels: int = 1,
        columns: int = 16,
        listens: bool = False,
    ) -> None:
        super().__init__()
        if face_px not in _SIZES or face_px // sub_pixels not in _SIZES:
            raise ValueError(f"face_px must be one of {sorted(_SIZES)}, not {face_px} by {sub_pixels}")
        if warps and not from_reference:
            raise ValueError("only a generator that draws from its reference can warp it")
        self.width, self.face_px, self.from_reference = width, face_px, from_reference
        self.sub_pixels, self.columns = sub_pixels, columns
        stages, neck = _SIZES[face_px // sub_pixels]
        down = [scaled(channels, width) for channels in stages]
        down[0] *= sub_pixels
        up = [scaled(channels, width) for channels in _DECODER[: len(down)]]
        deep = scaled(512, width)
        self.face_encoder_blocks = nn.ModuleList(_encoder(down, neck, deep, sub_pixels))
        self.audio_encoder = None if listens else audio_encoder(width, 1, deep, columns)
        self.listener = Listener(columns, deep) if listens else None
        self.face_decoder_blocks = nn.ModuleList(_decoder(up, down, neck, deep))
        last = scaled(32, width) * sub_pixels
        self.output_block = nn.Sequential(
            Conv(up[-1] + down[0], last, 3, 1, 1), nn.Conv2d(last, 3 * sub_pixels**2, 1), nn.Sigmoid()
        )
        self.flow_block: nn.Sequential | None = None
        if warps:
            flow = nn.Conv2d(last, 2 * sub_pixels**2, 1)
            nn.init.zeros_(flow.weight)
            nn.init.zeros_(flow.bias)  # type: ignore[arg-type]
            self.flow_block = nn.Sequential(Conv(up[-1] + down[0], last, 3, 1, 1), flow)

    @property
    def ears(self) -> nn.Module:
        """What turns sound into an embedding ``[N, D, 1, 1]``: audio encoder or listener."""
        heard_by = self.audio_encoder if self.listener is None else self.listener
        assert heard_by is not None  # one of both, since it was made
        return heard_by

    def forward(self, audio: Tensor, face: Tensor) -> Tensor:
        """Draw whole faces.

        Args:
            audio: mel windows ``[N, 1, 80, C]`` or ``[B, T, 1, 80, C]`` of C `columns`, -4..4; of one that
                listens, windows ``[N, 1, 112, C]`` for its `listener`.
            face: BGR 0..1, channels 0-2 the target with its lower half 0, 3-5 the reference:
                ``[N, 6, P, P]`` or ``[B, 6, T, P, P]``.

        Returns:
            BGR 0..1: ``[N, 3, P, P]`` or ``[B, 3, T, P, P]``.
        """
        if audio.dim() == 5:
            drawn = self._draw(fold_time(audio, 1), fold_time(face, 2), 0)
            return unfold_time(drawn, audio.shape[0])
        return self._draw(audio, face, 0)

    def lower_half(self, audio: Tensor, face: Tensor) -> Tensor:
        """Draw rows ``P/2..P - 1`` only: the same values as `forward`'s, a quarter less work.

        The decoder keeps the rows that these depend on, no more.

        Args:
            audio: ``[N, 1, 80, C]`` or ``[N, 1, 112, C]``.
            face: ``[N, 6, P, P]``.

        Returns:
            ``[N, 3, P/2, P]``.
        """
        return self._draw(audio, face, self.face_px // 2)

    def _draw(self, audio: Tensor, face: Tensor, first_row: int) -> Tensor:
        reference = face[:, 3:]
        face = functional.pixel_unshuffle(face, self.sub_pixels)
        skips = []
        for block in self.face_encoder_blocks:
            face = block(face)
            skips.append(face)
        x, top = self.ears(audio), 0
        rows = iter(self._rows(first_row // self.sub_pixels))
        for block in self.face_decoder_blocks:
            for unit in block.children():
                made, first = 2 * top if isinstance(unit, Up) else top, next(rows)
                x, top = unit(x)[:, :, first - made :], first
            x = torch.cat([x, skips.pop()[:, :, top:]], 1)
        kept = slice(next(rows) - top, None)
        drawn: Tensor = self.output_block[:2](x)[:, :, kept]
        drawn = functional.pixel_shuffle(drawn, self.sub_pixels)
        if self.from_reference:
            if self.flow_block is None:
                beneath = reference[:, :, first_row:]
            else:
                flow = functional.pixel_shuffle(self.flow_block(x)[:, :, kept], self.sub_pixels)
                beneath = warped(reference, flow * (self.face_px * _REACH), first_row)
            drawn = drawn + torch.logit(beneath.to(drawn.dtype), _LEAST)
        return torch.sigmoid(drawn)

    def _rows(self, first_row: int) -> list[int]:
        """Return of each unit, from the bottleneck up, the first row that the output's depends on.

        A 3x3 convolution reaches one row up, so that the first row of a cut picture comes out wrong and is
        cut off next. A transposed one of stride 2 makes row y of rows y // 2 and up.
        """
        rows = []
        for block in reversed([*self.face_decoder_blocks, self.output_block[:1]]):
            for unit in reversed([*block.children()]):
                rows.append(first_row)
                first_row = first_row // 2 if isinstance(unit, Up) else max(first_row - 1, 0)
        return rows[::-1]


def _encoder(down: list[int], neck: int, deep: int, sub_pixels: int) -> Iterable[nn.Sequential]:
    # Over pixels side by side, 3x3 sees nearly what 7x7 does over single ones.
    side = 7 if sub_pixels == 1 else 3
    yield nn.Sequential(Conv(6 * sub_pixels**2, down[0], side, 1, side // 2))
    counts = _ENCODER_RESIDUALS[: len(down) - 1][::-1]
    for inputs, outputs, count in zip(down, down[1:], counts, strict=False):
        yield nn.Sequential(Conv(inputs, outputs, 3, 2, 1), *residuals(outputs, count))
    yield nn.Sequential(Conv(down[-1], deep, neck, 1, 0), Conv(deep, deep, 1, 1, 0))


def _decoder(up: list[int], down: list[int], neck: int, deep: int) -> Iterable[nn.Sequential]:
    yield nn.Sequential(Conv(deep, deep, 1, 1, 0))
    yield nn.Sequential(Up(deep + deep, up[0], neck), *residuals(up[0], 1))
    for i in range(1, len(up)):
        inputs = up[i - 1] + down[-i]
        yield nn.Sequential(Up(inputs, up[i], 3, 2, 1, 1), *residuals(up[i], 2))
