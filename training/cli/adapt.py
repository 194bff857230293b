"""``python -m training adapt``: one actor's own mouth, as a small delta upon weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.run import FOLDER, our_expert, plain_name
from w2l_studio.config import MouthConfig, ScoreConfig
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.packs.data import Clip


@click.command()
@click.argument("weights")
@click.argument("clips", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--out", type=FOLDER, required=True, help="For the run and the delta.")
@click.option("--name", default="adapted", callback=plain_name, help="Of the delta's file.")
@click.option("--steps", type=click.IntRange(1), default=300, help="At most.")
@click.option(
    "--patience", type=click.IntRange(0), default=3, help="Measurements without gain before it stops."
)
@click.option(
    "--expert",
    default=MouthConfig().expert,
    help="Sync expert that teaches, and measures the videos' offsets: a name or a file.",
)
@click.option("--judge", default=ScoreConfig().judge, help="Slim SyncNet that measures: a name or a file.")
@click.option(
    "--opening", "lips", default=MouthConfig().opening, help="Lip-opening network: a name or a file."
)
@click.option("--licence", help="Terms of the result; default: the base's.")
@click.option("--threads", type=click.IntRange(1), default=1, help="For the networks.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
def adapt(
    weights: str,
    clips: Path,
    out: Path,
    name: str,
    steps: int,
    patience: int,
    expert: str,
    judge: str,
    lips: str,
    licence: str | None,
    threads: int,
    device: str,
) -> None:
    """Fit the generator WEIGHTS (a name or a file) to one actor's CLIPS: a pack, or a folder of videos.

    Each fifth clip is kept out; the figures before and after are of these.
    """
    import torch

    from training.generators import adapt as fit
    from training.run import checkpoint, loop, machine
    from training.speech.hearing import heard_through
    from w2l_studio.judge.slim import SlimJudge
    from w2l_studio.mouths.openness import Openness
    from w2l_studio.nets import weights as known

    torch.set_num_threads(threads)
    torch.manual_seed(0)  # the critic begins by chance; the same footage gives the same delta
    entry = known.find(weights, "generator")
    net, meta = known.load_generator(entry.path)
    if meta.base:
        raise UsageError(f"{weights} is a delta itself", hint="adapt the weights that it was made from")
    lead_ms, thoughts = round(meta.lead_ms), heard_through(entry)
    footage = _footage(clips, out / "pack", expert)
    _, kept = fit.apart(footage)
    teaches = our_expert(expert)
    measures, told_by = known.find(lips, "opening").path, known.find(judge, "judge")
    with machine.started(device) as here:
        trainee = fit.AdaptTrainee(
            net, footage, lead_ms, teaches, known.load_opening(measures), thoughts, here
        )
        every = max(1, min(50, steps // 4))
        loop.run(
            trainee, out, machine=here, steps=steps, save_every=every, measure_every=every, patience=patience
        )
    changed = checkpoint.load(out / "best.pt")
    # Read anew: the trainee took the other one to where it learned.
    judges = (
        SlimJudge(known.load_judge(told_by.path), name=told_by.name),
        Openness(known.load_opening(measures)),
    )
    nearer = fit.adapted(net, changed["trainee"]["painting"])
    ear = thoughts.ear if thoughts else None
    before, after = (fit.figures(one, lead_ms, kept, *judges, ear) for one in (net, nearer))
    click.echo(fit.table(before, after, told_by.name))
    told = replace(
        meta,
        base=entry.sha256,
        steps=changed["step"],
        licence=licence or meta.licence,
        description=f"{name}: one actor upon {entry.name}",
    )
    path = out / f"{name}.safetensors"
    fit.write_delta(net, changed["trainee"]["painting"], told, path)
    click.echo(f"{path}: {path.stat().st_size / 1e6:.2f} MB upon {entry.name} ({entry.sha256[:12]})")


def _footage(clips: Path, pack: Path, expert: str) -> list[Clip]:
    from training.packs import splits
    from training.packs.data import read_pack
    from training.packs.prepare import films, prepare, table

    if any(clips.glob("*/meta.json")):
        return read_pack([clips])
    videos = splits.assign(films(clips), splits.read(None), clips)
    click.echo(table(prepare(videos, pack, jobs=1, judge=expert)))
    return read_pack([pack])
