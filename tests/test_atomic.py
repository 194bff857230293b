"""Files that appear whole or not at all, and everybody who writes one."""

import errno
import os
from pathlib import Path

import opentimelineio as otio
import pytest

from w2l_studio import atomic
from w2l_studio.edit import timeline
from w2l_studio.errors import OutputError
from w2l_studio.nets import weights


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with atomic.written(path) as part:
        part.write_text("after")
        assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "after"


def test_an_unfinished_file_is_nobody_elses(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "a.csv.part").symlink_to("precious")
    (tmp_path / "b.csv.part").write_text("notes")
    for name in ("a.csv", "b.csv"):
        atomic.write_text(tmp_path / name, "text")
    assert (tmp_path / "a.csv.part").read_text() == "precious"
    assert (tmp_path / "b.csv.part").read_text() == "notes"


@pytest.mark.parametrize("name", ["a" * 255, "\U0001d400" * 63, "\u00e9" * 51])
def test_a_file_may_have_the_longest_name_and_the_usual_permissions(tmp_path, name):
    atomic.write_text(tmp_path / name, "text")
    (tmp_path / "usual").touch()
    assert (tmp_path / name).stat().st_mode == (tmp_path / "usual").stat().st_mode
    with pytest.raises(OutputError, match="too long"):
        atomic.write_text(tmp_path / (name + "a" * 255), "text")


def test_what_killed_runs_left_is_cleared_and_nothing_else(tmp_path):
    (tmp_path / "a.mov.part").touch()
    killed = atomic.written(tmp_path / "a.mov")
    killed.__enter__()
    assert len(list(tmp_path.iterdir())) == 2
    atomic.clear(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.mov.part"]


def test_a_folder_appears_with_all_its_files_and_replaces_the_last_one(tmp_path):
    path = tmp_path / "take"
    for name in ("1.exr", "2.exr"):
        with atomic.filled(path) as part:
            (part / name).write_text(name)
            assert not (path / name).exists()
    assert [one.name for one in path.iterdir()] == ["2.exr"]
    with pytest.raises(FileNotFoundError), atomic.filled(path) as part:
        (part / "no" / "3.exr").touch()
    assert [str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*")] == ["take", "take/2.exr"]


def test_a_folder_that_a_killed_run_left_is_cleared(tmp_path):
    killed = atomic.filled(tmp_path / "take")
    (killed.__enter__() / "1.exr").touch()
    (tmp_path / "mine").mkdir()
    atomic.clear(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("trouble", [OSError, KeyboardInterrupt, ValueError])
def test_what_goes_wrong_leaves_the_file_as_it_was(tmp_path, trouble):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write():
        with atomic.written(path) as part:
            part.write_text("half")
            raise trouble

    with pytest.raises(trouble):
        write()
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, r"the disk is full \(\d+ MB free\)\. Free some space"),
        (errno.EROFS, r"not allowed here\. Give another folder"),
        (errno.EIO, r"cannot be written .*\. Give another folder"),
    ],
)
def test_refusals_of_the_system_are_sentences(tmp_path, number, words):
    with pytest.raises(OutputError, match=words), atomic.refusals(tmp_path / "x" / "y.mov"):
        raise OSError(number, os.strerror(number))


def test_text_is_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match=r"taken: cannot be written .*\. Say where"):
        atomic.write_text(tmp_path / "taken", "text", "say where")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    atomic.write_text(tmp_path / "name", "\udcfc\u00fc")
    assert (tmp_path / "name").read_text("utf-8") == "\\udcfc\u00fc"


def save(path: Path) -> None:
    import torch

    weights.save(torch.nn.Linear(1, 1), path, weights.Meta("opening"))


@pytest.mark.parametrize("write", [lambda path: timeline.write(otio.schema.Timeline(), path), save])
def test_a_name_that_is_taken_by_a_folder_leaves_nothing_beside_it(tmp_path, write):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="taken"):
        write(tmp_path / "taken")
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
