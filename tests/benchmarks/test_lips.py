"""The lips benchmark's counting and its ceilings, on phonemes of which everything is known."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import lips
from training.performers.act import Source

PHONES = [
    ("SIL", 0, 0.3),
    ("M", 0.3, 0.4),
    ("AA", 0.4, 0.6),
    ("B", 0.6, 0.68),
    ("IY", 0.68, 0.9),
    ("SIL", 0.9, 1.2),
]
FRAMES = 30


@pytest.fixture
def said():
    return Source("x", "y", "heldout", "CC0", np.zeros(19200, np.float32), phones=PHONES)


def test_a_closure_counts_within_a_frame_and_others_are_invented(said):
    shut = np.zeros(FRAMES, np.bool_)
    # The m ends at 0.40 s, the b begins at 0.60 s: 0.48 to 0.52 s is more than a frame from both.
    shut[[12, 24]] = True
    assert lips.closures(said, shut) == (2, 0, 2)
    shut[10], shut[15] = True, True
    assert lips.closures(said, shut) == (2, 2, 2)


def test_what_was_missed_and_invented_is_told_by_place(said):
    shut = np.zeros(FRAMES, np.bool_)
    shut[[2, 10, 24, 25]] = True
    match = lips.matched(said, shut)
    assert match.true == [1, 3]
    assert match.hit.tolist() == [True, False]
    assert match.invented == [(2 / 25, 3 / 25), (24 / 25, 26 / 25)]


def test_what_was_guessed_counts_for_nothing(said):
    guessed = replace(said, unsure=[(0.55, 0.9)])
    shut = np.zeros(FRAMES, np.bool_)
    shut[[5, 10, 20, 26]] = True  # in silence, in the m, in the guessed word, in silence
    assert lips.closures(said, shut) == (2, 1, 3)
    assert lips.closures(guessed, shut) == (1, 1, 2)
    assert lips.known(said, FRAMES).all()
    assert np.array_equal(np.flatnonzero(~lips.known(guessed, FRAMES)), np.arange(14, 22))


def test_who_knows_every_edge_tells_the_truth(said):
    opening, shut = lips.late(0.0)(said, FRAMES)
    np.testing.assert_allclose(opening, lips.truth(said, FRAMES), atol=1e-6)
    assert lips.closures(said, shut) == (2, 2, 0)


def test_who_knows_looks_alone_still_shuts_the_lips_and_opens_them_otherwise(said):
    opening, shut = lips.alike()(said, FRAMES)
    assert lips.closures(said, shut) == (2, 2, 0)
    assert np.corrcoef(opening, lips.truth(said, FRAMES))[0, 1] > 0.7
