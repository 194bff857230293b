"""Which speech sound each 10 ms could be: CMU Sphinx's acoustic model for English as a fixed network.

Mixtures of Gaussians, each phone's own, over cepstra and their slopes. CMU and Alpha Cephei taught it on
hours of English; nothing here trains it (`training.sphinx` reads it). Hears no words and no context.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from w2l_studio.terms import Floats

#: Sphinx's phones in its order: noises, ARPAbet, and silence among it.
PHONES = (
    "+NSN+", "+SPN+", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G",
    "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "SIL", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
#: Begin, middle and end of a phone; cepstra, slopes and slopes of slopes, of 13 numbers each.
STATES, STREAMS, CEPSTRA, DENSITIES = 3, 3, 13, 128
#: Beliefs are told for each state of each phone.
BELIEFS = len(PHONES) * STATES
#: Neighbouring rows say the same again: likelihoods are flattened so much before they are compared.
_FLATTENED = 0.3
#: The least belief told, a natural logarithm.
_LEAST = -12.0
_ROWS = 96
#: Features come 100 a second, the first 12.8 ms after the sound's begin; column j of a mel spectrogram lies
#: at j / 80 s.
_ROWS_A_COLUMN, _FIRST_ROW = 1.25, 1.28125


class Phones(nn.Module):
    """The model's numbers as `training.sphinx` reads them."""

    means: Tensor
    precisions: Tensor
    mixtures: Tensor

    def __init__(self) -> None:
        super().__init__()
        shape = (len(PHONES), STREAMS, DENSITIES)
        self.register_buffer("means", torch.zeros(*shape, CEPSTRA))
        self.register_buffer("precisions", torch.ones(*shape, CEPSTRA))
        self.register_buffer("mixtures", torch.zeros(STREAMS, len(PHONES), DENSITIES, STATES))

    def forward(self, features: Tensor) -> Tensor:
        """Return how much each state of each phone is to be believed.

        Args:
            features: ``float32[T, 3, 13]`` from `sound.cepstra.features`.

        Returns:
            ``float32[T, 126]``, -1 (impossible) to 1 (certain): logarithms, linear in between.
        """
        form, shares = self._form(), self.mixtures.exp()
        parts = [self._likelihoods(rows, form, shares) for rows in torch.split(features, _ROWS)]
        beliefs = (torch.cat(parts) * _FLATTENED).log_softmax(1).clamp_min(_LEAST)
        return beliefs * (-2 / _LEAST) + 1

    def at_columns(self, features: Floats, start: int, stop: int) -> Tensor:
        """Return beliefs where the columns of a mel spectrogram lie.

        Args:
            features: ``float32[T, 3, 13]`` of the whole sound.
            start: first column.
            stop: the column after the last one.

        Returns:
            ``float32[126, stop - start]``; before the first row and after the last one these stand.
        """
        last = len(features) - 1
        at = (np.arange(start, stop) * _ROWS_A_COLUMN - _FIRST_ROW).clip(0, last)
        below = np.floor(at).astype(np.int64)
        above = (below + 1).clip(max=last)
        first = int(below[0])
        beliefs = self(torch.from_numpy(features[first : above[-1] + 1]))
        share = torch.from_numpy((at - below).astype(np.float32))[:, None]
        columns: Tensor = beliefs[below - first] * (1 - share) + beliefs[above - first] * share
        return columns.transpose(0, 1)

    def _form(self) -> Tensor:
        """Return the Gaussians' exponents, linear in squares, numbers and 1: ``float32[3, 27, 42 * 128]``."""
        scaled = self.means * self.precisions
        spread = torch.log(self.precisions / (2 * torch.pi)) - self.means * scaled
        parts = (-self.precisions / 2, scaled, spread.sum(3, keepdim=True) / 2)
        return torch.cat(parts, 3).permute(1, 3, 0, 2).reshape(STREAMS, 2 * CEPSTRA + 1, -1)

    @staticmethod
    def _likelihoods(rows: Tensor, form: Tensor, shares: Tensor) -> Tensor:
        """Return log likelihoods of the states, ``[T, 3, 13]`` to ``[T, 126]``."""
        terms = torch.cat([rows.square(), rows, torch.ones_like(rows[..., :1])], 2).transpose(0, 1)
        exponents = (terms @ form).view(STREAMS, len(rows), len(PHONES), DENSITIES)
        most = exponents.amax(3, keepdim=True)
        densities = (exponents - most).exp().transpose(1, 2)
        mixed = (densities @ shares).clamp_min(1e-30).log() + most.transpose(1, 2)
        return mixed.sum(0).transpose(0, 1).reshape(len(rows), BELIEFS)
