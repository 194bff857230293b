"""The trainers' command line: ``python -m training COMMAND``; each command only reads options and calls."""

from __future__ import annotations

import sys

import click

from training.cli.adapt import adapt
from training.cli.calibrate import calibrate
from training.cli.check import check
from training.cli.evaluate import evaluate
from training.cli.experts import expert, judge, opening
from training.cli.export import export
from training.cli.faces import detector, heads, points
from training.cli.generators import generator, sharpener
from training.cli.paper import paper
from training.cli.performers import performers
from training.cli.prepare import prepare
from training.cli.shards import arrive, travel
from training.cli.speech import ears, invented, lips, listen, words
from w2l_studio.errors import StudioError

_COMMANDS = (
    prepare,
    expert,
    opening,
    judge,
    generator,
    sharpener,
    ears,
    invented,
    lips,
    listen,
    words,
    paper,
    performers,
    heads,
    detector,
    points,
    check,
    evaluate,
    calibrate,
    adapt,
    travel,
    arrive,
    export,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def cli() -> None:
    """Train the networks that the engine ships."""


for _command in _COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """Run a command; errors of ours become one sentence."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("interrupted: what is finished stands, and the same command goes on from there", err=True)
        sys.exit(130)
    except StudioError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except FloatingPointError as error:
        click.echo(f"error: {error}. The last checkpoint stands; begin again with another --seed.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
