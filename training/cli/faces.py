"""``python -m training heads``, ``detector`` and ``points``: from seeded heads to our own face detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from training.cli.run import ELSEWHERE, FOLDER, LOOP_OPTIONS
from w2l_studio import atomic
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from training.performers.heads import Heads
    from training.run.loop import Trainee
    from training.run.machine import Machine
    from w2l_studio.terms import Ints

    #: Heads, the rows of those that may be used, backdrops.
    Taught: TypeAlias = tuple[Heads, Ints, npt.NDArray[np.uint8]]

_F = TypeVar("_F", bound=Callable[..., None])
_EXISTING = click.Path(path_type=Path, file_okay=False, exists=True)
_BACKDROPS, _MANIFEST = "backdrops.npy", "manifest.tsv"


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--people", type=click.IntRange(1), default=300, help="Seeds 0 to N - 1; 20 pictures of each.")
@click.option("--backdrops", "count", type=click.IntRange(1), default=500, help="Pictures of clutter.")
@click.option("--jobs", type=click.IntRange(1), default=2, help="Processes.")
def heads(folder: Path, people: int, count: int, jobs: int) -> None:
    """Draw cut-out heads and clutter into a FOLDER, for `detector` and `points`."""
    from training.packs.data import write_array

    try:
        from training.performers import backdrops
        from training.performers import heads as cut_outs
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed", hint="run `make performers`") from error
    with atomic.refusals(folder, ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True)
        write_array(folder / _BACKDROPS, backdrops.many(count, seed=0))
        made = cut_outs.fill(folder, range(people), jobs=jobs, report=click.echo)
    click.echo(f"{folder}: {made} people, {count} backdrops")


def _learns_from_heads(command: _F) -> _F:
    options = (
        click.argument("folder", type=_EXISTING),
        click.option(
            "--photographs",
            type=_EXISTING,
            help="Pictures of your own in which nobody is; their manifest.tsv is taken over.",
        ),
        *LOOP_OPTIONS,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_learns_from_heads
def detector(**options: Any) -> None:
    """Train the face detector on crowds of the heads in FOLDER (see `heads`)."""
    from training.faces.detector import CPU, GPU, DetectorTrainee, Scenes

    def trainee(taught: Taught, unseen: Taught, here: Machine) -> DetectorTrainee:
        diet = GPU if here.device.type == "cuda" else CPU
        scenes, others = (Scenes(*one, here, diet) for one in (taught, unseen))
        return DetectorTrainee(scenes, others, here, options["budget_minutes"])

    _train(trainee, **options)


@click.command()
@_learns_from_heads
def points(**options: Any) -> None:
    """Train the network that finds a face's five points on portraits of the heads in FOLDER."""
    from training.faces.points import PointsTrainee, Portraits

    def trainee(taught: Taught, unseen: Taught, here: Machine) -> PointsTrainee:
        return PointsTrainee(Portraits(*taught, here), Portraits(*unseen, here), here)

    _train(trainee, **options)


def _train(
    make: Callable[[Taught, Taught, Machine], Trainee],
    *,
    folder: Path,
    photographs: Path | None,
    out: Path,
    threads: int,
    device: str,
    precision: str,
    **options: Any,
) -> None:
    """Run one trainee over heads; one of ten people stays out."""
    import numpy as np
    import torch

    from training.faces.detector import split
    from training.performers import backdrops
    from training.performers import heads as cut_outs
    from training.run import loop, machine

    torch.set_num_threads(threads)
    torch.manual_seed(options["seed"])
    found = cut_outs.read(folder)
    if not (folder / _BACKDROPS).exists():
        raise UsageError(f"{folder} holds no backdrops", hint="draw them with `python -m training heads`")
    clutter = np.load(folder / _BACKDROPS)
    if photographs is not None:
        clutter = np.concatenate([clutter, backdrops.photographs(photographs)])
    rows, others = (split(found.people, held_out=out_of_it) for out_of_it in (False, True))
    if not (len(rows) and len(others)):
        raise UsageError(f"{folder} holds too few people", hint="draw ten or more")
    people = np.unique(found.people[rows])
    lines = [f"person-{seed}\tCC0 head (MakeHuman/MPFB2)" for seed in people]
    listed = photographs / _MANIFEST if photographs is not None else None
    if listed is not None and listed.exists():
        lines += listed.read_text("utf-8").splitlines()
    with machine.started(device, precision) as here:
        if here.first:
            click.echo(f"{len(rows)} heads of {len(people)} people, {len(clutter)} backdrops")
        trainee = make((found, rows, clutter), (found, others, clutter), here)
        loop.run(trainee, out, machine=here, manifest="\n".join(lines) + "\n", **options)
