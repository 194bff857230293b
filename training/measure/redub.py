"""Lets a generator speak a clip's own sound again, and tells how near that comes to the truth.

What `calibrate` and `adapt` measure with; teaches nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from training.measure.evaluate import BATCH
from training.packs.data import WINDOW, Clip, hear, read_audio
from training.paper.losses import lower_windows
from training.variety import augment
from w2l_studio.faces import reference
from w2l_studio.judge import sync
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.terms import Crops, Floats, FramesBGR, Ints, Voice

#: Mouth and chin within a face, in parts of its side: rows and columns.
_MOUTH = (slice(0.58, 0.95), slice(0.2, 0.8))


def closed(pixels: FramesBGR, opening: Openness) -> Ints:
    """Return for each face the row of the one that the engine would draw it from, ``int64[T]``."""
    return reference.closed(reference.uppers_of(pixels), opening(pixels), np.zeros(len(pixels), np.float32))


def spoken(hand: Wav2Lip, clip: Clip, opening: Openness, lead_ms: int) -> tuple[FramesBGR, FramesBGR]:
    """Return the clip's faces and what a generator makes of them, each ``uint8[T, P, P, 3]``.

    Args:
        opening: chooses what each face is drawn from.
        lead_ms: where a mel window begins relative to its picture.
    """
    numbers = np.arange(len(clip.frames))
    true = augment.faces(clip.frames, hand.face_px)
    windows = heard(hand, clip, len(numbers), lead_ms)
    crops = Crops(true, np.zeros((len(true), 2, 3)))
    voice = Voice(windows, np.ones(len(true), np.bool_))
    return true, hand.speak(crops, true[closed(true, opening)], voice)


def heard(hand: Wav2Lip, clip: Clip, count: int, lead_ms: int) -> Floats:
    """Return what a generator hears at the first pictures of a clip, ``float32[count, B, C]``.

    Args:
        lead_ms: where a window begins relative to its picture.
    """
    spectrum = hand.listen(clip.mel, read_audio(clip.folder))
    return hear(spectrum, np.arange(count), lead_ms, hand.columns)


def distances(judge: nn.Module, made: FramesBGR, clip: Clip) -> Floats:
    """Return the mean distance (1 - cosine) of lips to sounds -15..15 pictures later, ``float32[31]``."""
    pictures = torch.from_numpy(made).permute(0, 3, 1, 2).float() / 255
    heard = hear(clip.mel, np.arange(clip.windows))
    return sync.by_offset(*sync.embed(judge.eval(), lower_windows(pictures, 1), heard, WINDOW, BATCH))


def mouth(whole: FramesBGR) -> FramesBGR:
    """Cut mouth and chin out of faces ``uint8[T, P, P, 3]``."""
    side = whole.shape[1]
    rows, columns = (slice(round(part.start * side), round(part.stop * side)) for part in _MOUTH)
    return whole[:, rows, columns]


def error_levels(made: FramesBGR, true: FramesBGR) -> float:
    """Return the mean error in the mouth, in levels of 255."""
    return float(np.abs(mouth(made).astype(np.float32) - mouth(true)).mean())


def sharpness(pictures: FramesBGR) -> float:
    """Return the mean difference of neighbouring pixels in the mouth, in levels of 255."""
    grey = mouth(pictures).astype(np.float32).mean(3)
    return float((np.abs(np.diff(grey, axis=1)).mean() + np.abs(np.diff(grey, axis=2)).mean()) / 2)
