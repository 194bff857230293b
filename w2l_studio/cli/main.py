"""The ``w2l-studio`` command: finds the command asked for, and turns errors into sentences and exit codes.

Imports neither torch nor numpy nor any command until it is called, so that ``--help`` is instant.
"""

from __future__ import annotations

import importlib
import io
import signal
import sys
import warnings

import click

from w2l_studio import __version__
from w2l_studio.errors import StudioError

#: Command -> (module below w2l_studio.cli, one line of help).
COMMANDS = {
    "dub": ("dub", "Dub the marked segments of an edit."),
    "inspect": ("inspect", "Show what would be dubbed, and what is in the way; renders nothing."),
    "score": ("score", "Score how well lips and sound of films fit."),
    "lips": ("lips", "Move lips to a stem: face units per frame, for rigs."),
    "weights": ("weights", "List, add or show weights."),
    "demo": ("demo", "Dub the example edit and make a before/after sheet."),
    "plugin": ("plugin", "Install or check the plugins for other programs."),
    "doctor": ("doctor", "Check this installation."),
}


class _Commands(click.Group):
    """Loads a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"w2l_studio.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="w2l-studio")
def group() -> None:
    """Makes lips follow a new language in a finished edit, frame-exact and only where marked.

    Exit codes: 0 done, 1 result cannot be written, 2 usage or nothing marked, 3 edit, stem or media
    unreadable, 4 something passed through and --strict, 5 weights missing or altered, 130 interrupted.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # What libraries have to say to programmers would stand beside the one sentence; -W shows it.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # Names may hold bytes that are no UTF-8, or letters that a terminal lacks: escapes, as on standard error.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    # Render farms and service managers stop a job so; to Windows it is a signal that nobody sends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = group.main(arguments, prog_name="w2l-studio", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        sys.exit(_say("interrupted", 130))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except StudioError as error:
        sys.exit(_say(str(error), error.exit_code))
    except KeyboardInterrupt:
        sys.exit(_say("interrupted", 130))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a sentence, never a traceback
        sys.exit(_say(f"internal error ({type(error).__name__}: {error}); please report it", 1))
    sys.exit(code if isinstance(code, int) else 0)


def _say(sentence: str, code: int) -> int:
    click.echo(f"w2l-studio: {sentence}", err=True)
    return code
