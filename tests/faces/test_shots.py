"""Cuts: known ones, flashes, both ends, and the shared clips."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from w2l_studio.faces.shots import split

RATE = Fraction(24)
SHARED = Path(__file__).resolve().parents[3] / "shared"
needs_media = pytest.mark.skipif(not SHARED.exists(), reason="needs the shared folder beside the checkout")


def scene(seed: int, count: int) -> list[np.ndarray]:
    """Return moving pictures of one place."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 235, (12, 24, 3), np.uint8)
    whole = np.kron(blocks, np.ones((10, 10, 1), np.uint8))
    noise = rng.integers(0, 4, (90, 160, 3), np.uint8)
    return [whole[:90, i % 60 : i % 60 + 160] // 2 + 40 + np.roll(noise, i, 1) for i in range(count)]


def starts(frames, first=0):
    return [shot.frames.start for shot in split(iter(frames), RATE, first)]


@settings(max_examples=25, deadline=None)
@example(lengths=[1, 12, 1], first=0)
@given(lengths=st.lists(st.integers(3, 12), min_size=1, max_size=5), first=st.integers(0, 1000))
def test_shots_of_three_pictures_or_more_are_found_exactly(lengths, first):
    frames = [picture for seed, count in enumerate(lengths) for picture in scene(seed, count)]
    shots = split(iter(frames), RATE, first)
    assert [len(shot.frames) for shot in shots] == lengths
    assert shots[0].frames.start == first
    assert [shot.index for shot in shots] == list(range(len(lengths)))
    assert all(a.frames.stop == b.frames.start for a, b in pairwise(shots))


def test_no_picture_no_shot():
    assert split(iter([]), RATE) == ()


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_flash_is_no_cut(length):
    frames = scene(1, 40)
    for i in range(20, 20 + length):
        frames[i] = np.full_like(frames[i], 250)
    assert starts(frames) == [0]


def test_a_fading_flash_is_no_cut():
    frames = scene(1, 40)
    for i, light in enumerate((1.0, 0.6, 0.3)):
        frames[20 + i] = (frames[20 + i] + (250.0 - frames[20 + i]) * light).astype(np.uint8)
    assert starts(frames) == [0]


def test_a_fade_through_black_separates():
    dim = [1.0] * 10 + [0.8, 0.6, 0.4, 0.2, 0.0, 0.0, 0.0, 0.2, 0.4, 0.6, 0.8] + [1.0] * 10
    frames = [*scene(1, 16), *scene(2, 15)]
    faded = [(frame * light).astype(np.uint8) for frame, light in zip(frames, dim, strict=True)]
    found = starts(faded)
    assert len(found) == 2
    assert 14 <= found[1] <= 17


def test_black_between_hard_cuts_is_one_shot():
    black = [np.zeros((90, 160, 3), np.uint8)] * 9
    assert starts([*scene(1, 12), *black, *scene(2, 12)]) == [0, 12, 21]


@pytest.mark.shared
@needs_media
@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("sintel_film_848x480_25fps.mp4", [76, 121, 319, 457, 545, 611]),
        ("derived/two_up_grid_s26_s31_720x288_25fps.mp4", [75]),
        ("talking/talking_with_cutaways_720p_30fps.mov", [318, 438]),
        ("two_people_chaplin_640x360_25fps.mp4", []),
        ("liveportrait_s32_headturn_720p_30fps.mp4", []),
    ],
)
def test_known_cuts_of_shared_clips(name, cuts, clip):
    assert starts(clip(SHARED / "media" / name, longest_px=320)) == [0, *cuts]


@pytest.mark.shared
@needs_media
def test_hard_cuts_of_a_trailer_full_of_fades(clip):
    found = starts(clip(SHARED / "media" / "sintel_trailer_480x204_24fps.mp4", longest_px=320, stop=700))
    assert {398, 422, 573, 623, 660, 674} <= set(found)
    assert len(found) < 15
