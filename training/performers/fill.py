"""Fills a pack with performers, in parallel and resumable: a clip that has its meta.json is not made again.

Makes no clip itself (`make`); chooses no source (`sources`).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from training.performers.make import PICTURE_PX, Source, make
from training.performers.render import Renderer

_renderer: list[Renderer] = []


def fill(
    sources: Iterable[Source], out: Path, *, seeds: range, jobs: int, report: Callable[[str], None] = print
) -> int:
    """Make a clip of every source by every seed.

    Args:
        out: the pack's folder.
        seeds: one person each per source.
        jobs: processes; each has a renderer of its own.

    Returns:
        How many clips the pack now holds.
    """
    out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, _begin) as pool:
        for done, name in enumerate(pool.imap_unordered(_make, _missing(sources, out, seeds)), 1):
            if done % 50 == 0:
                report(f"{done} clips made, last {name}")
    return sum(1 for _ in out.glob("*/meta.json"))


def _missing(sources: Iterable[Source], out: Path, seeds: range) -> Iterator[tuple[Source, int, Path]]:
    for source in sources:
        for seed in seeds:
            folder = out / f"{source.name}__{seed}"
            if not (folder / "meta.json").exists():
                yield source, seed, folder


def _begin() -> None:
    _renderer.append(Renderer(PICTURE_PX, PICTURE_PX, samples=0))


def _make(task: tuple[Source, int, Path]) -> str:
    source, seed, folder = task
    make(source, seed, folder, _renderer[0])
    return folder.name
