"""Options that several commands share, and how they become a `DubConfig`.

Defaults are read from `config`, where they stand once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from w2l_studio.config import LOGS, DubConfig, SignConfig
from w2l_studio.errors import EditError, UsageError

F = TypeVar("F", bound=Callable[..., Any])
_DEFAULT = DubConfig()


def selection(function: F) -> F:
    """Add what decides which segments are dubbed: stems, marks, media."""
    for option in reversed(
        (
            click.option(
                "--stem", "stems", multiple=True, required=True, metavar="[CHARACTER=]FILE",
                help="Dubbed sound; repeat it with a character for each.",
            ),
            click.option("--lang", help="Language tag; default: from stems named fr.wav or ANNA.fr.wav."),
            click.option("--marker-color", metavar="COLOUR", help="Markers of this colour mark as well."),
            click.option("--cues", type=click.Path(path_type=Path), help="Cue sheet (.srt, .ass, .vtt)."),
            click.option("--all", "mark_all", is_flag=True, help="Mark each clip under which a stem speaks."),
            click.option(
                "--media-root", "media_roots", multiple=True, metavar="OLD=NEW",
                help="Media that the edit finds below OLD lie below NEW.",
            ),
            click.option(
                "--log", type=click.Choice(list(LOGS)), default=None, metavar="CURVE",
                help=f"Plates are a camera's log: {', '.join(LOGS)}; a clip may say otherwise.",
            ),
            click.option(
                "--handles", type=int, default=_DEFAULT.edit.handles, show_default=True,
                help="Extra frames on both sides of a take.",
            ),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def detector(function: F) -> F:
    """Add what looks for faces."""
    return click.option(
        "--detector", default=_DEFAULT.faces.detector, show_default=True, help="Finds faces: name or file."
    )(function)


def settings(function: F) -> F:
    """Add how faces are found and mouths are made."""
    mouths = _DEFAULT.mouths
    for option in reversed(
        (
            click.option("--weights", default=mouths.weights, show_default=True, help="Name or file."),
            detector,
            click.option(
                "--reference", type=click.Choice(["closed", "same"]), default=mouths.reference,
                show_default=True,
                help="Reference picture: closed lips of the same shot, or the frame itself as in the paper.",
            ),
            click.option(
                "--precision", type=click.Choice(["auto", "fp32", "bf16"]), default=mouths.precision,
                show_default=True, help="Arithmetic of the generator.",
            ),
            click.option(
                "--device", type=click.Choice(["auto", "cpu", "cuda"]), default=mouths.device,
                show_default=True, help="Where mouths are drawn and made crisp; all else runs on the CPU.",
            ),
            click.option("--strict", is_flag=True, help="Exit 4 when anything marked passed through."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def config(values: dict[str, Any]) -> DubConfig:
    """Return the job's config from command line values; absent ones keep their defaults.

    Raises:
        UsageError: a value that cannot be meant.
    """
    edit = replace(_DEFAULT.edit, handles=values.get("handles", _DEFAULT.edit.handles))
    faces = replace(_DEFAULT.faces, detector=values.get("detector", _DEFAULT.faces.detector))
    names = ("weights", "reference", "precision", "device")
    mouths = replace(_DEFAULT.mouths, **{n: values[n] for n in names if n in values})
    return replace(
        _DEFAULT,
        edit=edit,
        faces=faces,
        mouths=mouths,
        lang=values.get("lang"),
        log=values.get("log") or "",
        marker_color=values.get("marker_color"),
        mark_all=values.get("mark_all", False),
        strict=values.get("strict", False),
        cues=values.get("cues"),
        sign=_sign(values.get("sign_cert"), values.get("sign_key")),
        media_roots=tuple(_root(text) for text in values.get("media_roots", ())),
    )


def result_dir(edit: Path, out: Path | None) -> Path:
    """Return where results go: ``--out``, else ``<name>.w2l`` beside the edit.

    Raises:
        EditError: the edit is a folder without a name of its own (``.``, ``/``).
    """
    if out is not None:
        return out
    if not edit.name:
        raise EditError(
            "is not an edit that can be read", hint="give an .otio, .otioz or .otiod", where=str(edit)
        )
    return edit.with_name(f"{edit.stem}.w2l")


def print_table(table: Any) -> None:
    """Print a rich table; where nobody looks, no line is broken to fit a screen.

    Names are no markup: a clip may be called ``cam [/b]`` or ``:smile:``.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() else 1000
    Console(width=width, markup=False, emoji=False).print(table)


def print_problems(problems: Sequence[str]) -> int:
    """Print what a check found and how much that is; return the exit code, 0 where nothing was found."""
    for problem in problems:
        click.echo(f"PROBLEM {problem}")
    found = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    click.echo(f"{found} found" if problems else "all is well")
    return 1 if problems else 0


def _sign(certificate: Path | None, key: Path | None) -> SignConfig | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError(
            "a signature needs a certificate and its key", hint="give --sign-cert and --sign-key"
        )
    return SignConfig(certificate, key)


def _root(text: str) -> tuple[str, str]:
    old, separator, new = text.partition("=")
    if not separator or not old:
        raise UsageError(f"--media-root wants OLD=NEW, not {text}")
    return old, new
