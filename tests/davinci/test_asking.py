"""What the menu asks, what it refuses in one sentence, and what it does where Resolve has no windows."""

import json
import os
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import fake_resolve
import opentimelineio as otio
import pytest

from w2l_studio import __version__
from w2l_studio.edit import marks, segments
from w2l_studio.edit import timeline as edits
from w2l_studio.media.probe import probe
from w2l_studio.terms.curves import LOGS

START = 86400


@pytest.fixture
def clips(timeline, films):
    """Three clips one after another: one with a mark of its own, one under a timeline mark, one without."""
    media = fake_resolve.FakeMedia(films / "plate.mov", Fraction(24))
    items = [fake_resolve.FakeItem(timeline, media, START + n, 5, 20) for n in (10, 30, 60)]
    items[0].AddMarker(7, "Red", "w2l ANNA", "", 1, "")
    timeline.AddMarker(32, "Red", "lines", "w2l: BEN", 4, "")
    timeline.AddMarker(5, "Blue", "w2lab", "see w2l", 1, "")
    timeline.tracks["video"][0][1] += items
    return items


@pytest.fixture(autouse=True)
def found(engine, home, package, monkeypatch):
    monkeypatch.setenv("W2L_STUDIO", engine)
    monkeypatch.setattr(package("settings"), "installed", dict)
    return engine


def told(package, **values):
    """Write a settings file as a user would."""
    path = package("settings").place()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture
def begun(package, monkeypatch):
    """Catch what the engine would be asked for."""
    asked = []
    monkeypatch.setattr(package("bridge"), "start", lambda *arguments: asked.append(arguments))
    return asked


def test_the_dialog_asks_for_every_character_and_remembers(clips, resolve, click, begun, package, films):
    seen = {}

    def user(window):
        items = window.GetItems()
        seen.update(items)
        items["lang"].Text = "de"
        items["stem BEN"].Text = f' "{films / "fr.wav"}" '
        items["deliver"].CurrentText = items["deliver"].choices[1]
        items["weights"].CurrentText = "w2l-192"
        items["handles"].Text = "6"
        window.press("Start")

    click("lip-sync marked clips", resolve, user)
    assert {"stem ANNA", "stem BEN", "stem "} <= set(seen)
    assert "w2l-192" in seen["weights"].choices
    known = package("settings").load()
    assert (known.lang, known.deliver, known.weights, known.handles) == ("de", "overlay", "w2l-192", "6")
    assert known.stems == {"BEN": str(films / "fr.wav")}
    ((_, arguments, folder),) = begun
    assert arguments[0] == "dub"
    assert arguments[2:] == [
        "--lang", "de", "--out", str(Path(folder) / "result"), "--stem", f"BEN={films / 'fr.wav'}",
        "--weights", "w2l-192", "--handles", "6",
    ]  # fmt: skip


def test_what_was_asked_for_is_dubbed_though_another_timeline_was_opened_meanwhile(
    clips, resolve, timeline, click, begun, package, films
):
    """The window is no modal one: Resolve can be used while it is open."""
    other = resolve.project.add("Szene 2", "24", START)
    resolve.project.current = timeline

    def user(window):
        clips[2].start += 5
        resolve.project.current = other
        items = window.GetItems()
        items["lang"].Text, items["stem "].Text = "fr", str(films / "fr.wav")
        window.press("Start")

    click("lip-sync marked clips", resolve, user)
    ((_, arguments, folder),) = begun
    edit = otio.adapters.read_from_file(arguments[1])
    assert edit.name == "Szene 1"
    assert len(list(edit.find_clips())) == 3
    assert resolve.project.current is other
    # What *collect* compares with is what the engine reads.
    record = json.loads((Path(folder) / "job.json").read_text())["timeline"]
    assert (record["id"], record["items"][2]["start"]) == (timeline.id, clips[2].start)


@pytest.mark.parametrize("timecode", [None, "14:00:00:00"])
def test_the_engine_finds_the_frames_of_an_image_sequence(
    timecode, timeline, numbered, resolve, click, begun, package, films
):
    """Resolve counts them from the first file's number, or from the timecode that stands in it."""
    media = fake_resolve.FakeMedia(numbered("exr").path, Fraction(24))
    media.timecode = timecode or media.timecode
    item = fake_resolve.FakeItem(timeline, media, START + 10, 3, 6)
    item.AddMarker(4, "Red", "w2l ANNA", "", 2, "")
    timeline.tracks["video"][0][1].append(item)
    told(package, lang="fr", stems={"": str(films / "fr.wav")})
    click("lip-sync marked clips", resolve, lambda window: window.press("Start"))
    edit = edits.read(Path(begun[0][1][1]))
    (use,) = edit.clips
    assert str(use.media) == media.path
    plates = {use.media: probe(use.media, use.source.rate)}
    (segment,), refused = segments.cut(edit, marks.find(edit), plates, 0, Fraction(1, 2))
    assert not refused
    assert (segment.plate.frames, segment.plate_range.start, segment.plate_range.stop) == (12, 4, 6)


def test_a_project_that_was_closed_meanwhile_is_told(clips, resolve, click, begun, films):
    def user(window):
        resolve.manager.project = fake_resolve.FakeProject(resolve, "Ein anderer Film", Fraction(24))
        resolve.manager.project.add("Szene 1", "24", START)
        items = window.GetItems()
        items["lang"].Text, items["stem "].Text = "fr", str(films / "fr.wav")
        window.press("Start")

    assert "is not in this project; open the project" in click("lip-sync marked clips", resolve, user)
    assert begun == []


def test_a_full_disk_names_the_file(clips, resolve, click, begun, package, films, monkeypatch):
    """The system itself names none while it writes."""
    told(package, lang="fr", stems={"": str(films / "fr.wav")})
    write = Path.write_text

    def full(path, text, **how):
        if path.suffix == ".otio" and how:
            write(path, text[:5])
            raise OSError(28, "No space left on device")
        return write(path, text, **how)

    def export(timeline, path, *_):
        write(Path(path), json.dumps(timeline.otio()))
        return True

    monkeypatch.setattr(fake_resolve.FakeTimeline, "Export", export)
    monkeypatch.setattr(Path, "write_text", full)
    said = click("lip-sync marked clips", resolve, lambda window: window.press("Start"))
    assert said.endswith("Szene_1.otio cannot be written (No space left on device)")
    assert begun == []


def test_closing_the_window_starts_nothing(clips, resolve, click, begun, package):
    def user(window):
        window.On.w2l.Close({})

    assert click("lip-sync marked clips", resolve, user) == ""
    assert begun == []
    assert not package("settings").place().exists()


@pytest.mark.parametrize("fabricates", [False, True])
def test_the_free_edition_reads_the_settings_file(
    fabricates, clips, resolve, timeline, click, begun, package, films, monkeypatch, capsys
):
    monkeypatch.setattr(fake_resolve.Api, "fabricates_functions", fabricates)
    resolve.product = "DaVinci Resolve"
    said = click("lip-sync marked clips", resolve)
    assert said == ""
    assert "no language is set; write it into" in capsys.readouterr().out
    told(package, lang="fr", stems={"": str(films / "fr.wav")})
    click("lip-sync marked clips", resolve)
    assert "The engine is at work" in capsys.readouterr().out
    assert begun[0][1][-2:] == ["--stem", str(films / "fr.wav")]


@pytest.mark.parametrize(
    ("version", "chosen", "words"),
    [((21, 0, 4, 5, ""), [1, 2], "selected"), ((20, 2, 2, 1, ""), [2], "under the playhead")],
)
def test_only_the_chosen_clips_are_marked(
    version, chosen, words, clips, resolve, timeline, click, begun, package, films, capsys
):
    resolve.version = list(version)
    resolve.product = "DaVinci Resolve"
    timeline.chosen, timeline.under_playhead = [clips[1], clips[2]], clips[2]
    told(package, lang="fr", stems={"": str(films / "fr.wav")})
    click("lip-sync selected clips", resolve)
    assert words in capsys.readouterr().out
    edit = otio.adapters.read_from_file(begun[0][1][1])
    marks = [[m.name for m in clip.markers] for clip in edit.video_tracks()[0].find_clips()]
    names = {1: ["w2l BEN"], 2: ["w2l"]}
    assert marks == [[], *(names[n] if n in chosen else [] for n in (1, 2))]
    assert [m.name for m in edit.tracks.markers] == ["w2lab"]
    assert [clip.GetMarkers() for clip in clips[1:]] == [{}, {}]


@pytest.mark.parametrize(
    ("stored", "log"),
    [
        ({"Input Color Space": "S-Gamut3.Cine/S-Log3"}, {"log": "s-log3"}),
        ({"Input Color Space": "", "IDT": "ARRI LogC4"}, {"log": "arri-logc4"}),
        ({"Input Color Space": "Rec.709 Gamma 2.4"}, {}),
        ({}, {}),
    ],
)
@pytest.mark.parametrize("chosen", [True, False])
def test_curves_that_colour_management_knows_are_told_to_the_engine(
    chosen, stored, log, clips, resolve, timeline, click, begun, package, films
):
    clips[1].GetMediaPoolItem().stored.update(stored)
    resolve.version, resolve.product = [21, 0, 4, 5, ""], "DaVinci Resolve"
    timeline.chosen = clips[1:]
    told(package, lang="fr", stems=dict.fromkeys(("", "ANNA", "BEN"), str(films / "fr.wav")))
    click("lip-sync selected clips" if chosen else "lip-sync marked clips", resolve)
    edit = otio.adapters.read_from_file(begun[0][1][1])
    found = [dict(clip.metadata.get("w2l_studio") or {}) for clip in edit.video_tracks()[0].find_clips()]
    assert found == [log] * 3


def test_spaces_and_their_curves(package):
    curve = package("colours").curve
    names = {
        "ARRI LogC3": "arri-logc3", "ARRI Alexa": "", "ARRI LogC4": "arri-logc4", "Rec.709": "", "": "",
        "S-Gamut3/S-Log3": "s-log3", "Sony S-Log2": "", "Panasonic V-Gamut/V-Log": "v-log",
        "Canon Cinema Gamut/Canon Log 3": "canon-log3", "REDWideGamutRGB/Log3G10": "red-log3g10",
        "Blackmagic Design Film Wide Gamut Gen 5": "bmd-film5", "DaVinci WG/Intermediate": "davinci",
        "Cineon Film Log": "cineon", "ACEScct": "acescct", "sRGB": "",
    }  # fmt: skip
    assert {said: curve(said) for said in names} == names
    # The engine knows all of them, and no other is missing here.
    assert {name for _, name in package("colours")._CURVES} == set(LOGS)


def test_what_a_clip_says_of_its_curve_stays(clips, resolve, package):
    clips[1].GetMediaPoolItem().stored["Input Color Space"] = "S-Log3"
    timeline = package("host").connect({"resolve": resolve}).read()
    edit = resolve.project.current.otio()
    _, first, *_ = (track := edit["tracks"]["children"][0]["children"])
    first.setdefault("metadata", {})["w2l_studio"] = {"log": "none"}
    told = package("colours").told(edit, timeline)["tracks"]["children"][0]["children"]
    said = [(clip.get("metadata") or {}).get("w2l_studio") for clip in told]
    assert [one["log"] for one in said if one] == ["none", "s-log3", "s-log3"]
    assert [bool((clip.get("metadata") or {}).get("w2l_studio")) for clip in track].count(True) == 1


def test_a_clip_without_metadata_is_told_its_curve_and_an_edit_without_log_is_left_alone(
    clips, resolve, package
):
    edit, host, colours = resolve.project.current.otio(), package("host"), package("colours")
    track = edit["tracks"]["children"][0]["children"]
    track[1]["metadata"] = None
    # A part that says neither its range nor its media, which nobody has to place.
    bare = {"tracks": {"children": [{"kind": "Video", "children": [{"OTIO_SCHEMA": "Stack.1"}]}]}}
    assert colours.told(bare, host.connect({"resolve": resolve}).read()) == bare
    clips[1].GetMediaPoolItem().stored["Input Color Space"] = "S-Log3"
    told = colours.told(edit, host.connect({"resolve": resolve}).read())
    first = told["tracks"]["children"][0]["children"][1]
    assert first["metadata"] == {"w2l_studio": {"log": "s-log3"}}


def test_a_mark_on_sound_counts_and_goes_when_clips_are_chosen(
    clips, resolve, timeline, click, begun, package, films, capsys
):
    """The engine dubs what is seen in its time; its character is asked for like any other."""
    sound = fake_resolve.FakeMedia(films / "fr.wav", Fraction(24))
    placed = [fake_resolve.FakeItem(timeline, sound, START + n, 0, 20) for n in (10, 40)]
    placed[0].AddMarker(3, "Red", "w2l CARLA", "", 4, "")
    placed[1].AddMarker(3, "Red", "w2l DORA", "", 4, "")
    placed[1].enabled = False
    timeline.tracks["audio"][0][1] += placed
    read = package("host").connect({"resolve": resolve}).read()
    assert package("marking").characters(read) == ["ANNA", "BEN", "CARLA"]
    assert package("reading").from_json(read.to_json()) == read
    resolve.product = "DaVinci Resolve"
    timeline.chosen = [clips[2]]
    told(package, lang="fr", stems={"": str(films / "fr.wav")})
    click("lip-sync selected clips", resolve)
    edit = otio.adapters.read_from_file(begun[0][1][1])
    assert [m.name for clip in edit.find_clips() for m in clip.markers] == ["w2l"]


@pytest.mark.parametrize("version", [(21, 0, 4, 5, ""), (20, 2, 2, 1, "")])
def test_a_chosen_dub_of_ours_means_the_clip_below(
    version, clips, resolve, timeline, click, begun, package, films
):
    """An overlay lies under the playhead: marked itself, it would be left out of the edit, mark and all."""
    resolve.version, resolve.product = list(version), "DaVinci Resolve"
    laid = fake_resolve.FakeItem(timeline, clips[2].own[0], START + 62, 0, 10)
    timeline.tracks["video"].append(["W2L fr", [laid]])
    timeline.chosen, timeline.under_playhead = [clips[2], laid], laid
    told(package, lang="fr", stems={"": str(films / "fr.wav")})
    click("lip-sync selected clips", resolve)
    edit = otio.adapters.read_from_file(begun[0][1][1])
    assert [[m.name for m in clip.markers] for clip in edit.find_clips()] == [[], [], ["w2l"]]


def test_the_second_line_of_a_note_names_nobody(timeline, clips, resolve, package):
    timeline.marks.clear()
    clips[0].marks.clear()
    clips[0].AddMarker(7, "Red", "Marker 1", "w2l\nlook at the chin", 1, "")
    read = package("host").connect({"resolve": resolve}).read()
    assert package("marking").characters(read) == [""]


def nothing_marked(clips, timeline, resolve):
    clips[0].marks.clear()
    timeline.marks.clear()


def no_timeline(clips, timeline, resolve):
    resolve.project.current = None


def no_project(clips, timeline, resolve):
    resolve.manager.project = None


def too_old(clips, timeline, resolve):
    resolve.version = [18, 1, 4, 0, ""]


def no_export(clips, timeline, resolve):
    resolve.EXPORT_OTIO = None


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (nothing_marked, "nothing is marked; name a marker `w2l`"),
        (no_timeline, "no timeline is open"),
        (no_project, "no project is open"),
        (too_old, "18.5 or newer is needed; this is 18.1"),
        (no_export, "Resolve did not export the timeline"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_trouble_is_one_sentence(
    trouble, words, clips, timeline, resolve, click, begun, package, films, capsys
):
    resolve.product = "DaVinci Resolve"
    told(package, lang="fr", stems={"": str(films / "fr.wav")})
    trouble(clips, timeline, resolve)
    click("lip-sync marked clips", resolve)
    out = capsys.readouterr().out
    assert words in out
    assert "Traceback" not in out
    assert begun == []


def test_stems_of_another_film_are_not_handed_over(clips, resolve, click, begun, package, films):
    resolve.product = "DaVinci Resolve"
    stem = str(films / "fr.wav")
    told(package, lang="fr", stems={"anna": stem, "BEN": stem, "CARLA": "/another/film.wav"})
    click("lip-sync marked clips", resolve)
    assert begun[0][1][-4:] == ["--stem", f"BEN={stem}", "--stem", f"anna={stem}"]


@pytest.mark.parametrize("call", ["GetTrackCount", "GetVersion"])
def test_what_nobody_expected_is_a_sentence_too(call, clips, timeline, resolve, click, begun, capsys):
    """While a modal of the free edition waits, calls answer None that never should."""
    owner = resolve if call == "GetVersion" else timeline
    setattr(owner, call, lambda *_: None)
    said = click("lip-sync marked clips", resolve) or capsys.readouterr().out
    assert "something happened that this plugin does not know (TypeError: " in said
    assert begun == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lang": "fr"}, 'no stem is set; write it into'),
        ({"lang": "fr", "stems": {"ANNA": "/none.wav"}}, "the stem /none.wav of ANNA is not there"),
        ({"language": "fr"}, "there is no setting 'language'; there are deliver, engine"),
        ({"lang": 3}, "lang must be text"),
        ({"stems": {"ANNA": 5}}, "the stem of ANNA must be text"),
        ({"deliver": "mail"}, "deliver must be take or overlay"),
        ([], "must hold an object"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_told(values, words, clips, resolve, click, begun, package, capsys):
    resolve.product = "DaVinci Resolve"
    path = package("settings").place()
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(values))
    click("lip-sync marked clips", resolve)
    assert words in capsys.readouterr().out
    assert begun == []


def test_without_an_engine_it_says_what_to_install(clips, resolve, click, monkeypatch, tmp_path):
    monkeypatch.delenv("W2L_STUDIO")
    monkeypatch.setenv("PATH", str(tmp_path))
    said = click("lip-sync marked clips", resolve)
    assert said.startswith("no W2L Studio engine was found; install the engine with `pip install PATH`")
    assert "PROBLEM no W2L Studio engine" in window_text(click, resolve)


def window_text(click, resolve):
    seen = []

    def user(window):
        seen.append(window.GetItems()["told"].Text)
        window.press("Cancel")

    click("settings and self-check", resolve, user)
    return seen[0]


def test_the_self_check_tells_version_edition_and_engine(clips, resolve, click, found, package, monkeypatch):
    text = window_text(click, resolve)
    assert "DaVinci Resolve 21.0.4, Studio" in text
    assert f"engine {__version__}: {found}" in text
    assert "PROBLEM" not in text
    told(package, stems={"ANNA": "/none.wav"})
    monkeypatch.setattr(package("settings"), "installed", lambda: {"version": "0.0.1"})
    text = window_text(click, resolve)
    assert "PROBLEM the stem of ANNA is not there" in text
    assert "PROBLEM engine and plugin differ" in text


def test_settings_are_changed_in_the_window_or_written_to_be_filled_in(
    clips, resolve, click, package, capsys
):
    def user(window):
        window.GetItems()["results"].Text = ' "/media/dubs"'  # as Windows copies paths
        window.GetItems()["engine"].Text = '"/opt/W2L Studio/w2l-studio" '
        window.press("Save")

    assert click("settings and self-check", resolve, user) == "Saved."
    known = package("settings").load()
    assert (known.results, known.engine) == ("/media/dubs", "/opt/W2L Studio/w2l-studio")
    package("settings").place().unlink()
    resolve.product = "DaVinci Resolve"
    click("settings and self-check", resolve)
    assert "Settings: " in capsys.readouterr().out
    assert json.loads(package("settings").place().read_text())["deliver"] == "take"


def test_of_two_hosts_that_save_at_once_neither_writes_into_the_others_file(package, monkeypatch):
    """The second one saves while the first one's settings are half on the disk."""
    settings = package("settings")
    write, begun = Path.write_text, []

    def slow(path, text, **how):
        begun.append(path)
        if len(begun) == 1:
            write(path, text[:20], **how)
            settings.save(settings.Settings(lang="de"))
            assert settings.load().lang == "de"
        return write(path, text, **how)

    monkeypatch.setattr(Path, "write_text", slow)
    settings.save(settings.Settings(lang="fr"))
    assert settings.load().lang == "fr"
    assert len(set(begun)) == 2
    assert [path.name for path in settings.place().parent.iterdir()] == ["resolve.json"]


@pytest.mark.parametrize("named", [{}, {"report": None}, {"report": 3}, {"report": ""}])
def test_a_job_that_names_no_report_is_one_sentence(named, at_work, resolve, click):
    event = {"v": 1, "kind": "JobFinished", **named}
    (at_work / "progress.jsonl").write_text(json.dumps(event) + "\n")
    said = click("collect results", resolve)
    assert said == "fr: the engine names no report; install plugin and engine of the same version"


@pytest.fixture
def at_work(clips, resolve, package):
    """A job whose engine is at work: its process is this one."""
    jobs, settings = package("jobs"), package("settings")
    timeline = package("host").connect({"resolve": resolve}).read()
    folder = jobs.folder(settings.Settings(lang="fr"), timeline)
    folder.mkdir(parents=True)
    record = {"v": 1, "timeline": timeline.to_json(), "lang": "fr", "deliver": "take"}
    (folder / "job.json").write_text(json.dumps(record))
    event = {"v": 1, "kind": "Advanced", "done": 3, "total": 12}
    (folder / "progress.jsonl").write_text(json.dumps(event) + "\n")
    (folder / "engine.pid").write_text(package("bridge")._process(os.getpid()))
    return folder


@pytest.mark.parametrize(
    ("name", "folder"),
    [("CON", "CON_"), ("nul.v2", "nul_.v2"), ("Com1", "Com1_"), ("console", "console"), ("Ä 1", "Ä_1")],
)
def test_folders_have_names_that_every_system_takes(name, folder, clips, resolve, package):
    jobs, settings = package("jobs"), package("settings")
    timeline = replace(package("host").connect({"resolve": resolve}).read(), project=name, name=name)
    place = jobs.folder(settings.Settings(lang="fr"), timeline)
    assert place.parent.parent.name == folder
    assert jobs.edit(place, timeline).name == f"{folder}.otio"


def test_a_job_whose_engine_does_not_start_leaves_the_one_before_as_it_was(clips, resolve, package):
    jobs, settings, bridge = (package(name) for name in ("jobs", "settings", "bridge"))
    timeline = package("host").connect({"resolve": resolve}).read()
    wanted = settings.Settings(lang="fr")
    folder = jobs.folder(wanted, timeline)
    folder.mkdir(parents=True)
    (folder / "job.json").write_text("before")
    with pytest.raises(bridge.BridgeError, match="cannot be started"):
        jobs.start(wanted, str(folder / "no-engine"), timeline, jobs.edit(folder, timeline))
    assert (folder / "job.json").read_text() == "before"
    assert not list(folder.glob("*.part"))


def test_no_engine_starts_where_its_record_cannot_be_written(clips, resolve, package):
    jobs, settings = package("jobs"), package("settings")
    timeline = package("host").connect({"resolve": resolve}).read()
    wanted = settings.Settings(lang="fr")
    missing = jobs.folder(wanted, timeline)
    with pytest.raises(jobs.JobError, match="cannot be written"):
        jobs.start(wanted, sys.executable, timeline, jobs.edit(missing, timeline))
    assert not missing.exists()


def test_a_job_at_work_tells_how_far_it_is_and_can_be_stopped(at_work, resolve, click):
    assert "the engine is at work (25%)" in click("collect results", resolve)
    assert not (at_work / "stop").exists()
    said = []

    class Stopping(fake_resolve.FakeUi):
        pass

    ui = Stopping(lambda window: said.append(window.title) or stop(window))
    scope = {"resolve": resolve, "fusion": ui, "bmd": ui}
    import w2l_resolve.menu

    w2l_resolve.menu.collect_results(scope)
    assert (at_work / "stop").exists()


def test_without_windows_it_says_how_a_job_is_stopped(at_work, resolve, click, package, capsys):
    """And the file that it asks for is the one that the engine looks for."""
    resolve.product = "DaVinci Resolve"
    click("collect results", resolve)
    told = f"the engine is at work (25%); to stop it, put a file named stop into {at_work}\n"
    assert capsys.readouterr().out.endswith(told)
    package("bridge").Job(at_work).cancel()
    assert (at_work / "stop").is_file()


def test_an_edit_that_an_engine_reads_is_not_written_again(at_work, resolve, click, package, films):
    told(package, lang="fr", stems={"": str(films / "fr.wav")})

    def user(window):
        window.GetItems()["lang"].Text = "fr"
        window.press("Start")

    said = click("lip-sync marked clips", resolve, user)
    assert said == (
        "the engine is at work on this timeline in this language; "
        "W2L - collect results tells how far it is and how to stop it"
    )
    assert not list(at_work.glob("*.otio"))


def stop(window):
    buttons = [w.Text for w in window.items.values() if w.ID.startswith("button")]
    window.press("Stop the job" if "Stop the job" in buttons else buttons[-1])


def test_a_job_that_failed_says_the_engines_sentence(at_work, resolve, click):
    event = {"v": 1, "kind": "JobFailed", "message": "x.mov: broken", "hint": "relink", "exit_code": 3}
    (at_work / "progress.jsonl").write_text(json.dumps(event) + "\n")
    assert click("collect results", resolve) == "fr: x.mov: broken. Relink."


def test_one_job_in_trouble_does_not_hold_up_the_others(at_work, resolve, click):
    """One writes events of the future, the report of the other is gone, and the third is no job."""
    german = at_work.with_name("de")
    german.mkdir()
    (german / "job.json").write_text((at_work / "job.json").read_text().replace('"fr"', '"de"'))
    (german / "progress.jsonl").write_text(json.dumps({"v": 9}) + "\n")
    event = {"v": 1, "kind": "JobFinished", "report": str(german / "none.json")}
    (at_work / "progress.jsonl").write_text(json.dumps(event) + "\n")
    said = click("collect results", resolve)
    assert "de: the engine writes events of version 9" in said
    assert f"fr: the report {german / 'none.json'} cannot be read" in said
    (german / "none.json").write_text("[" * 100_000)
    assert f"fr: the report {german / 'none.json'} cannot be read" in click("collect results", resolve)
    for text in ("{}", "[" * 100_000):
        (at_work / "job.json").write_text(text)
        assert "is not a job of this plugin" in click("collect results", resolve)


@pytest.fixture
def failed(resolve, package):
    """Return ``failed(project, lang, words, at)``: a job of the timeline that was begun under that name."""
    jobs, settings = package("jobs"), package("settings")

    def make(project, lang, words, at):
        resolve.project.name = project
        timeline = package("host").connect({"resolve": resolve}).read()
        folder = jobs.folder(settings.Settings(lang=lang), timeline)
        folder.mkdir(parents=True)
        record = {"v": 1, "timeline": timeline.to_json(), "lang": lang, "deliver": "take"}
        (folder / "job.json").write_text(json.dumps(record))
        os.utime(folder / "job.json", (at, at))
        event = {"v": 1, "kind": "JobFailed", "message": words, "hint": "", "exit_code": 3}
        (folder / "progress.jsonl").write_text(json.dumps(event) + "\n")

    return make


def test_a_job_is_found_after_its_project_has_another_name(clips, resolve, click, failed):
    """The latest of a language, but for one that was begun under the present name."""
    failed("Der Film", "fr", "first", at=1000)
    failed("Der Film", "de", "german", at=1000)
    failed("Der Film v2", "fr", "second", at=2000)
    resolve.project.name = "Der Film v3"
    assert click("collect results", resolve).splitlines() == ["de: german.", "fr: second."]
    resolve.project.name = "Der Film"
    assert click("collect results", resolve).splitlines() == ["de: german.", "fr: first."]
    # Another timeline's are not its own.
    resolve.project.current.id = "timeline-of-another-film"
    assert "There is no job of this timeline" in click("collect results", resolve)


@pytest.mark.parametrize("emptied", ["", " "])
def test_an_emptied_folder_of_results_means_the_default(emptied, home, package, monkeypatch):
    """Else the current folder would be meant, and the user's own media below it be taken for dubs."""
    monkeypatch.chdir(home)
    results = package("jobs").results(package("settings").Settings(results=emptied))
    assert results == home / "W2L Studio"


def test_a_clip_that_is_used_whole_may_say_no_range(clips, resolve, package):
    """Then its media's range is meant."""
    marking = package("marking")
    timeline = package("host").connect({"resolve": resolve}).read()
    edit = resolve.project.current.otio()
    track = edit["tracks"]["children"][0]
    gap, first = track["children"][:2]
    first["media_references"]["DEFAULT_MEDIA"]["available_range"] = first["source_range"]
    first["source_range"] = None
    chosen = marking.only(edit, timeline, [clips[1].id])["tracks"]["children"][0]["children"]
    assert [[m["name"] for m in c["markers"]] for c in chosen if c["OTIO_SCHEMA"] == "Clip.2"] == [
        [], ["w2l BEN"], [],
    ]  # fmt: skip
    assert gap["OTIO_SCHEMA"] == "Gap.1"


def test_no_job_is_told(clips, resolve, click):
    assert "There is no job of this timeline" in click("collect results", resolve)
