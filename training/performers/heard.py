"""From any speech to face units: the engine's network listens, blinks and brows are drawn.

Knows no phonemes and no face.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import torch

from training.performers.speech import blurred, enlivened
from w2l_studio.config import LipsConfig
from w2l_studio.mouths import lips
from w2l_studio.nets import weights
from w2l_studio.nets.lips import Lips
from w2l_studio.sound import mel, speech
from w2l_studio.terms import Floats

#: Seconds over which the jaw's stress is taken.
_STRESS_S = 0.3


def perform(
    random: np.random.Generator, audio: Floats, frames: int, fps: int, names: tuple[str, ...]
) -> Floats:
    """Animate what is heard.

    Args:
        audio: ``float32[S]``, 16 kHz; sample 0 is the begin of picture 0.
        frames: T pictures.
        fps: pictures per second.
        names: the units wanted, `anatomy.Body.names`.

    Returns:
        ``float32[T, len(names)]`` in 0..1.

    Raises:
        WeightsError: the network is missing or altered.
    """
    sound = lips.Sound(mel.spectrogram(audio), audio, speech.voiced(audio))
    moved = lips.move(_network(), sound, Fraction(fps), frames)
    units = np.zeros((frames, len(names)), np.float32)
    effort = random.uniform(0.85, 1.25)
    for name, curve in moved.channels.items():
        units[:, names.index(name)] = curve * effort
    stress = blurred(units[:, names.index("jawOpen")], _STRESS_S * fps)
    return enlivened(random, units, stress, fps, names)


@cache
def _network() -> Lips:
    """Load the network once per process; a process that draws leaves it one thread."""
    torch.set_num_threads(1)
    return weights.load_lips(weights.find(LipsConfig().weights, "lips").path)
