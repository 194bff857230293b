"""``performers``: CGI people that do what clips, phonemes or sounds say."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from training.cli.run import FOLDER, Number
from w2l_studio.errors import UsageError

_EXISTING = click.Path(path_type=Path, file_okay=False, exists=True)


@click.group()
def performers() -> None:
    """Make CGI people (docs/performers.md)."""


@performers.command("make")
@click.argument("pack", type=FOLDER)
@click.option("--captures", type=_EXISTING, help="What performers/capture.py made; needs --clips.")
@click.option("--clips", type=_EXISTING, help="The captured clips, a folder per speaker.")
@click.option("--speech", type=_EXISTING, help="Utterances with phoneme times (speech.jsonl).")
@click.option("--voices", type=_EXISTING, help="Any speech, a folder per speaker: the lips are listened out.")
@click.option(
    "--split",
    "rules",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Rules for the voices: who, licence, split.",
)
@click.option("--count", type=click.IntRange(1), help="Clips at most.")
@click.option("--minutes", type=Number(0, min_open=True), help="Of footage, about.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Of everything.")
@click.option("--jobs", type=click.IntRange(1), default=2, help="Processes.")
def make(
    pack: Path,
    captures: Path | None,
    clips: Path | None,
    speech: Path | None,
    voices: Path | None,
    rules: Path | None,
    count: int | None,
    minutes: float | None,
    seed: int,
    jobs: int,
) -> None:
    """Make a PACK of CGI people, or go on with one.

    Clips of all that is given take turns, until there are --count of them or --minutes are full; without
    either, each source is performed once. Sources that are held out are performed too and keep their split,
    but for captured clips, of which only those for training are.
    """
    from training.packs import splits

    if bool(captures) != bool(clips) or not (captures or speech or voices):
        raise UsageError(
            "nothing to perform", hint="give --captures with --clips, or --speech, or --voices, or several"
        )
    try:
        from training.performers import sources
        from training.performers.fill import fill
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed", hint="run `make performers`") from error
    given: list[tuple[Path, sources.Kind]] = []
    if captures and clips:
        given.append((captures, partial(sources.captured_for_training, captures, clips)))
    if speech:
        given.append((speech, partial(sources.spoken, speech, ())))
    if voices:
        given.append((voices, partial(sources.heard, voices, splits.read(rules))))
    for folder, kind in given:
        if next(kind(None), None) is None:
            raise UsageError(
                "the folder has nothing to perform",
                hint="captures that are held out, guessed phoneme times and short sounds do not count",
                where=str(folder),
            )
    kinds = [kind for _, kind in given]
    wanted = sources.rounds(kinds, seed, once=count is None and minutes is None)
    filled = fill(wanted, pack, clips=count, minutes=minutes, jobs=jobs, report=click.echo)
    click.echo(f"{pack}: {filled.clips} clips, {filled.minutes:.1f} min")
