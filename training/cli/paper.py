"""``python -m training paper``: the paper's generators, its baselines and its ablations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.run import Number, run_options, train
from training.paper.recipes import RECIPES

if TYPE_CHECKING:
    from training.cli.run import Given
    from training.run.loop import Trainee


@click.command()
@click.argument("recipe", type=click.Choice(list(RECIPES)))
@run_options
@click.option("--expert", "judge", help="The paper's sync expert: a run's folder, a name or a file.")
@click.option("--width", type=Number(0, min_open=True), default=1.0, help="Channel multiplier.")
@click.option("--face-px", type=click.Choice(["96", "128", "192"]), default="96", help="Side of the faces.")
@click.option("--pictures", type=click.IntRange(10), help="Its batch; the recipes' is 80, lipgan's 96.")
@click.option("--start", help="Begin with what this generator has learned: a run's folder, a name or a file.")
@click.option(
    "--gate", type=Number(0), help="Sync loss below which its term is switched on; the recipes' is 0.75."
)
@click.option("--rate", type=Number(0, min_open=True), help="Of Adam; the recipes' is 1e-4.")
def paper(
    recipe: str,
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    judge: str | None,
    width: float,
    face_px: str,
    pictures: int | None,
    start: str | None,
    gate: float | None,
    rate: float | None,
    **options: Any,
) -> None:
    """Train a generator of the paper's tables by RECIPE.

    The four rows of Table 1 are wav2lip, wav2lip_gan, lipgan and speech2vid; the six of Table 3 are
    tvN_frozen and tvN_tuned for experts of N = 1, 3 and 5 pictures. The sync loss is switched on by what
    --measure-every measures. A slim network that has an hour learns more from many small steps: give the same
    --pictures and --rate to all rows of a table. In the paper's text the sync loss counts from the first
    step: --gate inf switches it on at the first measurement, unless the expert only guesses.
    """
    from training.paper.generator import PaperTrainee
    from training.weights import export

    chosen = RECIPES[recipe](width, int(face_px))
    windows = pictures // chosen.frames if pictures else chosen.windows
    gate = chosen.gate if gate is None else gate
    chosen = replace(chosen, windows=windows, rate=rate or chosen.rate, gate=gate)
    if chosen.sync and not options["measure_every"]:
        raise click.UsageError(f"{recipe} switches its sync loss on by measurements: give --measure-every")

    def make(given: Given) -> Trainee:
        learned = export.generator(start)[0] if start else None
        return PaperTrainee(given.sampler, given.unseen, chosen, _expert(judge), learned, given.machine)

    train(make, packs, shares, out, **options)


def _expert(judge: str | None) -> Any:
    from training.weights import export
    from w2l_studio.nets import weights

    if judge is None:
        return None
    if Path(judge).is_dir():
        return export.from_run(Path(judge))[0]
    return weights.load_expert(weights.find(judge, "expert").path)
