"""How late one curve comes after another, in pictures."""

from __future__ import annotations

import numpy as np

from w2l_studio.terms import Floats

#: Lags that are tried.
REACH = range(-5, 6)


def correlations(late: Floats, true: Floats) -> dict[int, float]:
    """Return by lag how a curve that comes so late correlates with the true one; nan with a flat one."""
    inside = slice(max(REACH), len(true) - max(REACH))
    return {lag: _fit(np.roll(late, -lag)[inside], true[inside]) for lag in REACH}


def _fit(one: Floats, other: Floats) -> float:
    flat = min(one.std(), other.std()) <= 1e-6
    return float("nan") if flat else float(np.corrcoef(one, other)[0, 1])
