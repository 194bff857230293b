"""What the tests within Blender share: the installed extension, an engine of this checkout, the example.

They run in a Python that has `bpy` (`make test-blender`), one process a module; elsewhere none is collected.
"""

import atexit
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "two_voices"
PYTHON = os.environ.get("W2L_TEST_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
MODULE = "bl_ext.user_default.w2l_studio"
CLIP = EXAMPLE / "media" / "A001C001.mov"
STEM = EXAMPLE / "stems" / "ANNA.fr.wav"
TRIM, FRAMES = 16, 30

if importlib.util.find_spec("bpy") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    # Read once, when bpy is loaded: a user folder of our own keeps the machine's untouched.
    resources = tempfile.mkdtemp(prefix="w2l-blender-")
    os.environ["BLENDER_USER_RESOURCES"] = resources
    atexit.register(shutil.rmtree, resources, ignore_errors=True)


@pytest.fixture(scope="session")
def zipped(tmp_path_factory):
    """Return the extension as a zip, built and validated by Blender's own tool."""
    out = tmp_path_factory.mktemp("zip") / "w2l_studio.zip"
    built = subprocess.run(
        [sys.executable, str(ROOT / "plugins" / "build_blender.py"), str(out)], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return out


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """Return a program that runs the engine of this checkout, in a folder with a space and umlauts."""
    path = tmp_path_factory.mktemp("Motor für Lippen") / "w2l-studio"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" OMP_NUM_THREADS=1 exec "{PYTHON}" -m w2l_studio "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture(scope="session")
def truth():
    """Return what the lips truly do in the example's English sound, see truth.py."""
    told = subprocess.run(
        [PYTHON, str(ROOT / "tests" / "in_blender" / "truth.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


@pytest.fixture(scope="session")
def installed(zipped, engine):
    """Install the zip as an extension and return its package's submodules by name."""
    import bpy

    done = bpy.ops.extensions.package_install_files(
        filepath=str(zipped), repo="user_default", enable_on_install=True
    )
    assert done == {"FINISHED"}
    bpy.context.preferences.addons[MODULE].preferences.engine = str(engine)
    return lambda name: sys.modules[f"{MODULE}.{name}"]


@pytest.fixture
def saved(installed, tmp_path):
    """Return a new saved blend file's scene at 24 frames a second; its folder has a space and umlauts."""
    import bpy

    for item in (bpy.data.objects, bpy.data.actions, bpy.data.images):
        for block in list(item):
            item.remove(block)
    scene = bpy.data.scenes.new("Straße 7")
    for other in list(bpy.data.scenes):
        if other != scene:
            bpy.data.scenes.remove(other)
    scene.render.fps, scene.render.fps_base = 24, 1
    folder = tmp_path / "Größe und Lärm"
    folder.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "Übung.blend"))
    return bpy.context.scene


def strips_of(scene):
    """Return a scene's strips."""
    found = getattr(scene.sequence_editor, "strips", None)
    return scene.sequence_editor.sequences if found is None else found


def takes(scene):
    """Return the takes that the extension laid."""
    return [strip for strip in strips_of(scene) if strip.get("w2l_of")]


def effect(scene, name, kind, channel, *inputs):
    """Lay an effect that is seen in 120..129, or as long as what it takes in."""
    there = strips_of(scene)
    new = "input1" in there.bl_rna.functions["new_effect"].parameters
    given = {f"{'input' if new else 'seq'}{n}": strip for n, strip in enumerate(inputs, start=1)}
    given |= {"length": 10} if new else {"frame_end": 130}
    return there.new_effect(name, kind, channel, 120, **given)


def film(scene):
    """Lay a movie strip whose frames 16..45 are seen at 101..130, with Anna's first words."""
    scene.sequence_editor_create()
    strip = strips_of(scene).new_movie("Anna spricht", str(CLIP), 2, 101 - TRIM)
    strip.frame_offset_start = TRIM
    strip.frame_final_end = 101 + FRAMES
    strip.select = True
    return strip


@pytest.fixture
def shot(saved):
    """Return that strip with a stem that is a file."""
    strip = film(saved)
    strip.transform.scale_x = 0.5
    stem = saved.w2l.stems.add()
    stem.character, stem.file, stem.start = "ANNA", str(STEM), 101
    return strip


@pytest.fixture
def seen(saved, tmp_path):
    """Return ``seen(frame)``: what the Sequencer shows, ``float[rows, columns, 3]`` in 0..1."""
    import bpy
    import numpy as np

    render = saved.render
    render.resolution_x, render.resolution_y, render.image_settings.file_format = 96, 54, "PNG"

    def show(frame):
        saved.frame_set(frame)
        render.filepath = str(tmp_path / "seen.png")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(render.filepath, check_existing=False)
        picture = np.array(image.pixels[:]).reshape(54, 96, 4)[..., :3]
        bpy.data.images.remove(image)
        return picture

    return show


@pytest.fixture
def run(installed, saved, shot):
    """Return ``run(*ranges)``: lays takes of ranges as a run would that dubbed them alone.

    Each shows the frames of the strip itself, or those of another ``take``. ``meanwhile`` is called while the
    engine would be at work.
    """

    def line(number, take, take_start, start, stop):
        return {
            "mark": f"{number}.0#0", "character": "ANNA", "clip": "Anna spricht", "take": str(take),
            "synced": stop - start, "record_start": start - 101, "frames": stop - start,
            "media_start": TRIM + start - 101, "take_start": take_start, "passed": [],
        }  # fmt: skip

    def lay(*ranges, of=(shot,), lang="fr", take=CLIP, take_start=0, meanwhile=lambda: None):
        pictures = [installed("strips").picture(saved, strip) for strip in of]
        lines = [line(number, take, take_start, *span) for number in range(len(of)) for span in ranges]
        meanwhile()
        return installed("dub").lay(saved, {"ranges": lines, "lang": lang}, pictures, 101)

    return lay


@pytest.fixture
def orphan(installed):
    """Return ``orphan(folder)``: a program is at work in a job's folder, left by an earlier Blender."""
    started = []

    def start(folder):
        waits = ["-c", "import time; time.sleep(600)"]
        started.append(installed("bridge").start(sys.executable, waits, folder))

    yield start
    for job in started:
        job._process.kill()
        job._process.wait()
