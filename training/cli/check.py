"""``python -m training check``: what can be known before hours are spent."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from training.cli.run import Number, pack_option


@click.command()
@pack_option
@click.option("--width", type=Number(0, min_open=True), default=0.25, help="Of the networks that are taught.")
@click.option("--pairs", type=click.IntRange(8), default=32, help="Batch of the expert.")
@click.option("--steps", type=click.IntRange(1), default=200, help="At most, per network.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Processes that draw batches.")
@click.option("--threads", type=click.IntRange(1), default=1, help="For the networks.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto")
def check(
    packs: tuple[Path, ...],
    width: float,
    pairs: int,
    steps: int,
    workers: int,
    threads: int,
    device: str,
    precision: str,
) -> None:
    """Check sizes, over-fitting, shuffled sound and speed on a pack; exit 1 when one fails.

    Takes a minute of CPU with the options as they are. The last line is the verdict.
    """
    import torch

    from training.measure import check as checks
    from training.packs.data import read_pack
    from training.run import machine

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    failed = []
    with machine.started(device, precision) as here:
        told = checks.run(read_pack(packs), here, width=width, pairs=pairs, steps=steps, workers=workers)
        for finding in told:
            click.echo(f"{'ok' if finding.passed else 'FAILED':<6} {finding.name}: {finding.told}")
            if not finding.passed:
                click.echo(f"       {finding.advice}")
                failed.append(finding.name)
    click.echo(f"not ready to train: {', '.join(failed)}" if failed else "ready to train: every check passed")
    sys.exit(1 if failed else 0)
