"""Captures: whole or not there, and what is none is told by name."""

import importlib
import sys
from types import ModuleType

import numpy as np
import pytest

from training.performers import motion
from w2l_studio.errors import MediaError

CAPTURED = {
    "units": np.full((30, 1), 0.5, np.float32),
    "names": np.array(["jawOpen"]),
    "opening": np.full(30, 0.1, np.float32),
    "width": np.full(30, 0.5, np.float32),
}


@pytest.fixture
def capture(monkeypatch):
    """The program, without the mediapipe that its own environment has."""
    for name in ("mediapipe", "mediapipe.tasks", "mediapipe.tasks.python"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["mediapipe.tasks"].python = sys.modules["mediapipe.tasks.python"]
    sys.modules["mediapipe.tasks.python"].vision = ModuleType("vision")
    program = importlib.import_module("training.performers.capture")
    monkeypatch.setattr(program, "capture", lambda *_: CAPTURED)
    yield program
    del sys.modules["training.performers.capture"]


def test_a_capture_that_was_killed_is_made_again(capture, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["capture.py", "a.task", str(tmp_path), "s1/bbaf2n.mp4"])
    savez = np.savez

    def torn(file, **arrays):
        savez(file, **{name: arrays[name] for name in ("units", "names")})
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", torn)
        with pytest.raises(KeyboardInterrupt):
            capture.main()
    capture.main()
    (path,) = tmp_path.iterdir()
    assert path.name == "s1__bbaf2n.npz"
    assert motion.read_capture(path).names == ("jawOpen",)


@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_a_torn_capture_is_told_by_name(tmp_path, keep):
    path = tmp_path / "torn.npz"
    np.savez(path, **CAPTURED)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(MediaError, match=r"torn\.npz: not a capture"):
        motion.read_capture(path)
