"""``python -m training travel`` and ``arrive``: packs as one small file, and back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from training.cli.run import FOLDER


@click.command()
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--out", "path", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option(
    "--px", "face_px", type=click.IntRange(0), default=0, help="Side of the pictures; 0 = as they are."
)
def travel(packs: tuple[Path, ...], path: Path, face_px: int) -> None:
    """Write PACKS into one small file that travels."""
    from training.packs import shards

    length = sum(1 for pack in packs for _ in pack.glob("*/meta.json"))
    with click.progressbar(length=length, label=str(path), file=sys.stderr) as bar:
        count = shards.write(packs, path, face_px=face_px, tick=lambda: bar.update(1))
    click.echo(f"{path}: {count} clips, {path.stat().st_size / 1e6:.1f} MB")


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("root", type=FOLDER)
def arrive(path: Path, root: Path) -> None:
    """Unpack a file of `travel` into packs below the folder ROOT."""
    from training.packs import shards

    with click.progressbar(length=shards.count(path), label=str(root), file=sys.stderr) as bar:
        count = shards.read(path, root, tick=lambda: bar.update(1))
    click.echo(f"{root}: {count} clips unpacked")
