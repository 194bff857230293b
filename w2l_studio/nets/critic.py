"""The paper's visual quality critic, layer for layer (section 3.4.2; 28 keys, 14.1 M parameters).

Used in training only; says how real a lower face looks, nothing of sync.
"""

from __future__ import annotations

from torch import Tensor, nn

from w2l_studio.nets.blocks import Plain, fold_time, scaled


class Critic(nn.Module):
    """Convolutions without a norm on the lower half of faces.

    Args:
        width: channel multiplier for every layer but input (3) and output (1).
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.width = width
        a, b, c, d, e = (scaled(channels, width) for channels in (32, 64, 128, 256, 512))
        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(Plain(3, a, 7, 1, 3)),
                nn.Sequential(Plain(a, b, 5, (1, 2), 2), Plain(b, b, 5, 1, 2)),
                nn.Sequential(Plain(b, c, 5, 2, 2), Plain(c, c, 5, 1, 2)),
                nn.Sequential(Plain(c, d, 5, 2, 2), Plain(d, d, 5, 1, 2)),
                nn.Sequential(Plain(d, e, 3, 2, 1), Plain(e, e, 3, 1, 1)),
                nn.Sequential(Plain(e, e, 3, 2, 1), Plain(e, e, 3, 1, 1)),
                nn.Sequential(Plain(e, e, 3, 1, 0), Plain(e, e, 1, 1, 0)),
            ]
        )
        self.binary_pred = nn.Sequential(nn.Conv2d(e, 1, 1), nn.Sigmoid())

    def forward(self, clip: Tensor) -> Tensor:
        """Judge whole faces by their lower half.

        Args:
            clip: ``[B, 3, T, P, P]``, BGR 0..1.

        Returns:
            ``[T * B, K]``, probabilities that parts of a face are real; row t * B + b. K is 1 at 96 pixels,
            4 at 128, 16 at 192.
        """
        x = fold_time(clip, 2)
        x = x[:, :, x.shape[2] // 2 :]
        for block in self.face_encoder_blocks:
            x = block(x)
        probability: Tensor = self.binary_pred(x)
        return probability.flatten(1)
