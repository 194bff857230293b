"""References: closed lips, like pose, far enough away, and calm over time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.faces import reference


def crops(count, light=0):
    """Faces whose upper half differs by ``light`` levels from picture to picture (a number or one each)."""
    base = np.random.default_rng(0).integers(60, 160, (32, 32, 3)).astype(np.int64)
    levels = np.broadcast_to(np.asarray(light, np.int64), (count,))
    return np.clip(base + levels[:, None, None, None], 0, 255).astype(np.uint8)


def syllables(count, period=12):
    """Lips that open and close; shut for a third of the time."""
    return np.maximum(0, np.sin(np.arange(count) / period * 2 * np.pi) - 0.5).astype(np.float32)


def closed(openness, yaw=None, pictures=None):
    count = len(openness)
    yaw = np.zeros(count, np.float32) if yaw is None else np.asarray(yaw, np.float32)
    pictures = crops(count) if pictures is None else pictures
    return reference.closed(reference.uppers_of(pictures), np.asarray(openness, np.float32), yaw)


def changes(rows):
    return int((np.diff(rows) != 0).sum())


def test_every_reference_has_shut_lips_and_is_another_moment():
    openness = syllables(200)
    rows = closed(openness)
    assert rows.dtype == np.int64
    assert openness[rows].max() < 0.01
    assert (np.abs(rows - np.arange(200)) >= 5).all()


def test_references_are_calm():
    yaw = np.random.default_rng(0).normal(0, 4, 200)
    assert changes(closed(syllables(200), yaw)) <= 3


def test_a_turning_head_takes_references_of_like_pose():
    yaw = np.repeat([-30.0, 30.0, -30.0], 80)
    rows = closed(syllables(240), yaw)
    assert np.abs(yaw[rows] - yaw).max() < 1
    assert changes(rows) <= 5


def test_light_counts_as_pose_does():
    light = np.repeat([0, 60], 60)
    rows = closed(syllables(120), pictures=crops(120, light))
    assert (light[rows] == light).all()


def test_lips_shut_for_one_picture_in_mid_motion_are_not_closed():
    openness = np.full(60, 0.4, np.float32)
    openness[20] = 0.0
    openness[40:46] = 0.02
    assert set(closed(openness)) <= set(range(41, 45))


def test_open_all_the_time_takes_the_least_open():
    openness = np.linspace(0.6, 0.3, 80).astype(np.float32)
    assert closed(openness)[:50].min() > 60


def test_no_picture_and_one():
    assert closed(np.zeros(0)).shape == (0,)
    assert closed(np.zeros(1)).tolist() == [0]


@settings(max_examples=60, deadline=None)
@given(
    openness=st.lists(st.floats(0, 1), min_size=1, max_size=150),
    seed=st.integers(0, 9),
)
def test_there_is_a_row_for_every_row(openness, seed):
    count = len(openness)
    rows = closed(openness, yaw=np.random.default_rng(seed).normal(0, 20, count))
    assert rows.shape == (count,)
    assert ((rows >= 0) & (rows < count)).all()


@given(count=st.integers(40, 150))
def test_the_gap_is_kept_where_all_lips_are_shut(count):
    rows = closed(np.zeros(count))
    assert (np.abs(rows - np.arange(count)) >= reference.GAP).all()


def test_the_cheapest_sequence_is_found():
    """Against all sequences of a small case, with the same price for a change."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        cost = rng.uniform(0, 20, (6, 3))
        found = reference._cheapest(cost)

        def price(path, cost=cost):
            steady = np.diff(path) == 0
            return cost[np.arange(6), path].sum() + reference._CHANGE * (~steady).sum()

        every = np.stack(np.meshgrid(*[range(3)] * 6, indexing="ij"), -1).reshape(-1, 6)
        assert np.isclose(price(found), min(price(path) for path in every))
