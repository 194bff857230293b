"""What generators that listen through the network from sound to lips hear of clips while they are taught.

Each clip is heard a few times, in other rooms, and what the network thought of it is kept: it costs more than
all else about a sample of sound, and does not change. Teaches nothing.
"""

from __future__ import annotations

import numpy as np

from training.packs.data import Clip, read_audio
from training.performers import voice
from w2l_studio.mouths.lips import thought
from w2l_studio.nets import weights
from w2l_studio.nets.lips import Lips
from w2l_studio.nets.weights import Entry
from w2l_studio.sound import mel, speech
from w2l_studio.terms import Bools, Floats
from w2l_studio.terms.sound import SILENCE

#: Recordings of a clip; the first one is the clip's own.
_RECORDINGS = 3
#: Share of the recordings whose pauses are digitally silent, as the engine makes those of stems.
_HUSHED = 0.7
#: Standard deviation of what is added to thoughts.
NOISE = 0.1


def elsewhere(random: np.random.Generator, samples: Floats) -> Floats:
    """Return a sound in a room, beside noise or on a line: as many samples."""
    placed = voice.placed(random, samples)
    return np.pad(placed, (0, max(0, len(samples) - len(placed))))[: len(samples)]


def pauses(random: np.random.Generator, samples: Floats) -> Bools:
    """Return the mel columns ``bool[M]`` that are to be digitally silent: mostly those without speech."""
    silent = ~speech.voiced(samples)
    return silent if random.random() < _HUSHED else np.zeros_like(silent)


def hushed(spectrum: Floats, silent: Bools) -> Floats:
    """Return a copy of ``[B, M]`` with some columns silent."""
    quiet = spectrum.copy()
    silent = silent[: spectrum.shape[1]]
    quiet[:, : len(silent)][:, silent] = SILENCE
    return quiet


def thoughts(ear: Lips, samples: Floats, silent: Bools) -> Floats:
    """Return what the network thinks of a sound, ``float32[112, M]``, with some columns silent."""
    return hushed(thought(ear, mel.spectrogram(samples), samples), silent)


def heard_through(generator: Entry) -> Thoughts | None:
    """Return what a generator is to hear of clips, None where it has nothing but its own ears.

    Raises:
        WeightsError: what it hears through is not here.
    """
    through = weights.ears_of(generator)
    return Thoughts(weights.load_lips(through.path), through.sha256) if through else None


class Thoughts:
    """What the network thinks of clips; each recording is heard once.

    Args:
        ear: in evaluation mode, on the CPU.
        sha256: of its weights, by which those of a generator name it.
    """

    def __init__(self, ear: Lips, sha256: str) -> None:
        self.ear, self.sha256 = ear, sha256
        self._known: dict[tuple[str, str, int], Floats] = {}

    def of(self, clip: Clip, random: np.random.Generator) -> Floats:
        """Return what is thought of one of the clip's recordings, drawn by chance: ``float32[112, M]``."""
        key = (clip.group, clip.name, int(random.integers(_RECORDINGS)))
        if key not in self._known:
            self._known[key] = self._heard(*key, read_audio(clip.folder)).astype(np.float16)
        kept = self._known[key].astype(np.float32)
        return kept + NOISE * random.standard_normal(kept.shape, np.float32)

    def _heard(self, group: str, name: str, number: int, samples: Floats) -> Floats:
        """Hear a recording, the same in every process and after every restart."""
        chance = np.random.default_rng((number, *group.encode(), *name.encode()))
        silent = pauses(chance, samples)
        return thoughts(self.ear, elsewhere(chance, samples) if number else samples, silent)
