"""Films with sound for scoring: the example's close-up with its sound moved, and drawn faces."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def rule():
    """The fill rule of tests/parity as a module."""
    path = ROOT / "tests" / "parity" / "fill.py"
    spec = importlib.util.spec_from_file_location("score_parity_fill", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def hiss():
    """Return ``make(seconds) -> int16[S]``: loud noise, which is no speech."""
    return lambda seconds: np.random.default_rng(0).normal(0, 3000, round(16000 * seconds)).astype(np.int16)
