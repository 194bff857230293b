"""Jobs as folders: what was read, what the engine was asked for, and how far it is.

A timeline has one folder for each language, so that a second run renders only what has changed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import w2l_resolve.bridge as bridge
from w2l_resolve import atomic, reading
from w2l_resolve.settings import Settings

_RECORD = "job.json"
_VERSION = 1
#: Names that are devices on Windows, with any ending.
_DEVICE = re.compile(r"con|prn|aux|nul|com[1-9]|lpt[1-9]", re.IGNORECASE)


class JobError(Exception):
    """One sentence for the user: what is wrong with a job's folder."""


@dataclass(frozen=True)
class Job:
    """A job of the engine.

    Args:
        folder: of the job.
        timeline: as it was when the job was started.
        lang: language tag.
        deliver: ``take`` or ``overlay``.
    """

    folder: Path
    timeline: reading.Timeline
    lang: str
    deliver: str

    @property
    def id(self) -> str:
        """Return what marks the job's own markers."""
        return f"{self.timeline.id}/{self.lang}"

    @property
    def engine(self) -> bridge.Job:
        """Return the engine's side of it."""
        return bridge.Job(self.folder)


def results(settings: Settings) -> Path:
    """Return the folder below which every job of the plugin lies; an emptied field means the default."""
    return Path(settings.results.strip() or Settings.results).expanduser().absolute()


def folder(settings: Settings, timeline: reading.Timeline) -> Path:
    """Return the folder of a timeline's job in the settings' language."""
    return _of_timeline(settings, timeline) / _safe(settings.lang)


def edit(place: Path, timeline: reading.Timeline) -> Path:
    """Return where the exported edit of a job goes."""
    return place / f"{_safe(timeline.name)}.otio"


def arguments(settings: Settings, exported: Path) -> list[str]:
    """Return the engine's command line."""
    stems = [f"{who}={path}" if who else path for who, path in sorted(settings.stems.items())]
    told = [("--weights", settings.weights), ("--handles", settings.handles)]
    return [
        *("dub", str(exported), "--lang", settings.lang, "--out", str(exported.parent / "result")),
        *(word for stem in stems for word in ("--stem", stem)),
        *(word for name, value in told if value for word in (name, value)),
    ]


def check_free(place: Path) -> None:
    """Check that no engine is at work in a job's folder.

    Raises:
        JobError: one is; says how to stop it.
    """
    if bridge.Job(place).running():
        raise JobError(
            "the engine is at work on this timeline in this language; "
            "W2L - collect results tells how far it is and how to stop it"
        )


def start(settings: Settings, engine: str, timeline: reading.Timeline, exported: Path) -> Job:
    """Start the engine on an exported edit.

    Raises:
        JobError: the job's record cannot be written.
        bridge.BridgeError: a job is at work there, or the engine cannot be started.
    """
    job = Job(exported.parent, timeline, settings.lang, settings.deliver)
    record = {"v": _VERSION, "timeline": timeline.to_json(), "lang": job.lang, "deliver": job.deliver}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    place = job.folder / _RECORD
    try:
        # Before the engine is: *collect* would never find one whose record could not be written.
        with atomic.written(place) as part:
            part.write_text(text, encoding="utf-8")
            bridge.start(engine, arguments(settings, exported), job.folder)
    except OSError as error:
        raise JobError(f"{place} cannot be written ({error.strerror})") from error
    return job


def of(settings: Settings, timeline: reading.Timeline) -> list[Job]:
    """Return the jobs of a timeline, one in every language.

    Those of the project's name go before those that the project had under an older name, the latest first.

    Raises:
        JobError: what lies there was not written by this plugin.
    """
    here = _of_timeline(settings, timeline)
    every = results(settings).glob(f"*/{here.name}/*/{_RECORD}")
    found = sorted(every, key=lambda path: (path.parents[1] == here, path.stat().st_mtime))
    by_lang = {path.parent.name: path for path in found}
    return [_read(by_lang[lang]) for lang in sorted(by_lang)]


def decides(job: Job, take: str, ours: Path) -> bool:
    """Tell whether a job's report decides on a take: it is one of ours, and not one in another language.

    Args:
        ours: the folder of results.
    """
    spoken = _lang(take, ours)
    return reading.below(take, ours) and spoken in ("", _lang(str(job.folder / _RECORD), ours))


def report(job: Job) -> dict[str, Any]:
    """Return the report of a job that has come to its end.

    Raises:
        bridge.BridgeError: it has not, or it failed; carries the engine's own sentence.
        JobError: it names no report, or its report is gone.
    """
    named = job.engine.result().get("report")
    if not isinstance(named, str) or not named:
        raise JobError("the engine names no report; install plugin and engine of the same version")
    path = Path(named)
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise JobError(f"the report {path} cannot be read ({error}); start the job again") from error


def _read(path: Path) -> Job:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Job(path.parent, reading.from_json(values["timeline"]), values["lang"], values["deliver"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise JobError(f"{path} is not a job of this plugin ({error}); start the job again") from error


def _of_timeline(settings: Settings, timeline: reading.Timeline) -> Path:
    # Timelines may share their name; and a timeline may be renamed.
    return results(settings) / _safe(timeline.project) / _safe(timeline.id)


def _lang(path: str, ours: Path) -> str:
    """Return the folder of the language that a file of a job lies in, see `folder`; empty = in none."""
    parts = reading.inside(path, ours)
    return parts[2] if len(parts) > 3 else ""


def _safe(name: str) -> str:
    kept = re.sub(r"[^\w.-]+", "_", name).strip("._")[:60] or "unnamed"
    stem, dot, ending = kept.partition(".")
    return f"{stem}_{dot}{ending}" if _DEVICE.fullmatch(stem) else kept
