"""``python -m training prepare``: films to packs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from training.cli.run import FOLDER
from w2l_studio.config import MouthConfig


@click.command()
@click.argument("source", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("pack", type=FOLDER)
@click.option("--split", "rules", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--jobs", type=click.IntRange(1), default=2, help="Processes.")
@click.option(
    "--judge", default=MouthConfig().expert, help="Measures offsets: a sync expert or SyncNet, name or file."
)
@click.option("--keep-offsets", is_flag=True, help="Sound is in sync: neither measure nor move it.")
def prepare(source: Path, pack: Path, rules: Path | None, jobs: int, judge: str, keep_offsets: bool) -> None:
    """Make a PACK of every video under the folder SOURCE; a folder's name is its speaker.

    Rules for splits, licences and what to leave out come from a YAML list (training/rules/grid.yaml).
    Sound that lies off the lips is moved; clips whose lips do not follow it are dropped.
    """
    from training.packs import splits
    from training.packs.prepare import films, table
    from training.packs.prepare import prepare as make

    videos = splits.assign(films(source), splits.read(rules), source)
    with click.progressbar(length=len(videos), label=str(pack), file=sys.stderr) as bar:
        asked = None if keep_offsets else judge
        outcomes = make(videos, pack, jobs=jobs, judge=asked, tick=lambda: bar.update(1))
    click.echo(table(outcomes))
