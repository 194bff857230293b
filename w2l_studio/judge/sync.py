"""A sync expert as judge: offset, confidence and distance of lips and sound, and who follows a sound.

Its numbers are one minus a cosine of our expert's embeddings: not LSE, which is SyncNet's (`judge.lse`).
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from w2l_studio.judge.lse import SHIFT
from w2l_studio.nets.contrast import FACE_PX, Contrast
from w2l_studio.nets.expert import Expert
from w2l_studio.terms import Bools, Floats, FramesBGR, Verdict, Voice

#: Offsets from here on are out of sync for certain: the windows share no picture.
FAR = 5
#: A mean over fewer pairs says nothing.
_LEAST_PAIRS = 4
_BATCH = 32


class ExpertJudge:
    """Fulfils `protocols.Judge` by any network that embeds sound and lips.

    Args:
        net: ``(audio [N, 1, 80, 16], faces [N, 3 * frames, 48, 96])`` -> two ``[N, E]``.
        name: which network judges.
    """

    def __init__(self, net: Contrast | Expert, *, name: str) -> None:
        self.name = name
        self._net, self.frames = net.eval(), net.frames

    def score(self, crops: FramesBGR, voice: Voice) -> Verdict:
        """Compare crops at 25 a second with their sound, moved by -15..15 pictures.

        Only pairs that exist are averaged, and only offsets with at least 4 of them count.

        Args:
            crops: ``uint8[T, P, P, 3]`` BGR, whole faces.
            voice: T mel windows that begin with their picture.

        Returns:
            Distance = the smallest mean of 1 - cosine (0 same .. 2); confidence = median less
            smallest; offset > 0 = sound leads.

        Raises:
            ValueError: fewer pictures than a window and 3 more, or another number of mel windows.
        """
        return verdict(self.distances(crops, voice), self.name)

    def distances(self, crops: FramesBGR, voice: Voice) -> Floats:
        """Return the mean distance by offset.

        Returns:
            ``float32[31]``: index k = sound row ``v + k - 15`` against lip window v; NaN = too few pairs.

        Raises:
            ValueError: fewer pictures than a window, or another number of mel windows.
        """
        return by_offset(*self._embedded(crops, voice))

    def follow(self, crops: FramesBGR, voice: Voice) -> float:
        """Tell how much better the lips fit the sound as it is than moved far away.

        Silence is left out: everybody's lips rest in it.

        Returns:
            Mean cosine in place less the mean at 5..15 pictures to both sides, -2..2; about 0 for
            somebody who does not speak, or where nothing can be moved that far.

        Raises:
            ValueError: as `distances`.
        """
        lips, sound = self._embedded(crops, voice)
        similarity = lips @ sound.T
        spoken = _spoken(voice.voiced, self.frames)
        offset = np.arange(len(similarity))[None, :] - np.arange(len(similarity))[:, None]
        heard = np.broadcast_to(spoken[None, :] if spoken.any() else True, offset.shape)
        near = similarity[heard & (offset == 0)]
        far = similarity[heard & (np.abs(offset) >= FAR) & (np.abs(offset) <= SHIFT)]
        return float(near.mean() - far.mean()) if len(near) and len(far) else 0.0

    def _embedded(self, crops: FramesBGR, voice: Voice) -> tuple[Floats, Floats]:
        """Return ``float32[N, E]`` of lip windows and of sound windows, each row of length 1."""
        count = len(crops) - self.frames + 1
        if count < 1:
            raise ValueError(f"{self.name} needs at least {self.frames} pictures, not {len(crops)}")
        if len(voice.windows) != len(crops):
            raise ValueError(f"{len(crops)} pictures, but {len(voice.windows)} mel windows")
        embedded = embed(self._net, _lower_halves(crops), voice.windows[:count], self.frames, _BATCH)
        lips, sound = (functional.normalize(torch.from_numpy(rows), dim=1).numpy() for rows in embedded)
        return lips, sound


def embed(net: nn.Module, lower: Tensor, heard: Floats, frames: int, batch: int) -> tuple[Floats, Floats]:
    """Embed windows that begin with consecutive pictures.

    Args:
        net: as of `ExpertJudge`.
        lower: ``float32[>= N + frames - 1, 3, 48, 96]`` BGR 0..1, lower halves, on the network's device.
        heard: ``float32[N, 80, 16]``, each window's sound, N >= 1.
        frames: pictures in a window.
        batch: how many windows go through the network at once; last digits hang on it.

    Returns:
        ``float32[N, E]`` of lip windows and of sound windows, as the network embeds them.
    """
    lips, sounds = [], []
    with torch.inference_mode():
        for start in range(0, len(heard), batch):
            mel = torch.from_numpy(np.ascontiguousarray(heard[start : start + batch]))[:, None]
            faces = _stacked(lower[start : start + len(mel) + frames - 1], frames)
            sound, seen = net(mel.to(lower.device), faces)
            lips.append(seen.float().cpu())
            sounds.append(sound.float().cpu())
    return torch.cat(lips).numpy(), torch.cat(sounds).numpy()


def by_offset(lips: Floats, sound: Floats) -> Floats:
    """Return the mean of 1 - cosine by offset, over the pairs that exist.

    Args:
        lips, sound: ``float32[N, E]``, each row of length 1.

    Returns:
        ``float32[31]``: index k = sound row ``v + k - 15`` against lip window v; NaN = too few pairs.
    """
    # Of the cosines of all pairs 31 diagonals are wanted: time grows with pictures, not their square.
    means = [_mean((_moved(lips, -k) * _moved(sound, k)).sum(1)) for k in range(-SHIFT, SHIFT + 1)]
    return 1 - np.array(means, np.float32)


def verdict(distances: Floats, judge: str) -> Verdict:
    """Sum up distances as `by_offset` returns them: offset, confidence, distance.

    Raises:
        ValueError: no offset has pairs enough.
    """
    if np.isnan(distances).all():
        raise ValueError(f"{judge} needs pictures with sound for at least {_LEAST_PAIRS} windows")
    best = int(np.nanargmin(distances))
    confidence = float(np.nanmedian(distances) - distances[best])
    return Verdict(SHIFT - best, confidence, float(distances[best]), judge)


def _lower_halves(crops: FramesBGR) -> Tensor:
    """Return ``float32[T, 3, 48, 96]``, BGR 0..1."""
    if crops.shape[1] != FACE_PX:
        smaller = crops.shape[1] > FACE_PX
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        crops = np.stack([cv2.resize(crop, (FACE_PX, FACE_PX), interpolation=how) for crop in crops])
    lower = np.ascontiguousarray(crops[:, FACE_PX // 2 :])
    return torch.from_numpy(lower).permute(0, 3, 1, 2).float() / 255


def _stacked(lower: Tensor, frames: int) -> Tensor:
    """Lay the pictures of each window behind each other on channels, first picture first."""
    windows = lower.unfold(0, frames, 1).permute(0, 4, 1, 2, 3)
    return windows.flatten(1, 2).contiguous()


def _spoken(voiced: Bools, frames: int) -> Bools:
    """Tell for each window whether speech sounds in any of its pictures."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(voiced, frames).any(1))


def _moved(rows: Floats, by: int) -> Floats:
    """Return the rows that have a partner ``by`` rows before them (negative: after them)."""
    return rows[max(0, by) : max(0, len(rows) + min(0, by))]


def _mean(pairs: Floats) -> float:
    return float(pairs.mean()) if len(pairs) >= _LEAST_PAIRS else float("nan")
