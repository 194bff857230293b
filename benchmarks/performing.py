"""How fast performers are filmed, and what a picture costs outside the graphics driver.

    python benchmarks/performing.py [--speech DIR] [--clips 16] [--jobs 2]

One process alone tells CPU time, in all and without the driver's own calls: with a GPU the first is little
more than the second. Then processes side by side fill a pack, as `performers make` does. Without --speech
heads say the example's own lines.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks import stage
from training.performers import fill, make, sources
from training.performers.act import Source
from training.performers.render import Renderer

#: Pictures a second of two CPU cores, and of a GPU.
GOALS = 20, 1000
#: What the profiler calls functions of the graphics driver's binding.
_DRIVER = " of 'mgl."
#: The first clips of a process read meshes and targets: this share of a pack is not counted as its pace.
_STARTING = 0.25


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, help="utterances with phoneme times (speech.jsonl)")
    parser.add_argument("--clips", type=int, default=16, help="that are counted, alone and for each process")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    asked = parser.parse_args()
    if asked.clips < 2:
        parser.error("--clips: the first of a process is not counted, so give two or more")
    said = list(islice(sources.spoken(asked.speech, seed=1), asked.clips)) if asked.speech else example()
    total, outside = alone(wanted(said, asked.clips + 1))
    print(f"Goals: {GOALS[0]} pictures a second by two cores, {GOALS[1]} by a GPU.\n")
    print("| CPU a picture | outside the driver | processes | pictures a second | once all run |")
    print("|---|---|---|---|---|")
    whole, running = side_by_side(wanted(said, asked.clips * asked.jobs), asked.jobs)
    print(f"| {total:.1f} ms | {outside:.1f} ms | {asked.jobs} | {whole:.0f} | {running:.0f} |")


def example() -> list[Source]:
    """Return the example's lines as what performers are to say."""
    licence = "see examples/README.md"
    return [
        Source(line.name.replace(" ", "_"), line.name, "train", licence, line.audio, phones=line.phones)
        for line in stage.example_lines()
    ]


def wanted(said: Sequence[Source], clips: int) -> list[tuple[int, Source]]:
    """Return so many sources, each with the seed of another performer."""
    return list(zip(range(clips), cycle(said), strict=False))


def alone(clips: Sequence[tuple[int, Source]]) -> tuple[float, float]:
    """Make clips in this process, all but the first twice.

    Returns:
        CPU milliseconds a picture: in all, and outside the driver's calls, as a profiler counts them.
    """
    cv2.setNumThreads(1)
    # Of this thread alone: a software driver draws in others.
    counted = cProfile.Profile(time.thread_time)
    with (
        Renderer(make.PICTURE_PX, make.PICTURE_PX, samples=0) as renderer,
        tempfile.TemporaryDirectory() as folder,
    ):
        first, *rest = clips
        _make([first], Path(folder), renderer)
        begun = time.process_time()
        pictures = _make(rest, Path(folder), renderer)
        took = time.process_time() - begun
        with counted:
            _make(rest, Path(folder), renderer)
    told = pstats.Stats(counted).get_stats_profile()
    driver = sum(one.tottime for name, one in told.func_profiles.items() if _DRIVER in name)
    return 1000 * took / pictures, 1000 * (told.total_tt - driver) / pictures


def _make(clips: Sequence[tuple[int, Source]], folder: Path, renderer: Renderer) -> int:
    pictures = 0
    for seed, source in clips:
        make.make(source, seed, folder, renderer)
        pictures += len(np.load(folder / "opening.npy"))
    return pictures


def side_by_side(clips: Sequence[tuple[int, Source]], jobs: int) -> tuple[float, float]:
    """Fill a pack; return pictures a second in all, and once every process has begun."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.time()
        filled = fill.fill(clips, Path(folder), jobs=jobs, report=lambda _: None)
        whole = filled.frames / (time.time() - begun)
        ended = sorted(
            (path.stat().st_mtime, len(np.load(path.with_name("opening.npy"))))
            for path in Path(folder).glob("*/meta.json")
        )
    starting = max(jobs, round(len(ended) * _STARTING))
    since, until = ended[starting - 1][0], ended[-1][0]
    return whole, sum(pictures for _, pictures in ended[starting:]) / (until - since)


if __name__ == "__main__":
    main()
