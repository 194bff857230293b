"""A plate that is a camera's log through the whole chain: with its curve named, its lips are those of SDR."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import curves

FRAMES, CURVE = 28, "s-log3"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, float], Path]:
    """Return how far lips lie from those of the SDR dub, as a display shows both, in levels of 255."""
    folder = tmp_path_factory.mktemp("log")
    plate, sdr = (np.array(pictures) for pictures in curves.dubbed(folder, "SDR", FRAMES))
    moved = np.abs(sdr - plate).max(-1) > curves.CHANGED
    names = (CURVE, CURVE + curves.UNTOLD)
    takes = {name: np.array(curves.dubbed(folder, name, FRAMES)[1]) for name in names}
    return {name: float(np.abs(take - sdr)[moved].mean()) for name, take in takes.items()}, folder


def test_lips_are_those_of_the_graded_plate(apart: tuple[dict[str, float], Path]) -> None:
    levels, _ = apart
    assert levels[CURVE] < 6
    assert levels[CURVE] < 0.6 * levels[CURVE + curves.UNTOLD]


def test_the_report_names_the_curve(apart: tuple[dict[str, float], Path]) -> None:
    _, folder = apart
    for name, log in ((CURVE, CURVE), (CURVE + curves.UNTOLD, None)):
        (entry,) = json.loads((folder / name / "report.json").read_text(encoding="utf-8"))["ranges"]
        assert (entry["log"], entry["synced"]) == (log, FRAMES)
