"""``python -m training calibrate``: the lead at which lips fit the sound best."""

from __future__ import annotations

from pathlib import Path

import click

from training.cli.run import check_splits, of_splits, pack_option
from w2l_studio.config import MouthConfig
from w2l_studio.errors import UsageError


@click.command()
@click.argument("weights", type=click.Path(path_type=Path, exists=True))
@pack_option
@click.option("--split", "splits", multiple=True, default=("heldout",), help="May be repeated.")
@click.option("--expert", "judge", default=MouthConfig().expert, help="Sync expert: a name or a file.")
@click.option(
    "--opening", "lips", default=MouthConfig().opening, help="Lip-opening network: a name or a file."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--threads", type=click.IntRange(1), default=1, help="For the networks.")
@click.option("--dry-run", is_flag=True, help="Only show the curve.")
def calibrate(
    weights: Path,
    packs: tuple[Path, ...],
    splits: tuple[str, ...],
    judge: str,
    lips: str,
    device: str,
    threads: int,
    dry_run: bool,
) -> None:
    """Find the audio lead of a generator (a run's folder or a file) and write it into its metadata."""
    import torch

    from training.generators import calibrate as measure
    from training.packs.data import read_pack
    from training.weights import export
    from w2l_studio.mouths.openness import Openness
    from w2l_studio.nets import weights as known
    from w2l_studio.nets.generator import Generator

    check_splits(splits)
    torch.set_num_threads(threads)
    net, meta = export.opened(weights)
    if not isinstance(net, Generator):
        raise UsageError(f"a lead is a generator's, and this is for {meta.kind}", where=str(weights))
    clips = of_splits(read_pack(packs), splits)
    expert = known.load_expert(known.find(judge, "expert").path)
    opening = Openness(known.load_opening(known.find(lips, "opening").path))
    curve = measure.sweep(net, expert, opening, clips, device, known.load_ear(meta, weights))
    click.echo(curve.table())
    if curve.flat:
        raise UsageError(
            "the curve is flat, so these lips do not follow the sound, and the lead stays as it is",
            hint="train the generator further",
            where=str(weights),
        )
    if not dry_run:
        measure.write(weights, curve.best_ms)
        click.echo(f"{weights}: lead {meta.lead_ms:+.0f} -> {curve.best_ms:+d} ms")
