"""The paper's sync expert, layer for layer (section 3.3.1; 217 keys, 16.4 M parameters at width 1).

Embeds a mel window and the lower faces of its pictures; how the two are compared is the caller's affair.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.nets.blocks import Conv, audio_encoder, residuals, scaled

EMBEDDING = 512
#: Pictures in the visual window (the paper's Tv) -> mel columns in which they are heard (3.2 a picture).
COLUMNS = {1: 4, 3: 10, 5: 16}


class Expert(nn.Module):
    """Two towers into one space. Both embeddings are >= 0 and of unit length, so cosines lie in 0..1.

    Args:
        width: channel multiplier for every layer but the inputs and the last, whose 512 channels are
            the embedding at any width.
        frames: pictures in the visual window, the paper's Tv: 1, 3 or 5.
        columns: of the mel window, default as long as the pictures.

    Raises:
        ValueError: another number of frames.
    """

    def __init__(self, width: float = 1.0, frames: int = 5, columns: int | None = None) -> None:
        super().__init__()
        if frames not in COLUMNS:
            raise ValueError(f"frames must be 1, 3 or 5, not {frames}")
        self.width, self.frames, self.columns = width, frames, columns or COLUMNS[frames]
        a, b, c, d, e = (scaled(channels, width) for channels in (32, 64, 128, 256, 512))
        self.face_encoder = nn.Sequential(
            Conv(3 * frames, a, 7, 1, 3),
            Conv(a, b, 5, (1, 2), 1),
            *residuals(b, 2),
            Conv(b, c, 3, 2, 1),
            *residuals(c, 3),
            Conv(c, d, 3, 2, 1),
            *residuals(d, 2),
            Conv(d, e, 3, 2, 1),
            *residuals(e, 2),
            Conv(e, e, 3, 2, 1),
            Conv(e, e, 3, 1, 0),
            Conv(e, EMBEDDING, 1, 1, 0),
        )
        self.audio_encoder = audio_encoder(width, 2, EMBEDDING, self.columns)

    def forward(self, audio: Tensor, face: Tensor) -> tuple[Tensor, Tensor]:
        """Embed sound and lips, of a longer window its beginning: all experts are asked alike.

        Args:
            audio: ``[N, 1, 80, >= columns]``, -4..4; begins with the first picture.
            face: ``[N, >= 3 * frames, 48, 96]``, BGR 0..1, lower halves, frame by frame.

        Returns:
            ``(audio, face)`` embeddings, each ``float32[N, 512]`` of unit length.
        """
        heard, seen = audio[..., : self.columns], face[:, : 3 * self.frames]
        return _unit(self.audio_encoder(heard)), _unit(self.face_encoder(seen))


def _unit(x: Tensor) -> Tensor:
    return functional.normalize(x.flatten(1).float(), p=2.0, dim=1)
