"""Trains the generator: the `studio` recipe, whose terms and chances are one frozen config.

Draws the lower half alone, which is all that the engine ever pastes. Exports nothing (`export`).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import augment
from training.data import WINDOW, Clip, Sampler, column, hear
from training.loop import one_cycle
from w2l_studio.nets.contrast import EMBEDDING, Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening
from w2l_studio.sound.mel import BANDS, SILENCE
from w2l_studio.sound.windows import COLUMNS
from w2l_studio.terms import Bools, Floats, Ints

_HALF = augment.FACE_PX // 2
#: Lips and what moves with them, in rows and columns of the lower half.
_LIPS = (slice(2, 40), slice(16, 80))
#: Share of a clip's pictures, those with the least opening, that count as shut lips.
_SHUT_SHARE = 0.2
#: Share of the old value in the mean of the weights, which is what is exported.
_EMA = 0.998


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a generator learns by.

    Args:
        width: channel multiplier of the network.
        lead_ms: where a mel window begins relative to its picture; -75 lays it evenly around the picture.
        ears: share of the steps that teach the audio encoder alone, first.
        windows: windows of 5 consecutive pictures in a batch.
        singles: single pictures in a batch, each of another clip.
        rate: of AdamW, at its highest.
        lips: weight of an error on the lips; 1 = as anywhere.
        moved: extra weight of an error where the true picture differs from the reference, per unit of 0..1.
        edges: weight of the error in differences of neighbours, which keeps lips and teeth crisp.
        opening: weight of the error in lip opening, by the opening network.
        looks: weight of the distance to the true lips in the expert's eyes.
        sync: weight of how much worse than the true lips the drawn ones fit the sound.
        shut: share of references with shut lips, as the engine chooses them.
        open: share of the windows chosen among a clip's more open half.
        silent: share of the windows that are shut lips in digital silence.
        gap: least pictures between target and reference.
    """

    width: float = 0.375
    lead_ms: int = -75
    ears: float = 0.08
    windows: int = 4
    singles: int = 12
    rate: float = 1e-3
    lips: float = 4.0
    moved: float = 10.0
    edges: float = 0.5
    opening: float = 1.0
    looks: float = 0.05
    sync: float = 0.02
    shut: float = 0.7
    open: float = 0.5
    silent: float = 0.08
    gap: int = 6


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a step learns from; N = 5 * windows + singles, the windows' pictures first.

    Args:
        faces: ``float32[N, 6, 96, 96]``, masked target and reference as `mouths.wav2lip.assemble` does.
        target: ``float32[N, 3, 48, 96]``, true lower halves.
        heard: ``float32[N, 1, 80, 16]``, with the recipe's lead.
        sound: ``float32[windows, 1, 80, 16]``, as the expert hears a window.
    """

    faces: Tensor
    target: Tensor
    heard: Tensor
    sound: Tensor


class GeneratorTrainee:
    """Fulfils `loop.Trainee`.

    Args:
        expert: judges drawn lips; never changed. None = without the terms that need it, as the paper's
            recipe begins (hparams.py: sync weight 0).
        opening: measures them; never changed.
    """

    def __init__(self, sampler: Sampler, expert: Contrast | None, opening: Opening, recipe: Recipe) -> None:
        self.recipe = recipe
        self._clips = _Lips(sampler, opening)
        self._expert = expert.eval().requires_grad_(False) if expert else None
        self._opening = opening.eval().requires_grad_(False)
        self.net = Generator(recipe.width, from_reference=True).to(memory_format=torch.channels_last)
        # So the first mouths are the reference's, in its colours; what the sound changes is learned.
        nn.init.zeros_(self.net.output_block[1].weight)
        nn.init.zeros_(self.net.output_block[1].bias)
        self.mean = copy.deepcopy(self.net).requires_grad_(False)
        self._ears = nn.Linear(self.net.audio_encoder[-1].conv_block[0].out_channels, EMBEDDING + 1)
        trained = [*self.net.parameters(), *self._ears.parameters()]
        self._optimiser = torch.optim.AdamW(trained, recipe.rate, betas=(0.9, 0.99), weight_decay=0.01)
        self._weights = _weights(recipe.lips)

    def step(self, number: int, steps: int, random: np.random.Generator) -> dict[str, float]:
        """Teach the ears first, then ears and hand together."""
        early = int(steps * self.recipe.ears)
        hearing = number < early
        factor = one_cycle(number, early) if hearing else one_cycle(number - early, steps - early)
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.rate * factor
        told, loss = self._listen(random) if hearing else self._draw(random)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self._optimiser.step()
        self._remember(0.0 if hearing else _EMA)
        return told

    def _listen(self, random: np.random.Generator) -> tuple[dict[str, float], Tensor]:
        """Let the audio encoder tell lip opening and what the expert hears."""
        heard, sound, opening = self._clips.sounds(random, 128, self.recipe)
        self.net.train()
        told = self._ears(self.net.audio_encoder(heard).flatten(1))
        error = functional.smooth_l1_loss(told[:, 0], opening, beta=0.05)
        report = {"ears_opening": error.item()}
        if self._expert is None:
            return report, error * 4
        alike = functional.cosine_similarity(told[:, 1:], self._expert.hear(sound)).mean()
        return report | {"ears_alike": alike.item()}, error * 4 + 1 - alike

    def _draw(self, random: np.random.Generator) -> tuple[dict[str, float], Tensor]:
        recipe = self.recipe
        batch = self._clips.batch(random, recipe)
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            drawn = self.net.lower_half(batch.heard, batch.faces).float()
        error = (drawn - batch.target).abs()
        moved = (batch.target - batch.faces[:, 3:, _HALF:]).abs().mean(1, keepdim=True)
        terms = {
            "l1": (error * self._weights * (1 + recipe.moved * moved)).mean(),
            "edges": (_edges(drawn) - _edges(batch.target)).abs().mul(self._weights[..., 1:, 1:]).mean(),
            # Squared: an absolute error is content with the median, which is a mouth hardly open.
            "opening": functional.mse_loss(self._opening.measure(drawn), self._opening.measure(batch.target)),
        }
        factors = {"l1": 1.0, "edges": recipe.edges, "opening": recipe.opening}
        if self._expert is not None:
            terms |= self._followed(drawn, batch, self._expert)
            factors |= {"looks": recipe.looks, "sync": recipe.sync}
        loss = torch.stack([factors[name] * term for name, term in terms.items()]).sum()
        told = {name: term.item() for name, term in terms.items()}
        told["lips_levels"] = error[:, :, _LIPS[0], _LIPS[1]].mean().item() * 255
        return told, loss

    def _followed(self, drawn: Tensor, batch: Batch, expert: Contrast) -> dict[str, Tensor]:
        """Compare drawn lips with the true ones in the expert's eyes (stabilised sync, arXiv 2307.09368)."""
        count = self.recipe.windows * WINDOW
        seen, wanted = (expert.see(_stacked(x[:count])) for x in (drawn, batch.target))
        sound = expert.hear(batch.sound)
        return {
            "looks": (1 - (seen * wanted).sum(1)).mean(),
            "sync": functional.relu((wanted * sound).sum(1) - (seen * sound).sum(1)).mean(),
        }

    def _remember(self, memory: float) -> None:
        with torch.no_grad():
            held, new = self.mean.state_dict().values(), self.net.state_dict().values()
            for mean, now in zip(held, new, strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - memory)

    def state_dict(self) -> dict[str, Any]:
        """Return networks, mean, optimiser, and what `export` writes into the header."""
        return {
            "net": self.net.state_dict(),
            "average": self.mean.state_dict(),
            "ears": self._ears.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "meta": {"recipe": "studio", "lead_ms": float(self.recipe.lead_ms), "from_reference": True},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["average"])
        self._ears.load_state_dict(state["ears"])
        self._optimiser.load_state_dict(state["optimiser"])


class _Lips:
    """Draws what a generator learns from; knows how far lips are open in every picture that it drew from."""

    def __init__(self, sampler: Sampler, opening: Opening) -> None:
        self._sampler, self._net = sampler, opening
        self._known: dict[tuple[str, str], Floats] = {}

    def opening(self, clip: Clip) -> Floats:
        """Return the clip's openings ``float32[T]``, measured where nobody knows them."""
        key = (clip.group, clip.name)
        if key not in self._known:
            self._known[key] = clip.opening if clip.opening is not None else self._measured(clip)
        return self._known[key]

    def _measured(self, clip: Clip) -> Floats:
        placed = augment.place(np.random.default_rng(0))
        lower = np.stack([augment.lower(frame, placed) for frame in clip.frames])
        with torch.inference_mode():
            measured = self._net.eval().measure(torch.from_numpy(lower).permute(0, 3, 1, 2).float() / 255)
        return measured.numpy()

    def sounds(
        self, random: np.random.Generator, count: int, recipe: Recipe
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw sounds as the generator hears them, as the expert does, and how far lips are open."""
        heard, sound, opening = [], [], []
        for _ in range(count):
            clip = self._sampler.draw(random)
            frame = int(random.integers(clip.windows))
            spectrum = augment.voice(random, clip.mel[:, _around(frame, clip)])
            offset = _around(frame, clip).start
            heard.append(hear(spectrum, column(frame, recipe.lead_ms) - offset))
            sound.append(hear(spectrum, column(frame) - offset))
            opening.append(self.opening(clip)[frame])
        stacked = [torch.from_numpy(np.stack(part))[:, None] for part in (heard, sound)]
        return stacked[0], stacked[1], torch.tensor(np.array(opening, np.float32))

    def batch(self, random: np.random.Generator, recipe: Recipe) -> Batch:
        """Draw a batch."""
        faces, target, heard, sound = [], [], [], []
        for i in range(recipe.windows + recipe.singles):
            length = WINDOW if i < recipe.windows else 1
            clip = self._sampler.draw(random)
            opening = self.opening(clip)
            at = _moment(opening[: clip.windows], random, recipe.open)
            frames = np.arange(at, at + length)
            spectrum = augment.voice(random, clip.mel)
            if random.random() < 0.5:
                spectrum = np.where(augment.hush(clip.mel) == clip.mel, spectrum, SILENCE).astype(np.float32)
            shut = _shut(opening)
            if random.random() < recipe.silent:
                frames = np.full(length, random.choice(np.flatnonzero(shut)))
                spectrum = np.full((BANDS, COLUMNS), SILENCE, np.float32)
            reference = _reference(shut, frames, random, recipe)
            pictured, true = _pictures(clip, frames, reference, random)
            faces.append(pictured)
            target.append(true)
            heard.append(np.stack([hear(spectrum, column(int(n), recipe.lead_ms)) for n in frames]))
            if length == WINDOW:
                sound.append(hear(spectrum, column(int(frames[0]))))
        return Batch(
            torch.from_numpy(np.concatenate(faces)).permute(0, 3, 1, 2),
            torch.from_numpy(np.concatenate(target)).permute(0, 3, 1, 2),
            torch.from_numpy(np.concatenate(heard))[:, None],
            torch.from_numpy(np.stack(sound))[:, None],
        )


def _around(frame: int, clip: Clip) -> slice:
    """Return the columns that windows on a picture can reach, so that only these are changed."""
    middle = column(frame)
    return slice(max(0, middle - COLUMNS), min(clip.mel.shape[1], middle + 2 * COLUMNS))


def _moment(opening: Floats, random: np.random.Generator, share: float) -> int:
    """Choose a picture, in ``share`` of the cases of the more open half: lips are shut most of the time."""
    numbers = np.arange(len(opening))
    if random.random() < share:
        numbers = numbers[opening >= np.median(opening)]
    return int(random.choice(numbers))


def _shut(opening: Floats) -> Bools:
    """Tell which pictures count as shut lips: the least open fifth of a clip."""
    return opening <= np.quantile(opening, _SHUT_SHARE)


def _reference(shut: Bools, frames: Ints, random: np.random.Generator, recipe: Recipe) -> int:
    """Choose a picture away from the targets (peers: a near one leaks), mostly one with shut lips."""
    numbers = np.arange(len(shut))
    away = (numbers < frames.min() - recipe.gap) | (numbers > frames.max() + recipe.gap)
    wanted = away & shut if random.random() < recipe.shut and (away & shut).any() else away
    return int(random.choice(numbers[wanted]))


def _pictures(clip: Clip, frames: Ints, reference: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return faces ``float32[K, 96, 96, 6]`` and true lower halves ``float32[K, 48, 96, 3]``."""
    look = augment.look(random, faults=False)
    near = look(augment.face(clip.frames[reference], augment.place(random, augment.SLIGHT)), random)
    placed = augment.place(random, augment.SLIGHT)
    faces, target = [], []
    for n in frames:
        true = look(augment.face(clip.frames[n], placed), random)
        face = np.concatenate([true, near], 2)
        face[_HALF:, :, :3] = 0
        faces.append(face)
        target.append(true[_HALF:])
    return np.stack(faces), np.stack(target)


def _stacked(lower: Tensor) -> Tensor:
    """Lay the pictures of each window behind each other: ``[5 W, 3, 48, 96]`` to ``[W, 15, 48, 96]``."""
    return lower.unflatten(0, (-1, WINDOW)).flatten(1, 2)


def _edges(x: Tensor) -> Tensor:
    """Return differences to the right and below, ``[N, 6, H - 1, W - 1]``."""
    return torch.cat([x[..., 1:, 1:] - x[..., 1:, :-1], x[..., 1:, 1:] - x[..., :-1, 1:]], 1)


def _weights(lips: float) -> Tensor:
    weights = torch.ones(1, 1, _HALF, augment.FACE_PX)
    weights[..., _LIPS[0], _LIPS[1]] = lips
    return functional.avg_pool2d(weights, 9, 1, 4, count_include_pad=False)
