"""The pages against the code: words, options, codes, links, and no page that nobody can read."""

import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from w2l_studio import errors, terms
from w2l_studio.cli.main import COMMANDS, group
from w2l_studio.nets.public import PUBLIC

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(
        page
        for room in ("docs", "training", "benchmarks", "examples")
        for page in (ROOT / room).rglob("*.md")
    ),
]
ENGLISH = re.compile(r"(?<=[a-z])(?=[A-Z])")


def page(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_word_of_the_code_stands_in_the_glossary() -> None:
    words = {
        ENGLISH.sub(" ", name).lower()
        for name, value in vars(terms).items()
        if is_dataclass(value) and value.__module__.startswith(terms.__name__)
    }
    told = set(re.findall(r"^\| ([a-z ]+) \|", page("docs/glossary.md"), re.MULTILINE)) - {"word"}
    assert words - told == set()
    assert told - words == {"handles", "lead", "field order"}


def commands(parent: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(parent, click.Group):
        yield path, parent
        return
    for name in parent.list_commands(click.Context(parent)):
        child = parent.get_command(click.Context(parent), name)
        assert child is not None
        yield from commands(child, f"{path} {name}".strip())


@pytest.mark.parametrize(("name", "command"), list(commands(group)), ids=lambda value: str(value))
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    told = page("docs/commands.md")
    section = re.search(rf"^## `w2l-studio {name}.*?(?=^## |\Z)", told, re.MULTILINE | re.DOTALL)
    assert section, f"docs/commands.md has no section on {name}"
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            spelled = [*parameter.opts, *parameter.secondary_opts]
            assert all(f"`{option}" in section[0] for option in spelled), parameter.opts
    documented = set(re.findall(r"`(--[a-z-]+)", section[0]))
    known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
    assert documented <= known


def test_public_weights_are_named() -> None:
    _, _, rest = page("docs/commands.md").partition("## `w2l-studio weights add SOURCE`")
    assert all(f"`{name}`" in rest.partition("\n## ")[0] for name in PUBLIC)


def test_errors_about_options_name_options_that_there_are() -> None:
    known = {o for _, c in commands(group) for p in c.params for o in (*p.opts, *p.secondary_opts)}
    named = re.findall(r'"(--[a-z-]+)"', page("w2l_studio/config.py"))
    assert named
    assert set(named) <= known


def test_the_first_page_of_help_names_every_command() -> None:
    text = CliRunner().invoke(group, ["--help"]).output
    assert all(re.search(rf"^  {name} ", text, re.MULTILINE) for name in COMMANDS)


def kinds(kind: type[errors.StudioError]) -> list[type[errors.StudioError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in kinds(child))]


@pytest.mark.parametrize("kind", kinds(errors.StudioError)[1:], ids=lambda kind: kind.code)
def test_every_code_of_an_error_is_documented(kind: type[errors.StudioError]) -> None:
    abstract = (errors.SourceError, errors.ShotError)
    where = "docs/report.md" if issubclass(kind, errors.ShotError) else "docs/exit-codes.md"
    assert kind in abstract or f"`{kind.code}`" in page(where)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target, heading in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            there = path.parent / target if target else path
            assert there.exists(), target
            assert not heading or heading in anchors(there), f"{target}#{heading}"


def anchors(path: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem
)
def test_decisions_are_short_and_numbered(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 10
    assert lines[0].startswith(f"# {path.name[:4]} ")


def test_the_readmes_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))
    for told in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"^make ([a-z-]+)", page(told), re.MULTILINE)) <= targets


@pytest.mark.parametrize("told", ["README.md", "docs/install.md", "Makefile"])
def test_the_pythons_that_install_are_told(told: str) -> None:
    wanted = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"', page("pyproject.toml"), re.MULTILINE)
    assert wanted
    *rest, last = (f"3.{minor}" for minor in range(int(wanted[1]), int(wanted[2])))
    assert f"Python {', '.join(rest)} or {last}" in page(told)
    assert f"(3, {wanted[1]}) <= sys.version_info < (3, {wanted[2]})" in page("Makefile")


def test_every_code_of_a_warning_is_documented() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "w2l_studio").rglob("*.py")]
    codes = {code for text in sources for code in re.findall(r'Warned\(\s*"([a-z-]+)"', text)}
    assert codes
    assert all(f"`{code}`" in page("docs/events.md") for code in codes)
