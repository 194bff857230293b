"""The Sequencer: strips in, takes above them, by the real engine on a clip of the example."""

import json
import os
import shutil
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from conftest import CLIP, FRAMES, STEM, TRIM, film, strips_of, takes

#: A scene with a sound strip, written by the module of 4.5.15 (`bpy.data.libraries.write`).
SOUND_STRIP = Path(__file__).with_name("sound_strip.blend")


@pytest.fixture
def heard(saved):
    """Return a sound strip `voix` that begins at 95, alone in its scene.

    The module of Blender 4.2 is built without sound: it cannot make such a strip, but it reads one.
    """
    scene = saved
    scene.sequence_editor_create()
    try:
        strips_of(scene).new_sound("voix", str(STEM), 5, 95)
    except RuntimeError:
        with bpy.data.libraries.load(str(SOUND_STRIP)) as (there, wanted):
            wanted.scenes = there.scenes
        (scene,) = wanted.scenes
        bpy.data.scenes.remove(saved)
        scene.render.fps, scene.render.fps_base = 24, 1
        strips_of(scene)["voix"].sound.filepath = str(STEM)
    strip = strips_of(scene)["voix"]
    strip.select = True
    return strip


def test_a_take_lies_above_with_the_same_trims_and_shows_the_same_frames(installed, saved, shot):
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    (take,) = takes(saved)
    assert (take.frame_final_start, take.frame_final_end) == (101, 131)
    assert take.channel == 3
    assert take.transform.scale_x == pytest.approx(0.5)
    assert shot.mute
    folder = Path(bpy.data.filepath).with_name("Übung.w2l")
    report = json.loads((folder / bpy.path.clean_name(saved.name) / "report.json").read_text())
    (told,) = report["ranges"]
    assert told["synced"] == FRAMES
    assert told["media_start"] == TRIM
    # The stem's own time reference says 01:00:00:00; where the user put it is what counts.
    assert report["stems"][0]["placed_by"] == "edit"
    assert report["stems"][0]["first_sample_s"] == 0
    assert take.frame_start + told["media_start"] - told["take_start"] == 101

    shot.name = "Anna, umbenannt"
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    assert [strip.name for strip in takes(saved)] == [take.name]
    assert "were there already" in saved.w2l.told
    heard = [(strip.name, strip.frame_final_start) for strip in strips_of(saved) if strip.type == "SOUND"]
    assert heard == ([("W2L ANNA", 101)] if bpy.app.build_options.audaspace else [])
    # The next language does not take it for the sound of the set.
    assert installed("dub")._production(saved, set()) == []
    assert ("could not be laid as a sound strip" in saved.w2l.told) != bpy.app.build_options.audaspace

    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert not takes(scene)
    assert [strip.mute for strip in strips_of(scene) if strip.type == "MOVIE"] == [False]


def test_markers_choose_a_part_and_a_sound_strip_is_a_stem_where_it_lies(installed, heard):
    scene = bpy.context.scene
    assert bpy.ops.w2l.stem_add() == {"FINISHED"}
    (stem,) = scene.w2l.stems
    assert (stem.strip, stem.start, scene.w2l.chosen) == ("voix", scene.frame_start, 0)
    found = installed("settings").stem_sound(scene, stem, 131)
    assert (found.start, found.media_first, found.stem) == (95, 0, True)
    heard.frame_offset_start = 3
    found = installed("settings").stem_sound(scene, stem, 131)
    assert (found.start, found.media_first) == (98, 3)

    shot = film(scene)
    scene.timeline_markers.new("w2l ANNA", frame=110)
    scene.timeline_markers.new("w2l end", frame=125)
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    (take,) = takes(scene)
    assert (take.frame_final_start, take.frame_final_end) == (110, 125)
    assert not shot.mute
    # Frame 0 of the edit is the first that is seen or heard; the stem began three frames before it.
    (report,) = Path(bpy.data.filepath).parent.rglob("report.json")
    (told,) = json.loads(report.read_text(encoding="utf-8"))["stems"]
    assert (told["placed_by"], told["first_sample_s"]) == ("edit", -3 / 24)
    assert [strip.name for strip in strips_of(scene) if strip.type == "SOUND"] == ["voix"]


def test_stopping_leaves_no_strip_and_the_next_run_goes_through(installed, saved, shot):
    dub, flows = installed("dub"), installed("flows")
    fake = SimpleNamespace()
    flow = flows.Flow(dub.W2L_OT_dub_strips.steps(fake, bpy.context))
    while not isinstance(flow._work, flows.EngineJob):
        flow.step()
    assert "ESC stops" in flow.status()
    flow.cancel()
    with pytest.raises(flows.Stopped):
        flow.wait()
    assert not takes(saved)
    assert not shot.mute
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    assert len(takes(saved)) == 1


@pytest.fixture
def begun(installed, saved, shot):
    """Return what a window would hold while strips are dubbed: operator, context, and all that was told."""
    operator, flows = installed("dub").W2L_OT_dub_strips, installed("flows")
    running = installed("running").Running
    told = []
    manager = SimpleNamespace(event_timer_remove=lambda timer: told.append("no timer"))
    context = SimpleNamespace(
        window_manager=manager, workspace=SimpleNamespace(status_text_set=lambda text: told.append(text))
    )
    made = type("Made", (running,), {"report": lambda self, level, text: told.append(text)})()
    made._flow, made._timer = flows.Flow(operator.steps(SimpleNamespace(), bpy.context)), object()
    running.busy = True
    yield made, context, told
    running.busy = False


def after(made, context, kind):
    return made.modal(context, SimpleNamespace(type=kind))


def at_work(begun, installed):
    """Let the timer go on until the engine is at work."""
    made, context, told = begun
    while not isinstance(made._flow._work, installed("flows").EngineJob):
        assert after(made, context, "TIMER") == {"PASS_THROUGH"}
    return made, context, told


def test_the_timer_loop_goes_on_stops_and_cleans_up(begun, installed):
    made, context, told = at_work(begun, installed)
    assert after(made, context, "MOUSEMOVE") == {"PASS_THROUGH"}
    assert after(made, context, "ESC") == {"RUNNING_MODAL"}
    assert told[-1].endswith("stopping")
    while (then := after(made, context, "TIMER")) == {"PASS_THROUGH"}:
        pass
    assert then == {"CANCELLED"}
    assert told[-3:] == ["no timer", None, "stopped; finished takes are kept"]
    assert not type(made).busy


def test_another_file_opened_meanwhile_stops_the_engine_and_leaves_the_buttons_alive(begun, installed, saved):
    made, context, told = at_work(begun, installed)
    made.cancel(context)
    assert told[-3:] == ["W2L: the engine starts (ESC stops)", "no timer", None]
    assert not type(made).busy
    while not made._flow._work.ended():
        pass
    assert not takes(saved)


def test_a_fault_of_ours_leaves_the_buttons_alive(begun, monkeypatch):
    made, context, told = begun
    monkeypatch.setattr(made._flow, "step", lambda: {}["gone"])
    with pytest.raises(KeyError):
        after(made, context, "TIMER")
    assert told == ["no timer", None]
    assert not type(made).busy


def test_an_engine_whose_words_are_not_understood_is_stopped(begun, installed, monkeypatch):
    """Nobody looks after it any more."""
    made, context, told = at_work(begun, installed)
    bridge, job = installed("bridge"), made._flow._work._job

    def say():
        raise bridge.BridgeError("the engine writes events of version 2")

    monkeypatch.setattr(made._flow, "status", say)
    assert after(made, context, "TIMER") == {"CANCELLED"}
    assert told[-1] == "the engine writes events of version 2"
    assert (job.folder / "stop").is_file()
    job._process.wait()
    assert job.ending()["kind"] == bridge.CANCELLED


def test_an_engine_that_cannot_be_stopped_is_told_and_leaves_the_buttons_alive(begun, installed, monkeypatch):
    """As where the disk is full or the folder is gone."""
    made, context, told = at_work(begun, installed)
    job = made._flow._work._job
    touch = Path.touch

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    assert after(made, context, "ESC") == {"CANCELLED"}
    assert "cannot be written (No space left on device); it goes on by itself" in told[-1]
    assert not type(made).busy
    installed("running").Running.busy = True
    made.cancel(context)
    assert not type(made).busy
    touch(job.folder / "stop")
    job._process.wait()


def test_a_strip_that_went_meanwhile_is_told_with_the_place_of_its_take(installed, saved, shot):
    pictures = [installed("strips").picture(saved, shot)]
    strips_of(saved).remove(shot)
    line = {
        "mark": "0.0#0", "character": "ANNA", "clip": "Anna spricht", "take": "/takes/a.mov", "synced": 30,
        "record_start": 0, "frames": 30, "media_start": TRIM, "take_start": 4, "passed": [],
    }  # fmt: skip
    told = installed("dub").lay(saved, {"ranges": [line], "lang": "fr"}, pictures, 101)
    assert "Anna spricht is gone, or lies in another meta strip; its take is /takes/a.mov" in told
    assert "0 strips laid" in saved.w2l.told
    assert not takes(saved)


@pytest.fixture
def instead(installed):
    """Return ``name(program)``: names another engine for the time of a test."""
    preferences = installed("preferences").get()
    kept = preferences.engine
    yield lambda program: setattr(preferences, "engine", str(program))
    preferences.engine = kept


@pytest.mark.parametrize("program", ["/nowhere/w2l-studio", shutil.which("true")])
@pytest.mark.parametrize("button", ["dub_strips", "test_engine"])
def test_no_engine_is_one_sentence_that_says_what_to_install(instead, saved, shot, program, button):
    instead(program)
    with pytest.raises(RuntimeError, match=rf"{program}.*install the engine with `pip install PATH`"):
        getattr(bpy.ops.w2l, button)()
    assert not takes(saved)


def test_an_engine_that_is_killed_is_told_and_the_next_run_goes_through(saved, shot):
    job = Path(bpy.data.filepath).with_name("Übung.w2l") / bpy.path.clean_name(saved.name) / "job"

    def kill():
        while not (job / "progress.jsonl").exists() or not (job / "progress.jsonl").stat().st_size:
            threading.Event().wait(0.01)
        os.kill(int((job / "engine.pid").read_text().split()[0]), signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    with pytest.raises(RuntimeError, match=r"ended in the middle, as when it is killed .* start it again"):
        bpy.ops.w2l.dub_strips()
    killing.join()
    assert not takes(saved)
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    assert len(takes(saved)) == 1


def test_an_edit_that_an_engine_still_reads_is_left_as_it_is(installed, orphan, saved, shot):
    folder = installed("dub").folder_of(saved.name)
    orphan(folder / "job")
    (folder / "edit.otio").write_text("in use")
    with pytest.raises(RuntimeError, match="an engine that was started earlier is still at work in"):
        bpy.ops.w2l.dub_strips()
    assert (folder / "edit.otio").read_text() == "in use"


def test_the_engines_own_sentence_is_shown(saved, shot, tmp_path):
    broken = tmp_path / "kaputt.wav"
    broken.write_bytes(b"no sound")
    saved.w2l.stems[0].file = str(broken)
    with pytest.raises(RuntimeError, match=r"kaputt\.wav"):
        bpy.ops.w2l.dub_strips()


def test_a_stem_that_is_retimed_is_refused(installed, saved, monkeypatch):
    """Keys cannot be added in the module: it ends with its process."""
    settings, stem = installed("settings"), saved.w2l.stems.add()
    stem.strip = "voix"
    heard = SimpleNamespace(type="SOUND", sound=SimpleNamespace(filepath=str(STEM), library=None))
    monkeypatch.setattr(settings, "_strip", lambda scene, name: heard)
    for keys, told in (([], False), ([1, 2], True)):
        heard.retiming_keys = keys
        assert ("'voix' is retimed" in settings.stem_problem(saved, stem)) == told


def test_every_disabled_button_says_why(installed, saved, shot):
    problem = installed("dub").problem
    assert problem(saved) == ""
    saved.render.fps = 30
    assert "set the scene to the movie's rate" in problem(saved)
    saved.render.fps = 24
    shot.use_reverse_frames = True
    assert "retimed" in problem(saved)
    shot.use_reverse_frames = False
    shot.filepath = "/nowhere.mov"
    assert "is not there" in problem(saved)
    shot.filepath = str(CLIP)
    saved.w2l.stems[0].file = "/nowhere.wav"
    assert "the stem of ANNA /nowhere.wav is not there" in problem(saved)
    assert not bpy.ops.w2l.dub_strips.poll()
    bpy.ops.w2l.stem_remove()
    assert "Add a stem" in problem(saved)
    bpy.ops.w2l.stem_add()
    assert "choose a sound strip or a file for the stem" in problem(saved)
    shot.select = False
    assert "Select movies or image sequences" in problem(saved)
