"""Trains sync experts: ours by contrast within one clip, the paper's by cosine and cross-entropy.

Both draw the same windows. Exports nothing (`export`) and measures nothing on people unseen (`evaluate`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import augment
from training.data import WINDOW, Clip, Sampler, column, hear
from training.loop import one_cycle
from w2l_studio.nets.contrast import Contrast, contrasted
from w2l_studio.nets.expert import Expert
from w2l_studio.terms import Doubles, Floats, FramesBGR, Ints

#: Clips in a batch, and windows of each.
CLIPS, WINDOWS = 15, 8
_RATE = 2e-3
#: Pictures between a clip's windows at the first and at the last step: from far and easy to near and hard.
_FAR, _NEAR = 8.0, 2.4
#: What cosines are multiplied with before the softmax: begins there and is learned, up to a limit.
_SHARP, _SHARPEST = 14.0, 40.0
#: How far single pictures tremble, in the network's pixels: what a tracker leaves over.
_TREMBLE_PX = 0.2
#: Share of the clips whose pauses are digitally silent.
_HUSHED = 0.25
#: The paper's batch and rate (hparams.py); pairs are in sync or not with even chance.
PAIRS = 64
_PAPER_RATE = 1e-4


def spacing(number: int, steps: int) -> float:
    """Return the pictures between windows at a step.

    >>> [spacing(n, 101) for n in (0, 100)]
    [8.0, 2.4]
    """
    return _FAR + (_NEAR - _FAR) * number / max(1, steps - 1)


def starts(windows: int, apart: float, random: np.random.Generator) -> Ints:
    """Draw the first pictures of eight windows of a clip, about ``apart`` from each other.

    Args:
        windows: how many the clip has, at least 8.
        apart: pictures between neighbours; less where the clip is too short for it.

    Returns:
        ``int64[8]``, ascending, all different.
    """
    apart = min(apart, (windows - 1) / (WINDOWS - 1))
    reach = apart * (WINDOWS - 1)
    first = random.uniform(0, windows - 1 - reach)
    return np.floor(first + apart * np.arange(WINDOWS) + 1e-9).astype(np.int64)


def sounds(clip: Clip, at: Ints, random: np.random.Generator) -> Floats:
    """Return the windows' sounds in another voice, ``float32[K, 80, 16]``."""
    spectrum = augment.voice(random, clip.mel)
    if random.random() < _HUSHED:
        spectrum = np.where(augment.hush(clip.mel) == clip.mel, spectrum, -4.0).astype(np.float32)
    return np.stack([hear(spectrum, column(int(frame))) for frame in at])


def mouths(clip: Clip, at: Ints, random: np.random.Generator) -> FramesBGR:
    """Return the windows' grey mouths through one camera, ``uint8[K, 5, 40, 64]``."""
    wanted = at[:, None] + np.arange(WINDOW)
    frames, rows = np.unique(wanted, return_inverse=True)
    placed = augment.place(random, clip.frames.shape[1], augment.STRONG)
    pictures = np.stack([augment.mouth(clip.frames[f], _tremble(placed, random)) for f in frames])
    return augment.camera(random)(pictures, random)[rows.reshape(wanted.shape)]


def _tremble(placed: Doubles, random: np.random.Generator) -> Doubles:
    moved = placed.copy()
    moved[:, 2] += random.normal(0, _TREMBLE_PX, 2)
    return moved


class ContrastTrainee:
    """Fulfils `loop.Trainee`: which of a clip's eight sounds belongs to which of its eight windows.

    Windows of one clip share face, light and voice, so that nothing but the lips can tell; a softmax over
    both directions leaves chance within hundreds of steps, where published runs on pairs needed 100,000.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self.net = self._network()
        self._sharp = nn.Parameter(torch.tensor(math.log(_SHARP)))
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        self._optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": 0.02},
                {"params": [*plain, self._sharp], "weight_decay": 0.0},
            ],
            _RATE,
        )

    def _network(self) -> Any:
        net = Contrast()
        net.face_encoder.to(memory_format=torch.channels_last)
        return net

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Learn from 15 clips; chance is ln 8 = 2.079."""
        lips, heard = self.batch(spacing(number, steps), random)
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * one_cycle(number, steps)
        seen, sound = self.embed(lips, heard)
        cosines = torch.einsum("cif,cjf->cij", seen, sound)
        logits = (cosines * self._sharp.exp().clamp(max=_SHARPEST)).flatten(0, 1)
        across = (cosines.transpose(1, 2) * self._sharp.exp().clamp(max=_SHARPEST)).flatten(0, 1)
        wanted = torch.arange(WINDOWS).repeat(len(cosines))
        loss = (functional.cross_entropy(logits, wanted) + functional.cross_entropy(across, wanted)) / 2
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        hit = (logits.argmax(1) == wanted).float().mean().item()
        return {"loss": loss.item(), "hit": hit, "sharp": self._sharp.exp().item()}

    def batch(self, apart: float, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw a batch: mouths ``uint8[120, 5, 40, 64]`` and sounds ``float32[120, 1, 80, 16]``."""
        lips, heard = [], []
        for _ in range(CLIPS):
            clip = self._sampler.draw(random)
            at = starts(clip.windows, apart, random)
            lips.append(mouths(clip, at, random))
            heard.append(sounds(clip, at, random))
        return torch.from_numpy(np.concatenate(lips)), torch.from_numpy(np.concatenate(heard))[:, None]

    def embed(self, lips: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Embed a batch: two ``float32[clips, 8, 256]`` of unit length."""
        self.net.train()
        grey = contrasted(lips.float() / 255).contiguous(memory_format=torch.channels_last)
        seen = functional.normalize(self.net.face_encoder(grey), dim=1)
        return seen.unflatten(0, (-1, WINDOWS)), self.net.hear(heard).unflatten(0, (-1, WINDOWS))

    def state_dict(self) -> dict[str, Any]:
        """Return network, temperature and optimiser."""
        return {
            "net": self.net.state_dict(),
            "sharp": self._sharp.detach().clone(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        with torch.no_grad():
            self._sharp.copy_(state["sharp"])
        self._optimiser.load_state_dict(state["optimiser"])


class PaperTrainee:
    """Fulfils `loop.Trainee`: the paper's expert by the paper's recipe (section 3.3.1).

    A window and the sound of the same or of another moment of one clip, cosine, binary cross-entropy,
    64 pairs, Adam 1e-4. Moments out of sync lie at least 5 pictures away, so that no label lies (published
    code: 1). Stays at ln 2 for very long on small data; see README.

    Args:
        width: channel multiplier.
    """

    def __init__(self, sampler: Sampler, width: float = 1.0) -> None:
        self._sampler = sampler
        self.net = Expert(width).to(memory_format=torch.channels_last)
        self._optimiser = torch.optim.Adam(self.net.parameters(), _PAPER_RATE)

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Learn from 64 pairs; chance is ln 2 = 0.693."""
        del number, steps
        lower, heard, together = self.batch(random)
        sound, seen = self.net.train()(heard, lower)
        cosine = functional.cosine_similarity(sound, seen).clamp(1e-6, 1 - 1e-6)
        loss = functional.binary_cross_entropy(cosine, together)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        hit = ((cosine > 0.5) == (together > 0.5)).float().mean().item()
        return {"loss": loss.item(), "hit": hit}

    def batch(self, random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw lower halves ``[64, 15, 48, 96]``, sounds ``[64, 1, 80, 16]`` and labels ``[64]``."""
        lower, heard, together = [], [], []
        for _ in range(PAIRS):
            clip = self._sampler.draw(random)
            at = int(random.integers(clip.windows))
            label = bool(random.random() < 0.5)
            other = np.flatnonzero(np.abs(np.arange(clip.windows) - at) >= WINDOW)
            when = at if label else int(random.choice(other))
            lower.append(_coloured(clip, at, random))
            heard.append(hear(clip.mel, column(when)))
            together.append(float(label))
        return (
            torch.from_numpy(np.stack(lower)),
            torch.from_numpy(np.stack(heard))[:, None],
            torch.tensor(together),
        )

    def state_dict(self) -> dict[str, Any]:
        """Return network and optimiser."""
        return {"net": self.net.state_dict(), "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])


def _coloured(clip: Clip, at: int, random: np.random.Generator) -> Floats:
    """Return one window's lower halves ``float32[15, 48, 96]``, slightly moved, in another light."""
    placed, look = (
        augment.place(random, clip.frames.shape[1], augment.SLIGHT),
        augment.look(random, faults=False),
    )
    pictures = [look(augment.lower(clip.frames[at + k], placed), random) for k in range(WINDOW)]
    return np.stack(pictures).transpose(0, 3, 1, 2).reshape(3 * WINDOW, *pictures[0].shape[:2])
