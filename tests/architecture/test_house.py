"""The rules of the house that no linter holds: sizes, who catches everything, what loads what."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "w2l_studio").rglob("*.py"))
#: Where the last line of defence stands: the command line, and its event stream.
CATCHES_ALL = {"cli/main.py", "cli/progress.py"}
#: Who may catch a shot's trouble, or anything wider (docs/architecture.md, rule 5).
CATCHES_TROUBLE = CATCHES_ALL | {
    "cli/doctor.py", "dub/pieces.py", "dub/plan.py", "dub/run.py", "dub/score.py",
    "edit/segments.py",
}  # fmt: skip


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every function's name and its lines without the docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            told = ast.get_docstring(node, clean=False)
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - (told.count("\n") + 1 if told else 0)


def name(path: Path) -> str:
    return path.relative_to(ROOT / "w2l_studio").as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 300
    long = {function: lines for function, lines in functions(path) if lines > 60}
    assert not long
    assert ast.get_docstring(tree), "every module says what it is for"


def test_everything_is_caught_in_two_places_only() -> None:
    found = {name(path) for path in MODULES if "except Exception" in path.read_text(encoding="utf-8")}
    assert found == CATCHES_ALL


def test_a_shots_trouble_is_caught_where_it_is_known_whose_it_is() -> None:
    trouble = re.compile(r"except \(?[^:]*\b(ShotError|StudioError)\b")
    assert {name(path) for path in MODULES if trouble.search(path.read_text("utf-8"))} == CATCHES_TROUBLE


def modules_after(code: str) -> set[str]:
    """Return what a fresh Python has loaded after some code."""
    told = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import w2l_studio", {"torch", "numpy", "click", "av"}),
        ("import w2l_studio.cli.dub, w2l_studio.cli.weights", {"torch", "numpy", "av", "rich"}),
        ("import w2l_studio.dub.plan", {"torch"}),
        ("import w2l_studio.nets.weights", {"torch"}),
        ("import w2l_studio.edit.patch, w2l_studio.edit.cues", {"torch", "cv2", "av"}),
    ],
)
def test_what_is_not_used_is_not_loaded(code: str, heavy: set[str]) -> None:
    assert not heavy & modules_after(code)


def test_the_bridge_runs_in_the_pythons_that_hosts_bring() -> None:
    ours = [ROOT / "w2l_studio" / "bridge.py", ROOT / "plugins" / "davinci"]
    vermin = [Path(sys.executable).with_name("vermin"), "--no-tips", "-t=3.7-", *ours]
    told = subprocess.run(vermin, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    loaded = modules_after("import w2l_studio.bridge") - modules_after("")
    engine = {module for module in loaded if module.startswith("w2l_studio")}
    assert engine == {"w2l_studio", "w2l_studio.bridge"}
    assert {module.split(".")[0] for module in loaded - engine} <= set(sys.stdlib_module_names)


def test_plugins_know_nothing_of_the_engine_but_the_bridge() -> None:
    """Hosts have neither torch nor our package; what a plugin needs is copied beside it."""
    paths = sorted((ROOT / "plugins" / "davinci").rglob("*.py"))
    assert paths
    for path in paths:
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {node.module or ""}
        known = set(sys.stdlib_module_names) | {"w2l_resolve", "DaVinciResolveScript"}
        assert {name.split(".")[0] for name in names} <= known, path.name
