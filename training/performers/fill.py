"""Fills a pack with performers, in parallel and resumable: a clip that has its meta.json is not made again.

Makes no clip itself (`make`); chooses no source (`sources`).
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from training.performers.act import Source
from training.performers.make import PICTURE_PX, make
from training.performers.render import Renderer
from w2l_studio.terms.sound import FPS

_TELL_EVERY = 50


@dataclass(frozen=True, slots=True)
class Filled:
    """What a pack holds of what was asked for."""

    clips: int
    frames: int

    @property
    def minutes(self) -> float:
        """Its length."""
        return self.frames / FPS / 60


def fill(
    wanted: Iterable[tuple[int, Source]],
    out: Path,
    *,
    clips: int | None = None,
    minutes: float | None = None,
    jobs: int,
    report: Callable[[str], None] = print,
) -> Filled:
    """Make a clip of every source by its seed, until there are enough of them.

    Args:
        wanted: seeds and sources, read as they are needed.
        out: the pack's folder.
        clips: at most so many.
        minutes: no further clip is begun when those before it last so long; at most ``jobs`` are under way.
        jobs: processes; each has a renderer of its own.
    """
    out.mkdir(parents=True, exist_ok=True)
    least = float("inf") if minutes is None else minutes * 60 * FPS
    made = frames = 0
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        under_way: deque[Future[int]] = deque()
        for seed, source in islice(wanted, clips):
            while len(under_way) >= jobs:
                made, frames = made + 1, frames + under_way.popleft().result()
                if made % _TELL_EVERY == 0:
                    report(f"{made} clips, {frames / FPS / 60:.1f} min")
            if frames >= least:
                break
            under_way.append(pool.submit(_made, source, seed, out / f"{source.name}__{seed}"))
        lengths = [one.result() for one in under_way]
    return Filled(made + len(lengths), frames + sum(lengths))


@cache
def _renderer() -> Renderer:
    """Return the one of this process, which lasts as long as it."""
    # Processes draw side by side: threads of OpenCV in each of 16 would wait for one another.
    cv2.setNumThreads(1)
    return Renderer(PICTURE_PX, PICTURE_PX, samples=0)


def _made(source: Source, seed: int, folder: Path) -> int:
    """Make a clip, unless it is there; return its pictures."""
    if not (folder / "meta.json").exists():
        make(source, seed, folder, _renderer())
    return len(np.load(folder / "frames.npy", mmap_mode="r"))
