"""Arms of an ablation: trained side by side, each in a process of its own, and laid out in tables.

Processes are forked: packs are read once and shared. Whoever calls this must not have touched CUDA before.
What was measured is written beside each run and read again, so a run that is there already costs nothing, and
one that was stopped half-way leaves what it has.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import connection
from multiprocessing.context import ForkProcess
from pathlib import Path

import numpy as np
import torch

from training.generators.recipe import Recipe
from training.measure.resampling import bounds, people_and_clips
from training.packs.data import Clip
from training.run import loop, machine
from training.run.machine import Machine

FIGURES = "figures.json"


@dataclass(frozen=True)
class Row:
    """What was measured of one clip.

    Args:
        figures: by name of the measure.
    """

    speaker: str
    split: str
    figures: Mapping[str, float]


#: Figures by arm, then by seed.
Found = Mapping[str, Mapping[int, Sequence[Row]]]
Run = Callable[[], None]


@dataclass(frozen=True)
class Pace:
    """How runs are trained.

    Args:
        workers: processes that draw ahead for each run.
    """

    steps: int
    seeds: int
    jobs: int
    workers: int


def options(about: str, steps: int, seeds: int) -> argparse.ArgumentParser:
    """Return the options that all ablations have."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("out", type=Path, help="folder of the runs")
    parser.add_argument("--real", type=Path, required=True, help="pack of real clips, some of them kept out")
    parser.add_argument("--made", type=Path, nargs="+", required=True, help="packs of performers")
    parser.add_argument("--unseen", type=Path, nargs="*", default=[], help="more packs to measure on")
    parser.add_argument("--arms", nargs="+", help="of the table; default: all")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--clips", type=int, default=40, help="clips of a split that are measured at most")
    parser.add_argument("--windows", type=int, default=Recipe().windows, help="of a generator's `Recipe`")
    parser.add_argument("--singles", type=int, default=Recipe().singles, help="of a generator's `Recipe`")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw ahead for each run")
    return parser


def pace(asked: argparse.Namespace) -> Pace:
    return Pace(asked.steps, asked.seeds, asked.jobs, asked.workers)


def spread(clips: Sequence[Clip], most: int) -> list[Clip]:
    """Choose some clips of each split, as many of each person as can be."""
    chosen: list[Clip] = []
    for split in dict.fromkeys(clip.split for clip in clips):
        mine = [clip for clip in clips if clip.split == split]
        turns = {clip: sum(c.speaker == clip.speaker for c in mine[:n]) for n, clip in enumerate(mine)}
        chosen += sorted(mine, key=lambda clip: turns[clip])[:most]
    return chosen


def train(make: Callable[[Machine], loop.Trainee], folder: Path, seed: int, paced: Pace) -> loop.Trainee:
    """Train a run to its end, or take it up where it stopped."""
    with machine.started() as here:
        torch.manual_seed(seed)
        trainee = make(here)
        loop.run(
            trainee,
            folder,
            machine=here,
            steps=paced.steps,
            seed=seed,
            workers=paced.workers,
            save_every=-(-paced.steps // 4),
            report=lambda line: print(f"{folder.name}: {line}", file=sys.stderr, flush=True),
        )
    # What is measured comes in all lengths: to try kernels for each would take longer than to draw it.
    torch.backends.cudnn.benchmark = False
    return trainee


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write what was measured of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FIGURES).write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")


def read(folder: Path) -> list[Row] | None:
    """Read it again; None where nothing was measured yet."""
    path = folder / FIGURES
    return [Row(**row) for row in json.loads(path.read_text("utf-8"))] if path.exists() else None


def side_by_side(runs: Sequence[Run], jobs: int) -> int:
    """Do runs in processes of their own, some at a time; one that fails leaves the others alone.

    Returns:
        How many failed.
    """
    fork = multiprocessing.get_context("fork")
    waiting, running, failed = list(runs), list[ForkProcess](), 0
    while waiting or running:
        while waiting and len(running) < jobs:
            process = fork.Process(target=waiting.pop(0))
            process.start()
            running.append(process)
        connection.wait([process.sentinel for process in running])
        ended = [process for process in running if not process.is_alive()]
        failed += sum(process.exitcode != 0 for process in ended)
        running = [process for process in running if process not in ended]
    return failed


def found(out: Path, names: Sequence[str], seeds: int) -> dict[str, dict[int, list[Row]]]:
    """Read what was measured of every run that came to its end."""
    told: dict[str, dict[int, list[Row]]] = {}
    for name in names:
        for seed in range(seeds):
            rows = read(folder(out, name, seed))
            if rows is not None:
                told.setdefault(name, {})[seed] = rows
    return told


def folder(out: Path, name: str, seed: int) -> Path:
    return out / f"{name.replace(':', 'to').replace(' ', '_')}-{seed}"


def differences(told: Found, base: str) -> dict[str, dict[int, list[Row]]]:
    """Subtract, clip by clip and seed by seed, what one arm has from what the others have."""
    return {
        name: {
            seed: [_less(row, other) for row, other in zip(rows, told[base][seed], strict=True)]
            for seed, rows in seeds.items()
            if seed in told[base]
        }
        for name, seeds in told.items()
        if base in told and name != base
    }


def _less(row: Row, other: Row) -> Row:
    return Row(row.speaker, row.split, {key: row.figures[key] - other.figures[key] for key in row.figures})


def table(told: Found, measures: Mapping[str, str]) -> list[str]:
    """Lay the figures out by split, a row for each arm.

    Args:
        told: of every clip, by arm and seed.
        measures: names of what is shown, and the heads of their columns.
    """
    shown = {name: list(seeds.values()) for name, seeds in told.items() if seeds}
    if not shown:
        return []
    first = next(iter(shown.values()))[0]
    lines: list[str] = []
    for split in dict.fromkeys(row.split for row in first):
        people = {row.speaker for row in first if row.split == split}
        clips = sum(row.split == split for row in first)
        lines += [f"| {split} ({len(people)} people, {clips} clips) | {' | '.join(measures.values())} |"]
        lines += ["|---" * (1 + len(measures)) + "|"]
        for name, seeds in shown.items():
            cells = [cell(seeds, split, measure) for measure in measures]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def cell(seeds: Sequence[Sequence[Row]], split: str, measure: str) -> str:
    """Return mean ± deviation between seeds [bounds over people]."""
    mine = [[row for row in rows if row.split == split] for rows in seeds]
    figures = np.array([[row.figures[measure] for row in rows] for rows in mine])
    each = figures.mean(1)
    low, high = bounds(figures.mean(0), people_and_clips([row.speaker for row in mine[0]]))
    deviation = f" ± {np.std(each, ddof=1):.3f}" if len(each) > 1 else ""
    return f"{np.mean(each):.3f}{deviation} [{low:.3f}, {high:.3f}]"


def report(out: Path, told: Found, base: str, measures: Mapping[str, str]) -> str:
    """Return both tables, of the figures and of what differs from one arm, and write them down."""
    lines = table(told, measures)
    apart = table(differences(told, base), measures)
    text = "\n".join([*lines, f"Less {base}, clip by clip:", "", *apart])
    (out / "tables.md").write_text(text, encoding="utf-8")
    return text
