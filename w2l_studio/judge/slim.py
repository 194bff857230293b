"""Our own judge: SyncNet's layers, slim, looking at mouths of upright crops and hearing MFCC.

It is not SyncNet and its numbers are no LSE: one minus a cosine, comparable with its own only. It had no part
in teaching what it judges.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch

from w2l_studio.judge.mfcc import mfcc
from w2l_studio.judge.sync import by_offset, verdict
from w2l_studio.judge.syncnet import COLUMNS, LESS
from w2l_studio.nets.contrast import FACE_PX, contrasted
from w2l_studio.nets.syncnet import FRAMES, MFCC_COLUMNS, SLIM, SyncNet
from w2l_studio.terms import Floats, FramesBGR, Plane, Verdict
from w2l_studio.terms.sound import SAMPLES_PER_FRAME

#: The square around the mouth in upright crops.
MOUTH = (slice(FACE_PX - SLIM.side_px, FACE_PX), slice(16, 16 + SLIM.side_px))
#: Of the log energy of 16-bit samples: digital silence would be -36 and drown all else.
_QUIET = 0.0
_BATCH = 32


class SlimJudge:
    """Scores crops by the slim SyncNet.

    Args:
        net: of the size `nets.syncnet.SLIM`; it judges on the device that it lies on.
        name: which network judges.
    """

    def __init__(self, net: SyncNet, *, name: str) -> None:
        self.name = name
        self._net = net.eval()
        self._device = next(net.parameters()).device

    def score(self, crops: FramesBGR, samples: npt.NDArray[np.int16]) -> Verdict:
        """Compare crops at 25 a second with their sound, moved by -15..15 pictures.

        Args:
            crops: ``uint8[T, 96, 96, 3]`` BGR, whole faces.
            samples: ``int16[S]``, 16 kHz mono, from the first picture's begin on.

        Returns:
            As `judge.sync.ExpertJudge.score`: one minus a cosine, no LSE.

        Raises:
            ValueError: fewer than 9 pictures, or sound for fewer.
        """
        return verdict(self.distances(crops, samples), self.name)

    def distances(self, crops: FramesBGR, samples: npt.NDArray[np.int16]) -> Floats:
        """Return the mean distance by offset, ``float32[31]``; NaN = too few pairs.

        Raises:
            ValueError: as `embed`.
        """
        return by_offset(*self.embed(crops, samples))

    def embed(self, crops: FramesBGR, samples: npt.NDArray[np.int16]) -> tuple[Floats, Floats]:
        """Embed lips and sound of all windows that are whole: two ``float32[T - 5, 256]`` of unit length.

        Raises:
            ValueError: fewer than 6 pictures, or sound for fewer.
        """
        count = min(len(crops), len(samples) // SAMPLES_PER_FRAME) - LESS
        if count < 1:
            raise ValueError(f"{self.name} needs {LESS + 1} pictures with sound, not {count + LESS}")
        pictures = mouths(crops)
        sounds = heard(samples)
        seen, said = [], []
        with torch.inference_mode():
            for start in range(0, count, _BATCH):
                at = np.arange(start, min(start + _BATCH, count))
                windows = torch.from_numpy(pictures[at[:, None] + np.arange(FRAMES)])
                said_then = torch.from_numpy(cut(sounds, at)).to(self._device)
                seen.append(self._net.forward_lip(seen_as(windows.to(self._device))).cpu().numpy())
                said.append(self._net.forward_aud(said_then).cpu().numpy())
        return _unit(np.concatenate(seen)), _unit(np.concatenate(said))


def mouths(crops: FramesBGR) -> Plane:
    """Return the grey mouths ``uint8[T, 64, 64]`` of crops ``uint8[T, 96, 96, 3]``."""
    rows, columns = MOUTH
    return np.stack([cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[rows, columns] for crop in crops])


def seen_as(windows: torch.Tensor) -> torch.Tensor:
    """Give each window ``uint8[N, 5, 64, 64]`` mean 0 and deviation 1: ``float32[N, 1, 5, 64, 64]``."""
    return contrasted(windows.float() / 255)[:, None]


def heard(samples: npt.NDArray[np.int16]) -> Floats:
    """Return the MFCC of a sound ``float32[13, M]``, its log energy never below that of one step."""
    columns = np.asarray(mfcc(samples).T, np.float32)
    columns[0] = np.maximum(columns[0], _QUIET)
    return columns


def cut(columns: Floats, at: npt.NDArray[np.int64]) -> Floats:
    """Cut the sounds of windows that begin with pictures: ``float32[N, 1, 13, 20]``."""
    where = at[:, None] * COLUMNS + np.arange(MFCC_COLUMNS)
    return np.ascontiguousarray(columns[:, where].transpose(1, 0, 2))[:, None]


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)
