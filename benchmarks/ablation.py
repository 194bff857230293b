"""What performers are worth: networks taught by real clips, by performers, by both; on people unseen.

Trains `training expert` once per arm and seed, all with the same number of steps, and scores each run as
`training evaluate` does. With `--ears RUN` it trains `training generator` instead, without an expert; all
arms hear by the same ears, so they differ in pictures alone. Each clip is dubbed with its own sound: does the
lips' opening follow the true one (correlation, lag), and how far are they from the sound by `w2l-judge`,
which never taught? True lips and shut lips stand beside. The last step's weights are measured: of runs this
short their moving average is mostly the beginning.

A run that is there already is not trained again. Prints markdown: mean of the seeds ± their deviation, in
brackets 95 % of resamplings of people and their clips (scores averaged over seeds).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import lag, mouths
from training import evaluate, export, tables
from training.data import Clip, read_pack
from training.evaluate import Score
from training.recipe import Recipe
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta
from w2l_studio.terms import Crops, FramesBGR

EXPERT = {"window": "per window", "corrected": "own offset taken out", "second": "over 25 pictures"}
GENERATOR = {"correlation": "opening: correlation", "in_time": "lag within 1", "distance": "w2l-judge"}


@dataclass(frozen=True)
class Arm:
    """What one network is taught by.

    Args:
        real, made: how often clips of either kind are drawn, in parts.
    """

    name: str
    real: float
    made: float


ARMS = (Arm("real", 1, 0), Arm("performers", 0, 1), Arm("1:1", 1, 1), Arm("1:3", 1, 3))


@dataclass(frozen=True)
class Lips:
    """What lips did in one clip.

    Args:
        correlation: of their opening with the true lips'; 0 where they never move.
        lag: by how many pictures they are late, where that is largest.
        distance: 1 - cosine to the sound at the best offset, by the judge.
    """

    speaker: str
    split: str
    correlation: float
    lag: int
    distance: float

    @property
    def in_time(self) -> float:
        """1 where the lag is 0 to within a picture."""
        return float(abs(self.lag) <= 1)


Scores = Sequence[Score] | Sequence[Lips]
#: Draws mouths from a clip's crops and the references chosen for them.
Draw = Callable[[Clip, FramesBGR, FramesBGR], FramesBGR]


def main() -> None:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the runs")
    parser.add_argument("--real", type=Path, required=True, help="pack of real clips, some of them kept out")
    parser.add_argument("--made", type=Path, nargs="+", required=True, help="packs of performers")
    parser.add_argument("--unseen", type=Path, nargs="*", default=[], help="more packs to measure on")
    parser.add_argument("--ears", type=Path, help="a run of `ears`: train generators with them, not experts")
    parser.add_argument("--arms", nargs="+", default=[arm.name for arm in ARMS], help="of the table")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = [clip for clip in read_pack([options.real, *options.unseen]) if clip.split != "train"]
    command, measures = ["expert"], EXPERT
    score: Callable[[Any, Meta, Sequence[Clip]], Scores] = scored
    if options.ears:
        command = ["generator", "--opening", "w2l-opening", "--ears", str(options.ears)]
        score, measures = dubbed, GENERATOR
    scores: dict[str, list[Scores]] = {}
    for arm in (arm for arm in ARMS if arm.name in options.arms):
        for seed in range(options.seeds):
            run = options.out / f"{arm.name.replace(':', 'to')}-{seed}"
            train(command, run, arm, options.real, options.made, seed, options.steps)
            scores.setdefault(arm.name, []).append(score(*export.from_run(run, mean=False), clips))
    if options.ears:
        scores["true lips"] = [lips(clips, lambda _clip, true, _references: true)]
        scores["shut lips"] = [lips(clips, lambda _clip, _true, references: references)]
    print(f"{options.steps} steps, {options.seeds} seeds\n")
    print("\n".join(table(scores, measures)))


def train(
    command: Sequence[str], run: Path, arm: Arm, real: Path, made: Sequence[Path], seed: int, steps: int
) -> None:
    """Train by a command of `training`, or go on with a run that was stopped."""
    packs = {real: arm.real} | {pack: arm.made / len(made) for pack in made}
    line = [sys.executable, "-m", "training", *command, "--out", str(run)]
    for pack, share in packs.items():
        if share:
            line += ["--pack", str(pack), "--share", f"{pack.name}={share}"]
    line += ["--steps", str(steps), "--seed", str(seed), "--threads", "1"]
    subprocess.run(line, check=True, stdout=sys.stderr)


def scored(net: torch.nn.Module, _: Meta, clips: Sequence[Clip]) -> list[Score]:
    """Score the clips that are long enough."""
    return evaluate.evaluate(net, clips)[1]


def dubbed(net: Generator, meta: Meta, clips: Sequence[Clip]) -> list[Lips]:
    """Dub every clip with its own sound and measure the lips."""
    generator = Wav2Lip(net, name=meta.recipe, lead_ms=meta.lead_ms)

    def draw(clip: Clip, true: FramesBGR, references: FramesBGR) -> FramesBGR:
        crops = Crops(true, np.zeros((len(true), 2, 3)))
        return generator.speak(crops, references, mouths.voice(clip, len(true), int(meta.lead_ms)))

    return lips(clips, draw)


def lips(clips: Sequence[Clip], draw: Draw) -> list[Lips]:
    """Draw every clip's mouths and measure them."""
    judge = SlimJudge(weights.load_judge(weights.find("w2l-judge", "judge").path), name="w2l-judge")
    opening = Openness(weights.load_opening(weights.find("w2l-opening", "opening").path))
    found = []
    for clip in clips:
        true = mouths.crops(clip, Recipe().face_px)
        drawn = draw(clip, true, true[mouths.shut(true, opening)])
        at = lag.correlations(opening(drawn), opening(true))
        distance = judge.score(tables.small(drawn), tables.pcm(clip)).distance
        late = max(at, key=lambda n: at[n])
        found.append(Lips(clip.speaker, clip.split, float(np.nan_to_num(at[0])), late, distance))
    return found


def table(scores: Mapping[str, Sequence[Scores]], measures: Mapping[str, str]) -> list[str]:
    """Lay the figures out by split, a row for each arm.

    Args:
        scores: of every clip, by arm and seed.
        measures: names of what is shown, and the heads of their columns.
    """
    first = next(iter(scores.values()))[0]
    lines: list[str] = []
    for split in dict.fromkeys(score.split for score in first):
        people = {score.speaker for score in first if score.split == split}
        clips = sum(score.split == split for score in first)
        lines += [f"| {split} ({len(people)} people, {clips} clips) | {' | '.join(measures.values())} |"]
        lines += ["|---" * (1 + len(measures)) + "|"]
        for arm, seeds in scores.items():
            cells = [cell(seeds, split, name) for name in measures]
            lines.append(f"| {arm} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def cell(seeds: Sequence[Scores], split: str, measure: str) -> str:
    """Return mean ± deviation between seeds [bounds over people]."""
    mine = [[score for score in scores if score.split == split] for scores in seeds]
    figures = np.array([[getattr(score, measure) for score in scores] for scores in mine])
    each = figures.mean(1)
    low, high = evaluate.bounds(figures.mean(0), [score.speaker for score in mine[0]])
    return f"{np.mean(each):.3f} ± {np.std(each, ddof=1) if len(each) > 1 else 0:.3f} [{low:.3f}-{high:.3f}]"


if __name__ == "__main__":
    main()
