"""The four menu entries: read and ask, then leave the work to the engine; trouble ends as one sentence."""

from __future__ import annotations

import json
import traceback
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterator

import w2l_resolve.bridge as bridge
from w2l_resolve import collecting, colours, form, jobs, marking, settings
from w2l_resolve.host import Host, HostError, connect
from w2l_resolve.reading import Timeline
from w2l_resolve.settings import OVERLAY, TAKE, Settings, SettingsError

_STEM = "stem "
_DELIVER = {TAKE: "as a take on the same clip", OVERLAY: "as clips on a track above"}
_NOTHING_MARKED = "nothing is marked; name a marker `w2l` or `w2l CHARACTER` on a clip or on the timeline"
_UNKNOWN = (
    "something happened that this plugin does not know ({}: {}); close what Resolve asks and try again, "
    "else send us what the console (Workspace > Console) says"
)


class MenuError(Exception):
    """One sentence for the user."""


def lip_sync_marked(scope: dict[str, Any]) -> None:
    """Start the engine on everything that is marked in the current timeline."""
    _guarded(scope, "W2L: lip-sync marked clips", lambda host: _dub(host, selected=False))


def lip_sync_selected(scope: dict[str, Any]) -> None:
    """Start the engine on the selected clips."""
    _guarded(scope, "W2L: lip-sync selected clips", lambda host: _dub(host, selected=True))


def collect_results(scope: dict[str, Any]) -> None:
    """Bring what the engine has finished into the current timeline."""
    _guarded(scope, "W2L: collect results", _collect)


def settings_and_self_check(scope: dict[str, Any]) -> None:
    """Show and change the settings, and say what is missing."""
    _guarded(scope, "W2L: settings and self-check", _settings)


def _guarded(scope: dict[str, Any], title: str, entry: Callable[[Host], str]) -> None:
    host = None
    try:
        host = connect(scope)
        said = entry(host)
    except (HostError, bridge.BridgeError, jobs.JobError, SettingsError, MenuError) as error:
        said = str(error)
    except OSError as error:
        # Of a full disk or a lost share the system names no file.
        said = f"{error.filename or 'a file'} cannot be used ({error.strerror or error})"
    except Exception as error:  # noqa: BLE001 - calls answer None that never should, as while a modal waits
        traceback.print_exc()
        said = _UNKNOWN.format(type(error).__name__, error)
    if said and host is not None:
        host.tell(title, said)
    elif said:
        print(f"{title}: {said}")


def _dub(host: Host, selected: bool) -> str:
    known = settings.load()
    engine = _engine(known)
    with _originals(host, known, host.here()):
        timeline = host.read()
    chosen, how = host.selected() if selected else (None, "")
    if chosen is not None:
        chosen = marking.users(timeline, chosen)
    characters = marking.characters(timeline, chosen)
    if not characters:
        raise MenuError(f"no clip is {how}" if selected else _NOTHING_MARKED)
    wanted = _asked(host, known, characters, engine)
    if wanted is None:
        return ""
    wanted = replace(wanted, stems=_heard(wanted.stems, characters))
    _check(wanted, characters)
    place = jobs.folder(wanted, timeline)
    # Before the edit is written that an engine at work reads.
    jobs.check_free(place)
    place.mkdir(parents=True, exist_ok=True)
    exported = jobs.edit(place, timeline)
    with _originals(host, known, timeline.id):
        # As long as the window was open, the user could edit, or open another timeline.
        timeline = host.read()
        host.export(exported)
    _mark(exported, timeline, chosen)
    jobs.start(wanted, engine, timeline, exported)
    clips = f"the clip {how}" if how == "under the playhead" else f"clips {how or 'marked'}"
    return f"The engine is at work on {clips}. Go on editing; later choose W2L - collect results."


@contextmanager
def _originals(host: Host, known: Settings, timeline_id: str) -> Iterator[None]:
    """Open a timeline with the user's media where an earlier dub is shown: what is dubbed is never a dub."""
    with host.editing(timeline_id), host.originals(jobs.results(known)):
        yield


def _engine(known: Settings) -> str:
    engine = str(bridge.find(known.engine or _installers_engine()))
    bridge.version(engine)
    return engine


def _installers_engine() -> str:
    """Return the engine that installed the plugin, if it is still there."""
    engine = str(settings.installed().get("engine", ""))
    return engine if engine and Path(engine).exists() else ""


def _asked(host: Host, known: Settings, characters: list[str], engine: str) -> Settings | None:
    """Ask in a window where there is one, and remember the answers; else take the settings file as it is."""
    stems = tuple(
        form.Row(_STEM + who, f"Stem of {who}" if who else "Stem for everybody", known.stems.get(who, ""))
        for who in (characters if "" in characters else [*characters, ""])
    )
    rows = (form.Row("lang", "Language, e.g. fr", known.lang), *stems, *_common(known, _generators(engine)))
    said = host.ask(form.Form("W2L Studio", "What to dub with", rows, ("Start", "Cancel")))
    if said is None:
        return known
    if said[form.BUTTON] != "Start":
        return None
    told = {key[len(_STEM) :]: value for key, value in said.items() if key.startswith(_STEM)}
    wanted = settings.with_stems(_filled(known, said), told)
    settings.save(wanted)
    return wanted


def _common(known: Settings, generators: list[str]) -> tuple[form.Row, ...]:
    names = tuple(dict.fromkeys([known.weights, "", *generators]))
    ways = tuple(_DELIVER[way] for way in sorted(_DELIVER, key=lambda way: way != known.deliver))
    return (
        form.Row("weights", "Weights (empty: the engine's own)", known.weights, names),
        form.Row("deliver", "Deliver", _DELIVER[known.deliver], ways),
        form.Row("handles", "Handles in frames (empty: the engine's own)", known.handles),
    )


def _filled(known: Settings, said: dict[str, str]) -> Settings:
    ways = {words: way for way, words in _DELIVER.items()}
    told: dict[str, Any] = {name: said[name].strip() for name in ("lang", "weights", "handles")}
    return replace(known, deliver=ways.get(said["deliver"], known.deliver), **told)


def _generators(engine: str) -> list[str]:
    entries = json.loads(bridge.call(engine, ["weights", "list", "--json"]))
    return [entry["name"] for entry in entries if entry["kind"] == "generator"]


def _heard(stems: dict[str, str], characters: list[str]) -> dict[str, str]:
    """Return the stems that this timeline's characters need: another film's would be laid into it.

    A mark that names nobody may mean any of them.
    """
    names = {who.casefold() for who in characters}
    return stems if "" in names else {w: p for w, p in stems.items() if not w or w.casefold() in names}


def _check(wanted: Settings, characters: list[str]) -> None:
    """Say what is missing before the engine is asked.

    Raises:
        MenuError: no language, or no stem that could be heard.
    """
    place = settings.place()
    if not wanted.lang:
        raise MenuError(f'no language is set; write it into {place}, e.g. "lang": "fr"')
    if not wanted.stems:
        names = ", ".join(f'"{who}": "/path/{who or "all"}.wav"' for who in characters)
        raise MenuError(f'no stem is set; write it into {place}: "stems": {{{names}}}')
    for who, path in wanted.stems.items():
        if not Path(path).is_file():
            raise MenuError(f"the stem {path} of {who or 'everybody'} is not there; correct it in {place}")


def _mark(exported: Path, timeline: Timeline, chosen: list[str] | None) -> None:
    """Check what Resolve wrote; leave out what is ours, and every mark but those of chosen clips."""
    try:
        edit = json.loads(exported.read_text(encoding="utf-8-sig"))
        if not edit["OTIO_SCHEMA"].startswith("Timeline."):
            raise ValueError("no timeline")
        if chosen is not None:
            edit = marking.only(edit, timeline, chosen)
        edit = marking.without_ours(colours.told(edit, timeline))
        exported.write_text(json.dumps(edit, indent=1), encoding="utf-8")
    except OSError as error:
        raise MenuError(f"{exported} cannot be written ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise MenuError(f"what Resolve exported cannot be read ({error}): {exported}") from error


def _collect(host: Host) -> str:
    known = settings.load()
    found = jobs.of(known, host.read())
    if not found:
        return "There is no job of this timeline; start one by W2L - lip-sync marked clips."
    return "\n".join(f"{job.lang}: {_brought(host, job)}" for job in found)


def _brought(host: Host, job: jobs.Job) -> str:
    """Bring one job into the timeline; its trouble is told and does not hold up jobs of other languages."""
    try:
        if job.engine.running():
            share = job.engine.progress()
            return _still_running(host, job, f"the engine is at work ({share:.0%})")
        report = jobs.report(job)
        return str(collecting.collect(host, job, report, jobs.results(settings.load())))
    except (bridge.BridgeError, jobs.JobError, HostError) as error:
        return str(error)


def _still_running(host: Host, job: jobs.Job, told: str) -> str:
    said = host.ask(form.Form("W2L: collect results", told, (), ("Stop the job", "Leave it at work")))
    if said is None:
        return f"{told}; to stop it, put a file named stop into {job.folder}"
    if said[form.BUTTON] == "Stop the job":
        job.engine.cancel()
        return "the job is being stopped; finished takes are kept"
    return told


def _settings(host: Host) -> str:
    known = settings.load()
    checks = _self_check(host, known)
    rows = (
        form.Row("engine", "Engine (empty: found by itself)", known.engine),
        form.Row("results", "Folder of results", known.results),
        form.Row("lang", "Language, e.g. fr", known.lang),
        *_common(known, []),
    )
    said = host.ask(form.Form("W2L: settings and self-check", "\n".join(checks), rows, ("Save", "Cancel")))
    if said is None:
        # Where there is no window, the file is the dialog: it has to be there to be filled in.
        settings.save(known)
        return "\n".join([*checks, f"Settings: {settings.place()}"])
    if said[form.BUTTON] == "Save":
        places: dict[str, Any] = {name: settings.typed(said[name]) for name in ("engine", "results")}
        settings.save(replace(_filled(known, said), **places))
        return "Saved."
    return ""


def _self_check(host: Host, known: Settings) -> list[str]:
    """Return one line for everything that has to be there."""
    edition = "Studio" if host.studio else "free edition: no windows, the settings file is read instead"
    lines = ["DaVinci Resolve {}.{}.{}, {}".format(*host.version, edition)]
    try:
        engine = bridge.find(known.engine or _installers_engine())
        version = bridge.version(engine)
        lines.append(f"engine {version}: {engine}")
        if settings.installed().get("version", version) != version:
            lines.append("PROBLEM engine and plugin differ; run `w2l-studio plugin install resolve` again")
    except bridge.BridgeError as error:
        lines.append(f"PROBLEM {error}")
    for who, path in sorted(known.stems.items()):
        if not Path(path).is_file():
            lines.append(f"PROBLEM the stem of {who or 'everybody'} is not there: {path}")
    return lines
