"""``python -m training export``: a run's network becomes weights that the engine finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from training.cli.run import ELSEWHERE, FOLDER, plain_name
from w2l_studio import atomic


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.argument("folder", type=FOLDER)
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
    with atomic.refusals(folder, ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True)
    path = shipping.ship(net, told, folder, name)
    click.echo(f"{path}: {told.kind}, {path.stat().st_size / 1e6:.1f} MB, {told.steps} steps")
    if onnx:
        path = folder / f"{name}.onnx"
        worst = runtime.write(net, told, path)
        click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {worst:.1g} away from torch")
