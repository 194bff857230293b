"""What all training commands share: options of a run, and the run itself."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.packs.data import Clip, Sampler
    from training.run.loop import Trainee
    from training.run.machine import Machine
    from w2l_studio.nets.contrast import Contrast

FOLDER = click.Path(path_type=Path, file_okay=False)
#: What to do where a command's folder cannot be written.
ELSEWHERE = "give another folder"


class Number(click.FloatRange):
    """A number in a range; nan lies in every range of click's."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number


_F = TypeVar("_F", bound=Callable[..., None])
#: What every run of the loop is told.
LOOP_OPTIONS = (
    click.option("--out", type=FOLDER, required=True, help="For checkpoint and log."),
    click.option("--steps", type=click.IntRange(1), required=True, help="Of the whole run."),
    click.option("--seed", type=click.IntRange(0), default=0),
    click.option(
        "--threads",
        type=click.IntRange(1),
        default=max(1, (os.cpu_count() or 2) // 2),
        help="For the networks.",
    ),
    click.option("--workers", type=click.IntRange(0), default=0, help="Processes that draw batches ahead."),
    click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto"),
    click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto"),
    click.option("--budget-minutes", type=Number(0), help="End after so long, usably."),
    click.option(
        "--measure-every",
        type=click.IntRange(0),
        default=0,
        help="Steps between measurements on what is kept out.",
    ),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a trainee is made of.

    Args:
        unseen: clips of the split ``heldout``, for measurements.
    """

    sampler: Sampler
    unseen: list[Clip]
    machine: Machine


def pack_option(command: _F) -> _F:
    """Give a command ``--pack``."""
    return click.option(
        "--pack", "packs", type=FOLDER, multiple=True, required=True, help="A pack; may be repeated."
    )(command)


def plain_name(context: click.Context, parameter: click.Parameter, name: str) -> str:
    """Refuse a name that would lead out of the folder it is written into; a callback of options."""
    del context, parameter
    if not name or name.startswith(".") or "/" in name or "\\" in name:
        raise click.BadParameter(f"{name!r} is no name of a file; name a folder by itself")
    return name


def needs_folder(path: Path | None) -> None:
    """Refuse a file to write whose folder is not there, before anything is measured.

    Raises:
        UsageError: it is not there.
    """
    if path is not None and not path.parent.is_dir():
        raise UsageError("the folder of this file is not there", hint="make it first", where=str(path))


def check_splits(splits: Iterable[str]) -> None:
    """Refuse what is no split.

    Raises:
        UsageError: there is no such split.
    """
    from training.packs.data import SPLITS

    for split in splits:
        if split not in SPLITS:
            raise UsageError(f"there is no split {split!r}", hint=f"there are {', '.join(SPLITS)}")


def of_splits(clips: Iterable[Clip], splits: Sequence[str]) -> list[Clip]:
    """Return the clips of some splits.

    Raises:
        UsageError: there is none.
    """
    found = [clip for clip in clips if clip.split in splits]
    if not found:
        raise UsageError(
            f"the packs hold no clip of the split {' or '.join(splits)}",
            hint="give others, or another --split",
        )
    return found


def our_expert(name: str) -> Contrast:
    """Load a sync expert that can teach a generator of ours, by its name or file.

    Raises:
        UsageError: it is the paper's.
    """
    from w2l_studio.nets import weights
    from w2l_studio.nets.contrast import Contrast

    net = weights.load_expert(weights.find(name, "expert").path)
    if not isinstance(net, Contrast):
        raise UsageError(
            "this is the paper's sync expert, which teaches the paper's generators alone",
            hint="give --expert one of ours",
            where=name,
        )
    return net


def run_options(command: _F) -> _F:
    """Give a training command the options that all of them have."""
    options = (
        pack_option,
        click.option(
            "--share", "shares", multiple=True, metavar="GROUP=WEIGHT", help="How often a pack is drawn from."
        ),
        *LOOP_OPTIONS,
        click.option("--compile", "compiled", is_flag=True, help="Compile the networks first."),
        click.option(
            "--patience",
            type=click.IntRange(0),
            default=0,
            help="Measurements without gain before the run stops.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def train(
    make: Callable[[Given], Trainee],
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    *,
    also: str = "",
    **options: Any,
) -> None:
    """Run one trainee over some packs; what all training commands do.

    Args:
        make: constructs the trainee.
        packs, shares, out: as given to `run_options`.
        also: lines of the manifest of what the trainee learned before.
        options: the rest of them.
    """
    import torch

    from training.packs.data import Sampler, manifest, read_pack
    from training.run import loop, machine

    torch.set_num_threads(options.pop("threads"))
    torch.manual_seed(options["seed"])
    where = {name: options.pop(name) for name in ("device", "precision", "compiled")}
    with machine.started(**where) as here:
        clips = read_pack(packs)
        learned = [clip for clip in clips if clip.split == "train"]
        sampler = Sampler(learned, _shares(shares, {clip.group for clip in learned}))
        if here.first:
            click.echo(f"{len(learned)} clips of {len({clip.speaker for clip in learned})} people")
        given = Given(sampler, [clip for clip in clips if clip.split == "heldout"], here)
        told = manifest(clip.entry for clip in learned) + also
        loop.run(make(given), out, machine=here, manifest=told, **options)


def _shares(given: tuple[str, ...], groups: set[str]) -> dict[str, float]:
    shares = {}
    for text in given:
        group, _, weight = text.partition("=")
        try:
            shares[group] = float(weight)
        except ValueError:
            raise UsageError(f"--share {text!r} tells no weight", hint="write GROUP=WEIGHT") from None
        if not 0 <= shares[group] < math.inf:
            raise UsageError(f"--share {text!r} is no weight", hint="give 0 or more")
        if group not in groups:
            raise UsageError(
                f"--share {text!r} names no pack with clips to train on", hint=f"there are {_listed(groups)}"
            )
    return shares


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
