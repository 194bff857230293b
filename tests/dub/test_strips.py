"""Tiles of a dubbed range: close on the new lips, wherever they are at each moment."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from w2l_studio.dub import strips
from w2l_studio.media.encode import ProRes
from w2l_studio.media.probe import probe
from w2l_studio.terms import ColourTags, Planes, Plate

WIDTH, HEIGHT, FRAMES = 320, 180, 4


def film(path: Path, spots: list[tuple[int, int] | None]) -> Plate:
    """Write dark grey pictures with a bright square where each says."""
    tags = ColourTags(1, 1, 1, 1)
    plate = Plate(path, WIDTH, HEIGHT, Fraction(25), FRAMES, "prores", "yuv422p10le", 10, tags)
    with ProRes().open(path, plate, 0, {}) as sink:
        for spot in spots:
            luma = np.full((HEIGHT, WIDTH), 300, np.uint16)
            if spot is not None:
                x, y = spot
                luma[y - 10 : y + 10, x - 10 : x + 10] = 800
            grey = np.full((HEIGHT, WIDTH // 2), 512, np.uint16)
            sink.write(Planes((luma, grey, grey), plate.pix_fmt))
    return probe(path)


@pytest.mark.parametrize("shut", [(), (1, 2), (0, 3)])
def test_tiles_are_close_on_what_is_new_and_stay_there_while_lips_are_alike(
    shut: tuple[int, ...], tmp_path: Path
) -> None:
    plate = film(tmp_path / "plate.mov", [None] * FRAMES)
    take = film(tmp_path / "take.mov", [None if n in shut else (100 + 20 * n, 120) for n in range(FRAMES)])
    before, after = strips.pair(plate, take, 0, range(FRAMES), 96)
    assert before.shape == after.shape == (FRAMES, 96, 96, 3)
    for n, (old, new) in enumerate(zip(before, after, strict=True)):
        bright = (new > 128).any(2)
        assert not (old > 128).any()
        if n in shut:
            assert not bright.any()
        else:
            rows, columns = (np.flatnonzero(bright.any(axis)) for axis in (1, 0))
            # A square of 20 pixels in a tile of about 90: a fifth of each side, in its middle.
            assert 0.15 < len(rows) / 96 < 0.35
            assert abs(columns.mean() - 48) < 4


def test_where_nothing_is_new_as_much_of_the_picture_as_a_tile_holds_is_shown(tmp_path: Path) -> None:
    plate = film(tmp_path / "plate.mov", [(160, 100)] * FRAMES)
    before, after = strips.pair(plate, film(tmp_path / "take.mov", [(160, 100)] * FRAMES), 0, range(2), 90)
    assert np.abs(before.astype(int) - after).max() < 12
    # 20 of the 180 rows.
    assert 8 <= (before[0] > 128).any(2).any(1).sum() <= 12
