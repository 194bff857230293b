"""What the paper's generators are told: how well lips fit, and whether a face looks real.

Networks are handed in; nothing here learns.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.paper.expert import together_loss
from w2l_studio.nets.contrast import FACE_PX

#: Lower half that experts read.
_LOWER_PX = (FACE_PX // 2, FACE_PX)
#: LipGAN's contrastive loss pushes wrong pairs so far apart.
_MARGIN = 1.0


def lower_windows(faces: Tensor, frames: int) -> Tensor:
    """Return the lower halves as an expert reads them: ``[N, 3, P, P]`` to ``[N / T, 3 T, 48, 96]``."""
    lower = faces[:, :, faces.shape[2] // 2 :]
    if lower.shape[2:] != _LOWER_PX:
        lower = functional.interpolate(lower, _LOWER_PX, mode="bilinear", antialias=True)
    return torch.unflatten(lower, 0, (-1, frames)).flatten(1, 2)


def sync(expert: nn.Module, faces: Tensor, sound: Tensor, frames: int, *, fits: float = 1.0) -> Tensor:
    """Return the expert's loss on whole faces (equation 3).

    Args:
        faces: ``float32[N, 3, P, P]``.
        sound: ``float32[N / T, 1, 80, 16]``.
        fits: 1 = lips and sound shall fit, 0 = they shall not.
    """
    cosine = cosines(expert, faces, sound, frames)
    return together_loss(cosine, torch.full_like(cosine, fits))


def cosines(expert: nn.Module, faces: Tensor, sound: Tensor, frames: int) -> Tensor:
    """Return how well each window's lips fit its sound in the expert's eyes, ``float32[N / T]`` in 0..1."""
    heard, seen = expert(sound, lower_windows(faces, frames))
    cosine: Tensor = (heard * seen).sum(1)
    return cosine


def real(critic: nn.Module, faces: Tensor, *, wanted: float) -> Tensor:
    """Return the quality critic's loss on faces that it shall find real, 1, or not, 0 (equations 4, 5)."""
    judged = critic(faces[:, :, None]).float()
    return functional.binary_cross_entropy(judged, torch.full_like(judged, wanted))


def contrastive(critic: nn.Module, faces: Tensor, heard: Tensor, *, fits: bool) -> Tensor:
    """Return LipGAN's loss on single pictures and their sounds: squared distance, or what it lacks of 1."""
    sound, seen = critic(heard, lower_windows(faces, 1))
    distance = (sound - seen).square().sum(1).add(1e-12).sqrt()
    return distance.square().mean() if fits else functional.relu(_MARGIN - distance).square().mean()
