"""The critic of the `studio` recipe: tells drawn lips from true ones, patch by patch.

An error in levels is least for the mean of all mouths that a sound may go with, which has no teeth; a critic
takes the mean for no mouth at all. Used in training only. The paper's critic is `w2l_studio.nets.critic`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

#: What is finer than so many pixels, a critic may be shown stronger than it is.
_FINER = 9
#: Rows and columns of the lips within the lower half of a face, as parts of its side.
ROWS, COLUMNS = (1 / 48, 5 / 12), (1 / 6, 5 / 6)
_CHANNELS = (32, 64, 96)


class Patches(nn.Module):
    """Looks at lips beside the reference's, so that a mouth has to be a picture of the same person.

    Spectral norms and hinges (arXiv 1802.05957), a verdict per patch (arXiv 1611.07004).

    Args:
        stronger: how much stronger than it is what is fine is seen, 0 = as it is: hair, pores and edges of
            teeth are a hundredth of the range, and without it next to nothing is learned of them.
    """

    def __init__(self, stronger: float = 0.0) -> None:
        super().__init__()
        self._stronger = stronger
        a, b, c = _CHANNELS
        self.layers = nn.ModuleList(
            [
                spectral_norm(nn.Conv2d(24, a, 3, 1, 1)),
                spectral_norm(nn.Conv2d(a, b, 4, 2, 1)),
                spectral_norm(nn.Conv2d(b, c, 4, 2, 1)),
            ]
        )
        self.verdict = spectral_norm(nn.Conv2d(c, 1, 3, 1, 1))

    def forward(self, lower: Tensor, reference: Tensor) -> list[Tensor]:
        """Judge lower halves.

        Args:
            lower: ``[N, 3, P/2, P]`` BGR 0..1.
            reference: of the same size.

        Returns:
            What each layer saw, and last the verdicts ``[N, 1, H, W]``: > 0 true, < 0 drawn.
        """
        x = functional.pixel_unshuffle(self._crisp(torch.cat([lips(lower), lips(reference)], 1)) * 2 - 1, 2)
        seen = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            seen.append(x)
        return [*seen, self.verdict(x)]

    def _crisp(self, x: Tensor) -> Tensor:
        if not self._stronger:
            return x
        large = x
        for window in ((_FINER, 1), (1, _FINER)):  # half the time of both at once
            reach = (window[0] // 2, window[1] // 2)
            large = functional.avg_pool2d(large, window, 1, reach, count_include_pad=False)
        return x + self._stronger * (x - large)


def lips(lower: Tensor) -> Tensor:
    """Cut the lips out of lower halves ``[N, C, P/2, P]``."""
    side = lower.shape[-1]
    rows, columns = (slice(*(round(part * side) for part in parts)) for parts in (ROWS, COLUMNS))
    return lower[:, :, rows, columns]


def mistakes(true: Tensor, drawn: Tensor) -> Tensor:
    """Return the critic's own loss for its verdicts."""
    return (functional.relu(1 - true).mean() + functional.relu(1 + drawn).mean()) / 2


def difference(drawn: list[Tensor], true: list[Tensor]) -> Tensor:
    """Return how differently drawn and true lips look to the critic's layers (arXiv 1711.11585)."""
    pairs = zip(drawn[:-1], true[:-1], strict=True)
    return torch.stack([(a - b.detach()).abs().mean() for a, b in pairs]).mean()
