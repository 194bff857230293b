"""The bridge from both sides: what a plugin asks of it, with the real engine as another process."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from w2l_studio import __version__, bridge, events

ROOT = Path(__file__).resolve().parents[2]
RATE = 25
schema = otio.schema


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, talking_film: Any, spoken_stem: Any) -> Path:
    """A folder with an edit of two marked faceless clips, and a stem."""
    folder = tmp_path_factory.mktemp("Schnitt mit Umläuten")
    film = talking_film(folder / "wand grün.mov", rate=Fraction(RATE), frames=60, faces=())
    spoken_stem(folder / "fr.wav", 3)
    time_ = otio.opentime.RationalTime
    timeline = schema.Timeline("marked")
    timeline.tracks.append(schema.Track("V1", kind="Video"))
    for start in (5, 30):
        used = otio.opentime.TimeRange(time_(start, RATE), time_(8, RATE))
        clip = schema.Clip(f"wand {start}", schema.ExternalReference(str(film)), used)
        clip.markers.append(schema.Marker("w2l", otio.opentime.TimeRange(time_(start, RATE), time_(0, RATE))))
        timeline.tracks[0].append(clip)
    otio.adapters.write_to_file(timeline, str(folder / "marked.otio"))
    return folder


Start = Callable[..., bridge.Job]


@pytest.fixture
def start(
    engine: str, place: Path, stand_ins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(stand_ins))
    # What a host's own Python would leave behind must not reach the engine.
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    begun = []

    def dub(*more: str, edit: str = "marked.otio") -> bridge.Job:
        arguments = ["dub", str(place / edit), "--stem", str(place / "fr.wav"), "--weights", "stand-in"]
        arguments += ["--handles", "0", "--out", str(tmp_path / "out"), *more]
        begun.append(bridge.start(engine, arguments, tmp_path / "jöb"))
        return begun[-1]

    yield dub
    for job in begun:
        job.cancel()
        ended(job)


def ended(job: bridge.Job) -> bridge.Job:
    assert job._process is not None
    job._process.wait()
    job.poll()
    return job


def test_a_job_is_started_read_and_finished(start: Start, tmp_path: Path) -> None:
    job = ended(start())
    # What a host sees that looks after every line.
    seen, shares, again = [], [], bridge.Job(tmp_path / "again")
    again.folder.mkdir()
    lines = (job.folder / "progress.jsonl").read_bytes().splitlines(keepends=True)
    for count in range(len(lines) + 1):
        (again.folder / "progress.jsonl").write_bytes(b"".join(lines[:count]))
        seen += again.poll()
        shares.append(again.progress())
    assert seen == job.events
    assert shares[0] == 0.0
    assert len(set(shares)) > 3
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert seen[0]["kind"] == "PlanReady"
    assert shares == sorted(shares)
    assert job.progress() == 1.0
    done = job.result()
    assert Path(done["report"]).is_file()
    assert {event["code"] for event in seen if event["kind"] == "PassedThrough"} == {"no-face"}


def test_what_the_bridge_reads_is_what_the_engine_writes() -> None:
    assert bridge.EVENTS == events.VERSION
    kinds = {kind.__name__ for kind in (events.JobFinished, events.JobFailed, events.JobCancelled)}
    assert kinds == {bridge.FINISHED, bridge.FAILED, bridge.CANCELLED}
    assert tuple(int(part) for part in __version__.split(".")[:2]) >= bridge.OLDEST


def test_the_engine_outlives_its_host(engine: str, place: Path, start: Start, tmp_path: Path) -> None:
    """The host is a process that starts a job and is gone; the job is known by its folder alone."""
    folder, alive, awaited = tmp_path / "jöb", tmp_path / "alive", tmp_path / "engine"
    # The engine holds one end of a pipe: it begins once the other is opened, which reads until it is gone.
    os.mkfifo(alive)
    awaited.write_text(f'#!/bin/sh\nexec 9>"{alive}"\nexec "{engine}" "$@"\n')
    awaited.chmod(0o755)
    code = "import sys\nfrom w2l_studio import bridge\nbridge.start(sys.argv[1], sys.argv[3:], sys.argv[2])"
    dub = ["dub", str(place / "marked.otio"), "--stem", str(place / "fr.wav"), "--out", str(tmp_path / "out")]
    host = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        code,
        str(awaited),
        str(folder),
        *dub,
        "--weights",
        "stand-in",
    ]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    subprocess.run(host, check=True, env={**clean, "PYTHONPATH": str(ROOT)})
    job = bridge.Job(folder)
    assert job.running()
    with pytest.raises(bridge.BridgeError, match="a job is at work in"):
        start()
    with pytest.raises(bridge.BridgeError, match="still at work"):
        job.result()
    assert alive.read_bytes() == b""
    assert job.result()["kind"] == "JobFinished"


def test_a_job_is_stopped(start: Start, tmp_path: Path) -> None:
    job = start()
    job.cancel()
    ended(job)
    with pytest.raises(bridge.EngineFailed, match="was stopped; finished takes are kept") as told:
        job.result()
    assert told.value.exit_code == 130
    assert job.events[-1]["kind"] == "JobCancelled"
    assert not (tmp_path / "out" / "report.json").exists()


def test_an_engine_that_ends_without_a_word_is_told_and_its_folder_used_again(start: Start) -> None:
    job = ended(start("--nonsense"))
    with pytest.raises(bridge.EngineFailed, match=r"without a word: .*No such option.*--nonsense"):
        job.result()
    assert not bridge.Job(job.folder).running()
    with pytest.raises(bridge.EngineFailed, match=r"none\.otio: cannot be read \(No such file") as told:
        ended(start(edit="none.otio")).result()
    assert told.value.exit_code == 3


def test_an_engine_that_is_killed_is_told_and_started_again(start: Start) -> None:
    job = start()
    assert job._process is not None
    while not job.poll():
        assert job.running()
    job._process.kill()
    with pytest.raises(bridge.EngineFailed, match=r"in the middle, as when it is killed .* start it again"):
        ended(job).result()
    assert ended(start()).result()["kind"] == "JobFinished"


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])
def test_another_process_with_the_engines_number_is_no_engine(
    proc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut the number in a job's folder may be anybody's; without /proc, `ps` tells."""
    monkeypatch.setattr(bridge, "_PROC", Path(proc))
    with subprocess.Popen(["sleep", "600"]) as other:
        known = tmp_path / "engine.pid"
        known.write_text(bridge._process(other.pid))
        number, began = known.read_text().split(" ", 1)
        assert number == str(other.pid)
        assert bridge.Job(tmp_path).running()
        for stale in ("1", number, f"{number} 1{began}", "", "none"):
            known.write_text(stale)
            assert not bridge.Job(tmp_path).running()
        known.write_text(f"{number} {began}")
        other.kill()
        # Another process still looks; only this one could lay it to rest.
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert not bridge.Job(tmp_path).running()
        other.poll()
    known.write_text("1")
    ended(bridge.start(str(shutil.which("true")), [], tmp_path))


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])
@pytest.mark.parametrize("number", ["-1", "0", "1"])
def test_a_number_that_no_engine_has_leaves_the_hosts_own_children_alone(
    number: str, proc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To wait for -1 or 0 lays any child of the host to rest, and nobody hears how it ended."""
    monkeypatch.setattr(bridge, "_PROC", Path(proc))
    with subprocess.Popen(["sh", "-c", "exit 7"]) as other:
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        known = tmp_path / "engine.pid"
        for text in (number, f"{number} 5", f"{number} "):
            known.write_text(text)
            assert not bridge.Job(tmp_path).running()
        if number == "1" and proc == "/proc":
            known.write_text(bridge._process(1))
            assert not bridge.Job(tmp_path).running()
        assert other.wait() == 7


@pytest.fixture
def echo(tmp_path: Path) -> str:
    """An engine that waits until `go` is opened, then writes one event."""
    os.mkfifo(tmp_path / "go")
    path = tmp_path / "echo"
    path.write_text(f"""#!/bin/sh\nread word < "{tmp_path / "go"}"\necho '{{"v": 1, "kind": "Told"}}'\n""")
    path.chmod(0o755)
    return str(path)


def test_of_two_starts_at_one_moment_one_is_refused(
    tmp_path: Path, echo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first has found the folder free, and has no engine yet."""
    spawn, refused = bridge._spawn, []

    def meanwhile(*arguments: Any) -> subprocess.Popen[bytes]:
        with pytest.raises(bridge.BridgeError, match="a job is at work in") as told:
            bridge.start(echo, [], tmp_path / "job")
        refused.append(told.value)
        return spawn(*arguments)

    monkeypatch.setattr(bridge, "_spawn", meanwhile)
    job = bridge.start(echo, [], tmp_path / "job")
    (tmp_path / "go").write_text("\n")
    assert [event["kind"] for event in ended(job).events] == ["Told"]
    assert len(refused) == 1


def test_a_host_that_was_killed_while_it_started_an_engine_blocks_nobody(tmp_path: Path, echo: str) -> None:
    code = (
        "import os, signal, sys\nfrom w2l_studio import bridge\n"
        "bridge._spawn = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "bridge.start('no engine', [], sys.argv[1])"
    )
    host = [sys.executable, "-c", code, str(tmp_path / "job")]
    assert subprocess.run(host, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode == -9
    assert (tmp_path / "job" / "engine.lock").exists()
    job = bridge.start(echo, [], tmp_path / "job")
    (tmp_path / "go").write_text("\n")
    assert len(ended(job).events) == 1


def test_an_engine_that_nobody_could_find_again_is_ended(
    tmp_path: Path, echo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up between the start of the engine and the note of its number."""
    spawn, begun = bridge._spawn, []

    def spawned(*arguments: Any) -> subprocess.Popen[bytes]:
        begun.append(spawn(*arguments))
        return begun[-1]

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(bridge, "_spawn", spawned)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(bridge.BridgeError, match=r"cannot be written \(No space left"):
            bridge.start(echo, [], tmp_path / "job")
    try:
        assert begun[0].wait(30) == -signal.SIGTERM
    finally:
        begun[0].kill()


def test_no_line_is_written_over_and_what_is_no_event_blocks_no_folder(tmp_path: Path, echo: str) -> None:
    job = bridge.start(echo, [], tmp_path / "job")
    with (job.folder / "progress.jsonl").open("ab") as file:
        file.write(b"somebody else's line, longer than the event\n")
    (tmp_path / "go").write_text("\n")
    assert job._process is not None
    job._process.wait()
    assert len((job.folder / "progress.jsonl").read_bytes().splitlines()) == 2
    assert [event["kind"] for event in job.poll()] == ["Told"]
    again = bridge.start(echo, [], tmp_path / "job")
    (tmp_path / "go").write_text("\n")
    assert [event["kind"] for event in ended(again).events] == ["Told"]


def test_half_a_line_waits_and_other_versions_are_refused(tmp_path: Path) -> None:
    job = bridge.Job(tmp_path)
    (tmp_path / "engine.pid").write_text("9" * 30 + " 1")  # no process ever had that number
    assert (job.poll(), job.ending(), job.running(), job.progress()) == ([], None, False, 0.0)
    line = events.to_json(events.PlanReady(1, 2, 0), 1).encode() + b"\n"
    (tmp_path / "progress.jsonl").write_bytes(line + line[:9])
    assert [event["kind"] for event in job.poll()] == ["PlanReady"]
    assert job.poll() == []
    (tmp_path / "progress.jsonl").write_bytes(line + line.replace(b'"PlanReady"', b'"NewThing"'))
    assert [event["kind"] for event in job.poll()] == ["NewThing"]
    (tmp_path / "progress.jsonl").write_bytes(line.replace(b'"v": 1', b'"v": 2'))
    with pytest.raises(bridge.BridgeError, match="version 2 and this plugin reads version 1"):
        bridge.Job(tmp_path).poll()
    # Resolve and macOS let names hold other ends of lines; Windows writes two characters.
    started = events.SegmentStarted("s", "A\u2028B\x85C", "01:00:00:00", 3)
    (tmp_path / "progress.jsonl").write_bytes(events.to_json(started, 1).encode() + b"\r\n")
    assert [event["name"] for event in bridge.Job(tmp_path).poll()] == ["A\u2028B\x85C"]


@pytest.mark.parametrize(
    "line", ["Traceback", "[1]", "[" * 100_000, "{}", '{"v": 1}', '{"v": 1, "kind": []}']
)
def test_a_line_that_is_no_event_is_passed_over(line: str, tmp_path: Path) -> None:
    before, after = events.to_json(events.PlanReady(1, 2, 0), 1), events.to_json(events.JobCancelled(130), 2)
    (tmp_path / "progress.jsonl").write_text("\n".join((before, line, after, "")))
    assert [event["kind"] for event in bridge.Job(tmp_path).poll()] == ["PlanReady", bridge.CANCELLED]


@pytest.mark.parametrize(
    "fields",
    [
        "",
        ', "done": "x", "total": null',
        ', "done": 1e999, "total": 1e999',
        f', "done": 1{"0" * 400}, "total": 1',
        ', "done": 3, "total": 2',
    ],
)
def test_progress_stays_a_share_whatever_a_step_says(fields: str, tmp_path: Path) -> None:
    (tmp_path / "progress.jsonl").write_text(f'{{"v": 1, "kind": "Advanced"{fields}}}\n')
    assert 0 <= bridge.Job(tmp_path).progress() <= 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('"kind": "JobFailed", "message": "no sound", "hint": null', r"^no sound\.$"),
        ('"kind": "JobFailed", "exit_code": 3', r"^the engine failed\.$"),
        ('"kind": "JobCancelled"', "was stopped"),
    ],
)
def test_an_ending_that_says_little_is_told(fields: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "progress.jsonl").write_text(f'{{"v": 1, {fields}}}\n')
    with pytest.raises(bridge.EngineFailed, match=words):
        bridge.Job(tmp_path).result()


def test_the_engine_is_found_by_setting_then_variable_then_path(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(bridge.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(Path(engine).parent))
    assert bridge.find() == engine
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho no engine here\n")
    other.chmod(0o755)
    monkeypatch.setenv(bridge.VARIABLE, str(other))
    assert bridge.find() == str(other)
    assert bridge.find(engine) == engine
    with pytest.raises(bridge.NoEngine, match=r"the settings name .*none as the engine, and no program"):
        bridge.find(str(tmp_path / "none"))
    with pytest.raises(bridge.NoEngine, match="the settings name ~nobody-here/w2l-studio as the engine"):
        bridge.find("~nobody-here/w2l-studio")
    with pytest.raises(bridge.NoEngine, match=r"is no W2L Studio engine; install .*pip install PATH"):
        bridge.version(str(other))
    monkeypatch.delenv(bridge.VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(bridge.NoEngine, match=r"no W2L Studio engine was found; install the engine"):
        bridge.find()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo w2l-studio, version 0.0.9", "too old"),
        ("echo 'w2l-studio: broken' >&2; exit 1", "does not answer as an engine .broken"),
    ],
)
def test_other_engines_are_refused(script: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "w2l-studio"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    with pytest.raises(bridge.NoEngine, match=words):
        bridge.version(str(path))


def test_what_a_check_found_is_told(tmp_path: Path) -> None:
    """`doctor` writes it to its output, and how much it is as the last line."""
    path = tmp_path / "w2l-studio"
    lines = "torch 2.5.1\\nPROBLEM no weights\\nPROBLEM no encoder; install one\\n2 problems found\\n"
    path.write_text(f"#!/bin/sh\nprintf '{lines}'\necho a warning >&2\nexit 1\n")
    path.chmod(0o755)
    with pytest.raises(bridge.EngineFailed, match=r"^no weights; no encoder; install one$"):
        bridge.call(str(path), ["doctor"])


def test_short_commands_answer_or_say_why(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    assert bridge.version(engine) == __version__
    with pytest.raises(bridge.EngineFailed, match="there are no weights 'nobody'") as told:
        bridge.call(engine, ["weights", "show", "nobody"])
    assert told.value.exit_code == 5
    with pytest.raises(bridge.NoEngine, match="cannot be started"):
        bridge.call(str(ROOT), ["--version"])
