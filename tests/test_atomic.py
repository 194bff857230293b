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
