"""``w2l-studio demo``: dubs the example edit and lays before and after side by side."""

from __future__ import annotations

from pathlib import Path

import click

from w2l_studio.cli import options, progress
from w2l_studio.errors import EditError
from w2l_studio.events import Event, JobFinished

_EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"


@click.command("demo")
@click.option(
    "--lang", type=click.Choice(["fr", "de"]), default="fr", show_default=True, help="Language of the dub."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("two_voices.w2l"),
    show_default=True,
    help="Result folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Standard output: one event a line.")
def command(lang: str, out: Path, as_json: bool) -> int:
    """Dub the example edit (two CGI characters) and print where the result is."""
    edit = _EXAMPLE / "two_voices.otio"
    if not edit.exists():
        raise EditError(
            "the example edit is not here", hint="run the demo from a checkout of W2L Studio", where=str(edit)
        )
    stems = [f"{name}={_EXAMPLE / 'stems' / f'{name}.{lang}.wav'}" for name in ("ANNA", "BEN")]
    with progress.sink(as_json=as_json) as emit:
        from w2l_studio.dub import run, sheet

        told: list[Event] = []

        def noted(event: Event) -> None:
            told.append(event)
            emit(event)

        code = run.dub(edit, stems, out, options.config({"lang": lang}), noted)
    finished = next(event for event in told if isinstance(event, JobFinished))
    picture = sheet.write(Path(finished.report), out / f"before_after.{lang}.png")
    if not as_json:
        click.echo(f"dubbed edit:        {Path(finished.edit).resolve()}")
        click.echo(f"new media:          {(out / 'media').resolve()}")
        click.echo(f"before/after sheet: {picture.resolve()}")
    return code
