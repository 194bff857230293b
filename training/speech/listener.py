"""Teaches a generator to hear through the network from sound to lips, in place of its own ears.

Its ears have learned what speech does to lips from the voices of its lessons, and on others they mishear;
the network behind `w2l-studio lips` has Moonshine's layers, which have heard thousands. So a
`nets.listener` learns to say of that network's thoughts what the ears say of the same speech, by voices
that the ears know; and above all what lips do, as far as it can be read from what ears say. What draws
stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.performers.act import Source
from training.run.loop import one_cycle
from training.run.machine import Machine
from training.speech import hearing
from training.speech.lessons import shapes
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.nets.listener import Listener
from w2l_studio.sound import mel, windows
from w2l_studio.terms import Floats, Ints
from w2l_studio.terms.sound import FPS, SAMPLE_RATE

_MOMENTS = 512
_RATE = 2e-3
#: How much right lips weigh beside the ears' own words, and the least that a unit moves.
_LIPS, _STILL = 1.0, 1e-3
#: How much smaller than the least error a readout stays.
_CALM = 0.01
_LIMIT = 2.0
#: So long an utterance is at most, and the silence at both its ends.
_LONGEST_S, _AROUND_S = 6, 0.4
#: Share of the utterances that are heard in a room, beside noise or on a line.
_PLACED = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One utterance.

    Args:
        thoughts: ``float16[112, M]``.
        begins: ``int64[T]``, the column with which each picture's window begins.
        wanted: ``float32[T, D]``, what the ears say.
        units: ``float32[T, 11]``, what lips do.
        weights: ``float32[T, 11]``, what an error in each weighs; 0 = nobody knows.
    """

    thoughts: Floats
    begins: Ints
    wanted: Floats
    units: Floats
    weights: Floats


class Moments(NamedTuple):
    """What a step learns from: windows ``float32[N, 1, 112, C]``, and of a `Lesson` ``float32[N, ...]``."""

    heard: Tensor
    wanted: Tensor
    units: Tensor
    weights: Tensor


def lessons(
    sources: Iterable[Source], net: Generator, before: Lips | None, ear: Lips, lead_ms: float, seed: int
) -> Iterator[Lesson]:
    """Make lessons of speech.

    Args:
        net: in evaluation mode; its ears teach.
        before: what it hears through so far; None = its own ears.
        ear: what is to be heard through.
        lead_ms: the generator's.
        seed: of rooms, noise and lines.
    """
    random = np.random.default_rng(seed)
    lead_s = Fraction(lead_ms).limit_denominator(1000) / 1000
    around = np.zeros(int(_AROUND_S * SAMPLE_RATE), np.float32)
    for source in sources:
        samples = np.concatenate([around, source.audio[: _LONGEST_S * SAMPLE_RATE], around])
        placed = hearing.elsewhere(random, samples) if random.random() < _PLACED else samples
        silent = hearing.pauses(random, samples)
        spectrum = hearing.hushed(mel.spectrogram(samples), silent)
        thoughts = hearing.thoughts(ear, placed, silent)
        count = len(samples) * FPS // SAMPLE_RATE
        begins = windows.starts(count, Fraction(FPS), Fraction(0), lead_s) - windows.before(net.columns)
        taught = hearing.thoughts(before, samples, silent) if before else spectrum
        heard = torch.from_numpy(windows.cut(taught, begins, net.columns))[:, None]
        with torch.inference_mode():
            wanted = net.ears(heard).flatten(1).numpy()
        units, weights = shapes(source, (np.arange(count) + 0.5) / FPS - _AROUND_S)
        yield Lesson(thoughts.astype(np.float16), begins, wanted, units.T, weights.T.astype(np.float32))


class MomentSource:
    """Fulfils `feed.Source`: moments of any utterances.

    Args:
        found: what to learn from.
        columns: of the generator's windows.
        machine: whose part of a batch is drawn.
    """

    def __init__(self, found: Sequence[Lesson], columns: int, machine: Machine) -> None:
        self._found, self._columns, self._machine = found, columns, machine

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Moments:
        """Draw this process's part of a batch; the same at every step of the run."""
        del number, steps
        drawn = []
        for chance in self._machine.part(random, _MOMENTS):
            lesson = self._found[int(chance.integers(len(self._found)))]
            row = slice(at := int(chance.integers(len(lesson.begins))), at + 1)
            cut = windows.cut(lesson.thoughts, lesson.begins[row], self._columns)
            drawn.append((cut, lesson.wanted[row], lesson.units[row], lesson.weights[row]))
        heard, *told = (torch.from_numpy(np.concatenate(part)).float() for part in zip(*drawn, strict=True))
        return Moments(heard[:, None], *told)


class ListenerTrainee:
    """Fulfils `loop.Trainee`.

    Args:
        found: what to learn from.
        net: the generator that is to listen; it is not changed.
    """

    def __init__(self, found: Sequence[Lesson], net: Generator, machine: Machine | None = None) -> None:
        self._machine = machine or Machine()
        self.source = MomentSource(found, net.columns, self._machine)
        wanted, units, weights = (
            np.concatenate([getattr(lesson, name) for lesson in found])
            for name in ("wanted", "units", "weights")
        )
        self._spread = float(wanted.var(0).mean())
        self._read = self._machine.place(torch.from_numpy(readout(wanted, units, weights)))
        known = weights / weights.sum(0)
        moves = (known * np.square(units - (known * units).sum(0))).sum(0) + _STILL
        self._moves = self._machine.place(torch.from_numpy(moves.astype(np.float32)))
        listener = Listener(net.columns, wanted.shape[1])
        nn.init.zeros_(listener.outer.weight)
        with torch.no_grad():
            listener.outer.bias.copy_(torch.from_numpy(wanted.mean(0)))
        self.net = self._machine.ready(listener)
        self._optimiser = torch.optim.AdamW(self.net.parameters(), _RATE, weight_decay=0.05)

    def learn(self, number: int, steps: int, drawn: Moments) -> dict[str, Tensor]:
        """Learn to say what the ears say, so that lips are right; the mean of all would have 1 at most."""
        batch = self._machine.place(drawn)
        noisy = batch.heard + hearing.NOISE * torch.randn_like(batch.heard)
        said = self.net(noisy).flatten(1)
        alike = functional.mse_loss(said, batch.wanted) / self._spread
        apart = torch.addmm(self._read[-1], said, self._read[:-1]) - batch.units
        lips = (apart.square() / self._moves * batch.weights).sum() / batch.weights.sum()
        rate = _RATE * one_cycle(number, steps)
        self._machine.learn(alike + _LIPS * lips, self._optimiser, _LIMIT, rate=rate)
        return {"alike": alike.detach(), "lips": lips.detach()}

    def state_dict(self) -> dict[str, Any]:
        """Return listener and optimiser."""
        return {"net": self.net.state_dict(), "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])


def readout(wanted: Floats, units: Floats, weights: Floats) -> Floats:
    """Return how lips can be read from what ears say: ``float32[D + 1, 11]``, the last row is added.

    What a still face's lips do when it is drawn follows it (correlation of opening 0.98).

    Args:
        wanted: ``float32[T, D]``.
        units: ``float32[T, 11]``.
        weights: ``float32[T, 11]`` of errors.
    """
    rows = np.concatenate([wanted, np.ones_like(wanted[:, :1])], 1).astype(np.float64)
    calm = _CALM * np.diag(np.append(rows[:, :-1].var(0), 0.0)) * len(rows)
    found = [
        np.linalg.lstsq(rows.T @ (rows * weight[:, None]) + calm, rows.T @ (weight * unit))[0]
        for unit, weight in zip(units.T, weights.T, strict=True)
    ]
    return np.stack(found, 1).astype(np.float32)


def listening(net: Generator, learned: dict[str, Tensor]) -> Generator:
    """Return a copy of a generator that hears by what a listener has learned."""
    copied = copy.deepcopy(net)
    copied.audio_encoder = None
    copied.listener = Listener(net.columns, len(learned["outer.bias"]))
    copied.listener.load_state_dict(learned)
    return copied.eval()
