"""The figures of benchmarks/truth.py: the truth is perfect, a lag is told with its sign, a seam shows."""

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the extra [performers]")
from benchmarks import stage, truth

SURE = np.ones(40, np.bool_)


@pytest.fixture(scope="module")
def film(draw_face, face_points):
    openings = np.random.default_rng(0).uniform(0, 1, 40).astype(np.float32)
    pixels = np.stack([draw_face(160, float(gap)) for gap in openings])
    points = np.broadcast_to(face_points * 160, (40, 5, 2)).astype(np.float32)
    return stage.Film(pixels, points, openings)


def test_the_truth_is_perfect_and_a_lag_has_its_sign(film):
    measures = {"now": film.opening, "late": np.roll(film.opening, 2)}
    for name, lag in (("now", 0), ("late", 2)):
        told = truth.figures(film.pixels, film, SURE, lambda _, name=name: measures[name])
        assert told[3:] == pytest.approx([lag, 1.0, 0.0])
    assert truth.figures(film.pixels, film, SURE, lambda _: film.opening)[:3] == pytest.approx([0, 1, 1])
    still = truth.figures(film.pixels, film, SURE, lambda _: np.zeros(40, np.float32))
    assert np.isnan(still[1:4]).all()
    assert still[0] == pytest.approx(film.opening.mean())


def test_where_words_are_guessed_nothing_counts_among_the_sure_ones(film):
    sure = np.arange(40) < 32
    measured = np.where(sure, film.opening, 1 - film.opening).astype(np.float32)
    told = truth.figures(film.pixels, film, sure, lambda _: measured)
    assert told[1] < 0.9
    assert told[2] == pytest.approx(1)
    few = truth.figures(film.pixels, film, np.arange(40) < 20, lambda _: measured)
    assert np.isnan(few[2]), "less than a second says nothing"
    line = stage.Line("", np.zeros(0, np.float32), [], [(1.28, 9.0)])
    assert np.array_equal(line.sure(40), sure)


def test_a_seam_and_another_mouth_show(film):
    opening = lambda _: film.opening  # noqa: E731 - stands in for the network
    other = truth.figures(film.pixels[::-1], film, SURE, opening)
    assert other[4] < 0.95
    seamed = film.pixels.copy()
    seamed[:, 110:] = np.clip(seamed[:, 110:].astype(int) + 25, 0, 255)
    assert truth.figures(seamed, film, SURE, opening)[5] > 0.15
    lighter = np.clip(film.pixels.astype(int) + 1, 0, 255).astype(np.uint8)
    assert truth.figures(lighter, film, SURE, opening)[5] < 0.05


def test_landmarks_tell_lips_apart_and_how_they_follow():
    opening = np.random.default_rng(1).uniform(0, 1, 40).astype(np.float32)
    face = np.random.default_rng(0).uniform(100, 400, (478, 2))
    face[[61, 291]] = [200, 300], [280, 300]
    true = np.repeat(face[None], 40, 0).astype(np.float32)
    true[:, 13], true[:, 14] = [240, 300], np.stack([np.full(40, 240), 300 + 80 * opening], 1)
    assert truth.landmark_figures(true, true, opening, SURE) == pytest.approx([0, 0, 1])
    other, sure = true.copy(), np.arange(40) < 20
    other[:, 14] = true[::-1, 14]
    distance, of_sure, correlation = truth.landmark_figures(other, true, opening, sure)
    apart = np.abs(opening - opening[::-1]) / 40
    assert distance == pytest.approx(apart.mean(), rel=1e-4)
    assert of_sure == pytest.approx(apart[sure].mean(), rel=1e-4)
    assert correlation < 0.7
    assert np.isnan(truth.landmark_figures(true * np.nan, true, opening, SURE)).all()


def test_lips_rest_where_nothing_is_said():
    phones = [("M", 0.5, 0.6), ("AA", 0.65, 0.8)]
    assert stage.rested(phones, 1.0) == [("SIL", 0.0, 0.5), *phones, ("SIL", 0.8, 1.0)]


def test_the_examples_lines_have_their_sound():
    lines = stage.example_lines()
    assert len(lines) >= 4
    for line in lines:
        assert 0.2 < line.phones[0][1] < 0.4
        assert line.phones[-1][2] < len(line.audio) / 16000 <= line.phones[-1][2] + 0.31


def test_every_line_is_dubbed_to_once_before_one_comes_again():
    lines = [stage.Line(name, np.zeros(0, np.float32), []) for name in "abcd"]
    pairs = [pair for _, pair in zip(range(8), stage.turns(lines, 3), strict=False)]
    for turn in (pairs[:4], pairs[4:]):
        assert {dubbed_to.name for _, dubbed_to in turn} == {said.name for said, _ in turn} == set("abcd")
    assert all(said is not dubbed_to for said, dubbed_to in pairs)
