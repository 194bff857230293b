"""Draws what a generator learns from: targets, references far in lips, sounds, and silence with shut lips.

Learns nothing; what is drawn how often is told by the recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from training.experts.expert import around
from training.experts.openings import Openings
from training.generators.recipe import Recipe
from training.packs.data import WINDOW, Clip, Sampler, begins
from training.run.machine import Machine
from training.speech.hearing import Thoughts
from training.variety import augment, disguise, recordings, tempo
from w2l_studio.nets.opening import Opening
from w2l_studio.sound.windows import COLUMNS, cut
from w2l_studio.terms import Bools, Doubles, Floats, Ints
from w2l_studio.terms.sound import SILENCE

#: Share of a clip's pictures, those with the least opening, that count as shut lips.
_SHUT_SHARE = 0.2
#: Sounds in a step that teaches the audio encoder alone.
_SOUNDS = 128
#: Share of the sounds beside faces that are a clean stem's, as the engine hears.
_CLEAN = 0.5

#: Makes the face of a picture's number at a place.
Shown: TypeAlias = Callable[[int, Doubles], Floats]


class Sounds(NamedTuple):
    """What a step of the ears learns from.

    Args:
        heard: ``float32[N, 1, 80, C]``, as the generator hears, with the recipe's lead and columns.
        sound: ``float32[N, 1, 80, 16]``, as the expert hears.
        opening: ``float32[N]``, how far lips are open.
    """

    heard: Tensor
    sound: Tensor
    opening: Tensor


class Batch(NamedTuple):
    """What a step learns from; N = 5 * windows + singles, the windows' pictures first.

    Args:
        faces: ``float32[N, 6, P, P]``, masked target and reference as `mouths.wav2lip.assemble` does.
        target: ``float32[N, 3, P/2, P]``, true lower halves.
        heard: ``float32[N, 1, 80, C]``, of thoughts ``[N, 1, 112, C]``, with the recipe's lead and columns.
        sound: ``float32[windows, 1, 80, 16]``, as the expert hears a window.
    """

    faces: Tensor
    target: Tensor
    heard: Tensor
    sound: Tensor


class LipSource:
    """Fulfils `feed.Source`; knows how far lips are open in every picture that it drew from.

    Args:
        opening: measures lips whose opening nobody knows.
        machine: whose part of a batch is drawn.
        thoughts: what a generator that listens hears of clips; None = mel columns.
    """

    def __init__(
        self,
        sampler: Sampler,
        opening: Opening,
        recipe: Recipe,
        machine: Machine,
        thoughts: Thoughts | None = None,
    ) -> None:
        self._sampler, self._recipe, self._machine, self._thoughts = sampler, recipe, machine, thoughts
        self._openings = Openings(opening)

    def draw(self, number: int, steps: int, random: np.random.Generator) -> Sounds | Batch:
        """Draw this process's part of a step's batch: sounds alone first, then faces."""
        return self.sounds(random) if number < self._recipe.early(steps) else self.batch(random)

    def sounds(self, random: np.random.Generator) -> Sounds:
        """Draw sounds as the generator hears them, as the expert does, and how far lips are open."""
        heard, sound, opening = [], [], []
        for chance in self._machine.part(random, _SOUNDS):
            clip = self._sampler.draw(chance)
            frame = int(chance.integers(clip.windows))
            at, pace = np.array([frame]), tempo.draw(chance)
            reach = around(at, clip, self._recipe.columns)
            spectrum = recordings.recording(chance, clip.mel[:, reach], 0.0)
            heard.append(self._hear(spectrum, at, pace, reach.start))
            sound.append(tempo.hear(spectrum, at, 1, pace, since=reach.start))
            opening.append(self._openings.of(clip)[frame])
        openings = torch.tensor(np.array(opening, np.float32))
        return Sounds(torch.from_numpy(np.stack(heard)), torch.from_numpy(np.stack(sound)), openings)

    def _hear(self, spectrum: Floats, frames: Ints, pace: float, since: int) -> Floats:
        """Return what is heard at each picture: one has no tempo, but what is heard about its middle has."""
        recipe = self._recipe
        return tempo.hear(spectrum, frames, 1, pace, recipe.lead_ms, recipe.columns, since)

    def batch(self, random: np.random.Generator) -> Batch:
        """Draw faces and their sounds."""
        recipe = self._recipe
        lengths = {WINDOW: recipe.windows, 1: recipe.singles}
        rows = [
            self._row(length, chance)
            for length, count in lengths.items()
            for chance in self._machine.part(random, count)
        ]
        faces, target, heard, sound = zip(*rows, strict=True)
        return Batch(
            torch.from_numpy(np.concatenate(faces)).permute(0, 3, 1, 2),
            torch.from_numpy(np.concatenate(target)).permute(0, 3, 1, 2),
            torch.from_numpy(np.concatenate(heard))[:, None],
            torch.from_numpy(np.stack([one for one in sound if one is not None]))[:, None],
        )

    def _row(self, length: int, random: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats | None]:
        """Draw consecutive pictures of a clip, what is heard in each, and what the expert hears in all."""
        recipe = self._recipe
        clip = self._sampler.draw(random)
        opening = self._openings.of(clip)
        at = choose_moment(opening[: clip.windows], random, recipe.open)
        frames = np.arange(at, at + length)
        reach, pace = around(frames, clip, recipe.columns), tempo.draw(random)
        recorded = recordings.recording(random, clip.mel[:, reach], _CLEAN)
        listened = self._thoughts.of(clip, random)[:, reach] if self._thoughts else recorded
        shut = shut_lips(opening)
        if random.random() < recipe.silent:
            frames = np.full(length, random.choice(np.flatnonzero(shut)))
            recorded, listened = (np.full((len(x), 1), SILENCE, np.float32) for x in (recorded, listened))
        reference = choose_reference(shut, frames, random, recipe)
        heard = self._hear(listened, frames, pace, reach.start)
        # The expert is shown all five pictures as they were, and so it hears them.
        sound = cut(recorded, begins(frames[:1]) - reach.start, COLUMNS)[0] if length == WINDOW else None
        return (*_pictures(clip, opening, frames, reference, random, recipe), heard, sound)


def choose_moment(opening: Floats, random: np.random.Generator, share: float) -> int:
    """Choose a picture, in ``share`` of the cases of the more open half: lips are shut most of the time."""
    numbers = np.arange(len(opening))
    if random.random() < share:
        numbers = numbers[opening >= np.median(opening)]
    return int(random.choice(numbers))


def shut_lips(opening: Floats) -> Bools:
    """Tell which pictures count as shut lips: the least open fifth of a clip."""
    return opening <= np.quantile(opening, _SHUT_SHARE)


def choose_reference(shut: Bools, frames: Ints, random: np.random.Generator, recipe: Recipe) -> int:
    """Choose a picture away from the targets (peers: a near one leaks), mostly one with shut lips."""
    numbers = np.arange(len(shut))
    away = (numbers < frames.min() - recipe.gap) | (numbers > frames.max() + recipe.gap)
    wanted = away & shut if random.random() < recipe.shut and (away & shut).any() else away
    return int(random.choice(numbers[wanted]))


def shown(clip: Clip, opening: Floats, face_px: int, random: np.random.Generator, recipe: Recipe) -> Shown:
    """Draw how a clip's pictures are shown in one sample: in which light, how soft, as whom.

    Args:
        opening: ``float32[T]``, how far lips are open.
        face_px: side of the faces.

    Returns:
        What makes a face ``float32[P, P, 3]`` BGR 0..1 of a picture's number and a place (`augment.place`).
    """
    look = augment.look(random, faults=False)
    # Plates are often softer than the network's faces: what it draws has to be as soft as they are.
    factor = random.uniform(1, 3) if random.random() < recipe.soft else 1.0
    worn = disguise.wear(random, clip, recipe.features, recipe.whiskers)

    def face(frame: int, placed: Doubles) -> Floats:
        picture = clip.frames[frame]
        if worn:
            picture = worn(picture, opening[frame])
        if factor != 1:
            picture = augment.soften(picture, factor)
        return look(augment.face(picture, placed, face_px), random)

    return face


def _pictures(
    clip: Clip, opening: Floats, frames: Ints, reference: int, random: np.random.Generator, recipe: Recipe
) -> tuple[Floats, Floats]:
    """Return faces ``float32[K, P, P, 6]`` and true lower halves ``float32[K, P/2, P, 3]``."""
    pictured = shown(clip, opening, recipe.face_px, random, recipe)
    side, half = clip.frames.shape[1], recipe.face_px // 2
    near = pictured(reference, augment.place(random, side, augment.SLIGHT, recipe.face_px))
    placed = augment.place(random, side, augment.SLIGHT, recipe.face_px)
    faces = np.empty((len(frames), recipe.face_px, recipe.face_px, 6), np.float32)
    faces[..., 3:] = near
    faces[:, half:, :, :3] = 0
    target = np.empty((len(frames), half, recipe.face_px, 3), np.float32)
    for i, frame in enumerate(frames):
        true = pictured(int(frame), placed)
        faces[i, :half, :, :3], target[i] = true[:half], true[half:]
    return faces, target
