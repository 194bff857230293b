"""What performers are worth: the sync expert taught by real clips, by performers, by both; on people unseen.

Trains `training expert` once per arm and seed, all with the same number of steps, and scores each run as
`training evaluate` does. A run that is there already is not trained again. Prints markdown: mean of the seeds
± their deviation, in brackets 95 % of resamplings of people and their clips (scores averaged over seeds).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from training import evaluate, export
from training.data import Clip, read_pack
from training.evaluate import Score

MEASURES = {"window": "per window", "corrected": "own offset taken out", "second": "over 25 pictures"}


@dataclass(frozen=True)
class Arm:
    """What one expert is taught by.

    Args:
        real, made: how often clips of either kind are drawn, in parts.
    """

    name: str
    real: float
    made: float


ARMS = (Arm("real", 1, 0), Arm("performers", 0, 1), Arm("1:1", 1, 1), Arm("1:3", 1, 3))


def main() -> None:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the runs")
    parser.add_argument("--real", type=Path, required=True, help="pack of real clips, some of them kept out")
    parser.add_argument("--made", type=Path, nargs="+", required=True, help="packs of performers")
    parser.add_argument("--unseen", type=Path, nargs="*", default=[], help="more packs to measure on")
    parser.add_argument("--arms", nargs="+", default=[arm.name for arm in ARMS], help="of the table")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = [clip for clip in read_pack([options.real, *options.unseen]) if clip.split != "train"]
    scores: dict[str, list[list[Score]]] = {}
    for arm in (arm for arm in ARMS if arm.name in options.arms):
        for seed in range(options.seeds):
            run = options.out / f"{arm.name.replace(':', 'to')}-{seed}"
            train(run, arm, options.real, options.made, seed, options.steps)
            net, _ = export.from_run(run)
            scores.setdefault(arm.name, []).append(scored(net, clips))
    print(f"{options.steps} steps, {options.seeds} seeds\n")
    print("\n".join(table(scores)))


def train(run: Path, arm: Arm, real: Path, made: Sequence[Path], seed: int, steps: int) -> None:
    """Train an expert, or go on with one that was stopped."""
    packs = {real: arm.real} | {pack: arm.made / len(made) for pack in made}
    command = [sys.executable, "-m", "training", "expert", "--out", str(run)]
    for pack, share in packs.items():
        if share:
            command += ["--pack", str(pack), "--share", f"{pack.name}={share}"]
    command += ["--steps", str(steps), "--seed", str(seed), "--threads", "1"]
    subprocess.run(command, check=True, stdout=sys.stderr)


def scored(net: torch.nn.Module, clips: Sequence[Clip]) -> list[Score]:
    """Score the clips that are long enough."""
    return evaluate.evaluate(net, clips)[1]


def table(scores: dict[str, list[list[Score]]]) -> list[str]:
    """Lay the figures out by split, a row for each arm."""
    first = next(iter(scores.values()))[0]
    lines: list[str] = []
    for split in dict.fromkeys(score.split for score in first):
        people = {score.speaker for score in first if score.split == split}
        clips = sum(score.split == split for score in first)
        lines += [f"| {split} ({len(people)} people, {clips} clips) | {' | '.join(MEASURES.values())} |"]
        lines += ["|---" * (1 + len(MEASURES)) + "|"]
        for arm, seeds in scores.items():
            cells = [cell(seeds, split, name) for name in MEASURES]
            lines.append(f"| {arm} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def cell(seeds: Sequence[Sequence[Score]], split: str, measure: str) -> str:
    """Return mean ± deviation between seeds [bounds over people]."""
    mine = [[score for score in scores if score.split == split] for scores in seeds]
    each = [float(np.mean([getattr(score, measure) for score in scores])) for scores in mine]
    averaged = [
        replace(of_clip[0], **{measure: float(np.mean([getattr(score, measure) for score in of_clip]))})
        for of_clip in zip(*mine, strict=True)
    ]
    _, low, high = evaluate.summary(averaged)[measure]
    return f"{np.mean(each):.3f} ± {np.std(each, ddof=1) if len(each) > 1 else 0:.3f} [{low:.3f}-{high:.3f}]"


if __name__ == "__main__":
    main()
