"""What is measured of drawn lips: late, still, shut, silent."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks import drawn  # noqa: E402 - after the skip
from training.generators.generator import network  # noqa: E402
from training.generators.recipe import Recipe  # noqa: E402
from training.generators.start import stand_still  # noqa: E402
from training.packs.data import Clip  # noqa: E402
from w2l_studio.sound import mel  # noqa: E402
from w2l_studio.terms.sound import SILENCE  # noqa: E402

FRAMES = 40


@pytest.fixture(scope="module")
def clip(draw_face, tmp_path_factory):
    random = np.random.default_rng(3)
    opening = np.interp(np.arange(FRAMES), np.arange(0, FRAMES + 4, 4), random.uniform(0, 0.6, 11))
    sound = random.normal(0, 0.1, FRAMES * 640).astype(np.float32)
    folder = tmp_path_factory.mktemp("clip")
    np.save(folder / "audio.npy", sound)
    frames = np.stack([draw_face(240, gap) for gap in opening])
    return Clip("a", "drawn", "ann", "unseen", "CC0", "drawn", frames, mel.spectrogram(sound), None, folder)


def figures(clip, draw):
    (row,) = drawn.lips([clip], draw)
    assert (row.speaker, row.split) == ("ann", "unseen")
    assert drawn.MEASURES.keys() <= row.figures.keys()
    return row.figures


def test_true_lips_are_themselves_and_late_ones_are_told_by_how_much(clip):
    same = figures(clip, drawn.true)
    wanted = {"correlation": 1, "lag": 0, "in_time": 1, "amplitude": 1, "levels": 0, "detail": 1}
    assert {name: same[name] for name in wanted} == pytest.approx(wanted)
    late = figures(clip, lambda true, _references, _voice: np.roll(true, 2, 0))
    assert (late["lag"], late["in_time"]) == (2, 0)
    assert late["correlation"] < 0.99
    assert late["levels"] > 0
    assert late["distance"] == pytest.approx(same["distance"], abs=0.1)  # the best offset, wherever it lies


def test_lips_that_never_move_follow_nothing(clip):
    still = figures(clip, lambda true, _references, _voice: true[:1].repeat(len(true), 0))
    assert (still["correlation"], still["in_time"], still["amplitude"]) == (0, 0, pytest.approx(0, abs=1e-3))


def test_silence_is_drawn_without_a_sound_and_measured_apart(clip):
    heard = []

    def draw(true, references, voice):
        heard.append((len(true), voice.windows.max(), voice.voiced.any()))
        return true if voice.voiced.any() else references

    assert figures(clip, draw)["silent"] < figures(clip, drawn.true)["silent"]
    assert heard[1] == (FRAMES / 5, SILENCE, False)
    assert heard[0][2]


def test_a_generator_that_learned_nothing_draws_the_shut_lips_and_a_sheet_shows_it(clip, tmp_path):
    recipe = Recipe(width=0.125)
    net = network(recipe)
    stand_still(net)
    (row,) = drawn.lips([clip], drawn.by(net, recipe), tmp_path / "sheet.jpg")
    shut = figures(clip, drawn.shut)
    assert row.figures["distance"] == pytest.approx(shut["distance"], abs=0.02)
    assert row.figures["correlation"] == pytest.approx(shut["correlation"], abs=0.1)
    assert row.figures["levels"] == pytest.approx(shut["levels"], abs=0.5)
    assert cv2.imread(str(tmp_path / "sheet.jpg")).shape[0] == 2 * 96 + 6
