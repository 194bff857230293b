"""``w2l-studio dub``: dub the marked segments of an edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from w2l_studio.cli import options, progress


@click.command("dub")
@click.argument("edit", type=click.Path(path_type=Path))
@options.selection
@options.settings
@click.option(
    "--out", type=click.Path(path_type=Path), help="Result folder; default: EDIT's name with .w2l beside it."
)
@click.option(
    "--sign-cert",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Sign takes with this certificate (PEM chain): Content Credentials.",
)
@click.option(
    "--sign-key", type=click.Path(path_type=Path), metavar="FILE", help="The certificate's key (PEM)."
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Standard output: one event a line (docs/events.md).")
@click.option(
    "--stop-file", type=click.Path(path_type=Path), metavar="FILE",
    help="Interrupt the job, as by Ctrl-C, as soon as FILE is there.",
)  # fmt: skip
def command(edit: Path, out: Path | None, as_json: bool, stop_file: Path | None, **values: Any) -> int:
    """Dub the marked segments of EDIT (.otio, .otioz, .otiod) to the stems.

    Writes the patched edit, new media with handles, and a report as JSON and HTML to the result folder; EDIT
    and its media are never written to. A second run renders only what is missing or changed.
    """
    with progress.sink(as_json=as_json, stop_file=stop_file) as emit:
        from w2l_studio.dub import run

        return run.dub(edit, values.pop("stems"), options.result_dir(edit, out), options.config(values), emit)
