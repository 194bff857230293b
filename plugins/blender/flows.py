"""Long work in small steps: the engine, a second Blender, one after the other, never waiting.

A flow is a generator that yields work and is sent its result. Knows no Blender data, so that nothing of it
is held while the user goes on working.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from . import bridge

#: Seconds between two looks at the work where nobody else waits.
_PAUSE_S = 0.1
#: What a second Blender prints after each frame: how many of how many.
FRAME_LINE = "W2L frame"


class Failed(Exception):
    """One sentence for the user: what went wrong and what to do next."""


class Stopped(Exception):
    """The user stopped the work."""


def check_free(folder: Path) -> None:
    """Check that no engine is at work in a job's folder: it outlives the Blender that started it.

    Raises:
        Failed: one is; says how to stop it.
    """
    if bridge.Job(folder).running():
        raise Failed(
            f"an engine that was started earlier is still at work in {folder}; wait for it, "
            "or put a file named stop there"
        )


def report(finished: dict[str, Any]) -> dict[str, Any]:
    """Return the report of a job that has come to its end.

    Args:
        finished: its last event.

    Raises:
        Failed: it names no report, or that is gone or damaged.
    """
    named = finished.get("report")
    if not isinstance(named, str) or not named:
        raise Failed("the engine names no report; install engine and extension of the same version")
    try:
        return dict(json.loads(Path(named).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise Failed(f"the report {named} cannot be read ({error}); start it again") from error


class Work(Protocol):
    """Something that takes long and goes on by itself."""

    text: str

    def start(self) -> None:
        """Begin."""

    def share(self) -> float:
        """Return how much is done, 0..1."""

    def ended(self) -> bool:
        """Tell whether nothing is at work any more."""

    def cancel(self) -> None:
        """Ask it to end soon; raises `Failed` where it cannot be asked."""

    def result(self) -> Any:
        """Return what came out; raises `Failed`."""


Steps: TypeAlias = Generator[Work, Any, str]


class EngineJob:
    """A job of the engine with event lines; its result is the last event.

    Args:
        engine: executable.
        arguments: of the command.
        folder: takes progress and log.
    """

    def __init__(self, engine: str, arguments: Sequence[str], folder: Path) -> None:
        self.text = "W2L: the engine starts"
        self._engine, self._arguments, self._folder = engine, list(arguments), folder
        self._job: bridge.Job | None = None

    def start(self) -> None:
        """Begin."""
        self._job = bridge.start(self._engine, self._arguments, str(self._folder))

    def share(self) -> float:
        """Return how much is done, 0..1; the text tells at which strip the engine is."""
        assert self._job is not None
        for event in self._job.poll():
            if event["kind"] == "SegmentStarted":
                self.text = f"W2L: {event['name']} at {event['timecode']}"
        return self._job.progress()

    def ended(self) -> bool:
        """Tell whether nothing is at work any more."""
        return self._job is None or not self._job.running()

    def cancel(self) -> None:
        """Ask the engine to stop at its next picture; finished takes are kept."""
        if self._job is not None:
            try:
                self._job.cancel()
            except OSError as error:
                told = f"the engine cannot be stopped, since {self._folder} cannot be written"
                raise Failed(f"{told} ({error.strerror}); it goes on by itself") from error

    def result(self) -> dict[str, Any]:
        """Return the last event."""
        assert self._job is not None
        return self._job.result()


class EngineCall:
    """A short command of the engine, in a thread; its result is what it printed."""

    def __init__(self, engine: str, arguments: Sequence[str], text: str) -> None:
        self.text = text
        self._engine, self._arguments = engine, list(arguments)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._said = ""
        self._error: bridge.BridgeError | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def share(self) -> float:
        """Return 0: it is over in seconds."""
        return 0.0

    def ended(self) -> bool:
        """Tell whether it has answered."""
        return not self._thread.is_alive()

    def cancel(self) -> None:
        """Do nothing: it is over in seconds, and its answer is not used."""

    def result(self) -> str:
        """Return what the engine printed."""
        if self._error is not None:
            raise self._error
        return self._said

    def _run(self) -> None:
        try:
            self._said = self._ask()
        except bridge.BridgeError as error:
            self._error = error

    def _ask(self) -> str:
        return bridge.call(self._engine, self._arguments)


class EngineVersion(EngineCall):
    """Asks whether a program is an engine that this extension can work with; its result is the version."""

    def __init__(self, engine: str) -> None:
        super().__init__(engine, (), "W2L: asking the engine")

    def _ask(self) -> str:
        return bridge.version(self._engine)


class Child:
    """A program that prints `FRAME_LINE` after each frame; its result is nothing.

    Args:
        command: program and arguments.
        log: takes what it prints.
        text: what it does.
    """

    def __init__(self, command: Sequence[str], log: Path, text: str) -> None:
        self.text = text
        self._command, self._log = list(command), log
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin."""
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
                )
        except OSError as error:
            raise Failed(f"{self._command[0]} cannot be started ({error.strerror})") from error

    def share(self) -> float:
        """Return how much is done, 0..1."""
        lines = [line for line in self._lines() if line.startswith(FRAME_LINE)]
        if not lines:
            return 0.0
        done, _, total = lines[-1].removeprefix(FRAME_LINE).partition("/")
        return int(done) / max(1, int(total))

    def ended(self) -> bool:
        """Tell whether it has ended."""
        return self._process is None or self._process.poll() is not None

    def cancel(self) -> None:
        """End it."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    def result(self) -> None:
        """Return nothing where all went well."""
        if self._process is None or self._process.returncode or self._stopped:
            said = [line for line in self._lines() if line.strip()]
            raise Failed(f"{self.text} went wrong: {said[-1] if said else 'nothing was said'} ({self._log})")

    def _lines(self) -> list[str]:
        try:
            text = self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        # A line that is still being written does not count.
        return text[: text.rfind("\n") + 1].splitlines()


class Flow:
    """Walks through steps, one work after the other."""

    def __init__(self, steps: Steps) -> None:
        self.outcome: str | None = None
        self._steps = steps
        self._work: Work | None = None
        self._stopping = False

    def step(self) -> bool:
        """Go on where that needs no waiting; True when all is done and `outcome` says what came of it.

        Raises:
            Stopped: it was asked to stop, and has.
            Failed, bridge.BridgeError: it cannot go on.
        """
        try:
            if self._work is None:
                self._begin(next(self._steps))
            elif self._work.ended():
                if self._stopping:
                    self._steps.close()
                    raise Stopped
                self._begin(self._steps.send(self._work.result()))
        except StopIteration as end:
            self.outcome = end.value
            return True
        return False

    def cancel(self) -> None:
        """Ask the work to end; `step` raises `Stopped` when it has.

        Raises:
            Failed: it cannot be asked, and goes on.
        """
        if not self._stopping and self._work is not None and not self._work.ended():
            self._work.cancel()
        self._stopping = True

    def status(self) -> str:
        """Return a line for the status bar."""
        if self._work is None:
            return "W2L"
        share = self._work.share()
        text = f"{self._work.text}, {share:.0%}" if share else self._work.text
        return f"{text}: stopping" if self._stopping else f"{text} (ESC stops)"

    def wait(self) -> str:
        """Go through all steps and return what came of it."""
        while not self.step():
            time.sleep(_PAUSE_S)
        return self.outcome or ""

    def _begin(self, work: Work) -> None:
        self._work = work
        work.start()
