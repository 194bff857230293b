"""Bounds of a mean, by who is drawn anew."""

import numpy as np
import pytest

from training.measure import resampling


def test_people_are_drawn_whole_or_clip_by_clip():
    random = np.random.default_rng(0)
    speakers = ["ann", "bob", "ann", "ann"]
    whole, clips = (rule(speakers) for rule in (resampling.whole_people, resampling.people_and_clips))
    for _ in range(50):
        drawn = whole(random)
        assert (drawn == 1).sum() + (drawn != 1).sum() / 3 == 2
        assert (drawn == 0).sum() == (drawn == 2).sum() == (drawn == 3).sum()
    assert any((drawn == 0).sum() != (drawn == 2).sum() for drawn in (clips(random) for _ in range(50)))


def test_of_one_person_alone_rows_are_drawn():
    drawn = [resampling.whole_people(["ann"] * 4)(np.random.default_rng(n)) for n in range(50)]
    assert {len(rows) for rows in drawn} == {4}
    assert len({tuple(rows) for rows in drawn}) > 10


def test_bounds_stand_on_both_sides_of_each_columns_mean():
    values = np.random.default_rng(1).normal([0.0, 5.0], [1.0, 0.1], (200, 2))
    low, high = resampling.bounds(values, resampling.rows(200))
    assert (low < values.mean(0)).all()
    assert (values.mean(0) < high).all()
    # Four standard errors lie between 2.5 and 97.5 in 100.
    assert high - low == pytest.approx(4 * values.std(0) / np.sqrt(200), rel=0.15)
