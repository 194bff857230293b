"""``python -m training expert``, ``opening``, ``judge``: networks that judge lips and measure them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.run import Number, run_options, train
from w2l_studio.config import MouthConfig
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.cli.run import Given
    from training.run.loop import Trainee


@click.command()
@run_options
@click.option(
    "--recipe",
    type=click.Choice(["contrast", "paper", "published"]),
    default="contrast",
    help="Our network, the paper's off chance soon, or all as published.",
)
@click.option(
    "--width",
    type=Number(0, min_open=True),
    help="Channel multiplier of the paper's network; else 1.",
)
@click.option("--frames", type=click.Choice(["1", "3", "5"]), help="Pictures in its window (Tv); else 5.")
@click.option("--pairs", type=click.IntRange(8), help="Its batch, eights; the recipes' is 64.")
@click.option("--rate", type=Number(0, min_open=True), help="Its rate; paper's is 2e-3, published 1e-4.")
@click.option("--start", help="Begin with what weights of our network have learned: a name or a file.")
def expert(
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    recipe: str,
    width: float | None,
    frames: str | None,
    start: str | None,
    **options: Any,
) -> None:
    """Train a sync expert: which sound belongs to which lips.

    The options from --width to --rate are for the paper's networks.
    """
    from dataclasses import replace

    from training.experts.expert import WINDOWS, ContrastTrainee
    from training.experts.openings import Openings
    from training.paper import recipes
    from training.paper.expert import PairTrainee
    from w2l_studio.nets import weights
    from w2l_studio.nets.contrast import Contrast

    changed = {name: value for name in ("pairs", "rate") if (value := options.pop(name)) is not None}
    paper = {"width": width, "frames": frames, **changed}
    for name, value in paper.items():
        if recipe == "contrast" and value is not None:
            raise UsageError(f"--{name} is for the paper's networks", hint="give --recipe paper as well")
    if recipe == "paper" and changed.get("pairs", 0) % WINDOWS:
        raise UsageError(
            f"--pairs are moments of clips, {WINDOWS} of each", hint=f"give a multiple of {WINDOWS}"
        )
    learned = weights.load_expert(weights.find(start, "expert").path) if start else None
    if start and (recipe != "contrast" or not isinstance(learned, Contrast)):
        raise UsageError("--start is for our network alone, from weights of it", where=start)

    def make(given: Given) -> Trainee:
        if recipe == "contrast":
            openings = Openings(weights.load_opening(weights.find(MouthConfig().opening, "opening").path))
            return ContrastTrainee(given.sampler, given.machine, learned, openings)
        chosen = {"paper": recipes.expert, "published": recipes.published_expert}[recipe](
            int(frames or 5), 1.0 if width is None else width
        )
        return PairTrainee(given.sampler, replace(chosen, **changed), given.machine)

    train(make, packs, shares, out, **options)


@click.command()
@run_options
@click.option("--start", help="Begin with what these weights have learned: a name or a file.")
def opening(
    packs: tuple[Path, ...], shares: tuple[str, ...], out: Path, start: str | None, **options: Any
) -> None:
    """Train the lip-opening network on the clips whose opening is known."""
    from training.experts.opening import OpeningTrainee
    from w2l_studio.nets import weights

    def make(given: Given) -> Trainee:
        learned = weights.load_opening(weights.find(start, "opening").path) if start else None
        return OpeningTrainee(given.sampler, given.machine, learned)

    train(make, packs, shares, out, **options)


@click.command()
@run_options
@click.option("--start", help="Begin with what these weights have learned: a name or a file.")
def judge(
    packs: tuple[Path, ...], shares: tuple[str, ...], out: Path, start: str | None, **options: Any
) -> None:
    """Train our own judge, on other people and another seed than the expert that it must not agree with."""
    from training.experts.judge import JudgeTrainee
    from w2l_studio.nets import weights

    def make(given: Given) -> Trainee:
        learned = weights.load_judge(weights.find(start, "judge").path) if start else None
        return JudgeTrainee(given.sampler, given.machine, learned)

    train(make, packs, shares, out, **options)
