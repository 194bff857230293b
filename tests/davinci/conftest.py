"""The plugin as the installer puts it, a Resolve that behaves like one, and somebody who clicks."""

import importlib
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from w2l_studio import plugins

# The fake is a module of its own: several tests of this folder use its classes.
sys.path.insert(0, str(Path(__file__).parent))

import fake_resolve

RATE = 24
START = 86400


@pytest.fixture(scope="session")
def fusion(tmp_path_factory):
    """Return Resolve's `Fusion` folder with the plugin in it; the package can be imported."""
    folder = tmp_path_factory.mktemp("Blackmagic Größe") / "Fusion"
    plugins.install_resolve(folder)
    sys.path.insert(0, str(folder / "W2L Studio"))
    return folder


@pytest.fixture(scope="session")
def package(fusion):
    """Return ``module(name)``: a module of the installed package."""

    def module(name):
        return importlib.import_module(f"w2l_resolve.{name}")

    return module


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a user's folder in which settings and results go."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "Einstellungen"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def resolve():
    return fake_resolve.FakeResolve()


@pytest.fixture
def timeline(resolve):
    """Return an empty timeline of 24 frames a second that begins at 01:00:00:00."""
    return resolve.project.add("Szene 1", "24", START)


@pytest.fixture
def click(fusion):
    """Return ``click(entry, resolve, user)``: run a menu script as Resolve does; returns what was said."""

    def run(entry, resolve, user=None):
        said = []

        def answer(window):
            buttons = [w.Text for w in window.items.values() if w.ID.startswith("button")]
            if user is not None and window.items.keys() - {
                "told",
                *(f"button{i}" for i in range(len(buttons))),
            }:
                user(window)
            else:
                said.append(window.items["told"].Text)
                window.press(buttons[-1])

        ui = fake_resolve.FakeUi(answer)
        path = fusion / "Scripts" / "Edit" / f"W2L - {entry}.py"
        # No __file__ and no __name__ of a module: Resolve does not promise them.
        scope = {"resolve": resolve, "fusion": ui, "bmd": ui, "__builtins__": __builtins__}
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), scope)
        return "\n".join(said)

    return run


@pytest.fixture(scope="session")
def films(tmp_path_factory, talking_film, spoken_stem):
    """Return a folder with two films of 48 pictures, one of 25 frames a second, and a stem."""
    folder = tmp_path_factory.mktemp("Filme")
    for name, rate in (("plate", 24), ("other", 24), ("fast", 25)):
        talking_film(folder / f"{name}.mov", rate=Fraction(rate), frames=48, faces=(), timecode="14:00:00:00")
    spoken_stem(folder / "fr.wav", 2)
    return folder
