import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from w2l_studio.cli import main, progress
from w2l_studio.cli.main import COMMANDS


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "w2l_studio", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


@pytest.mark.parametrize("arguments", [["--help"], ["dub", "--help"], ["--version"]])
def test_help_loads_neither_torch_nor_numpy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from w2l_studio.cli.main import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit as leave: assert not leave.code, leave.code\n"
        "heavy = {'torch', 'numpy', 'cv2', 'av', 'opentimelineio'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "w2l-studio" in done.stdout


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys, w2l_studio; assert not {'torch', 'numpy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: w2l-studio" in done.stdout


def test_an_edit_that_is_not_there_is_one_sentence_and_exit_3(tmp_path: Path) -> None:
    done = run("dub", str(tmp_path / "no such edit.otio"), "--stem", str(tmp_path / "fr.wav"))
    assert done.returncode == 3
    assert done.stdout == ""
    assert "no such edit.otio" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_missing_stem_option_is_usage(tmp_path: Path) -> None:
    done = run("dub", str(tmp_path / "x.otio"))
    assert done.returncode == 2
    assert "--stem" in done.stderr


def test_json_ends_with_how_the_job_ended(tmp_path: Path) -> None:
    done = run("dub", str(tmp_path / "none.otio"), "--stem", "fr.wav", "--json")
    last = json.loads(done.stdout.strip().splitlines()[-1])
    assert (last["kind"], last["exit_code"], done.returncode) == ("JobFailed", 3, 3)


def test_a_detector_that_finds_nothing_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from click.testing import CliRunner

    from w2l_studio.cli import weights as command
    from w2l_studio.errors import WeightsError
    from w2l_studio.faces.retinaface_net import RetinaFace
    from w2l_studio.nets import weights

    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "store"))
    torch.save(RetinaFace(resnet=False).state_dict(), tmp_path / "untrained.pth")
    done = CliRunner().invoke(command.command, ["add", str(tmp_path / "untrained.pth")])
    assert isinstance(done.exception, WeightsError)
    assert "do not find the face in a picture that shows one" in str(done.exception)
    assert all(entry.built_in for entry in weights.entries())


@pytest.mark.shared
@pytest.mark.parametrize("name", ["retinaface_mobilenet0.25_Final.pth", "face_detection_yunet_2023mar.onnx"])
def test_a_detector_that_works_is_kept(name: str, shared, tmp_path: Path, monkeypatch) -> None:
    from click.testing import CliRunner

    from w2l_studio.cli import weights as command
    from w2l_studio.nets import weights

    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path))
    done = CliRunner().invoke(
        command.command, ["add", str(shared(f"weights/{name}"))], catch_exceptions=False
    )
    assert done.exit_code == 0
    (kept,) = (entry for entry in weights.entries() if not entry.built_in)
    assert kept.path.parent == tmp_path
    assert kept.path.read_bytes() == shared(f"weights/{name}").read_bytes()


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("metadata", "PROBLEM av is not installed; install it again with `pip install PATH`"),
        ("module", "PROBLEM av is installed and does not load (import of av halted"),
        ("opencv", "PROBLEM OpenCV is not installed; run `pip install opencv-python-headless`"),
    ],
)
def test_doctor_names_a_library_that_is_missing_or_does_not_load(without: str, said: str) -> None:
    code = f"""
import sys
from importlib import metadata
def version(name, real=metadata.version):
    if name == "av":
        raise metadata.PackageNotFoundError(name)
    return real(name)
if {without!r} == "metadata":
    metadata.version = version
if {without!r} == "opencv":
    metadata.distributions = list
sys.modules["cv2" if {without!r} == "opencv" else "av"] = None
from w2l_studio.cli.main import main
main(["doctor"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert said in done.stdout
    assert done.stdout.endswith("\n1 problem found\n")


def test_doctor_looks_at_every_library_that_the_engine_needs() -> None:
    import re
    import tomllib

    from w2l_studio.cli import doctor

    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8"))
    needed = {re.split("[<>=!]", line)[0] for line in project["project"]["dependencies"]}
    assert {*doctor._LIBRARIES, "click", "opencv-python-headless"} == needed


def test_doctor_asks_for_the_encoder_that_takes_are_written_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import av

    from w2l_studio.cli import doctor

    assert doctor._media() == []
    assert capsys.readouterr().out == "the ProRes encoder writes a frame\n"
    monkeypatch.setattr(av, "codecs_available", {"prores_ks", "libx264"})
    assert doctor._media() == ["PyAV has no ProRes encoders; install the wheel from PyPI"]


def test_doctor_tells_an_encoder_that_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from w2l_studio.cli import doctor
    from w2l_studio.media import encode

    monkeypatch.setattr(encode._Sink, "write", lambda *_: None)
    (problem,) = doctor._media()
    assert problem.startswith("the ProRes encoder writes no frame (")


def test_doctor_lets_the_detector_find_a_face(monkeypatch: pytest.MonkeyPatch) -> None:
    from w2l_studio.cli import doctor
    from w2l_studio.faces import detect_retinaface

    assert doctor._weights() == []
    monkeypatch.setattr(detect_retinaface, "PASS", 1.1)
    assert doctor._weights() == ["the detector w2l-faces does not find the face in a picture that shows one"]


@pytest.mark.parametrize(
    ("problems", "said", "code"),
    [
        ([], "all is well\n", 0),
        (["a"], "PROBLEM a\n1 problem found\n", 1),
        (["a", "b"], "PROBLEM a\nPROBLEM b\n2 problems found\n", 1),
    ],
)
def test_problems_are_counted(
    problems: list[str], said: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    from w2l_studio.cli import options

    assert options.print_problems(problems) == code
    assert capsys.readouterr().out == said


def test_names_longer_than_any_file_has_are_names_of_nothing() -> None:
    with progress.sink(as_json=True, stop_file=Path("a" * 300)):
        pass
    done = run("weights", "add", "a" * 300)
    assert done.returncode in (2, 5)
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("asked", [[], ["default"]])
def test_libraries_warn_only_whom_they_are_asked_to_warn(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "warnoptions", asked)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(SystemExit):
            main.main(["--version"])
        warnings.warn("of a library", RuntimeWarning, stacklevel=1)
    assert len(heard) == len(asked)


def test_names_that_a_terminal_has_no_letters_for_are_printed_as_escapes() -> None:
    code = (
        "from w2l_studio.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: print('caf\\udce9 \\u00e9.mov')\n"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == rb"caf\udce9 \xe9.mov"
