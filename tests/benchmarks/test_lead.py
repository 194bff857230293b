"""benchmarks/lead.py: a lead that is put in comes out, from whole clips, from closures and from the sound."""

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from benchmarks import lead
from benchmarks.said import Said, sentence
from training.performers import mesh, speech
from w2l_studio.errors import UsageError

#: "map a bee", three closures between vowels.
PHONES = [
    ("SIL", 0.0, 0.3), ("AA", 0.3, 0.5), ("M", 0.5, 0.58), ("AE", 0.58, 0.83), ("P", 0.83, 0.93),
    ("AH", 0.93, 1.13), ("B", 1.13, 1.21), ("AA", 1.21, 1.5), ("S", 1.5, 1.6), ("OW", 1.6, 1.9),
    ("SIL", 1.9, 2.4),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def head():
    try:
        mesh.data_folder()
    except UsageError as error:
        pytest.skip(str(error))


def said(ahead_s):
    inner = lead.animated(PHONES, 2.6)
    at = (np.arange(60) + 0.5) / 25
    random = np.random.default_rng(0)
    seconds = np.arange(int(2.4 * 16000)) / 16000
    voiced = np.zeros(len(seconds))
    for name, start, stop in PHONES:
        if name not in (*"PBM", "SIL"):
            voiced[(seconds >= start) & (seconds < stop)] = 1
    audio = (voiced * random.normal(0, 0.1, len(seconds)) + random.normal(0, 1e-4, len(seconds))).astype(
        np.float32
    )
    opening = np.interp(at + ahead_s, np.arange(len(inner)) / speech.RATE, inner).astype(np.float32)
    return Said("s1__bbaf2n", PHONES, opening, audio)


@pytest.mark.parametrize("ahead_s", [0.0, 0.02, 0.033, -0.05])
def test_the_lead_that_was_put_in_comes_out(ahead_s):
    told, fits = lead.whole(said(ahead_s))
    assert told == pytest.approx(ahead_s, abs=0.004)
    assert fits > 0.97


@pytest.mark.parametrize("ahead_s", [0.0, 0.04])
def test_lips_that_are_ahead_touch_and_part_before(ahead_s):
    found = list(lead.closures(said(ahead_s)))
    assert len(found) == 3
    for kind in ("touch", "part"):
        assert np.median([getattr(one, kind) for one in found]) == pytest.approx(-ahead_s, abs=0.015)
    before, now = list(lead.closures(said(0.0))), found
    for kind in ("touch_sound", "part_sound"):
        moved = np.median([getattr(b, kind) - getattr(a, kind) for a, b in zip(before, now, strict=True)])
        assert moved == pytest.approx(-ahead_s, abs=0.015)


def test_the_sound_falls_and_rises_where_the_closure_is():
    one = said(0.0)
    times, level = lead.loudness(one.audio)
    slope = np.gradient(level, 0.005)
    assert lead._steepest(times, -slope, 0.45, 0.54) == pytest.approx(0.5, abs=0.01)
    assert lead._steepest(times, slope, 0.52, 0.61) == pytest.approx(0.58, abs=0.01)


def test_a_clips_name_is_what_is_said():
    assert sentence("bbaf2n") == "bin blue at f two now"
    assert sentence("swwzzp") == "set white with z zero please"


def test_the_table_has_a_row_for_each_measure_and_none_is_said_as_none():
    rows = list(lead.told([said(0.02)] * 3))
    assert len(rows) == 5
    assert "| 3 | +20 [+20, +20] |" in rows[0].replace("+19", "+20").replace("+21", "+20")
    still = said(0.0)
    flat = Said(still.name, still.phones, np.linspace(0, 0.01, 60).astype(np.float32), still.audio)
    assert list(lead.told([flat]))[1] == "| p b m: touch, beside the animation | 0 | - | - |"
