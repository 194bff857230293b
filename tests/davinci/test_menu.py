"""From the menu to a take on the timeline that plays the dubbed clip, with the real engine between."""

import json
import os
from contextlib import suppress
from pathlib import Path

import fake_resolve
import numpy as np
import opentimelineio as otio
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
RATE, START = 24, 86400
AT = START + 560


@pytest.fixture
def scene(resolve, timeline):
    """One second of the example's last shot, a title above it, and the user's own take of marks."""
    media = fake_resolve.FakeMedia(EXAMPLE / "media" / "A001C002.mov", resolve.project.rate)
    media.stored["Input Color Space"] = "Rec.709"
    resolve.project.pool.root.clips.append(media)
    item = fake_resolve.FakeItem(timeline, media, AT, 24, 24)
    item.AddMarker(24, "Red", "w2l ANNA", "", 1, "")
    timeline.AddMarker(560, "Blue", "ask the director", "", 1, "")
    timeline.tracks["video"][0][1].append(item)
    timeline.tracks["video"].append(["Video 2", [fake_resolve.FakeItem(timeline, None, AT + 100, 0, 24)]])
    timeline.chosen = [item]
    return item


def start(window):
    items = window.GetItems()
    items["lang"].Text = "fr"
    items["stem ANNA"].Text = str(EXAMPLE / "stems" / "ANNA.fr.wav")
    items["handles"].Text = "2"
    window.press("Start")


def finished(home, package):
    (record,) = (home / "W2L Studio").rglob("job.json")
    bridge = package("bridge")
    # Started by this process; where Python has laid it to rest already, it has ended.
    with suppress(ChildProcessError):
        os.waitpid(int((record.parent / bridge._PID).read_text().split()[0]), 0)
    job = bridge.Job(record.parent)
    job.poll()
    return job


def state(resolve, timeline):
    """Return everything that a plugin could have changed, as text."""
    items = [item for kind in timeline.tracks.values() for _, items in kind for item in items]
    told = [
        (i.id, i.start, i.length, i.selected, i.color, [(t[0].path, *t[1:]) for t in i.takes]) for i in items
    ]
    names = [name for kind in timeline.tracks.values() for name, _ in kind]
    pool = [
        (folder.name, [clip.path for clip in folder.clips], len(folder.folders))
        for folder in everything(resolve.project.pool.root)
    ]
    return repr((told, names, pool, timeline.marks, resolve.page, resolve.project.current.name))


def everything(folder):
    yield folder
    for one in folder.folders:
        yield from everything(one)


# The engine outlives the script that started it, on purpose.
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_from_the_menu_to_a_take_that_plays_the_dub(
    scene, resolve, timeline, home, click, engine, package, monkeypatch
):
    monkeypatch.setenv("W2L_STUDIO", engine)
    monkeypatch.setattr(package("settings"), "installed", dict)
    said = click("lip-sync marked clips", resolve, start)
    assert said.startswith("The engine is at work on clips marked")
    said = click("collect results", resolve)
    job = finished(home, package)
    assert job.result()["synced"] == 24
    assert resolve.page == "color"
    scene.selected = 0
    plates = [timeline.picture(AT + n).astype(int) for n in range(24)]

    said = click("collect results", resolve)
    assert "New: 1 takes, 0 clips on a track above, 1 stems" in said, said
    assert (scene.selected, len(scene.takes), scene.start, scene.length) == (2, 2, AT, 24)
    media, first = timeline.shown_at(AT)
    assert Path(media.path).parent.name == "media"
    assert "result" in media.path
    assert first == 2
    assert media.stored["Input Color Space"] == "Rec.709"
    assert [f.name for f in everything(resolve.project.pool.root)] == ["Master", "W2L", "fr"]
    assert resolve.project.pool.current.name == "Master"
    assert scene.color == "Teal"
    assert resolve.page == "color"

    # What is seen: the plate's own frame everywhere, but for the mouth, which is a new one.
    changed = []
    for n in range(24):
        seen = timeline.picture(AT + n).astype(int)
        off = [np.abs(seen - plates[m]).mean() for m in range(24)]
        assert off[n] == min(off)
        difference = np.abs(seen - plates[n])
        assert np.median(difference) <= 2
        changed.append((difference > 24).sum())
    assert np.median(changed) > 200

    (name, placed) = timeline.tracks["audio"][1]
    assert name == "W2L fr ANNA"
    report = json.loads(Path(job.result()["report"]).read_text(encoding="utf-8"))
    assert placed[0].start == START + round(report["stems"][0]["first_sample_s"] * RATE)
    assert timeline.marks[560.0]["name"] == "ask the director"
    assert timeline.marks[561.0]["name"] == "Dubbed (fr)"
    assert json.loads(timeline.marks[561.0]["customData"])["w2l"]["job"] == f"{timeline.id}/fr"

    # What can be imported without a script: the same dub, under the key and the path that Resolve looks for.
    shaped = otio.adapters.read_from_file(job.result()["edit"].replace(".fr.otio", ".fr.resolve.otio"))
    (clip,) = shaped.video_tracks()[0].find_clips()
    assert clip.media_reference.target_url == media.path
    assert clip.active_media_reference_key == "DEFAULT_MEDIA"

    # Twice is once; and what the user chose since then stays.
    before = state(resolve, timeline)
    assert "New: 0 takes, 0 clips on a track above, 0 stems" in click("collect results", resolve)
    assert state(resolve, timeline) == before
    scene.selected = 1
    click("collect results", resolve)
    assert scene.selected == 1
    scene.selected = 2

    # A dub is never dubbed: the engine is given the user's media, and renders nothing new.
    click("lip-sync selected clips", resolve, start)
    (edit,) = [path for path in (home / "W2L Studio").rglob("*.otio") if "result" not in path.parts]
    assert media.path not in edit.read_text(encoding="utf-8")
    assert scene.selected == 2
    job = finished(home, package)
    assert [event["reused"] for event in job.events if event["kind"] == "TakeReady"] == [True]
    assert "New: 0 takes" in click("collect results", resolve)
    assert state(resolve, timeline) == before
