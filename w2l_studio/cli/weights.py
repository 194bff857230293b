"""``w2l-studio weights``: list, add, show."""

from __future__ import annotations

import json
from pathlib import Path

import click

from w2l_studio import inputs
from w2l_studio.cli import options


@click.group("weights", invoke_without_command=False)
def command() -> None:
    """List, add or show weights (generators, experts, face detectors)."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def list_(as_json: bool) -> None:
    """List the weights that this machine has."""
    from w2l_studio.nets import weights

    entries = weights.entries()
    if as_json:
        click.echo(json.dumps([entry.to_json() for entry in entries], indent=2))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("name", "kind", "paid work", "licence", "description"):
        table.add_column(name)
    for entry in entries:
        table.add_row(
            entry.name, entry.kind, "yes" if entry.commercial else "no", entry.licence, entry.description
        )
    options.print_table(table)


@command.command()
@click.argument("source")
@click.option("--name", help="Name to register it under; default: from what it is.")
def add(source: str, name: str | None) -> None:
    """Register SOURCE: a file, or the name of public weights to download (checked by SHA-256).

    Weights of a face detector have to find the face in a picture of ours.
    """
    from w2l_studio.dub import wiring
    from w2l_studio.nets import weights

    if inputs.there(source):
        entry = weights.add(Path(source), name, wiring.try_on)
    else:
        entry = weights.fetch(source, name, wiring.try_on)
    click.echo(f"{entry.name} ({entry.kind}): {entry.path}")


@command.command()
@click.argument("name")
def show(name: str) -> None:
    """Show what is known of the weights NAME, and check their SHA-256."""
    from w2l_studio.nets import weights

    entry = weights.find(name)
    click.echo(json.dumps(entry.to_json(), indent=2))
