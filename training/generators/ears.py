"""Teaches a generator's audio encoder what speech does to lips, without a picture.

Faces are few and dear, speech with phoneme times is plenty: from a hundred more voices an encoder learns more
of mouths than from a hundred more pictures of one. What it has learned stands still while the rest of the
generator learns to draw it (`generator.GeneratorTrainee`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.generators import start
from training.generators.recipe import Recipe
from training.run import checkpoint
from training.run.loop import one_cycle
from training.run.machine import Machine
from training.speech.lessons import OUTSIDE, Lessons, window
from training.speech.lips import apart, closure
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.nets.blocks import audio_encoder, scaled
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import SOUNDS, UNITS
from w2l_studio.sound.windows import COLUMNS, before, cut
from w2l_studio.terms import Floats
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, FPS, MEL_RANGE, SILENCE

_EXCERPTS, _MOMENTS = 16, 12
_RATE = 2e-3
_LIMIT = 2.0
#: How much louder than a lesson a stem is, in mel steps of 12.5 dB.
_QUIETEST, _LOUDEST = -0.9, 0.6


class Moments(NamedTuple):
    """What a step learns from, N moments.

    Args:
        heard: ``float32[N, 1, 80, C]``, with the recipe's lead and columns.
        units: ``float32[N, 11]``.
        shut: ``float32[N]``.
        sounds: ``int64[N]``, `OUTSIDE` where nobody knows.
        weights: ``float32[N, 11]`` of the units' errors.
    """

    heard: Tensor
    units: Tensor
    shut: Tensor
    sounds: Tensor
    weights: Tensor


class MomentSource:
    """Fulfils `feed.Source`: some moments of some excerpts of three seconds.

    Args:
        found: what to learn from.
        recipe: the lead with which the generator will hear.
        machine: whose part of a batch is drawn.
    """

    def __init__(self, found: Lessons, recipe: Recipe, machine: Machine) -> None:
        self._lessons, self._machine, self._columns = found, machine, recipe.columns
        # A picture is seen in its middle; that is so many columns into the window that belongs to it.
        self._middle = round((500 / FPS - recipe.lead_ms) * COLUMNS_PER_SECOND / 1000)

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Moments:
        """Draw this process's part of a batch; the same at every step of the run."""
        del number, steps
        drawn = [part for chance in self._machine.part(random, _EXCERPTS) for part in self._some(chance)]
        heard, *rest = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
        return Moments(heard[:, None], *rest)

    def _some(self, random: np.random.Generator) -> list[tuple[Floats, ...]]:
        heard, _, units, shut, sounds, weights = window(self._lessons.draw(random), random)
        louder = np.float32(random.uniform(_QUIETEST, _LOUDEST))
        heard = np.where(heard <= SILENCE, heard, np.clip(heard + louder, SILENCE, MEL_RANGE))
        beside = before(self._columns)
        starts = beside + random.choice(heard.shape[1] - COLUMNS - 2 * beside, _MOMENTS, replace=False)
        cuts = cut(heard, starts - beside, self._columns)
        return [
            (one, units[:, at], shut[at], sounds[at], weights[:, at])
            for one, at in zip(cuts, starts + self._middle, strict=True)
        ]


class EarsTrainee:
    """Fulfils `loop.Trainee`.

    Args:
        found: what to learn from.
        recipe: width of the generator, and the lead with which it will hear.
        learned: whose encoder to begin with, so that the rest of it need not learn all anew.
    """

    def __init__(
        self,
        found: Lessons,
        recipe: Recipe,
        learned: Generator | None = None,
        machine: Machine | None = None,
    ) -> None:
        self._machine = machine or Machine()
        self.source = MomentSource(found, recipe, self._machine)
        deep = scaled(512, recipe.width)
        net = audio_encoder(recipe.width, 1, deep, recipe.columns)
        if learned is not None:
            start.listen(net, own(learned).state_dict())
        self.net = self._machine.ready(net)
        self.told = self._machine.ready(nn.Linear(deep, len(UNITS) + 1 + len(SOUNDS)))
        self._optimiser = torch.optim.AdamW(
            [*self.net.parameters(), *self.told.parameters()], _RATE, weight_decay=0.02
        )

    def learn(self, number: int, steps: int, drawn: Moments) -> dict[str, Tensor]:
        """Learn what lips do while this is heard."""
        batch = self._machine.place(drawn)
        self.net.train()
        with self._machine.autocast():
            told = self.told(self.net(batch.heard).flatten(1))
        shape, met, said = told.float().split([len(UNITS), 1, len(SOUNDS)], 1)
        losses = {
            "units": apart(shape, batch.units, batch.weights),
            "closure": closure(met[:, 0], batch.shut, batch.sounds),
            "sounds": functional.cross_entropy(said, batch.sounds, ignore_index=OUTSIDE),
        }
        loss = losses["units"] * 10 + losses["closure"] + losses["sounds"] * 0.3
        self._machine.learn(loss, self._optimiser, _LIMIT, rate=_RATE * one_cycle(number, steps))
        return {name: value.detach() for name, value in {"loss": loss, **losses}.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return encoder, head and optimiser."""
        return {
            "net": self.net.state_dict(),
            "told": self.told.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self.told.load_state_dict(state["told"])
        self._optimiser.load_state_dict(state["optimiser"])


def read_ears(folder: Path) -> dict[str, Tensor]:
    """Return the audio encoder of a run, for a generator of the same width.

    Raises:
        WeightsError: the folder holds no such run.
    """
    path = folder / "checkpoint.pt"
    trainee = checkpoint.load(path)["trainee"]
    if "told" not in trainee:
        raise WeightsError(
            "not a run of `ears`", hint="give the folder that `ears --out` wrote", where=str(path)
        )
    heard: dict[str, Tensor] = trainee["net"]
    return heard


def own(generator: Generator) -> nn.Module:
    """Return a generator's audio encoder.

    Raises:
        UsageError: it hears through other weights, and has none.
    """
    if generator.audio_encoder is None:
        raise UsageError(
            "this generator hears through the weights from sound to lips, and has no ears of its own",
            hint="give one that `training generator` or `ears` made",
        )
    return generator.audio_encoder
