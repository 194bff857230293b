"""Lag of curves, where it is known."""

import numpy as np
import pytest

from benchmarks import lag


@pytest.mark.parametrize("late", [-4, 0, 3])
def test_the_lag_is_found_where_the_correlation_is_largest(late):
    true = np.random.default_rng(0).normal(size=60).astype(np.float32)
    at = lag.correlations(np.roll(true, late), true)
    assert list(at) == list(range(-5, 6))
    assert max(at, key=lambda n: at[n]) == late
    assert at[late] == pytest.approx(1)


def test_flat_curves_have_none():
    true = np.arange(60, dtype=np.float32)
    assert np.isnan(list(lag.correlations(np.zeros_like(true), true).values())).all()
