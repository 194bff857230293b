"""How speech sounds to one who has heard much of it: the first layers of Moonshine Tiny's encoder.

Useful Sensors taught it English speech of 200,000 hours (arXiv 2410.15608; MIT); nothing here trains it
(`training.speech.moonshine` reads it). Of its six layers four stay: they know sounds, the later ones words.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.terms import Floats
from w2l_studio.terms.sound import HOP

#: Numbers in a row, layers kept, heads of attention, and how many numbers of a head turn with time.
WIDTH, LAYERS = 288, 4
_HEADS, _TURNING = 8, 32
#: Samples from row to row, from a row's first sample to its middle, and in the shortest sound that has one.
_STRIDE, _MIDDLE, _LEAST = 384, 447, 895
#: Columns that are heard at once, and how many more at both ends: it was taught pieces of some ten seconds.
_PIECE, _AROUND = 1280, 160
#: Loud 25 ms of speech are brought to this root mean square, by so much at most.
_LOUD, _MOST_GAIN = 0.12, 300.0
_LOUD_SHARE, _WINDOW = 0.95, 400


class Moonshine(nn.Module):
    """Three convolutions over samples, then layers in which every row asks every other one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _Coarse(WIDTH, 1, 127, bias=False)
        self.groupnorm = nn.GroupNorm(1, WIDTH)
        self.conv2 = _Coarse(2 * WIDTH, WIDTH, 7)
        self.conv3 = _Coarse(WIDTH, 2 * WIDTH, 3)
        self.layers = nn.ModuleList(_Layer() for _ in range(LAYERS))

    def forward(self, samples: Tensor) -> Tensor:
        """Listen.

        Args:
            samples: ``float32[S]`` at 16 kHz, S at least 895, of the loudness that `gain` brings.

        Returns:
            ``float32[T, 288]``; the middle of row i is sample 384 i + 447.
        """
        found = functional.conv1d(samples[None, None], self.conv1.weight(), stride=64).tanh()
        found = self.conv2.slide(self.groupnorm(found), 3)
        rows = self.conv3.slide(found, 2)[0].transpose(0, 1)
        turns = _turns(len(rows), rows.device)
        for layer in self.layers:
            rows = layer(rows, turns)
        return rows

    def at_columns(self, samples: Floats, start: int, stop: int, louder: float) -> Tensor:
        """Return rows where the columns of a mel spectrogram lie.

        Args:
            samples: ``float32[S]`` of the whole sound, 16 kHz.
            start: first column.
            stop: the column after the last one.
            louder: the sound's `gain`.

        Returns:
            ``float32[288, stop - start]`` on the network's device; before the first row and after the last
            one these stand.
        """
        pieces = [
            self._piece(samples, first, min(first + _PIECE, stop), louder)
            for first in range(start, stop, _PIECE)
        ]
        return torch.cat(pieces, 1)

    def _piece(self, samples: Floats, first: int, stop: int, louder: float) -> Tensor:
        begin = max(0, first - _AROUND) * HOP
        device = self.groupnorm.weight.device
        heard = torch.from_numpy(samples[begin : (stop + _AROUND) * HOP]).to(device) * louder
        rows = self(functional.pad(heard, (0, max(0, _LEAST - len(heard)))))
        at = ((np.arange(first, stop) * HOP - begin - _MIDDLE) / _STRIDE).clip(0, len(rows) - 1)
        below = torch.from_numpy(np.floor(at).astype(np.int64)).to(device)
        above = (below + 1).clamp_max(len(rows) - 1)
        share = torch.from_numpy((at % 1).astype(np.float32)).to(device)[:, None]
        columns: Tensor = rows[below] * (1 - share) + rows[above] * share
        return columns.transpose(0, 1)


class _Coarse(nn.Module):
    """A weight of bytes, as Moonshine's makers publish it, so that it takes a quarter of the room.

    Attributes:
        levels: ``uint8``, the weight's shape.
        step, zero: a weight is (level - zero) * step.
    """

    levels: Tensor
    step: Tensor
    zero: Tensor

    def __init__(self, *shape: int, bias: bool = True) -> None:
        super().__init__()
        self.register_buffer("levels", torch.full(shape, 128, dtype=torch.uint8))
        self.register_buffer("step", torch.ones(1))
        self.register_buffer("zero", torch.full((1,), 128.0))
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None

    def weight(self) -> Tensor:
        """Return the weight as numbers."""
        return (self.levels.float() - self.zero) * self.step

    def slide(self, found: Tensor, stride: int) -> Tensor:
        """Convolve ``[1, C, T]`` and pass what is positive."""
        return functional.gelu(functional.conv1d(found, self.weight(), self.bias, stride))

    def forward(self, rows: Tensor) -> Tensor:
        """Multiply rows ``[T, C]``."""
        return functional.linear(rows, self.weight(), self.bias)


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.input_layernorm = nn.LayerNorm(WIDTH, bias=False)
        self.q_proj, self.k_proj, self.v_proj, self.dense = (
            _Coarse(WIDTH, WIDTH, bias=False) for _ in range(4)
        )
        self.post_attention_layernorm = nn.LayerNorm(WIDTH, bias=False)
        self.fc1, self.fc2 = _Coarse(4 * WIDTH, WIDTH), _Coarse(WIDTH, 4 * WIDTH)

    def forward(self, rows: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        found = self.input_layernorm(rows)
        asked, known, told = (
            part(found).unflatten(1, (_HEADS, -1)).transpose(0, 1)
            for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        answers = functional.scaled_dot_product_attention(_turned(asked, turns), _turned(known, turns), told)
        rows = rows + self.dense(answers.transpose(0, 1).flatten(1))
        made: Tensor = self.fc2(functional.gelu(self.fc1(self.post_attention_layernorm(rows))))
        return rows + made


def _turns(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of rotary positions (arXiv 2104.09864), ``float32[count, 32]`` both."""
    pace = 10000 ** (-torch.arange(0, _TURNING, 2, device=device) / _TURNING)
    angles = (torch.arange(count, device=device)[:, None] * pace).repeat_interleave(2, 1)
    return angles.cos(), angles.sin()


def _turned(heads: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Turn neighbouring pairs of the first numbers of each head ``[8, T, 36]`` by a row's time."""
    moving, still = heads[..., :_TURNING], heads[..., _TURNING:]
    across = torch.stack([-moving[..., 1::2], moving[..., ::2]], -1).flatten(-2)
    cosines, sines = turns
    return torch.cat([moving * cosines + across * sines, still], -1)


def gain(samples: Floats) -> float:
    """Return the factor that brings speech to one loudness, whatever a stem's level is.

    Args:
        samples: ``float32[S]`` of the whole sound.
    """
    windows = samples[: len(samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    loudness = np.sqrt(np.einsum("ij,ij->i", windows, windows) / _WINDOW)
    if not loudness.any():
        return 1.0
    return float(min(_LOUD / np.quantile(loudness[loudness > 0], _LOUD_SHARE), _MOST_GAIN))
