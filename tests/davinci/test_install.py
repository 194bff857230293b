"""The installer: from a checkout and from a wheel, twice, away again, and what it leaves alone."""

import errno
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from w2l_studio import __version__, plugins
from w2l_studio.errors import OutputError

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = ["collect results", "lip-sync marked clips", "lip-sync selected clips", "settings and self-check"]


def studio(*arguments, home, path=ROOT):
    """Run the command line in a home of its own."""
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(path)}
    command = [sys.executable, "-m", "w2l_studio", "plugin", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=home, env=environment, check=False)


def test_it_comes_and_goes_and_leaves_the_users_scripts(tmp_path):
    fusion = tmp_path / ".local" / "share" / "DaVinciResolve" / "Fusion"
    scripts = fusion / "Scripts" / "Edit"
    scripts.mkdir(parents=True)
    (scripts / "W2L - mine.py").write_text("print('mine')")
    for _ in range(2):
        done = studio("install", "resolve", home=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert all(f"Workspace > Scripts > Edit > W2L - {entry}" in done.stdout for entry in ENTRIES)
    assert sorted(path.stem for path in scripts.iterdir()) == sorted(
        [*(f"W2L - {entry}" for entry in ENTRIES), "W2L - mine"]
    )
    package = fusion / "W2L Studio" / "w2l_resolve"
    assert (package / "bridge.py").read_bytes() == (ROOT / "w2l_studio" / "bridge.py").read_bytes()
    assert json.loads((package / "installed.json").read_text())["version"] == __version__
    told = studio("doctor", home=tmp_path)
    assert f"plugin {__version__}: {fusion}" in told.stdout
    assert "PROBLEM DaVinci Resolve is not at /opt/resolve/bin/resolve" in told.stdout
    assert told.returncode == 1
    done = studio("install", "resolve", "--uninstall", home=tmp_path)
    assert done.stdout.count("gone: ") == 5
    assert [path.name for path in scripts.iterdir()] == ["W2L - mine.py"]
    assert not (fusion / "W2L Studio").exists()
    assert "PROBLEM the plugin is not installed; run" in studio("doctor", home=tmp_path).stdout


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_script_finds_the_package_by_itself(tmp_path, entry):
    """In a Python that knows nothing of the plugin, as Resolve's does."""
    fusion = tmp_path / "Größe 'a'"
    plugins.install_resolve(fusion)
    script = fusion / "Scripts" / "Edit" / f"W2L - {entry}.py"
    run = [sys.executable, "-I", str(script)]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "Resolve does not answer" in done.stdout


def test_what_is_missing_is_told(tmp_path):
    plugins.install_resolve(tmp_path)
    record = tmp_path / "W2L Studio" / "w2l_resolve" / "installed.json"
    record.write_text(json.dumps({"engine": str(tmp_path / "none"), "version": "0.0.1"}))
    (tmp_path / "Scripts" / "Edit" / "W2L - collect results.py").unlink()
    _, missing = plugins.check_resolve([tmp_path])
    for words in ("is of version 0.0.1", "W2L - collect results.py is missing", "no program is there"):
        assert any(words in line for line in missing), words


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_record_is_told(tmp_path, text):
    plugins.install_resolve(tmp_path)
    (tmp_path / "W2L Studio" / "w2l_resolve" / "installed.json").write_text(text)
    there, missing = plugins.check_resolve([tmp_path])
    assert there[0] == f"plugin unknown: {tmp_path}"
    assert "is of version unknown" in missing[0]
    assert "run `w2l-studio plugin install resolve` again" in missing[0]


def test_scripts_and_folders_of_others_are_not_overwritten(tmp_path):
    (tmp_path / "Scripts" / "Edit").mkdir(parents=True)
    other = tmp_path / "Scripts" / "Edit" / "W2L - collect results.py"
    other.write_text("print('not of W2L Studio')")
    with pytest.raises(OutputError, match="another script has this name"):
        plugins.install_resolve(tmp_path)
    assert other.read_text() == "print('not of W2L Studio')"
    other.unlink()
    other.mkdir()
    with pytest.raises(OutputError, match="another script has this name"):
        plugins.install_resolve(tmp_path)
    assert plugins.uninstall_resolve(tmp_path) == []
    other.rmdir()
    (tmp_path / "W2L Studio" / "w2l_resolve").mkdir(parents=True)
    with pytest.raises(OutputError, match="something else is in the way"):
        plugins.install_resolve(tmp_path)


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device", "bridge.py")


def test_a_full_disk_leaves_the_plugin_that_was_there(tmp_path, monkeypatch):
    plugins.install_resolve(tmp_path)
    before = contents(tmp_path)
    for owner, call in ((shutil, "copy"), (Path, "write_text"), (os, "fsync")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, call, full)
            with pytest.raises(OutputError, match="the disk is full"):
                plugins.install_resolve(tmp_path)
        assert contents(tmp_path) == before
    plugins.install_resolve(tmp_path)
    assert contents(tmp_path) == before


def test_a_package_that_does_not_get_its_place_leaves_the_one_that_was_there(tmp_path, monkeypatch):
    """Windows refuses to rename a folder of which a scanner holds a file."""
    plugins.install_resolve(tmp_path)
    before, rename = contents(tmp_path), Path.replace

    def held(path, target):
        if path.name.endswith(".part"):
            raise PermissionError(errno.EACCES, "Access is denied", str(path))
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", held)
        with pytest.raises(OutputError, match="not allowed"):
            plugins.install_resolve(tmp_path)
    assert contents(tmp_path) == before


def contents(folder):
    """Return every file below a folder by its path."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("remedy", [plugins.install_resolve, plugins.uninstall_resolve])
@pytest.mark.parametrize(
    "left_over",
    [["part"], ["whole", "part"], ["old", "part"], ["whole", "old"]],
    ids=["first copy", "later copy", "between the two renames", "tidying up"],
)
def test_an_installation_that_was_killed_is_repaired_or_taken_away(left_over, remedy, tmp_path):
    plugins.install_resolve(tmp_path)
    clean = set(contents(tmp_path))
    package = tmp_path / "W2L Studio" / "w2l_resolve"
    for ending in left_over:
        if ending != "whole":
            shutil.copytree(package, package.with_name(f"w2l_resolve.{ending}"))
    if "whole" not in left_over:
        shutil.rmtree(package)
    script = tmp_path / "Scripts" / "Edit" / "W2L - collect results.py"
    script.rename(script.with_name(f"{script.name}.0123456789abcdef.part"))
    remedy(tmp_path)
    assert set(contents(tmp_path)) == (clean if remedy is plugins.install_resolve else set())
    assert (tmp_path / "W2L Studio").exists() == (remedy is plugins.install_resolve)


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "Fusion").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        plugins.install_resolve(tmp_path / "Fusion")


def test_a_wheel_brings_the_plugin_with_it(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site", [name for name in packed.namelist() if name.endswith(".py")])
    done = studio("install", "resolve", home=tmp_path, path=tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "w2l_studio" / "_plugins").is_dir()
    (package,) = tmp_path.glob(".local/**/w2l_resolve")
    source = ROOT / "plugins" / "davinci" / "w2l_resolve"
    installed, ours = (
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py")) for folder in (package, source)
    )
    assert installed == sorted(["bridge.py", *ours])


@pytest.mark.parametrize(
    ("system", "every", "place"),
    [
        ("linux", False, "/home/me/.local/share/DaVinciResolve/Fusion"),
        ("linux", True, "/opt/resolve/Fusion"),
        ("darwin", False, "/home/me/Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion"),
        ("darwin", True, "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion"),
        ("win32", False, "/roaming/Blackmagic Design/DaVinci Resolve/Support/Fusion"),
        ("win32", True, "/data/Blackmagic Design/DaVinci Resolve/Fusion"),
    ],
)
def test_every_system_has_its_place(system, every, place, monkeypatch):
    monkeypatch.setattr(plugins.sys, "platform", system)
    monkeypatch.setenv("APPDATA", "/roaming")
    monkeypatch.setenv("PROGRAMDATA", "/data")
    assert plugins.fusion_folder(all_users=every, home=Path("/home/me")) == Path(place)
