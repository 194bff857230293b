"""How a generator hears through the network from sound to lips (`nets.lips`), in place of its own ears.

That network has heard the speech of thousands, by Moonshine's layers, and a second of it at a time; a
generator's own ears have 500 ms and the voices of its lessons. Turns what it thinks into what those ears
would have said, so that nothing that draws has to learn anew.
"""

from __future__ import annotations

from torch import Tensor, nn

from w2l_studio.nets.lips import WIDTH

#: Moments that are heard, in columns (of 12.5 ms) from the middle of the window.
_MOMENTS = (-8, -4, -2, 0, 2, 4, 8)
_INNER = 256


class Listener(nn.Module):
    """Two layers over a few moments around a picture.

    Args:
        columns: of the windows, at least 17.
        deep: numbers of the generator's embedding of sound.

    Raises:
        ValueError: the windows are too short for the moments.
    """

    def __init__(self, columns: int, deep: int) -> None:
        super().__init__()
        if columns < 17:
            raise ValueError(f"a generator that listens needs 17 columns, not {columns}")
        self._at = [columns // 2 + moment for moment in _MOMENTS]
        self.inner = nn.Linear(len(_MOMENTS) * WIDTH, _INNER)
        self.outer = nn.Linear(_INNER, deep)

    def forward(self, heard: Tensor) -> Tensor:
        """Listen.

        Args:
            heard: ``[N, 1, 112, C]``, windows of what `mouths.lips.thought` returns; silence is -4.

        Returns:
            ``[N, deep, 1, 1]``, as of the generator's audio encoder.
        """
        embedded: Tensor = self.outer(self.inner(heard[:, 0, :, self._at].flatten(1)).relu())
        return embedded[:, :, None, None]
