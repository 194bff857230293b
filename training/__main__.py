"""The trainers' command line: ``python -m training COMMAND``; each command only reads options and calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.adapt import adapt
from training.cli.calibrate import calibrate
from training.cli.check import check
from training.cli.evaluate import evaluate
from training.cli.faces import detector, heads, points
from training.cli.paper import paper
from training.cli.performers import performers
from training.cli.run import FOLDER as _FOLDER
from training.cli.run import our_expert, plain_name, run_options, train
from training.cli.shards import arrive, travel
from training.cli.sharpen import sharpener
from training.cli.speech import ears, invented, lips, listen, words
from w2l_studio.errors import StudioError, UsageError

if TYPE_CHECKING:
    from training.cli.run import Given
    from training.run.loop import Trainee


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def cli() -> None:
    """Train the networks that the engine ships."""


@cli.command()
@click.argument("source", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("pack", type=_FOLDER)
@click.option("--split", "rules", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--jobs", default=2, help="Processes.")
@click.option(
    "--judge", default="w2l-expert", help="Measures offsets: a sync expert or SyncNet, name or file."
)
@click.option("--keep-offsets", is_flag=True, help="Sound is in sync: neither measure nor move it.")
def prepare(source: Path, pack: Path, rules: Path | None, jobs: int, judge: str, keep_offsets: bool) -> None:
    """Make a PACK of every video under the folder SOURCE; a folder's name is its speaker.

    Rules for splits, licences and what to leave out come from a YAML list (training/rules/grid.yaml).
    Sound that lies off the lips is moved; clips whose lips do not follow it are dropped.
    """
    from training.packs import splits
    from training.packs.prepare import SUFFIXES, table
    from training.packs.prepare import prepare as make

    paths = [path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES]
    videos = splits.assign(paths, splits.read(rules), source)
    with click.progressbar(length=len(videos), label=str(pack), file=sys.stderr) as bar:
        asked = None if keep_offsets else judge
        outcomes = make(videos, pack, jobs=jobs, judge=asked, tick=lambda: bar.update(1))
    click.echo(table(outcomes))


@cli.command()
@run_options
@click.option(
    "--recipe",
    type=click.Choice(["contrast", "paper", "published"]),
    default="contrast",
    help="Our network, the paper's off chance soon, or all as published.",
)
@click.option("--width", type=float, help="Channel multiplier of the paper's network; else 1.")
@click.option("--frames", type=click.Choice(["1", "3", "5"]), help="Pictures in its window (Tv); else 5.")
@click.option("--pairs", type=click.IntRange(8), help="Its batch; the recipe's is 64.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Its rate; the recipe's is 2e-3.")
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

    from training.experts.expert import ContrastTrainee
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
    learned = weights.load_expert(weights.find(start, "expert").path) if start else None
    if start and (recipe != "contrast" or not isinstance(learned, Contrast)):
        raise UsageError("--start is for our network alone, from weights of it", where=start)

    def make(given: Given) -> Trainee:
        if recipe == "contrast":
            openings = Openings(weights.load_opening(weights.find("opening", "opening").path))
            return ContrastTrainee(given.sampler, given.machine, learned, openings)
        chosen = {"paper": recipes.expert, "published": recipes.published_expert}[recipe](
            int(frames or 5), 1.0 if width is None else width
        )
        return PairTrainee(given.sampler, replace(chosen, **changed), given.machine)

    train(make, packs, shares, out, **options)


@cli.command()
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


@cli.command()
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


@cli.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.argument("folder", type=_FOLDER)
@click.option("--name", required=True, callback=plain_name, help="By which the engine finds them.")
@click.option("--licence", required=True, help="Terms of the weights, with the credit that the data ask for.")
@click.option("--commercial", is_flag=True, help="The terms allow paid work.")
@click.option("--description", default="", help="One sentence for tables.")
@click.option("--best", is_flag=True, help="A run's network as of its best measurement.")
@click.option("--onnx", is_flag=True, help="Write NAME.onnx as well, checked against torch.")
@click.option(
    "--mean",
    "others",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="Another run or file that began with the same weights: the mean of all is written. May be repeated.",
)
def export(
    source: Path, folder: Path, name: str, best: bool, onnx: bool, others: tuple[Path, ...], **terms: Any
) -> None:
    """Write the network of SOURCE into a FOLDER of shipped weights and list it there.

    SOURCE is a run's folder, or a weights file: published .pth files become safetensors.
    """
    from dataclasses import replace

    from training.weights import export as shipping
    from training.weights import runtime

    net, meta = shipping.mean(
        [shipping.from_run(path, best=True) if best else shipping.opened(path) for path in (source, *others)]
    )
    told = replace(meta, **terms, base="")
    folder.mkdir(parents=True, exist_ok=True)
    path = shipping.ship(net, told, folder, name)
    click.echo(f"{path}: {told.kind}, {path.stat().st_size / 1e6:.1f} MB, {told.steps} steps")
    if onnx:
        path = folder / f"{name}.onnx"
        worst = runtime.write(net, told, path)
        click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {worst:.1g} away from torch")


@cli.command()
@run_options
@click.option("--opening", "lips", required=True, help="Lip-opening network: a name or a file.")
@click.option("--expert", "judge", help="Sync expert: a name or a file; without it no term on sync.")
@click.option(
    "--recipe",
    type=click.Choice(["studio", "finish", "paint"]),
    default="studio",
    help="From nothing, or on from --start, with the critic and without the expert.",
)
@click.option("--width", default=0.375, help="Channel multiplier.")
@click.option("--start", help="Begin with what these weights have learned: a name or a file.")
@click.option("--ears", type=_FOLDER, help="A run of `ears`: its audio encoder is taken and stays as it is.")
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
    from training.generators.generator import GeneratorTrainee
    from training.generators.recipe import RECIPES
    from training.speech.ears import read_ears
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


_REST = (
    ears,
    invented,
    lips,
    listen,
    words,
    paper,
    performers,
    heads,
    detector,
    points,
    sharpener,
    check,
    evaluate,
    calibrate,
    adapt,
    travel,
    arrive,
)
for _command in _REST:
    cli.add_command(_command)


def main() -> None:
    """Run a command; errors of ours become one sentence."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except StudioError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except FloatingPointError as error:
        click.echo(f"error: {error}. The last checkpoint stands; begin again with another --seed.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
