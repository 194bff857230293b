"""How far lips are open in a pack's clips: as the clip knows it, else as the opening network measures it."""

from __future__ import annotations

import copy

import numpy as np
import torch

from training.packs.data import Clip
from training.variety import augment
from w2l_studio.nets.opening import Opening
from w2l_studio.terms import Floats


class Openings:
    """Measures a clip once, and remembers.

    Args:
        net: measures where nobody knows; a copy of it does so on the CPU.
    """

    def __init__(self, net: Opening) -> None:
        self._net = copy.deepcopy(net).cpu().eval()
        self._known: dict[tuple[str, str], Floats] = {}

    def of(self, clip: Clip) -> Floats:
        """Return the clip's openings ``float32[T]``."""
        key = (clip.group, clip.name)
        if key not in self._known:
            self._known[key] = clip.opening if clip.opening is not None else self._measured(clip)
        return self._known[key]

    def _measured(self, clip: Clip) -> Floats:
        placed = augment.place(np.random.default_rng(0), clip.frames.shape[1])
        lower = np.stack([augment.lower(frame, placed) for frame in clip.frames])
        with torch.inference_mode():
            measured = self._net.measure(torch.from_numpy(lower).permute(0, 3, 1, 2).float() / 255)
        return measured.numpy()
