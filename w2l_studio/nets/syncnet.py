"""SyncNet v2 (Chung and Zisserman 2016), layer for layer: the network that the published scores come from.

Embeds MFCC windows and lips; the arithmetic of the scores is `judge.sync`'s.
"""

from __future__ import annotations

from torch import Tensor, nn

#: Pictures in a lip window, MFCC columns (10 ms) in an audio window.
FRAMES, MFCC_COLUMNS = 5, 20


class SyncNet(nn.Module):
    """Two towers with 1024 outputs each, not normalised; keys as in the published ``syncnet_v2.model``."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_unit2(1, 64),
            nn.MaxPool2d(1, 1),
            *_unit2(64, 192),
            nn.MaxPool2d(3, (1, 2)),
            *_unit2(192, 384),
            *_unit2(384, 256),
            *_unit2(256, 256),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 512, (5, 4)),
            nn.BatchNorm2d(512),
            nn.ReLU(),
        )
        self.netfcaud = _head()
        self.netfclip = _head()
        self.netcnnlip = nn.Sequential(
            *_unit3(3, 96, (5, 7, 7), 2, 0),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_unit3(96, 256, (1, 5, 5), 2, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_unit3(256, 256, (1, 3, 3), 1, 1),
            *_unit3(256, 256, (1, 3, 3), 1, 1),
            *_unit3(256, 256, (1, 3, 3), 1, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_unit3(256, 512, (1, 6, 6), 1, 0),
        )

    def forward_aud(self, mfcc: Tensor) -> Tensor:
        """Embed MFCC windows ``[N, 1, 13, 20]`` as ``[N, 1024]``."""
        embedding: Tensor = self.netfcaud(self.netcnnaud(mfcc).flatten(1))
        return embedding

    def forward_lip(self, faces: Tensor) -> Tensor:
        """Embed face windows ``[N, 3, 5, 224, 224]``, BGR 0..255 without a mean, as ``[N, 1024]``."""
        embedding: Tensor = self.netfclip(self.forward_lipfeat(faces))
        return embedding

    def forward_film(self, film: Tensor) -> Tensor:
        """Embed every window of a film ``[3, T, 224, 224]`` as ``[T - 4, 1024]``, in one pass.

        Only the first layer has an extent in time, so that windows share all the work above it.
        """
        features = self.netcnnlip(film[None])[0, :, :, 0, 0].T
        embedding: Tensor = self.netfclip(features)
        return embedding

    def forward_lipfeat(self, faces: Tensor) -> Tensor:
        """Return the 512 features below the head of `forward_lip`."""
        features: Tensor = self.netcnnlip(faces)
        return features.flatten(1)


def _unit2(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU()]


def _unit3(
    inputs: int, outputs: int, kernel: tuple[int, int, int], stride: int, padding: int
) -> list[nn.Module]:
    convolution = nn.Conv3d(inputs, outputs, kernel, (1, stride, stride), (0, padding, padding))
    return [convolution, nn.BatchNorm3d(outputs), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))
