"""``w2l-studio score``: how well lips and sound of films fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from w2l_studio.cli import options
from w2l_studio.config import FaceConfig, ScoreConfig

if TYPE_CHECKING:
    from w2l_studio.dub.score import Score

_DEFAULT = ScoreConfig()
_UNREADABLE = 3


@click.command("score")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--judge",
    default=_DEFAULT.judge,
    show_default=True,
    help="Our judge, an expert, or SyncNet: name or file.",
)
@click.option(
    "--protocol", type=click.Choice(["wild", "lrs"]), default=_DEFAULT.protocol, show_default=True,
    help="What SyncNet sees: each face track, or the whole picture.",
)  # fmt: skip
@options.detector
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
def command(files: tuple[Path, ...], judge: str, protocol: str, detector: str, as_json: bool) -> int:
    """Score how well lips and sound of each FILE fit, per shot and face (docs/score.md).

    Offsets above 0: the sound leads the picture. A FILE that cannot be scored is told on standard error;
    the others are scored, and the exit code is 3.
    """
    rows = _Rows(ScoreConfig(judge, protocol, FaceConfig(detector)))
    if as_json:
        for row in rows.scored(files):
            click.echo(json.dumps(row.to_json()))
    else:
        _table(list(rows.scored(files)))
    return _UNREADABLE if rows.failed else 0


class _Rows:
    """Hands rows on and says what went wrong in between."""

    def __init__(self, config: ScoreConfig) -> None:
        self.failed = False
        self._config = config

    def scored(self, files: tuple[Path, ...]) -> Iterator[Score]:
        from w2l_studio.dub import score

        for row in score.score(files, self._config):
            if isinstance(row, score.Score):
                yield row
            else:
                self.failed = True
                click.echo(f"w2l-studio: {row}", err=True)


def _table(rows: list[Score]) -> None:
    if not rows:
        return
    from rich.table import Table

    lse = rows[0].figures.lse_d is not None
    table = Table(box=None, pad_edge=False)
    for name in ("file", "shot", "track", "frames"):
        table.add_column(name, justify="left" if name == "file" else "right")
    for name in ("LSE-D", "LSE-C") if lse else ("distance", "confidence"):
        table.add_column(name, justify="right")
    for name in ("offset", "ms", "judge", "note"):
        table.add_column(name, justify="left" if name in ("judge", "note") else "right")
    for row in rows:
        said = row.figures
        numbers = (said.lse_d, said.lse_c) if lse else (said.distance, said.confidence)
        table.add_row(
            row.file, _or_dash(row.shot), _or_dash(row.track), str(row.frames),
            *(f"{number:.3f}" for number in numbers),
            f"{said.offset_frames:+d}", f"{row.offset_ms:+d}", row.judge, row.note,
        )  # fmt: skip
    options.print_table(table)
    if not lse:
        click.echo(f"{rows[0].judge} is not SyncNet: its numbers are no LSE-D and LSE-C.", err=True)


def _or_dash(number: int | None) -> str:
    return "-" if number is None else str(number)
