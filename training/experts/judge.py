"""Trains our own judge: SyncNet's layers, slim, by contrast within one clip, on people the expert never saw.

It is kept apart from what it judges: other clips, another seed, another front end (MFCC, whole mouths).
Exports nothing (`export`) and measures nothing on people unseen (`evaluate`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.experts.expert import WINDOWS, ContrastTrainee, MomentSource, inner_starts, shown, tremble
from training.experts.openings import Openings
from training.packs.data import WINDOW, Clip, Sampler, read_audio
from training.variety import augment, tempo
from w2l_studio.judge import slim
from w2l_studio.nets.syncnet import MFCC_COLUMNS, SLIM, SyncNet
from w2l_studio.terms import Doubles, Floats, Ints
from w2l_studio.terms.sound import FPS, SAMPLE_RATE

#: Of a voice's pitch and formants, both ways, as a logarithm.
_DEEPER = 0.16
#: MFCC columns a second.
_COLUMNS_A_SECOND = 100
#: Columns by which a column hears further on than its number says: half of its 25 ms.
_BEFORE = 1.25
#: How much another room or microphone changes the cepstra, the slow ones most.
_ROOM = np.array([1.5, *np.linspace(4.0, 1.0, 12)])[:, None]
_HUSHED, _NOISY = 0.25, 0.4
#: Of 16-bit samples: pauses are quieter.
_PAUSE_RMS, _BLOCK = 120.0, 160


class WholeMoments(MomentSource):
    """Fulfils `feed.Source`: a clip's windows as the judge sees and hears them."""

    def windows(
        self, clip: Clip, apart: float, random: np.random.Generator
    ) -> tuple[npt.NDArray[np.uint8], Floats]:
        """Draw a clip's windows: mouths ``uint8[8, 5, 64, 64]`` and sounds ``float32[8, 1, 13, 20]``."""
        pace = tempo.draw(random)
        # One window less than others have: the last one's MFCC would not be whole.
        at = inner_starts(clip.windows - 1, apart, random)
        return mouths(clip, at, random, pace), sounds(clip, at, random, pace)


class JudgeTrainee(ContrastTrainee):
    """Fulfils `loop.Trainee`: which of a clip's eight sounds belongs to which of its eight mouths."""

    def _source(self, sampler: Sampler, openings: Openings | None) -> MomentSource:
        return WholeMoments(sampler, self._machine, openings)

    def _network(self) -> nn.Module:
        return SyncNet(SLIM)

    def embed(self, lips: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Embed a batch: two ``float32[clips, 8, 256]`` of unit length."""
        assert isinstance(self.net, SyncNet)
        net = self.net.train()
        pictures = slim.seen_as(lips).contiguous(memory_format=torch.channels_last_3d)
        with self._machine.autocast():
            seen, said = net.forward_lip(pictures).float(), net.forward_aud(heard).float()
        seen, said = functional.normalize(seen, dim=1), functional.normalize(said, dim=1)
        return torch.unflatten(seen, 0, (-1, WINDOWS)), torch.unflatten(said, 0, (-1, WINDOWS))


def mouths(clip: Clip, at: Ints, random: np.random.Generator, pace: float = 1.0) -> npt.NDArray[np.uint8]:
    """Return the windows' grey mouths through one camera, ``uint8[K, 5, 64, 64]``."""
    placed = augment.place(random, clip.frames.shape[1], augment.STRONG)
    pictures = np.asarray(clip.frames)

    def film(frames: Ints) -> npt.NDArray[np.uint8]:
        crops = [augment.part(pictures[f], tremble(placed, random), *slim.MOUTH) for f in frames]
        return augment.camera(random)(np.stack([augment.grey(crop) for crop in crops]), random)

    return shown(film, at, pace)


def sounds(clip: Clip, at: Ints, random: np.random.Generator, pace: float = 1.0) -> Floats:
    """Return the windows' MFCC in another voice and room, ``float32[K, 1, 13, 20]``.

    Args:
        pace: the tempo (`training.variety.tempo`).
    """
    samples = read_audio(clip.folder).astype(np.float64) * 2.0**15
    if random.random() < _HUSHED:
        samples = _hushed(samples)
    samples = samples * np.exp(random.uniform(-1.2, 0.7))
    if random.random() < _NOISY:
        loud = np.sqrt(np.mean(samples**2)) * 10 ** (-random.uniform(8, 40) / 20)
        samples = samples + random.standard_normal(len(samples)) * loud
    columns = _voice(samples, random)
    middle = (at + WINDOW / 2) * _COLUMNS_A_SECOND / FPS - _BEFORE
    first = at * _COLUMNS_A_SECOND // FPS
    return tempo.read(columns, tempo.stretched(first, MFCC_COLUMNS, middle, pace))[:, None]


def _hushed(samples: Doubles) -> Doubles:
    """Make pauses digitally silent, as they are in a clean stem."""
    blocks = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    quiet = np.sqrt((blocks**2).mean(1)) < _PAUSE_RMS
    return np.where(np.repeat(quiet, _BLOCK), 0.0, blocks.reshape(-1))


def _voice(samples: Doubles, random: np.random.Generator) -> Floats:
    """Return MFCC ``float32[13, M]`` of a deeper or higher voice in another room; no time changes.

    Played faster, a voice is higher; its cepstra, laid over the old time again, are those of a higher voice
    that speaks as fast as before.
    """
    factor = float(np.exp(random.uniform(-_DEEPER, _DEEPER)))
    played = soxr.resample(samples, SAMPLE_RATE * factor, SAMPLE_RATE)
    columns = slim.heard(np.clip(np.rint(played), -(2**15), 2**15 - 1).astype(np.int16))
    wanted = np.arange(len(samples) * _COLUMNS_A_SECOND // SAMPLE_RATE) / factor
    laid = np.stack([np.interp(wanted, np.arange(columns.shape[1]), row) for row in columns])
    loud = laid[:1] > 0
    return np.asarray(laid + random.normal(0, 1, (13, 1)) * _ROOM * loud, np.float32)
