"""benchmarks/landmarks.py: heads are laid over each other by what speech leaves alone; only lips count."""

import argparse
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from benchmarks import landmarks


@pytest.fixture
def points():
    random = np.random.default_rng(0)
    face = random.uniform(100, 400, (landmarks.POINTS, 2))
    face[[61, 291]] = [200, 300], [280, 300]
    return np.repeat(face[None], 6, 0).astype(np.float32)


def test_place_and_size_of_a_head_are_not_lips(points):
    assert landmarks.apart(points, points) == pytest.approx(np.zeros(6))
    assert landmarks.apart(points * 1.2 + [30, -8], points) == pytest.approx(np.zeros(6), abs=1e-6)


def test_lips_are_measured_in_mouths(points):
    moved = points.copy()
    moved[:, list(landmarks.LIPS), 1] += 8
    assert landmarks.apart(moved, points) == pytest.approx(np.full(6, 0.1))
    chin = points.copy()
    chin[:, 152, 1] += 8
    assert landmarks.apart(chin, points) == pytest.approx(np.zeros(6))


def test_lips_and_what_is_still_are_different_points():
    assert len(set(landmarks.LIPS)) == 40
    assert not set(landmarks.LIPS) & set(landmarks.STILL)


def test_opening_goes_on_where_no_face_was_found(points):
    for gap, frame in zip((0, 8, 16, 24, 32, 40), points, strict=True):
        frame[[13, 14]] = [240, 290], [240, 290 + gap]
    points[2] = np.nan
    assert landmarks.opening(points) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert np.isnan(landmarks.apart(points, points)).tolist() == [False, False, True, False, False, False]
    assert np.isnan(landmarks.opening(points * np.nan)).all()


def test_films_go_to_the_landmarker_and_points_come_back(tmp_path, monkeypatch):
    """A stand-in for mediapipe: a face where a picture has red, its points where the red begins."""
    for package in (
        "mediapipe",
        "mediapipe/tasks",
        "mediapipe/tasks/python",
        "mediapipe/tasks/python/vision",
    ):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "mediapipe" / "__init__.py").write_text(
        textwrap.dedent("""
        from types import SimpleNamespace
        ImageFormat = SimpleNamespace(SRGB=1)
        class Image:
            def __init__(self, image_format, data):
                self.data = data
        """)
    )
    (tmp_path / "mediapipe/tasks/python/__init__.py").write_text(
        "def BaseOptions(model_asset_path):\n    assert model_asset_path == 'here.task'\n"
    )
    (tmp_path / "mediapipe/tasks/python/vision/__init__.py").write_text(
        textwrap.dedent("""
        from types import SimpleNamespace
        class FaceLandmarkerOptions:
            def __init__(self, **_): pass
        class FaceLandmarker:
            @classmethod
            def create_from_options(cls, options): return cls()
            def __enter__(self): return self
            def __exit__(self, *_): pass
            def detect(self, image):
                rows, columns = image.data[..., 0].nonzero()
                height, width = image.data.shape[:2]
                if not len(rows):
                    return SimpleNamespace(face_landmarks=[])
                point = SimpleNamespace(x=columns[0] / width, y=rows[0] / height)
                return SimpleNamespace(face_landmarks=[[point] * 478])
        """)
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    films = [np.zeros((frames, 20, 40, 3), np.uint8) for frames in (2, 1)]
    films[0][1, 5, 30, 2] = 255
    first, second = landmarks.Landmarker(Path(sys.executable), Path("here.task"))(films)
    assert np.isnan(first[0]).all()
    assert (first[1] == [30, 5]).all()
    assert second.shape == (1, 478, 2)
    assert np.isnan(second).all()


@pytest.mark.parametrize("given", [["--landmarks", "python3"], ["--task", "face.task"]])
def test_a_landmarker_needs_both_its_python_and_its_task(given, capsys):
    parser = argparse.ArgumentParser()
    landmarks.options(parser)
    assert landmarks.asked_for(parser, parser.parse_args([])) is None
    with pytest.raises(SystemExit):
        landmarks.asked_for(parser, parser.parse_args(given))
    assert "go together" in capsys.readouterr().err
