"""How well a sync expert, or our judge, tells lips from sound on people that it has never seen.

Every figure compares a clip's windows with sounds of the same clip, so that neither face nor voice can help;
windows are cut by the detector's boxes as they are, without any of training's changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from training.measure.resampling import bounds, people_and_clips
from training.packs.data import WINDOW, Clip, hear, read_audio
from training.variety import augment
from w2l_studio.judge import sync
from w2l_studio.judge.lse import SHIFT
from w2l_studio.judge.mfcc import pcm
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.nets.syncnet import SyncNet
from w2l_studio.terms import Doubles, Floats, Ints

#: Pictures over which scores are averaged (a second), and how far apart these seconds begin.
_AVERAGED, _STRIDE = 25, 8
#: Clips with fewer windows cannot be moved by 15 pictures to both sides.
_LEAST_WINDOWS = 2 * SHIFT + 1
#: Windows that an expert embeds at once.
BATCH = 48
_MEASURES = ("window", "corrected", "second", "found")


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What an expert made of one clip.

    Args:
        window: share of (right sound, sound >= 5 pictures away) pairs in which the right one is nearer.
        corrected: the same after moving each half of the clip by the offset that the other half shows, as
            sync-corrected corpora are; a clip that is itself out of sync spoils `window`, not this.
        second: `window` with scores averaged over 25 pictures, against a sound moved by 5..15.
        offset: by how many pictures the sound leads the lips, -15..15.
        sweep: ``float64[31]``, mean distance (1 - cosine) with the sound moved by -15..15 pictures.
    """

    name: str
    speaker: str
    split: str
    window: float
    corrected: float
    second: float
    offset: int
    sweep: Doubles

    @property
    def found(self) -> float:
        """1 where the offset is 0 to within a picture."""
        return float(abs(self.offset) <= 1)


def embed(net: nn.Module, clip: Clip) -> tuple[Floats, Floats]:
    """Embed all windows of a clip by an expert or our judge: lips and sounds, each ``float32[T, E]``."""
    if isinstance(net, SyncNet):
        return SlimJudge(net, name="").embed(augment.faces(clip.frames), pcm(read_audio(clip.folder)))
    placed = augment.place(np.random.default_rng(0), clip.frames.shape[1])
    lower = np.stack([augment.lower(frame, placed) for frame in clip.frames]).transpose(0, 3, 1, 2)
    heard = hear(clip.mel, np.arange(clip.windows))
    seen = (torch.from_numpy(lower).float() / 255).to(next(net.parameters()).device)
    return sync.embed(net.eval(), seen, heard, WINDOW, BATCH)


def score(net: nn.Module, clip: Clip) -> Score:
    """Score one clip of at least 31 windows."""
    lips, sounds = embed(net, clip)
    cosines = (lips @ sounds.T).astype(np.float64)
    count = len(cosines)
    rows = np.arange(count)
    first, last = rows[: count // 2], rows[count // 2 :]
    halves = [(first, _sweep(cosines, last)), (last, _sweep(cosines, first))]
    sweep = _sweep(cosines, rows)
    return Score(
        clip.name,
        clip.speaker,
        clip.split,
        _nearer(cosines, rows, 0),
        float(np.mean([_nearer(cosines, half, int(other.argmin()) - SHIFT) for half, other in halves])),
        _seconds(cosines),
        SHIFT - int(sweep.argmin()),
        sweep,
    )


def _sweep(cosines: Doubles, rows: Ints) -> Doubles:
    """Return the mean distance of some lip windows to the sounds -15..15 pictures later."""
    means = []
    for moved in range(-SHIFT, SHIFT + 1):
        there = rows[(rows + moved >= 0) & (rows + moved < len(cosines))]
        means.append(1 - cosines[there, there + moved].mean() if len(there) else np.inf)
    return np.array(means)


def _nearer(cosines: Doubles, rows: Ints, moved: int) -> float:
    """Return how often the sound ``moved`` pictures later is nearer than those far from it."""
    rows = rows[(rows + moved >= 0) & (rows + moved < len(cosines))]
    far = np.abs(np.arange(len(cosines))[None, :] - (rows + moved)[:, None]) >= sync.FAR
    nearer = np.sign(cosines[rows, rows + moved][:, None] - cosines[rows]) / 2 + 0.5
    return float(nearer[far].mean())


def _seconds(cosines: Doubles) -> float:
    hits: list[float] = []
    for moved in [k for k in range(-SHIFT, SHIFT + 1) if abs(k) >= sync.FAR]:
        wrong = np.diagonal(cosines, moved)
        right = np.diag(cosines)[max(0, -moved) : len(cosines) - max(0, moved)]
        sums = np.concatenate([[0.0], np.cumsum(right - wrong)])
        lead = sums[_AVERAGED:] - sums[:-_AVERAGED]
        hits += (np.sign(lead[::_STRIDE]) / 2 + 0.5).tolist()
    return float(np.mean(hits)) if hits else float("nan")


def evaluate(net: nn.Module, clips: Sequence[Clip]) -> tuple[dict[str, Any], list[Score]]:
    """Score clips and sum up by split.

    Returns:
        By split: ``people``, ``clips``, ``skipped`` (too short), for each of ``window``, ``corrected``,
        ``second`` and ``found`` ``[mean, low, high]`` with the bounds of 95 in 100 resamplings, and
        ``sweep`` with ``minimum_at``. The scores of single clips beside it.
    """
    long = [clip for clip in clips if clip.windows >= _LEAST_WINDOWS]
    scores = [score(net, clip) for clip in long]
    told: dict[str, Any] = {}
    for split in dict.fromkeys(clip.split for clip in clips):
        mine = [s for s in scores if s.split == split]
        skipped = sum(clip.split == split for clip in clips) - len(mine)
        if mine:
            told[split] = {**summary(mine), "skipped": skipped}
    return told, scores


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """Sum up the scores of one split, as `evaluate` tells."""
    people = [s.speaker for s in scores]
    again = people_and_clips(people)
    sweep = np.mean([s.sweep for s in scores], 0)
    told: dict[str, Any] = {"people": len(set(people)), "clips": len(scores)}
    for name in _MEASURES:
        values = np.array([getattr(s, name) for s in scores])
        told[name] = [round(v, 4) for v in (float(values.mean()), *bounds(values, again).tolist())]
    told["minimum_at"] = SHIFT - int(sweep.argmin())
    told["sweep"] = [round(float(v), 4) for v in sweep]
    return told


def table(told: dict[str, Any]) -> str:
    """Return the figures as text."""
    rows = [
        f"{'split':<8} people clips  window (chance .500)  offset corrected     over 25 pictures     "
        "offset +-1           sweep at"
    ]
    for split, of_split in told.items():
        figures = "  ".join("{:.3f} [{:.3f}-{:.3f}]".format(*of_split[name]) for name in _MEASURES)
        counts = f"{split:<8} {of_split['people']:>6} {of_split['clips']:>5}"
        rows.append(f"{counts}  {figures}  {of_split['minimum_at']:+d}")
    return "\n".join(rows)
