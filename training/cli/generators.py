"""``python -m training generator`` and ``sharpener``: what draws lips, and what makes them crisp."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.run import FOLDER, Number, our_expert, run_options, train
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.cli.run import Given
    from training.run.loop import Trainee


@click.command()
@run_options
@click.option("--opening", "lips", required=True, help="Lip-opening network: a name or a file.")
@click.option("--expert", "judge", help="Sync expert: a name or a file; without it no term on sync.")
@click.option(
    "--recipe",
    type=click.Choice(["studio", "finish", "paint"]),
    default="studio",
    help="From nothing, or on from --start, with the critic and without the expert.",
)
@click.option("--width", type=Number(0, min_open=True), default=0.375, help="Channel multiplier.")
@click.option("--start", help="Begin with what these weights have learned: a name or a file.")
@click.option("--ears", type=FOLDER, help="A run of `ears`: its audio encoder is taken and stays as it is.")
@click.option("--pictures", type=click.IntRange(8), help="Its batch; the recipe's is 32.")
def generator(
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    lips: str,
    judge: str | None,
    start: str | None,
    ears: Path | None,
    **options: Any,
) -> None:
    """Train a generator: which mouth belongs to this face and this sound."""
    from training.generators.ears import read_ears
    from training.generators.generator import GeneratorTrainee
    from training.generators.recipe import RECIPES
    from training.speech.hearing import heard_through
    from w2l_studio.nets import weights

    recipe = RECIPES[options.pop("recipe")](options.pop("width"))
    if pictures := options.pop("pictures"):
        recipe = recipe.with_pictures(pictures)
    if recipe.name != "studio" and not start:
        raise UsageError("finishing needs something begun", hint="give --start")
    begun = weights.find(start, "generator") if start else None
    thoughts = heard_through(begun) if begun else None
    if thoughts and ears:
        raise UsageError("these weights hear through others from sound to lips", hint="leave out --ears")
    heard = read_ears(ears) if ears else thoughts
    also = (ears / "manifest.tsv").read_text("utf-8") if ears else ""

    def make(given: Given) -> Trainee:
        expert = our_expert(judge) if judge else None
        net = weights.load_opening(weights.find(lips, "opening").path)
        learned = weights.load_generator(begun.path)[0] if begun else None
        return GeneratorTrainee(given.sampler, expert, net, recipe, learned, heard, machine=given.machine)

    train(make, packs, shares, out, also=also, **options)


@click.command()
@run_options
@click.option("--generator", "hand", required=True, help="Whose lips: weights, a name or a file.")
@click.option("--opening", "lips", required=True, help="Lip-opening network: a name or a file.")
@click.option("--start", help="Begin with what these weights have learned: a name or a file.")
def sharpener(
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    hand: str,
    lips: str,
    start: str | None,
    **options: Any,
) -> None:
    """Train what makes a generator's lips as crisp as filmed ones."""
    from training.generators.sharpening import DrawnLips, SharpenerTrainee
    from training.speech.hearing import heard_through
    from w2l_studio.mouths.wav2lip import Wav2Lip
    from w2l_studio.nets import weights
    from w2l_studio.nets.sharpener import FACE_PX

    entry = weights.find(hand, "generator")
    net, meta = weights.load_generator(entry.path)
    if net.face_px != FACE_PX:
        raise UsageError(
            f"{entry.name} draws faces of {net.face_px} px, and a sharpener learns from {FACE_PX}",
            hint="give --generator one of these; it serves others as well",
        )

    def make(given: Given) -> Trainee:
        opening = weights.load_opening(weights.find(lips, "opening").path)
        learned = weights.load_sharpener(weights.find(start, "sharpener").path) if start else None
        draws = Wav2Lip(net, name=entry.name, lead_ms=meta.lead_ms, device="cpu")
        source = DrawnLips(given.sampler, draws, heard_through(entry), opening, given.machine)
        return SharpenerTrainee(source, opening, learned, given.machine)

    train(make, packs, shares, out, **options)
