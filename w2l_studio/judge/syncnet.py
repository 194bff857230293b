"""SyncNet as judge, as published: lips and MFCC to embeddings, embeddings to LSE-D, LSE-C and offset.

Takes faces that are cut and sound that begins with them; where they come from is `dub.figures`' affair.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from w2l_studio.judge.lse import Lse, lse
from w2l_studio.judge.mfcc import mfcc
from w2l_studio.nets.syncnet import FRAMES, MFCC_COLUMNS, SyncNet
from w2l_studio.terms import Floats, FramesBGR
from w2l_studio.terms.sound import SAMPLES_PER_FRAME

#: MFCC columns per picture at 25 a second.
COLUMNS = 4
#: The published loop leaves out the last window that there would be: n pictures have n - 5.
LESS = 5
_BATCH = 16
#: Pictures from which on there is a window at all.
LEAST_FRAMES = LESS + 1


class SyncNetJudge:
    """Scores faces by SyncNet.

    Args:
        net: with the published weights, or the figures are none that anybody knows.
        name: which network judges.
    """

    def __init__(self, net: SyncNet, *, name: str) -> None:
        self.name = name
        self._net = net.eval()

    def lips(self) -> Lips:
        """Return what takes the pictures of one face."""
        return Lips(self._net)

    def audio(self, samples: npt.NDArray[np.int16], count: int) -> Floats:
        """Embed the sound of ``count`` windows, one per picture.

        Args:
            samples: ``int16[S]``, 16 kHz mono, from the first picture's begin on.
            count: at most ``S // 640 - 4``.

        Returns:
            ``float32[count, 1024]``.
        """
        columns = np.asarray(mfcc(samples).T, np.float32)
        cut = np.lib.stride_tricks.sliding_window_view(columns, MFCC_COLUMNS, axis=1)
        windows = np.ascontiguousarray(cut[:, ::COLUMNS][:, :count].transpose(1, 0, 2))[:, None]
        with torch.inference_mode():
            parts = [
                self._net.forward_aud(torch.from_numpy(windows[start : start + _BATCH])).numpy()
                for start in range(0, count, _BATCH)
            ]
        return np.concatenate(parts)

    def score(self, lips: Lips, samples: npt.NDArray[np.int16]) -> Lse:
        """Score the pictures of one face, all of them seen, against their sound.

        Args:
            lips: from `lips`, after its last picture.
            samples: ``int16[S]``, 16 kHz mono, from the first picture's begin on.

        Raises:
            ValueError: fewer than 6 pictures, or sound for fewer.
        """
        count = min(lips.pictures, len(samples) // SAMPLES_PER_FRAME) - LESS
        if count < 1:
            raise ValueError(f"{self.name} needs {LEAST_FRAMES} pictures with sound, not {count + LESS}")
        return lse(lips.embeddings()[:count], self.audio(samples, count))


class Lips:
    """Embeds the pictures of one face as they come; holds a batch of them and 4 KB for each that went by."""

    def __init__(self, net: SyncNet) -> None:
        self.pictures = 0
        self._net = net
        self._held: list[FramesBGR] = []
        self._done: list[Floats] = []

    def add(self, picture: FramesBGR) -> None:
        """Take the next picture, ``uint8[224, 224, 3]`` BGR, 25 a second."""
        self.pictures += 1
        self._held.append(picture)
        if len(self._held) == _BATCH + FRAMES - 1:
            self._embed()

    def embeddings(self) -> Floats:
        """Return ``float32[T - 4, 1024]`` for the T pictures so far; none for fewer than 5."""
        if len(self._held) >= FRAMES:
            self._embed()
        return np.concatenate(self._done) if self._done else np.zeros((0, 1024), np.float32)

    def _embed(self) -> None:
        film = torch.from_numpy(np.stack(self._held)).permute(3, 0, 1, 2).float()
        with torch.inference_mode():
            self._done.append(self._net.forward_film(film).numpy())
        self._held = self._held[1 - FRAMES :]
