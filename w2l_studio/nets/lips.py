"""A small network that hears what lips do: sound to face units, closures and speech sounds.

It hears mel columns, and what the first layers of Moonshine make of the same sound. Knows no picture and no
language; `mouths.lips` brings what it says to the frames of a film.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.nets import moonshine
from w2l_studio.terms import Floats
from w2l_studio.terms.sound import BANDS, SILENCE

#: Face units by ARKit's names without their side.
UNITS = (
    "jawOpen", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile", "mouthPress",
    "mouthRollLower", "mouthRollUpper", "mouthLowerDown", "mouthUpperUp", "mouthShrugUpper",
)  # fmt: skip
#: Those that have a left and a right, which speech moves alike.
TWO_SIDED = ("mouthStretch", "mouthSmile", "mouthPress", "mouthLowerDown", "mouthUpperUp")
#: Speech sounds, ARPAbet; the first is silence.
SOUNDS = (
    "SIL", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH",
    "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W",
    "Y", "Z", "ZH",
)  # fmt: skip
_TOLD = len(UNITS) + 1 + len(SOUNDS)
#: Numbers that the network thinks in.
WIDTH = 112
#: Two columns are one step; all layers together see a second of sound.
_STEP = 2
_DILATIONS = (1, 2, 4, 8, 1, 2, 4, 1)
_DROPOUT = 0.1
#: Loudness of speech (the loudest band of its loud columns) is brought here, by so much at most; a mel
#: step is 12.5 dB.
_LOUD, _FARTHEST = 1.5, 3.0
_LOUD_SHARE = 0.95


class Heard(NamedTuple):
    """What the network says of each mel column.

    Args:
        units: ``float32[N, 11, M]`` of `UNITS`, about 0..1.
        closure: ``float32[N, M]`` logits of lips shut for p, b, m.
        sounds: ``float32[N, 40, M]`` logits of `SOUNDS`.
    """

    units: Tensor
    closure: Tensor
    sounds: Tensor


class Lips(nn.Module):
    """Dilated convolutions over time that look both ways, written as products of matrices.

    Attributes:
        ear: Moonshine's layers, which nothing trains.
        usual, spread: ``float32[368]``, mean of each input and one over its deviation in what was learned.
    """

    usual: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.ear = moonshine.Moonshine()
        self.register_buffer("usual", torch.zeros(BANDS + moonshine.WIDTH))
        self.register_buffer("spread", torch.ones(BANDS + moonshine.WIDTH))
        self.begin = nn.Linear(3 * _STEP * (BANDS + moonshine.WIDTH), WIDTH)
        self.blocks = nn.ModuleList(_Block(dilation) for dilation in _DILATIONS)
        self.norm = nn.LayerNorm(WIDTH)
        self.lips = nn.Linear(WIDTH, _STEP * _TOLD)

    def forward(self, mel: Tensor, rows: Tensor) -> Heard:
        """Listen.

        Args:
            mel: ``[N, 80, M]``, from `levelled`.
            rows: ``[N, 288, M]``, from `ear`, brought to mel's columns.
        """
        return self.told(self.joined(mel, rows))

    def joined(self, mel: Tensor, rows: Tensor) -> Tensor:
        """Return both inputs as they usually are around 0, with a deviation of 1: ``[N, 368, M]``."""
        return (torch.cat([mel, rows], 1) - self.usual[:, None]) * self.spread[:, None]

    def told(self, columns: Tensor) -> Heard:
        """Say what lips do, from `joined` inputs."""
        found, count = self.thought(columns), columns.shape[2]
        told = self.lips(found).float().reshape(len(found), -1, _TOLD).transpose(1, 2)[:, :, :count]
        return Heard(told[:, : len(UNITS)], told[:, len(UNITS)], told[:, len(UNITS) + 1 :])

    def thought(self, columns: Tensor) -> Tensor:
        """Return what the network thinks before it says anything: ``[N, M / 2 upwards, 112]``, about -3..3.

        Args:
            columns: `joined` inputs of M columns; a row stands for two of them.
        """
        columns = functional.pad(columns, (0, -columns.shape[2] % _STEP)).transpose(1, 2)
        steps = columns.reshape(len(columns), -1, _STEP * columns.shape[2])
        found = functional.relu(self.begin(_neighbours(steps, 1)))
        for block in self.blocks:
            found = found + block(found)
        thought: Tensor = self.norm(found)
        return thought


class _Block(nn.Module):
    """Each column with its neighbours at a distance: ``[N, M, C]`` to the same shape."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.mix = nn.Linear(3 * WIDTH, WIDTH)
        self.drop = nn.Dropout(_DROPOUT)
        self._dilation = dilation

    def forward(self, found: Tensor) -> Tensor:
        mixed: Tensor = self.drop(functional.relu(self.mix(_neighbours(self.norm(found), self._dilation))))
        return mixed


def _neighbours(columns: Tensor, dilation: int) -> Tensor:
    """Put the column ``dilation`` away on both sides beside each: ``[N, M, C]`` to ``[N, M, 3 C]``."""
    count = columns.shape[1]
    padded = functional.pad(columns, (0, 0, dilation, dilation))
    return torch.cat([padded[:, i * dilation : i * dilation + count] for i in range(3)], 2)


def sided(unit: str) -> tuple[str, ...]:
    """Return a unit's names as a face has them: a left and a right one of those that have sides.

    >>> sided("mouthSmile"), sided("jawOpen")
    (('mouthSmileLeft', 'mouthSmileRight'), ('jawOpen',))
    """
    return (f"{unit}Left", f"{unit}Right") if unit in TWO_SIDED else (unit,)


def levelled(mel: Floats) -> Floats:
    """Bring speech to one loudness, whatever a stem's level is: ``float32[80, M]`` as from `sound.mel`."""
    loudest = mel.max(0)
    loud = float(np.quantile(loudest, _LOUD_SHARE)) if mel.shape[1] else _LOUD
    shift = np.float32(np.clip(_LOUD - loud, -_FARTHEST, _FARTHEST))
    return np.where(mel <= SILENCE, np.float32(SILENCE), mel + shift)
