"""The paper's human study: a blind page that works offline, and its answers as the paper's table.

    python benchmarks/study.py make PAGE.html --method NAME=FOLDER --method NAME=FOLDER [--seed N]
    python benchmarks/study.py read PAGE.key.json ANSWERS.json...

Each folder holds one method's films under the same names (.mp4 or .webm, which browsers play). The page holds
all films, shows the versions of each in an order drawn by the seed, asks for sync, visual quality and overall
experience from 1 to 5 and for the version one would rather watch, and saves the answers as a file. The
methods' names are not in it: they stand in the key beside it, which stays with whoever runs the study.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).with_name("study.html")
KINDS = {".mp4": "video/mp4", ".webm": "video/webm"}
SCALES = ("sync", "quality", "overall")
_RESAMPLED = 2000


def make(page: Path, methods: dict[str, Path], seed: int) -> Path:
    """Write the page and its key; returns the key's path.

    Raises:
        ValueError: the folders do not hold the same films.
    """
    films = {name: _films(folder) for name, folder in methods.items()}
    names = sorted(next(iter(films.values())))
    for method, found in films.items():
        if sorted(found) != names or not names:
            raise ValueError(f"{methods[method]} does not hold the same films as the other folders")
    random = np.random.default_rng(seed)
    study = sha256(json.dumps([seed, names, sorted(methods)]).encode()).hexdigest()[:10]
    items, key = [], {}
    for number in random.permutation(len(names)):
        name = names[number]
        versions = []
        for method in random.permutation(sorted(methods)):
            token = sha256(f"{study} {name} {method} {random.integers(2**62)}".encode()).hexdigest()[:10]
            versions.append({"id": token, "film": _embedded(films[method][name])})
            key[token] = {"film": name, "method": str(method)}
        items.append({"id": f"item{number}", "versions": versions})
    told = json.dumps({"id": study, "items": items}).replace("</", "<\\/")
    page.write_text(PAGE.read_text("utf-8").replace("/*STUDY*/null", told), "utf-8")
    path = page.with_suffix(".key.json")
    path.write_text(json.dumps({"study": study, "versions": key}, indent=1) + "\n", "utf-8")
    return path


def _films(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.iterdir() if path.suffix.lower() in KINDS}


def _embedded(path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return f"data:{KINDS[path.suffix.lower()]};base64,{content}"


def read(key: Path, answers: Sequence[Path]) -> str:
    """Return the table of a study: a row per method, 95 % of resamplings of the participants in brackets.

    Raises:
        ValueError: a file is not of this study, or holds what the page does not give.
    """
    told = json.loads(key.read_text("utf-8"))
    people = [_person(path, told) for path in answers]
    methods = sorted({version["method"] for version in told["versions"].values()})
    head = "| method | sync | visual quality | overall experience | preference |\n|---|---|---|---|---|"
    lines = [f"participants: {len(people)}\n", head]
    for n, method in enumerate(methods):
        values = np.array([person[n] for person in people])
        low, high = _bounds(values)
        figures = [f"{m:.2f} [{a:.2f}-{b:.2f}]" for m, a, b in zip(values.mean(0), low, high, strict=True)]
        share = (100 * part for part in (values.mean(0)[-1], low[-1], high[-1]))
        figures[-1] = "{:.0f} % [{:.0f}-{:.0f}]".format(*share)
        lines.append(f"| {method} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _person(path: Path, told: dict[str, Any]) -> np.ndarray:
    """Return ``float64[methods, 4]``: a participant's means of three scales, and share of preference."""
    given = json.loads(path.read_text("utf-8"))
    if given.get("study") != told["study"]:
        raise ValueError(f"{path} answers another study than {told['study']}")
    methods = sorted({version["method"] for version in told["versions"].values()})
    sums, counts = np.zeros((len(methods), 4)), np.zeros((len(methods), 1))
    for answer in given["answers"].values():
        for token, rated in answer["ratings"].items():
            row = methods.index(_method(token, told, path))
            scores = [rated.get(scale) for scale in SCALES]
            if any(score not in (1, 2, 3, 4, 5) for score in scores):
                raise ValueError(f"{path}: a version was rated {scores}, not from 1 to 5 on three scales")
            sums[row] += [*scores, token == answer["best"]]
            counts[row] += 1
        if answer["best"] not in answer["ratings"]:
            raise ValueError(f"{path}: the version preferred is none of those rated")
    if not counts.all():
        raise ValueError(f"{path}: not every method was rated")
    return sums / counts


def _method(token: str, told: dict[str, Any], path: Path) -> str:
    if token not in told["versions"]:
        raise ValueError(f"{path}: {token} is no version of this study")
    return str(told["versions"][token]["method"])


def _bounds(values: np.ndarray) -> np.ndarray:
    """Resample the participants: lower and upper bounds by column."""
    random = np.random.default_rng(0)
    drawn = random.integers(len(values), size=(_RESAMPLED, len(values)))
    return np.percentile(values[drawn].mean(1), [2.5, 97.5], axis=0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("page", type=Path)
    making.add_argument("--method", action="append", required=True, metavar="NAME=FOLDER")
    making.add_argument("--seed", type=int, default=0)
    reading = commands.add_parser("read")
    reading.add_argument("key", type=Path)
    reading.add_argument("answers", type=Path, nargs="+")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "make":
            methods = {name: Path(folder) for name, _, folder in (m.partition("=") for m in asked.method)}
            print(f"{asked.page}\nkey, for you alone: {make(asked.page, methods, asked.seed)}")
        else:
            print(read(asked.key, asked.answers))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
