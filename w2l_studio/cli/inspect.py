"""``w2l-studio inspect``: what would be dubbed, and what is in the way."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from w2l_studio.cli import options, progress


@click.command("inspect")
@click.argument("edit", type=click.Path(path_type=Path))
@options.selection
@options.detector
@click.option(
    "--faces/--no-faces", default=True, help="Look for shots and faces too (decodes the marked frames)."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def command(edit: Path, faces: bool, as_json: bool, **values: Any) -> int:
    """Show the segments of EDIT, their characters, shots, faces and problems; renders nothing."""
    from w2l_studio.dub import notices, plan, survey

    stems = values.pop("stems")
    config = options.config(values)
    with tempfile.TemporaryDirectory(prefix="w2l-") as folder:
        job = plan.make(edit, stems, config, Path(folder) / "bundle")
        rows = survey.rows(job, config, look=faces)
        told = list(notices.of(job, config))
    if as_json:
        warnings = [asdict(notice) for notice in told]
        found = {"v": 1, "lang": job.lang, "stems": survey.stems(job), "warnings": warnings, "ranges": rows}
        click.echo(json.dumps(found, indent=2))
    else:
        _table(rows)
        for notice in told:
            click.echo(progress.sentence(notice))
    return 0


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("timecode", "frames", "character", "clip", "shots", "faces", "problem"):
        table.add_column(name, justify="right" if name in ("frames", "shots", "faces") else "left")
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in (
            "timecode", "frames", "character", "clip", "shots", "faces", "problem")))  # fmt: skip
    options.print_table(table)
