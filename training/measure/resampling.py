"""Between what the mean of a figure lies, in 95 of 100 cases, if those measured had been others.

Who is drawn anew is a rule: whole people, people and the clips of each, or any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from w2l_studio.terms import Doubles, Ints

#: Draws the rows of one resampling, ``int64[M]``.
Rule: TypeAlias = Callable[[np.random.Generator], Ints]


def bounds(values: Doubles, rule: Rule, times: int = 1000) -> Doubles:
    """Return lower and upper bounds of the means, ``float64[2, ...]``.

    Args:
        values: ``float64[N, ...]``, a row for each measurement.
        rule: which rows count, each time.
        times: how often is drawn.
    """
    random = np.random.default_rng(0)
    means = [values[rule(random)].mean(0) for _ in range(times)]
    return np.asarray(np.percentile(means, [2.5, 97.5], axis=0))


def people_and_clips(speakers: Sequence[str]) -> Rule:
    """Draw people, and of each as many of his clips as he has.

    Args:
        speakers: who is seen in each row.
    """
    people = _people(speakers)

    def drawn(random: np.random.Generator) -> Ints:
        chosen = random.integers(len(people), size=len(people))
        return np.concatenate([random.choice(people[i], len(people[i])) for i in chosen])

    return drawn


def whole_people(speakers: Sequence[str]) -> Rule:
    """Draw people with all their rows; of one alone his rows.

    Args:
        speakers: who is seen in each row.
    """
    people = _people(speakers)
    if len(people) == 1:
        return rows(len(speakers))

    def drawn(random: np.random.Generator) -> Ints:
        return np.concatenate([people[i] for i in random.integers(len(people), size=len(people))])

    return drawn


def rows(count: int) -> Rule:
    """Draw as many rows as there are."""
    return lambda random: random.integers(count, size=count)


def _people(speakers: Sequence[str]) -> list[Ints]:
    """Return the rows of each person."""
    return [np.flatnonzero(np.array(speakers) == who) for who in sorted(set(speakers))]
