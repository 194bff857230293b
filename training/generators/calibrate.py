"""Finds the lead at which a generator's lips fit the sound best, and writes it into its metadata.

The lead is where a picture's mel window begins (docs/glossary.md); a network that has learned with one is not
bound to be best with it. Trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from training.measure import redub
from training.packs.data import Clip
from training.run import checkpoint
from w2l_studio.errors import MediaError, UsageError
from w2l_studio.judge.lse import SHIFT
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import registry, weights
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.terms import Doubles

#: Leads that are tried: steps of two mel columns around the window that lies evenly around its picture.
LEADS_MS = tuple(range(-225, 126, 25))


#: Distances that differ by less over all leads are noise: the shipped generator's differ by 0.1 and more.
_TELLS = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What a sweep of the lead gave.

    Args:
        leads_ms: what was tried.
        distance: ``float64[L]``, mean distance of lips and sound at each lead, people weighted alike.
        best_ms: where it is least, between the steps by a parabola.
        offsets: per person, by how many pictures the sound leads the drawn lips at the nearest lead tried.
    """

    leads_ms: Sequence[int]
    distance: Doubles
    best_ms: int
    offsets: dict[str, float]

    @property
    def flat(self) -> bool:
        """Whether the sweep tells nothing: lips that do not follow the sound fit it as little at any lead."""
        return float(np.ptp(self.distance)) < _TELLS

    def table(self) -> str:
        """Return the curve as text."""
        least, most = self.distance.min(), self.distance.max()
        rows = [
            f"{lead:+5d} ms  {value:.4f}  {'#' * round(1 + 30 * (value - least) / max(most - least, 1e-9))}"
            for lead, value in zip(self.leads_ms, self.distance, strict=True)
        ]
        told = ", ".join(f"{who} {offset:+.1f}" for who, offset in sorted(self.offsets.items()))
        return "\n".join([*rows, f"best {self.best_ms:+d} ms; offsets there in pictures: {told}"])


def sweep(
    net: Generator,
    judge: nn.Module,
    opening: Openness,
    clips: Sequence[Clip],
    device: str = "cpu",
    ear: Lips | None = None,
) -> Curve:
    """Let a generator speak clips at every lead.

    Args:
        judge: a sync expert; another than the generator's teacher says more.
        opening: finds what each face is drawn from.
        clips: of people that the generator has not seen.
        ear: what it hears through, where it listens; None = its own ears.

    Raises:
        MediaError: no clip is long enough.
    """
    clips = [clip for clip in clips if clip.windows > 2 * SHIFT]
    if not clips:
        raise MediaError("no held-out clip to calibrate with", hint="give packs with clips longer than 1.5 s")
    hand = Wav2Lip(net, name="calibrate", lead_ms=0, precision="fp32", device=device, ear=ear)
    people = sorted({clip.speaker for clip in clips})
    sweeps = np.zeros((len(LEADS_MS), len(people), 2 * SHIFT + 1))
    for clip in clips:
        share = 1 / sum(other.speaker == clip.speaker for other in clips)
        for row, lead_ms in enumerate(LEADS_MS):
            _, made = redub.spoken(hand, clip, opening, lead_ms)
            sweeps[row, people.index(clip.speaker)] += share * redub.distances(judge, made, clip)
    distance = sweeps[:, :, SHIFT].mean(1)
    best = int(distance.argmin())
    offsets = {who: float(SHIFT - sweeps[best, i].argmin()) for i, who in enumerate(people)}
    return Curve(LEADS_MS, distance, _least(distance, best), offsets)


def _least(distance: Doubles, best: int) -> int:
    """Return the lowest point of the parabola through three leads."""
    if not 0 < best < len(distance) - 1:
        return LEADS_MS[best]
    before, middle, after = distance[best - 1 : best + 2]
    bend = before - 2 * middle + after
    shift = 0.0 if bend <= 0 else 0.5 * (before - after) / bend
    return round(LEADS_MS[best] + shift * (LEADS_MS[1] - LEADS_MS[0]))


def write(path: Path, lead_ms: int) -> None:
    """Write the lead into a run's checkpoint, or into the header of a weights file; tensors stay as they are.

    Raises:
        UsageError: the file is listed with its hash, which would no longer be true.
        WeightsError: the list beside it is damaged.
        OutputError: it cannot be written.
    """
    if path.is_dir():
        saved = checkpoint.load(path / "checkpoint.pt")
        saved["trainee"].setdefault("meta", {})["lead_ms"] = float(lead_ms)
        checkpoint.save(path / "checkpoint.pt", saved)
        return
    if path in (entry.path for entry in registry.listed(path.parent)):
        raise UsageError(
            "these weights are listed with their SHA-256, so they are not changed",
            hint="calibrate the run's folder and export it again",
            where=str(path),
        )
    _rewrite(path, {"lead_ms": str(float(lead_ms))})


def _rewrite(path: Path, changes: dict[str, Any]) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        header = dict(file.metadata() or {})
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    weights.write(tensors, path, {**header, **changes})
