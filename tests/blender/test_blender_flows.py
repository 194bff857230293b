"""Long work in steps, the package's own rules, and what the zip holds."""

import ast
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from plugins import build_blender
from plugins.blender import flows
from w2l_studio import __version__, bridge

PACKAGE = Path(flows.__file__).parent
#: Modules that know no Blender data; the package itself is loaded without Blender too.
PLAIN = {
    "__init__",
    "curves",
    "edit",
    "flows",
    "image_sequence",
    "lips",
    "mapping",
    "marks",
    "naming",
    "placing",
    "rates",
    "visemes",
}


def child(tmp_path, code):
    return flows.Child([sys.executable, "-c", code], tmp_path / "child.log", "W2L: rendering")


def test_works_follow_each_other_and_results_are_handed_on(tmp_path):
    def steps():
        yield child(tmp_path, "print('W2L frame 3/4', flush=True)")
        said = yield flows.EngineCall(sys.executable, ["-c", "print('hello')"], "W2L: asking")
        return said.strip()

    flow = flows.Flow(steps())
    assert flow.wait() == "hello"
    assert flow.outcome == "hello"


def test_a_child_tells_how_far_it_is_and_its_last_line_when_it_fails(tmp_path):
    work = child(tmp_path, "print('W2L frame 3/4'); print('no camera'); raise SystemExit(3)")
    with pytest.raises(flows.Failed, match="no camera"):
        flows.Flow(iter_once(work)).wait()
    assert work.share() == 0.75


def iter_once(work):
    yield work
    return ""


def test_stopping_ends_the_child_and_goes_no_further(tmp_path):
    went_on = []

    def steps():
        yield child(tmp_path, "import time; time.sleep(600)")
        went_on.append(True)
        return ""

    flow = flows.Flow(steps())
    flow.step()
    assert flow.status() == "W2L: rendering (ESC stops)"
    flow.cancel()
    assert flow.status().endswith("stopping")
    with pytest.raises(flows.Stopped):
        flow.wait()
    assert not went_on


@pytest.mark.parametrize("named", [{}, {"report": None}, {"report": 3}, {"report": ""}])
def test_an_engine_that_names_no_report_is_a_sentence(named):
    with pytest.raises(flows.Failed, match="names no report; install engine and extension of the same"):
        flows.report({"kind": "JobFinished", **named})


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "[" * 100_000, b"\xff"])
def test_a_report_that_is_gone_or_damaged_is_a_sentence(text, tmp_path):
    path = tmp_path / "report.json"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(flows.Failed, match=r"the report .*report\.json cannot be read \(.*start it again"):
        flows.report({"kind": "JobFinished", "report": str(path)})


def test_an_engine_that_cannot_be_asked_to_stop_is_told(tmp_path):
    work = flows.EngineJob(sys.executable, ["-c", "import time; time.sleep(600)"], tmp_path / "job")
    flow = flows.Flow(iter_once(work))
    flow.step()
    (tmp_path / "job").rename(tmp_path / "gone")
    try:
        with pytest.raises(flows.Failed, match=r"cannot be stopped, since .*job cannot be written .*goes on"):
            flow.cancel()
    finally:
        work._job._process.kill()
        work._job._process.wait()


def test_the_engines_sentence_ends_a_flow():
    code = "import sys; print('w2l-studio: no such stem.', file=sys.stderr); sys.exit(3)"
    with pytest.raises(bridge.EngineFailed, match=r"no such stem\."):
        flows.Flow(iter_once(flows.EngineCall(sys.executable, ["-c", code], "W2L: asking"))).wait()


def test_another_program_is_no_engine_and_one_that_is_killed_is_told():
    with pytest.raises(bridge.NoEngine, match=r"is no W2L Studio engine; install the engine with"):
        flows.Flow(iter_once(flows.EngineVersion(shutil.which("true")))).wait()
    killed = ["-c", "import os; os.kill(os.getpid(), 9)"]
    with pytest.raises(bridge.EngineFailed, match="the engine ended in the middle, as when it is killed"):
        flows.Flow(iter_once(flows.EngineCall(sys.executable, killed, "W2L: asking"))).wait()


def test_a_folder_in_which_an_engine_is_at_work_is_not_free(tmp_path):
    flows.check_free(tmp_path / "job")
    job = bridge.start(sys.executable, ["-c", "import time; time.sleep(600)"], tmp_path / "job")
    try:
        with pytest.raises(flows.Failed, match=r"still at work in .*job; .* put a file named stop there"):
            flows.check_free(tmp_path / "job")
    finally:
        job._process.kill()
        job._process.wait()
    flows.check_free(tmp_path / "job")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_blender_stays_at_the_rim_and_the_engine_outside(path):
    found = set(imports(path))
    # Elsewhere than in a type checker's sight nothing but relative imports reach into the package.
    assert not {name for name in found if name.split(".")[0] in ("w2l_studio", "plugins", "torch", "av")}
    # No network: nothing asks `bpy.app.online_access`, since nothing could go online.
    assert not {
        name for name in found if name.split(".")[0] in ("urllib", "http", "socket", "ssl", "requests")
    }
    assert (path.stem in PLAIN) == (not {"bpy", "bpy_extras.io_utils"} & found)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_zip_holds_the_package_its_licence_and_the_bridge(tmp_path):
    folder = build_blender.gather(tmp_path / "w2l_studio")
    assert (folder / "bridge.py").read_bytes() == Path(bridge.__file__).read_bytes()
    names = {path.name for path in folder.iterdir()}
    assert {"blender_manifest.toml", "LICENSE", "__init__.py", "second.py"} <= names
    assert "__pycache__" not in names
    manifest = tomllib.loads((folder / "blender_manifest.toml").read_text(encoding="utf-8"))
    assert manifest["version"] == __version__
    assert set(manifest["permissions"]) == {"files"}
