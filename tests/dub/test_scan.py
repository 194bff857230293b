"""One look at a range tells its shots and whether its plate is counted by fields."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from w2l_studio.dub import geometry, scan
from w2l_studio.media import decode
from w2l_studio.media.fields import woven
from w2l_studio.terms import ClipUse, Planes, Plate, Segment
from w2l_studio.timing import FrameRange

RATE = Fraction(25)
PLATE = Plate(Path("a.mov"), 128, 96, RATE, 24, "prores", "gray10le", 10, field_order="top")
FRAMES = FrameRange(0, 24, RATE)
CLIP = ClipUse((0, 0), "shot", FRAMES, FRAMES, None, PLATE.path)
SEGMENT = Segment("0.0", CLIP, PLATE, FRAMES, FRAMES, Fraction(0), True, ())


def moment(n: int) -> Planes:
    y, x = np.mgrid[:96, :128]
    return Planes((np.rint(500 + 200 * np.sin((x - n) / 9) * np.cos(y / 11)).astype(np.uint16),), "gray10le")


@pytest.mark.parametrize("each", [1, 2])
def test_no_pass_over_the_plate_goes_by_without_progress(each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Read:
        def read(self, start: int, stop: int) -> Iterator[Planes]:
            for n in range(start, stop):
                told.append("read")
                yield woven(moment(2 * n), moment(2 * n + each - 1), "top")

    @contextmanager
    def opened(_: Plate) -> Iterator[Read]:
        yield Read()

    monkeypatch.setattr(decode, "open_plate", opened)
    segment, shots = scan.counted(SEGMENT, geometry.view(PLATE, 128), told.append)
    assert told == ["read", "shots"] * 24
    assert segment == (SEGMENT.in_fields if each == 2 else SEGMENT)
    assert [shot.frames for shot in shots] == [segment.render_range]


def test_of_a_progressive_plate_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "split", lambda *given: given[-1] or ())
    plain = replace(SEGMENT, plate=replace(PLATE, field_order=None))
    assert scan.counted(plain, geometry.view(PLATE, 128), scan.quiet) == (plain, ())
