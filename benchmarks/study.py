"""The paper's human study: a blind page that works offline, and its answers as the paper's table.

    python benchmarks/study.py make PAGE.html --method NAME=FOLDER --method NAME=FOLDER [--pairs] [--seed N]
    python benchmarks/study.py read PAGE.key.json ANSWERS.json...

Each folder holds one method's films under the same names (.mp4 or .webm, which browsers play). The page holds
all films, shows the versions of each in an order drawn by the seed, asks for sync, visual quality and overall
experience from 1 to 5 and for the version one would rather watch, and saves the answers as a file. With
``--pairs`` it shows two versions at a time and asks for the better one alone: every method against every
other one in every film, each in front in half of the films. The methods' names are not in the page: they
stand in the key beside it, which stays with whoever runs the study.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from training.measure.resampling import bounds, rows

PAGE = Path(__file__).with_name("study.html")
KINDS = {".mp4": "video/mp4", ".webm": "video/webm"}
SCALES = {"sync": "Lips fit the sound", "quality": "Looks like a real picture", "overall": "Overall"}
_RESAMPLED = 2000


def make(page: Path, methods: dict[str, Path], seed: int, *, pairs: bool = False) -> Path:
    """Write the page and its key; returns the key's path.

    Args:
        pairs: two versions at a time and no scales.

    Raises:
        ValueError: the folders do not hold the same films.
    """
    films = {name: _films(folder) for name, folder in methods.items()}
    names = sorted(next(iter(films.values())))
    for method, found in films.items():
        if sorted(found) != names or not names:
            raise ValueError(f"{methods[method]} does not hold the same films as the other folders")
    random = np.random.default_rng(seed)
    study = sha256(json.dumps([seed, names, sorted(methods), pairs]).encode()).hexdigest()[:10]
    tokens = {
        (name, method): sha256(f"{study} {name} {method} {random.integers(2**62)}".encode()).hexdigest()[:10]
        for name in names
        for method in sorted(methods)
    }
    drawn = _pairs(names, sorted(methods), random) if pairs else _together(names, sorted(methods), random)
    items = {
        f"item{number}": [tokens[name, method] for method in shown]
        for number, (name, shown) in enumerate(drawn)
    }
    page_ = {
        "id": study,
        "scales": {} if pairs else SCALES,
        "films": {token: _embedded(films[method][name]) for (name, method), token in tokens.items()},
        "items": [{"id": item, "versions": shown} for item, shown in items.items()],
    }
    told = json.dumps(page_).replace("</", "<\\/")
    page.write_text(PAGE.read_text("utf-8").replace("/*STUDY*/null", told), "utf-8")
    path = page.with_suffix(".key.json")
    versions = {token: {"film": name, "method": method} for (name, method), token in tokens.items()}
    key = {"study": study, "pairs": pairs, "versions": versions, "items": items}
    path.write_text(json.dumps(key, indent=1) + "\n", "utf-8")
    return path


def _together(
    names: Sequence[str], methods: Sequence[str], random: np.random.Generator
) -> Iterator[tuple[str, list[str]]]:
    """Yield every film with all its versions, both in drawn order."""
    for number in random.permutation(len(names)):
        yield names[number], [methods[i] for i in random.permutation(len(methods))]


def _pairs(
    names: Sequence[str], methods: Sequence[str], random: np.random.Generator
) -> Iterator[tuple[str, list[str]]]:
    """Yield every two versions of every film in drawn order, each method in front in half of the films."""
    drawn = []
    for pair in combinations(methods, 2):
        fronts = random.permutation(len(names)) % 2
        drawn += [(name, [pair[front], pair[1 - front]]) for name, front in zip(names, fronts, strict=True)]
    yield from (drawn[i] for i in random.permutation(len(drawn)))


def _films(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.iterdir() if path.suffix.lower() in KINDS}


def _embedded(path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return f"data:{KINDS[path.suffix.lower()]};base64,{content}"


def read(key: Path, answers: Sequence[Path]) -> str:
    """Return the tables of a study, 95 % of resamplings of the participants in brackets.

    Raises:
        ValueError: a file is not of this study, or holds what the page does not give.
    """
    told = json.loads(key.read_text("utf-8"))
    methods = sorted({version["method"] for version in told["versions"].values()})
    given = [_given(path, told) for path in answers]
    if told["pairs"]:
        lines = _preferences(
            methods, np.array([_chooser(*one, told) for one in zip(answers, given, strict=True)])
        )
    else:
        lines = _ratings(methods, [_person(*one, told) for one in zip(answers, given, strict=True)])
    return "\n".join([f"participants: {len(given)}\n", *lines])


def _given(path: Path, told: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if given.get("study") != told["study"]:
        raise ValueError(f"{path} answers another study than {told['study']}")
    return given


def _ratings(methods: Sequence[str], people: Sequence[np.ndarray]) -> list[str]:
    """Return the paper's table: a row per method."""
    lines = ["| method | sync | visual quality | overall experience | preference |\n|---|---|---|---|---|"]
    for n, method in enumerate(methods):
        values = np.array([person[n] for person in people])
        low, high = _bounds(values)
        figures = [f"{m:.2f} [{a:.2f}-{b:.2f}]" for m, a, b in zip(values.mean(0), low, high, strict=True)]
        figures[-1] = _share(values[:, -1])
        lines.append(f"| {method} | {' | '.join(figures)} |")
    return lines


def _preferences(methods: Sequence[str], people: np.ndarray) -> list[str]:
    """Return a row per method: how often it was chosen, against each other one and in all.

    Args:
        people: ``float64[participants, methods, methods]``, the share of choices of one over another.
    """
    lines = [f"| chosen over | {' | '.join(methods)} | all |", "|---" * (len(methods) + 2) + "|"]
    for n, method in enumerate(methods):
        others = [m for m in range(len(methods)) if m != n]
        figures = ["-" if m == n else _share(people[:, n, m]) for m in range(len(methods))]
        lines.append(f"| {method} | {' | '.join([*figures, _share(people[:, n, others].mean(1))])} |")
    return lines


def _share(values: np.ndarray) -> str:
    low, high = _bounds(values[:, None])
    return "{:.0f} % [{:.0f}-{:.0f}]".format(*(100 * part for part in (values.mean(), low[0], high[0])))


def _chooser(path: Path, given: dict[str, Any], told: dict[str, Any]) -> np.ndarray:
    """Return ``float64[methods, methods]``: how often a participant chose one method over another."""
    methods = sorted({version["method"] for version in told["versions"].values()})
    chosen = np.zeros((len(methods), len(methods)))
    for item, answer in given["answers"].items():
        shown = told["items"].get(item, ())
        if answer["best"] not in shown:
            raise ValueError(f"{path}: the version preferred in {item} is none of those shown")
        (other,) = (token for token in shown if token != answer["best"])
        better, worse = (methods.index(_method(token, told, path)) for token in (answer["best"], other))
        chosen[better, worse] += 1
    counts = chosen + chosen.T
    if not (counts + np.eye(len(methods))).all():
        raise ValueError(f"{path}: not every two methods were compared")
    return chosen / np.maximum(counts, 1)


def _person(path: Path, given: dict[str, Any], told: dict[str, Any]) -> np.ndarray:
    """Return ``float64[methods, 4]``: a participant's means of three scales, and share of preference."""
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
    return bounds(values, rows(len(values)), _RESAMPLED)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("page", type=Path)
    making.add_argument("--method", action="append", required=True, metavar="NAME=FOLDER")
    making.add_argument("--seed", type=int, default=0)
    making.add_argument("--pairs", action="store_true", help="two versions at a time, choose the better")
    reading = commands.add_parser("read")
    reading.add_argument("key", type=Path)
    reading.add_argument("answers", type=Path, nargs="+")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "make":
            methods = {name: Path(folder) for name, _, folder in (m.partition("=") for m in asked.method)}
            key = make(asked.page, methods, asked.seed, pairs=asked.pairs)
            print(f"{asked.page}\nkey, for you alone: {key}")
        else:
            print(read(asked.key, asked.answers))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
