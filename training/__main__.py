"""The trainers' command line: ``python -m training COMMAND``; each command only reads options and calls."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from w2l_studio.errors import StudioError, UsageError

if TYPE_CHECKING:
    from training.data import Sampler
    from training.loop import Trainee

_FOLDER = click.Path(path_type=Path, file_okay=False)
_F = TypeVar("_F", bound=Callable[..., None])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def cli() -> None:
    """Train the networks that the engine ships."""


@cli.command()
@click.argument("source", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("pack", type=_FOLDER)
@click.option("--split", "rules", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--jobs", default=2, help="Processes.")
def prepare(source: Path, pack: Path, rules: Path | None, jobs: int) -> None:
    """Make a PACK of every video under the folder SOURCE; a folder's name is its speaker.

    Rules for splits, licences and what to leave out come from a YAML list (training/rules/grid.yaml).
    """
    from training import splits
    from training.prepare import SUFFIXES, table
    from training.prepare import prepare as make

    paths = [path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES]
    videos = splits.assign(paths, splits.read(rules))
    with click.progressbar(length=len(videos), label=str(pack), file=sys.stderr) as bar:
        outcomes = make(videos, pack, jobs=jobs, tick=lambda: bar.update(1))
    click.echo(table(outcomes))


def run_options(command: _F) -> _F:
    """Give a training command the options that all of them have."""
    options = (
        click.option(
            "--pack", "packs", type=_FOLDER, multiple=True, required=True, help="A pack; may be repeated."
        ),
        click.option(
            "--share", "shares", multiple=True, metavar="GROUP=WEIGHT", help="How often a pack is drawn from."
        ),
        click.option("--out", type=_FOLDER, required=True, help="For checkpoint and log."),
        click.option("--steps", type=click.IntRange(1), required=True, help="Of the whole run."),
        click.option("--seed", default=0),
        click.option("--threads", default=max(1, (os.cpu_count() or 2) // 2), help="For the networks."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def train(
    make: Callable[[Sampler], Trainee],
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    **options: int,
) -> None:
    """Run one trainee over some packs; what all training commands do.

    Args:
        make: constructs the trainee.
        packs, shares, out: as given to `run_options`.
        options: ``steps``, ``seed`` and ``threads``.
    """
    import torch

    from training import loop
    from training.data import Sampler, manifest, read_pack

    torch.set_num_threads(options["threads"])
    torch.manual_seed(options["seed"])
    torch.set_flush_denormal(True)
    clips = [clip for clip in read_pack(packs) if clip.split == "train"]
    sampler = Sampler(clips, _shares(shares))
    out.mkdir(parents=True, exist_ok=True)
    (out / "manifest.tsv").write_text(manifest(clips), encoding="utf-8")
    click.echo(f"{len(clips)} clips of {len({clip.speaker for clip in clips})} people")
    loop.run(make(sampler), out, steps=options["steps"], seed=options["seed"])


def _shares(given: tuple[str, ...]) -> dict[str, float]:
    shares = {}
    for text in given:
        group, _, weight = text.partition("=")
        try:
            shares[group] = float(weight)
        except ValueError:
            raise UsageError(f"--share {text!r} tells no weight", hint="write GROUP=WEIGHT") from None
    return shares


@cli.command()
@run_options
@click.option(
    "--recipe", type=click.Choice(["contrast", "paper"]), default="contrast", help="Ours, or the paper's."
)
@click.option("--width", default=1.0, help="Channel multiplier of the paper's network.")
def expert(
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    recipe: str,
    width: float,
    **options: int,
) -> None:
    """Train a sync expert: which sound belongs to which lips."""
    from training.expert import ContrastTrainee, PaperTrainee

    def make(sampler: Sampler) -> Trainee:
        return ContrastTrainee(sampler) if recipe == "contrast" else PaperTrainee(sampler, width)

    train(make, packs, shares, out, **options)


@cli.command()
@run_options
def opening(packs: tuple[Path, ...], shares: tuple[str, ...], out: Path, **options: int) -> None:
    """Train the lip-opening network on the clips whose opening is known."""
    from training.opening import OpeningTrainee

    train(OpeningTrainee, packs, shares, out, **options)


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


if __name__ == "__main__":
    main()
