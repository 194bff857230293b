"""SyncNet v2 (Chung and Zisserman 2016), layer for layer: the network that the published scores come from.

The same layers, slim, are our own judge. Embeds MFCC windows and lips; the arithmetic of the scores is
`judge.lse`'s and `judge.sync`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

#: Pictures in a lip window, MFCC columns (10 ms) in an audio window.
FRAMES, MFCC_COLUMNS = 5, 20


@dataclass(frozen=True, slots=True)
class Size:
    """What differs between the published network and a slim one.

    Args:
        width: channel multiplier of every layer but inputs and outputs.
        colours: of the pictures, 3 or 1.
        side_px: of the pictures.
        stride: of the first layer over them.
        last_px: what is left of the side at the lips' last layer.
        outputs: of both towers.
    """

    width: float
    colours: int
    side_px: int
    stride: int
    last_px: int
    outputs: int


PUBLISHED = Size(width=1.0, colours=3, side_px=224, stride=2, last_px=6, outputs=1024)
#: Grey, and the mouth alone instead of the face, at half the scale: hence no stride.
SLIM = Size(width=0.25, colours=1, side_px=64, stride=1, last_px=3, outputs=256)


class SyncNet(nn.Module):
    """Two towers into one space, not normalised; keys as in the published ``syncnet_v2.model``.

    Args:
        size: C, S and E below are its colours, side and outputs: 3, 224 and 1024 as published.
    """

    def __init__(self, size: Size = PUBLISHED) -> None:
        super().__init__()
        self.size = size
        a, b, c, d, e, f = (int(channels * size.width) for channels in (64, 96, 192, 256, 384, 512))
        self.netcnnaud = nn.Sequential(
            *_unit2(1, a),
            nn.MaxPool2d(1, 1),
            *_unit2(a, c),
            nn.MaxPool2d(3, (1, 2)),
            *_unit2(c, e),
            *_unit2(e, d),
            *_unit2(d, d),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(d, f, (5, 4)),
            nn.BatchNorm2d(f),
            nn.ReLU(),
        )
        self.netfcaud = _head(f, size.outputs)
        self.netfclip = _head(f, size.outputs)
        self.netcnnlip = nn.Sequential(
            *_unit3(size.colours, b, (5, 7, 7), size.stride, 0),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_unit3(b, d, (1, 5, 5), 2, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_unit3(d, d, (1, 3, 3), 1, 1),
            *_unit3(d, d, (1, 3, 3), 1, 1),
            *_unit3(d, d, (1, 3, 3), 1, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_unit3(d, f, (1, size.last_px, size.last_px), 1, 0),
        )

    def forward_aud(self, mfcc: Tensor) -> Tensor:
        """Embed MFCC windows ``[N, 1, 13, 20]`` as ``[N, E]``."""
        embedding: Tensor = self.netfcaud(self.netcnnaud(mfcc).flatten(1))
        return embedding

    def forward_lip(self, faces: Tensor) -> Tensor:
        """Embed face windows ``[N, C, 5, S, S]`` as ``[N, E]``; published: BGR 0..255 without a mean."""
        embedding: Tensor = self.netfclip(self.forward_lipfeat(faces))
        return embedding

    def forward_film(self, film: Tensor) -> Tensor:
        """Embed every window of a film ``[C, T, S, S]`` as ``[T - 4, E]``, in one pass.

        Only the first layer has an extent in time, so that windows share all the work above it.
        """
        features = self.netcnnlip(film[None])[0, :, :, 0, 0].T
        embedding: Tensor = self.netfclip(features)
        return embedding

    def forward_lipfeat(self, faces: Tensor) -> Tensor:
        """Return the features below the head of `forward_lip`, 512 at width 1."""
        features: Tensor = self.netcnnlip(faces)
        return features.flatten(1)


def _unit2(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU()]


def _unit3(
    inputs: int, outputs: int, kernel: tuple[int, int, int], stride: int, padding: int
) -> list[nn.Module]:
    convolution = nn.Conv3d(inputs, outputs, kernel, (1, stride, stride), (0, padding, padding))
    return [convolution, nn.BatchNorm3d(outputs), nn.ReLU()]


def _head(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, inputs), nn.BatchNorm1d(inputs), nn.ReLU(), nn.Linear(inputs, outputs)
    )
