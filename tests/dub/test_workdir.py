import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from w2l_studio import atomic
from w2l_studio.dub import workdir
from w2l_studio.dub.workdir import WorkDir
from w2l_studio.errors import OutputError


def test_a_key_depends_on_content_and_not_on_order() -> None:
    one = workdir.key({"a": 1, "b": [2, "é"]})
    assert one == workdir.key({"b": [2, "é"], "a": 1})
    assert one != workdir.key({"a": 1, "b": [2, "e"]})


@pytest.mark.parametrize(
    ("clip", "name"),
    [
        ("A001 C001.mov", "A001_C001"),
        ("Größe", "Größe"),
        ("", "clip"),
        ("x" * 90, "x" * 60),
        ("CON", "CON_"),
        ("nul.mov", "nul_"),
        ("Lpt9.wav", "Lpt9_"),
        ("com0", "com0"),
        ("console", "console"),
        ("aux.v2.mov", "aux_v2"),
    ],
)
def test_takes_have_names_that_every_system_takes(clip: str, name: str) -> None:
    assert workdir.file_name(clip) == name


def test_a_finished_take_is_known_until_its_file_is_touched(tmp_path: Path) -> None:
    with WorkDir(tmp_path / "out") as work:
        media = work.media / "a.mov"
        media.write_bytes(b"picture")
        work.finish("k", media, {"synced": [3]})
        assert work.finished("k") == {"path": "media/a.mov", "bytes": 7, "synced": [3]}
        media.write_bytes(b"pict")
        assert work.finished("k") is None
        media.unlink()
        assert work.finished("k") is None
        (work.path / "takes" / "k.json").write_text("{half")
        assert work.finished("k") is None


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    with (
        WorkDir(tmp_path / "out"),
        pytest.raises(OutputError, match="another run"),
        WorkDir(tmp_path / "out"),
    ):
        pass
    with WorkDir(tmp_path / "out"):
        pass


def test_a_lock_that_a_dead_run_left_is_taken_over(tmp_path: Path) -> None:
    """The run is killed, so that nobody cleans up after it."""
    code = "import os, sys; from pathlib import Path; from w2l_studio.dub.workdir import WorkDir\n"
    code += "WorkDir(Path(sys.argv[1])).__enter__(); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode != 0
    assert (tmp_path / ".lock").exists()
    with WorkDir(tmp_path):
        pass
    assert not (tmp_path / ".lock").exists()


def test_a_lock_that_cannot_be_removed_hides_no_trouble_and_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that went read-only during the work."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refused)
        with pytest.raises(RuntimeError, match="trouble"), WorkDir(tmp_path):
            raise RuntimeError("trouble")
    assert (tmp_path / ".lock").exists()
    with WorkDir(tmp_path):
        pass


def test_unfinished_files_of_a_dead_run_are_cleared(tmp_path: Path) -> None:
    folders = (tmp_path, tmp_path / "media", tmp_path / "takes")
    killed = [atomic.written(folder / "a.mov") for folder in folders]
    for folder, writing in zip(folders, killed, strict=True):
        folder.mkdir(exist_ok=True)
        (folder / "a.mov.part").touch()
        writing.__enter__()
    assert len(list(tmp_path.rglob("*.part"))) == 6
    with WorkDir(tmp_path):
        left = [path.name for path in tmp_path.rglob("*.part")]
    assert left == ["a.mov.part"] * 3


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    workdir.write_json(path, {"é": 1})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": 1}
    with pytest.raises(TypeError):
        workdir.write_json(path, {"x": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": 1}


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError), WorkDir(tmp_path / "file" / "out"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="flock is POSIX")
@pytest.mark.parametrize(
    ("number", "held"),
    [(errno.EWOULDBLOCK, True), (errno.EACCES, True), (errno.ENOLCK, False), (errno.EOPNOTSUPP, False)],
)
def test_a_file_system_without_locks_is_written_to(
    number: int, held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(workdir.fcntl, "flock", refused)
    if held:
        with pytest.raises(OutputError, match="another run"), WorkDir(tmp_path / "out"):
            pass
    else:
        with WorkDir(tmp_path / "out") as work:
            workdir.write_json(work.path / "report.json", {})
        assert (tmp_path / "out" / "report.json").read_text() == "{}\n"


def test_a_name_that_is_no_utf_8_is_written_as_escapes(tmp_path: Path) -> None:
    name = os.fsdecode(b"M\xfcller") if sys.platform != "win32" else "M\udcfcller"
    workdir.write_json(tmp_path / "report.json", {"edit": name})
    assert "M\\udcfcller" in (tmp_path / "report.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == {"edit": name}
