"""Our sync expert: small, colour-blind, trained by contrast of a clip's windows with its own sounds.

Same call as the paper's expert (`nets.expert`), another network; how embeddings are compared is the caller's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.terms.sound import MEL_RANGE

EMBEDDING = 256
#: Pictures in the visual window (the paper's Tv, section 3.1).
FRAMES = 5
#: Side of the faces whose lower half experts read, the paper's as well (section 3.3.1).
FACE_PX = 96
#: The mouth within that lower half: rows and columns.
MOUTH = (slice(0, 40), slice(16, 80))
#: Luma weights of blue, green, red (ITU-R BT.601).
LUMA = (0.114, 0.587, 0.299)
#: Keeps flat pictures from being blown up; in parts of the range 0..1.
_LEAST_CONTRAST = 0.03
_DROPOUT = 0.2


class Contrast(nn.Module):
    """Two towers into one space; embeddings are of unit length and signed, so cosines lie in -1..1.

    Colours differ between cameras and skins and tell nothing of sync: the lips are read as a grey,
    contrast-normalised mouth. All of it is differentiable, so that it can teach a generator.
    """

    frames = FRAMES

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder = nn.Sequential(
            _unit(FRAMES, 32, 5, 2, 2),
            _unit(32, 48, 3, 1, 1),
            _unit(48, 64, 3, 2, 1),
            _unit(64, 96, 3, 1, 1),
            _unit(96, 128, 3, 2, 1),
            _unit(128, 192, 3, (1, 2), 1),
            nn.Flatten(),
            nn.Dropout(_DROPOUT),
            nn.Linear(192 * 5 * 4, EMBEDDING),
        )
        self.audio_encoder = nn.Sequential(
            _unit(1, 24, 3, (2, 1), 1),
            _unit(24, 48, 3, (2, 1), 1),
            _unit(48, 64, 3, (1, 2), 1),
            _unit(64, 96, 3, 2, 1),
            _unit(96, 128, 3, 2, 1),
            nn.Flatten(),
            nn.Dropout(_DROPOUT),
            nn.Linear(128 * 5 * 2, EMBEDDING),
        )

    def forward(self, audio: Tensor, face: Tensor) -> tuple[Tensor, Tensor]:
        """Embed sound and lips.

        Args:
            audio: ``[N, 1, 80, 16]``, -4..4; begins with the first picture.
            face: ``[N, 15, 48, 96]``, BGR 0..1, lower halves, frame by frame.

        Returns:
            ``(audio, face)`` embeddings, each ``float32[N, 256]`` of unit length.
        """
        return self.hear(audio), self.see(face)

    def hear(self, audio: Tensor) -> Tensor:
        """Embed sound alone: ``[N, 1, 80, 16]`` to ``float32[N, 256]``."""
        return functional.normalize(self.audio_encoder(audio / MEL_RANGE).float(), dim=1)

    def see(self, face: Tensor) -> Tensor:
        """Embed lips alone: ``[N, 15, 48, 96]`` to ``float32[N, 256]``."""
        return functional.normalize(self.face_encoder(contrasted(grey_mouth(face))).float(), dim=1)


def grey_mouth(face: Tensor) -> Tensor:
    """Cut the mouth out of lower halves and make it grey.

    Args:
        face: ``[N, 3 * F, 48, 96]``, BGR, frame by frame.

    Returns:
        ``[N, F, 40, 64]`` in the same range.
    """
    rows, columns = MOUTH
    coloured = face[:, :, rows, columns].unflatten(1, (-1, 3))  # type: ignore[no-untyped-call]
    grey: Tensor = (coloured * coloured.new_tensor(LUMA)[:, None, None]).sum(2)
    return grey


def contrasted(grey: Tensor) -> Tensor:
    """Give each window mean 0 and deviation 1, all its pictures together: ``[N, F, H, W]``."""
    deviation, mean = torch.std_mean(grey, (1, 2, 3), keepdim=True)
    return (grey - mean) / (deviation + _LEAST_CONTRAST)


def _unit(
    inputs: int, outputs: int, kernel: int, stride: int | tuple[int, int], padding: int
) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
