"""Boxes against boxes, and against counting pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.faces import overlap

corner, length = st.integers(0, 20), st.integers(1, 15)
boxes = st.lists(st.tuples(corner, corner, length, length), min_size=1, max_size=8).map(
    lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32)
)


def filled(box):
    grid = np.zeros((40, 40), np.bool_)
    left, top, right, bottom = box.astype(int)
    grid[top:bottom, left:right] = True
    return grid


@given(boxes, boxes)
def test_intersection_over_union_is_what_pixels_say(one, other):
    ratio = overlap.iou(one, other)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            both, either = filled(a) & filled(b), filled(a) | filled(b)
            assert ratio[i, j] == pytest.approx(both.sum() / either.sum(), abs=1e-6)


@given(boxes, st.floats(0.05, 0.95))
def test_suppression_keeps_the_best_of_everything(found, limit):
    scores = np.linspace(0.5, 1, len(found)).astype(np.float32)
    kept = overlap.suppress(found, scores, limit)
    assert kept[0] == len(found) - 1
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)

    def share(a, b):
        both, either = filled(found[a]) & filled(found[b]), filled(found[a]) | filled(found[b])
        return both.sum() / either.sum()

    for a in kept:
        assert all(share(a, b) <= limit + 1e-6 for b in kept if a != b)
    for dropped in set(range(len(found))) - set(kept.tolist()):
        assert any(
            share(dropped, better) > limit - 1e-6 for better in kept if scores[better] > scores[dropped]
        )


def test_of_equal_scores_the_first_wins():
    same = np.array([[0, 0, 10, 10], [1, 0, 11, 10]], np.float32)
    assert overlap.suppress(same, np.ones(2, np.float32), 0.5).tolist() == [0]


def test_boxes_turned_inside_out_have_no_area():
    assert overlap.areas(np.array([[5, 5, 2, 9]], np.float32)).tolist() == [0]
    assert overlap.suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5).tolist() == []
