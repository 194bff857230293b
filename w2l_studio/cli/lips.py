"""``w2l-studio lips``: what lips do to a stem, for rigs and other tools."""

from __future__ import annotations

import json
import os
import re
import stat
from fractions import Fraction
from pathlib import Path

import click

from w2l_studio import atomic
from w2l_studio.config import LipsConfig
from w2l_studio.errors import UsageError

_DEFAULT = LipsConfig()
_ELSEWHERE = "give another path"
#: No exponents: nobody writes a rate so, and a Fraction of them is worked out to the last digit.
_RATE = re.compile(r"\d{1,9}(\.\d{1,20})?|\d{1,9}/\d{1,9}")


@click.command("lips")
@click.argument("stem", type=click.Path(path_type=Path))
@click.option(
    "--rate", default=str(_DEFAULT.rate), show_default=True, help="Frames per second: 25, 24000/1001, 23.976."
)
@click.option("--weights", default=_DEFAULT.weights, show_default=True, help="Name or file.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write a line per frame.")
@click.option("--gltf", type=click.Path(path_type=Path), help="Write an animation of morph weights.")
def command(stem: Path, rate: str, weights: str, as_json: bool, table: Path | None, gltf: Path | None) -> int:
    """Move lips to STEM, any language: face units, opening and closures per frame (docs/lips.md)."""
    config = LipsConfig(weights, _rate(rate))
    _check_outputs(stem, {"--csv": table, "--gltf": gltf})
    import numpy as np

    from w2l_studio.dub import lips, motion

    moved = lips.follow(stem, config)
    if table:
        atomic.write_text(table, motion.as_csv(moved), _ELSEWHERE)
    if gltf:
        atomic.write_text(gltf, motion.as_gltf(moved, stem.stem), _ELSEWHERE)
    if as_json:
        click.echo(json.dumps(motion.as_json(moved, stem)))
    else:
        apart, shut = (moved.opening > 0).sum(), (np.diff(moved.closure, prepend=False) & moved.closure).sum()
        said = f"lips apart in {apart}, shut {shut} times for p, b, m" if apart or shut else "nobody is heard"
        click.echo(f"{stem}: {len(moved.opening)} frames at {rate}, {said}")
    return 0


def _check_outputs(stem: Path, outputs: dict[str, Path | None]) -> None:
    """Refuse files that would take the place of the stem, of each other or of a device, before any work.

    Raises:
        UsageError: two paths are the same, or one is a folder, a device or a link.
        OutputError: the disk takes no such name.
    """
    taken = {"STEM": stem}
    for option, path in outputs.items():
        if path is None:
            continue
        with atomic.refusals(path, _ELSEWHERE):
            if path.is_dir():
                raise UsageError(f"{option} {path} is a folder", hint="name a file in it")
            for name, other in taken.items():
                if _same(path, other):
                    raise UsageError(f"{option} {path} is the file of {name} too", hint=_ELSEWHERE)
            # A finished file is renamed into its place: it would replace /dev/stdout or a link itself.
            if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
                raise UsageError(f"{option} {path} is a device or a link, not a file", hint=_ELSEWHERE)
        taken[option] = path


def _same(one: Path, other: Path) -> bool:
    """Tell whether two paths are one file, by whatever names."""
    try:
        return one.samefile(other)
    except OSError:
        # One of them is not there.
        return os.path.realpath(one) == os.path.realpath(other)


def _rate(text: str) -> Fraction:
    from w2l_studio.timing import snap_rate

    try:
        if _RATE.fullmatch(text) is None:
            raise ValueError(text)
        return snap_rate(Fraction(text))
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(
            f"--rate {text!r} is no frame rate", hint="write 25, 24000/1001 or 23.976"
        ) from error
