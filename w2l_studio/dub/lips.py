"""A stem's lip motion: reads the sound, asks the network, says what it was made of.

Joins media, sound and mouths; writes nothing (`dub.motion`).
"""

from __future__ import annotations

from pathlib import Path

from w2l_studio.config import LipsConfig
from w2l_studio.media.sound import read_mono
from w2l_studio.mouths import lips
from w2l_studio.nets import weights
from w2l_studio.sound import mel, speech
from w2l_studio.terms import Floats, LipMotion
from w2l_studio.terms.sound import SAMPLE_RATE


def follow(stem: Path, config: LipsConfig) -> LipMotion:
    """Move lips to a stem, a frame for each that has begun before the sound ends.

    Raises:
        StemError: unreadable, empty or without sound.
        WeightsError: missing, altered, or for another network.
    """
    net = weights.load_lips(weights.find(config.weights, "lips").path)
    samples = read_mono(stem, SAMPLE_RATE)
    frames = (len(samples) * config.rate / SAMPLE_RATE).__ceil__()
    return lips.move(net, listened(samples), config.rate, frames)


def listened(samples: Floats) -> lips.Sound:
    """Return all that lips are moved by, of ``float32[S]`` at 16 kHz."""
    return lips.Sound(mel.spectrogram(samples), samples, speech.voiced(samples))
