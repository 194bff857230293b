"""Mel windows against the published inference script's float formula (README.md in this folder)."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from w2l_studio.sound import windows

RATES = json.loads((Path(__file__).parent / "mel_windows.json").read_text())


@pytest.mark.parametrize("rate", RATES)
def test_published_inference_formula(rate):
    """`int(i * (80. / fps))` of inference.py, less its tail chunk, over 10 seconds."""
    wanted = RATES[rate]["published_starts"][:-1]
    exact = Fraction(rate) if "/" in rate else Fraction(RATES[rate]["fps_float"]).limit_denominator(100000)
    ours = windows.starts(len(wanted), exact, Fraction(0), Fraction(0))
    assert np.array_equal(ours, wanted)
