"""How late one curve comes after another, in pictures."""

from __future__ import annotations

import numpy as np

from w2l_studio.terms import Bools, Floats

#: Lags that are tried.
REACH = range(-5, 6)


def inside(asked: Bools) -> Bools:
    """Return those of some pictures ``bool[T]`` that have a counterpart at every lag."""
    kept = asked.copy()
    kept[: max(REACH)] = kept[-max(REACH) :] = False
    return kept


def correlations(late: Floats, true: Floats, asked: Bools | None = None) -> dict[int, float]:
    """Return by lag how a curve that comes so late correlates with the true one; nan with a flat one.

    Args:
        asked: ``bool[T]``, the pictures that count; None = all.
    """
    kept = inside(np.ones(len(true), np.bool_) if asked is None else asked)
    return {lag: _fit(np.roll(late, -lag)[kept], true[kept]) for lag in REACH}


def _fit(one: Floats, other: Floats) -> float:
    flat = min(one.std(), other.std()) <= 1e-6
    return float("nan") if flat else float(np.corrcoef(one, other)[0, 1])
