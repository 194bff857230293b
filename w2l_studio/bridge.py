"""Finds the engine, starts it, reads its events and stops it: all that a host's plugin needs of it.

Standard library only, in the syntax of Python 3.7, since hosts bring their own Python; plugins carry a copy
(docs/bridge.md). Knows no host, shows nothing, and imports nothing of the engine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

#: Version of the event lines that are read here (`w2l_studio.events.VERSION`).
EVENTS = 1
#: The oldest engine that understands what is asked of it here.
OLDEST = (0, 1)
#: Names the engine's executable where a plugin's setting does not.
VARIABLE = "W2L_STUDIO"
#: No package index has the engine, so pip is told where it is.
PIP = "`pip install PATH`, where PATH is W2L Studio's folder or wheel"
INSTALL = f"install the engine with {PIP}, then name its executable in the settings"
_KILLED = "the engine ended in the middle, as when it is killed or memory runs out; start it again"

#: Kinds of the last event line of a job.
FINISHED, FAILED, CANCELLED = "JobFinished", "JobFailed", "JobCancelled"
#: A host's own Python and libraries, which would be loaded into the engine's.
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "LD_LIBRARY_PATH", "LD_PRELOAD")
_PROGRESS, _LOG, _STOP, _PID, _LOCK = "progress.jsonl", "engine.log", "stop", "engine.pid", "engine.lock"
_PROC = Path("/proc")


class BridgeError(Exception):
    """One sentence for the user: what is wrong and what to do next."""


class NoEngine(BridgeError):
    """There is no engine, or it is not one that this plugin can work with."""


class EngineFailed(BridgeError):
    """The engine's own sentence, with its exit code (docs/exit-codes.md)."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def find(setting: str = "") -> str:
    """Return the engine's executable: the one that a setting names, else `W2L_STUDIO`, else one on PATH.

    A place that is named and wrong is an error: another engine than the one meant is never taken.

    Raises:
        NoEngine: none there; says what to install.
    """
    for named, by in ((setting, "the settings name"), (os.environ.get(VARIABLE, ""), VARIABLE + " names")):
        if named:
            found = shutil.which(os.path.expanduser(named))  # noqa: PTH111 - leaves `~nobody` as it is
            if found is None:
                raise NoEngine(f"{by} {named} as the engine, and no program is there; {INSTALL}")
            return str(Path(found).absolute())
    on_path = shutil.which("w2l-studio")
    if on_path is None:
        raise NoEngine("no W2L Studio engine was found; " + INSTALL)
    return str(Path(on_path).absolute())


def version(engine: str) -> str:
    """Return the engine's version.

    Raises:
        NoEngine: the program does not answer like an engine, or is too old.
    """
    try:
        said = call(engine, ["--version"])
    except EngineFailed as error:
        raise NoEngine(f"{engine} does not answer as an engine ({error}); {INSTALL}") from error
    found = re.search(r"w2l-studio\D*(\d+)\.(\d+)\S*", said)
    if found is None:
        raise NoEngine(f"{engine} is no W2L Studio engine; {INSTALL}")
    if (int(found.group(1)), int(found.group(2))) < OLDEST:
        raise NoEngine(f"the engine {engine} is too old ({said.strip()}); {INSTALL}")
    return found.group(0).split()[-1]


def call(engine: str, arguments: list[str]) -> str:
    """Run a short command of the engine and return its standard output.

    Raises:
        EngineFailed: it ended with another exit code than 0; carries its sentence.
        NoEngine: the program cannot be started.
    """
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "env": _environment()}
    quiet["creationflags"] = 0x08000000 if os.name == "nt" else 0  # Windows would open a console
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run([engine, *arguments], **quiet)
    except OSError as error:
        raise NoEngine(f"the engine {engine} cannot be started ({error.strerror}); {INSTALL}") from error
    said, log = (str(text, "utf-8", "replace") for text in (done.stdout, done.stderr))
    if done.returncode:
        problems = "; ".join(re.findall(r"^PROBLEM (.*\S)", said, re.MULTILINE))
        raise EngineFailed(problems or _last_line(log) or _KILLED, done.returncode)
    return said


def start(engine: str, arguments: list[str], folder: str | Path) -> Job:
    """Start a job that outlives its host; it is read and stopped through its folder.

    Args:
        engine: as `find` returns it.
        arguments: ``["dub", "edit.otio", ...]``; ``--json`` and ``--stop-file`` are added here.
        folder: takes the progress; made when it is not there. One job at a time.

    Raises:
        BridgeError: a job is at work in this folder, or the folder cannot be written.
        NoEngine: the program cannot be started.
    """
    place = Path(folder).absolute()
    command = [engine, *arguments, "--json", "--stop-file", str(place / _STOP)]
    process: subprocess.Popen[bytes] | None = None
    try:
        place.mkdir(parents=True, exist_ok=True)
        with (place / _LOCK).open("ab") as lock:
            if not _locked(lock) or Job(place).running():
                raise BridgeError(f"a job is at work in {place}; wait, or put a file named {_STOP} there")
            with suppress(FileNotFoundError):
                (place / _STOP).unlink()
            process = _spawn(command, place / _PROGRESS, place / _LOG)
            (place / _PID).write_text(_process(process.pid), encoding="ascii")
    except OSError as error:
        if process is not None:
            process.terminate()  # nobody would find it to stop it
        raise BridgeError(f"{place} cannot be written ({error.strerror})") from error
    return Job(place, process)


class Job:
    """A job of the engine: known by its folder alone without ``process``, which `start` gives it."""

    def __init__(self, folder: str | Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self.folder = Path(folder)
        #: Every event that was read so far, as plain dictionaries (docs/events.md).
        self.events: list[dict[str, Any]] = []
        self._process = process
        self._read_bytes = 0

    def poll(self) -> list[dict[str, Any]]:
        """Return the events since the last call; never waits.

        Raises:
            BridgeError: the engine writes event lines of another version.
        """
        try:
            with (self.folder / _PROGRESS).open("rb") as file:
                file.seek(self._read_bytes)
                new = file.read()
        except OSError:
            return []
        # A line that is still being written is left for the next call; names may hold other ends of lines.
        whole = new[: new.rfind(b"\n") + 1]
        events = [event for event in map(_event, str(whole, "utf-8", "replace").split("\n")[:-1]) if event]
        self._read_bytes += len(whole)
        self.events += events
        return events

    def ending(self) -> dict[str, Any] | None:
        """Return the last event of a job that has ended with one, else None."""
        self.poll()
        last = self.events[-1] if self.events else {}
        return last if last.get("kind") in (FINISHED, FAILED, CANCELLED) else None

    def running(self) -> bool:
        """Tell whether the engine is still at work; its number -1 or 0 would mean the host's children."""
        if self._process is not None:
            return self._process.poll() is None
        with suppress(OSError, ValueError, OverflowError):
            known = (self.folder / _PID).read_text(encoding="ascii")
            pid = int(known.split(" ")[0])
            return pid > 1 and _process(pid) == known and self.ending() is None
        return False

    def progress(self) -> float:
        """Return how much of the job is done, 0..1."""
        if self.ending() is not None:
            return 1.0
        steps = [event for event in self.events if event["kind"] == "Advanced"]
        with suppress(LookupError, TypeError, ValueError, OverflowError):
            return max(0.0, min(1.0, float(steps[-1]["done"]) / max(1.0, float(steps[-1]["total"]))))
        return 0.0

    def cancel(self) -> None:
        """Ask the engine to stop at its next picture; finished takes are kept."""
        (self.folder / _STOP).touch()

    def result(self) -> dict[str, Any]:
        """Return the `JobFinished` event of a job that came to its end.

        Raises:
            EngineFailed: it failed or was cancelled; carries the engine's own sentence.
            BridgeError: it is still at work.
        """
        running, ending = self.running(), self.ending()
        if ending is None:
            raise BridgeError("the engine is still at work") if running else EngineFailed(self._silent(), 1)
        if ending["kind"] == FINISHED:
            return ending
        code, hint = ending.get("exit_code", 1), str(ending.get("hint") or "")
        if ending["kind"] == CANCELLED:
            raise EngineFailed("the job was stopped; finished takes are kept", code)
        message = str(ending.get("message") or "the engine failed")
        raise EngineFailed(message + (f". {hint[:1].upper()}{hint[1:]}." if hint else "."), code)

    def _silent(self) -> str:
        """Say what is known of an engine that ended without its last event."""
        log = self.folder / _LOG
        said = _last_line(log.read_text(encoding="utf-8", errors="replace")) if log.is_file() else ""
        return "the engine ended without a word: " + said if said else _KILLED + ": finished takes are kept"


def _spawn(command: list[str], progress: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one and writes to two files, over no line of anybody else's."""
    with progress.open("ab") as out, log.open("wb") as err:
        out.truncate(0)
        files: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err}
        # No console; a group or session of its own.
        alone = {"creationflags": 0x08000200} if os.name == "nt" else {"start_new_session": True}
        try:
            return subprocess.Popen(command, env=_environment(), **files, **alone)
        except OSError as error:
            raise NoEngine(f"{command[0]} cannot be started ({error.strerror}); {INSTALL}") from error


def _locked(file: IO[bytes]) -> bool:
    """Lock a file until it is closed or its process ends; False where somebody else holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network shares know no locks: there nobody is kept from working.
        return not isinstance(error, (BlockingIOError, PermissionError))
    return True


def _event(line: str) -> dict[str, Any]:
    try:
        event = dict(json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return {}  # a library may print, too
    if event.get("v", EVENTS) != EVENTS:
        told = f"the engine writes events of version {event.get('v')} and this plugin reads version {EVENTS}"
        raise BridgeError(told + "; install plugin and engine of the same version")
    return event if "v" in event and isinstance(event.get("kind"), str) else {}


def _last_line(text: str) -> str:
    """Return the sentence that a command ended with, without the program's name; empty where it said none."""
    return re.sub("^w2l-studio: ", "", text.strip().split("\n")[-1].strip())


def _environment() -> dict[str, str]:
    """Return the host's environment without its own Python, and with UTF-8 for what is written to files."""
    kept = {k: v for k, v in os.environ.items() if k not in _FOREIGN and not k.startswith("DYLD_")}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def _process(pid: int) -> str:
    """Return what a living process is known by, empty for none: a number is used again, a start is not."""
    if sys.platform == "win32":
        # os.kill(pid, 0) would send Ctrl-C here.
        import ctypes

        kernel, times = ctypes.windll.kernel32, (ctypes.c_uint64 * 4)()
        handle = kernel.OpenProcess(0x00101000, False, pid)
        waiting = kernel.WaitForSingleObject(handle, 0) == 0x102
        kernel.GetProcessTimes(handle, *(ctypes.byref(times, 8 * at) for at in range(4)))
        kernel.CloseHandle(handle)
        return f"{pid} {times[0]}" if waiting else ""
    with suppress(OSError):
        os.waitpid(pid, os.WNOHANG)  # lays one of our own to rest that has ended
    try:
        if _PROC.is_dir():
            # The state is the 3rd field, the start the 22nd; the name before them may hold anything.
            stat = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
            return f"{pid} {stat[19]}" if stat[0] != "Z" else ""
        os.kill(pid, 0)
    except OSError:
        return ""
    return f"{pid} " + subprocess.getoutput(f"LC_ALL=C TZ=UTC0 ps -o lstart= -p {pid} 2>/dev/null").strip()
