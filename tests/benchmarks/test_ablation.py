"""The ablation: what an arm is taught by, what is measured of lips, how seeds and people are counted."""

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks import ablation  # noqa: E402 - after the skip
from benchmarks.ablation import ARMS, EXPERT, GENERATOR, Lips  # noqa: E402
from training.data import Clip  # noqa: E402
from training.recipe import Recipe  # noqa: E402
from training.start import stand_still  # noqa: E402
from w2l_studio.nets.generator import Generator  # noqa: E402
from w2l_studio.nets.meta import Meta  # noqa: E402
from w2l_studio.sound import mel  # noqa: E402

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


@pytest.mark.parametrize(
    ("arm", "shares"),
    [
        (ARMS[0], ["film=1"]),
        (ARMS[1], ["heads=0.5", "voices=0.5"]),
        (ARMS[3], ["film=1", "heads=1.5", "voices=1.5"]),
    ],
)
def test_an_arm_draws_from_its_packs_alone_and_the_command_is_the_given_one(monkeypatch, arm, shares):
    called = []
    monkeypatch.setattr(ablation.subprocess, "run", lambda line, **_: called.extend(line))
    made = [Path("p/heads"), Path("p/voices")]
    ablation.train(["generator", "--ears", "e"], Path("run"), arm, Path("p/film"), made, 7, 50)
    assert called[:7] == [sys.executable, "-m", "training", "generator", "--ears", "e", "--out"]
    assert [called[i + 1] for i, word in enumerate(called) if word == "--share"] == shares
    assert [called[i + 1] for i, word in enumerate(called) if word == "--pack"] == [
        f"p/{share.split('=')[0]}" for share in shares
    ]
    assert called[called.index("--seed") + 1] == "7"
    assert called[called.index("--steps") + 1] == "50"


def test_lips_that_come_late_are_told_by_how_much(clip):
    (same,) = ablation.lips([clip], lambda _clip, true, _references: true)
    assert (same.correlation, same.lag, same.in_time) == (pytest.approx(1), 0, 1)
    (late,) = ablation.lips([clip], lambda _clip, true, _references: np.roll(true, 2, 0))
    assert (late.lag, late.in_time) == (2, 0)
    assert late.correlation < 0.99
    assert late.distance == pytest.approx(same.distance, abs=0.1)  # the best offset, wherever it lies


def test_lips_that_never_move_follow_nothing(clip):
    (still,) = ablation.lips([clip], lambda _clip, true, _references: true[:1].repeat(len(true), 0))
    assert (still.correlation, still.in_time) == (0, 0)


def test_a_generator_that_learned_nothing_draws_the_shut_lips(clip):
    recipe = Recipe(width=0.125)
    net = Generator(recipe.width, recipe.face_px, from_reference=True, sub_pixels=recipe.sub_pixels).eval()
    stand_still(net)
    (drawn,) = ablation.dubbed(net, Meta("generator", lead_ms=recipe.lead_ms), [clip])
    (shut,) = ablation.lips([clip], lambda _clip, true, references: references)
    assert drawn.distance == pytest.approx(shut.distance, abs=0.02)
    assert drawn.correlation == pytest.approx(shut.correlation, abs=0.1)


def test_seeds_deviate_and_bounds_come_from_people():
    def of(*values):
        return [Lips(f"p{n}", "unseen", value, 0, 0.5) for n, value in enumerate(values)]

    assert ablation.cell([of(0.2, 0.2), of(0.4, 0.4)], "unseen", "correlation") == (
        "0.300 ± 0.141 [0.300-0.300]"
    )
    assert ablation.cell([of(0.1, 0.5)], "unseen", "correlation") == "0.300 ± 0.000 [0.100-0.500]"


def test_a_table_stands_for_each_split_with_a_row_for_each_arm():
    seen = [Lips("a", "unseen", 0.5, 0, 0.6), Lips("b", "wild", 0.25, 3, 0.7)]
    lines = ablation.table({"real": [seen, seen], "true lips": [seen]}, GENERATOR)
    assert lines[0] == "| unseen (1 people, 1 clips) | " + " | ".join(GENERATOR.values()) + " |"
    assert lines[2].startswith("| real | 0.500 ±")
    assert lines[3].startswith("| true lips | 0.500 ±")
    assert "| 0.000 ± 0.000 [0.000-0.000] | 0.700" in lines[7]
    assert set(EXPERT).isdisjoint(GENERATOR)
