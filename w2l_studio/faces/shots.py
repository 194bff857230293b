"""Finds cuts: splits a run of pictures into shots, picture by picture.

Opens no file and keeps a handful of thumbnails only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ThresholdDetector

from w2l_studio.faces.fitting import fitted
from w2l_studio.terms import Floats, FramesBGR, Shot
from w2l_studio.timing import FrameRange

#: A cut changes brightness this much (mean of 0..255), and this many times more than pictures around it do.
#: Hue and saturation are left out: in dark pictures they are noise.
_CHANGE, _RATIO = 6.0, 3.0
#: Pictures on both sides that the ratio is taken over.
_AROUND = 2
#: Mean brightness under which a picture is black: a fade through it separates shots.
_BLACK = 2
#: A flash lasts at most this many pictures, and those before and after differ by at most this part of it.
_FLASH, _ALIKE = 4, 0.35
_LONGEST_PX = 320
_THUMB_PX = (64, 36)


def split(frames: Iterable[FramesBGR], rate: Fraction, first: int = 0) -> tuple[Shot, ...]:
    """Split pictures at cuts and in the middle of fades through black.

    A flash of up to four pictures is no cut; shots of three pictures or more are found, shorter ones may
    stay with a neighbour.

    Args:
        frames: pictures ``uint8[H, W, 3]`` BGR in order, read once.
        rate: pictures per second.
        first: number of the first picture.

    Returns:
        Shots that touch each other, from ``first`` to the last picture; none for no pictures.
    """
    cuts = _Cuts(float(rate))
    for frame in frames:
        cuts.see(frame)
    edges = [0, *cuts.finish()]
    stops = [*edges[1:], cuts.count]
    if not cuts.count:
        return ()
    return tuple(
        Shot(index, FrameRange(first + start, first + stop, rate))
        for index, (start, stop) in enumerate(zip(edges, stops, strict=True))
    )


class _Cuts:
    """PySceneDetect's detectors with the pictures that they need at both ends, and a memory for flashes."""

    def __init__(self, rate: float) -> None:
        self.count = 0
        self._rate = rate
        self._hard = AdaptiveDetector(
            adaptive_threshold=_RATIO,
            min_scene_len=0,
            window_width=_AROUND,
            min_content_val=_CHANGE,
            luma_only=True,
        )
        self._fade = ThresholdDetector(threshold=_BLACK, min_scene_len=0)
        self._fed = 0
        self._last: FramesBGR | None = None
        self._thumbs: dict[int, Floats] = {}
        self._pending: list[int] = []
        self._cuts: list[int] = []
        self._black: list[tuple[int, int]] = []

    def see(self, frame: FramesBGR) -> None:
        """Take the next picture."""
        small = fitted(frame, _LONGEST_PX)
        if self._last is None:  # a cut right after the first picture needs pictures before it
            for _ in range(_AROUND):
                self._feed(small)
        self._thumbs[self.count] = cv2.resize(small, _THUMB_PX, interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        self._thumbs.pop(self.count - 4 * _FLASH, None)
        for cut in self._fade.process_frame(FrameTimecode(self.count, self._rate), small):
            self._black.append((cut.frame_num, self.count))
        self._feed(small)
        self._last = small
        self.count += 1
        while self._pending and self._pending[0] + _FLASH < self.count:
            self._decide(self._pending.pop(0))

    def finish(self) -> list[int]:
        """Return the numbers of the first pictures after each cut."""
        if self._last is not None:
            for _ in range(_AROUND):
                self._feed(self._last)
        for cut in self._pending:
            self._decide(cut)
        # The black between two hard cuts is a shot of its own and needs no third cut in its middle.
        fades = (
            middle
            for middle, end in self._black
            if middle > 0 and not any(2 * middle - end <= cut <= end for cut in self._cuts)
        )
        return sorted({*self._cuts, *fades})

    def _feed(self, small: FramesBGR) -> None:
        found = self._hard.process_frame(FrameTimecode(self._fed, self._rate), small)
        self._fed += 1
        self._pending += [cut.frame_num - _AROUND for cut in found]

    def _decide(self, cut: int) -> None:
        """Keep a cut unless a picture before and one shortly after it are alike."""
        step = _difference(self._thumbs[cut - 1], self._thumbs[cut])
        across = (_difference(self._thumbs[i], self._thumbs[j]) for i, j in self._pairs(cut))
        if min(across, default=step) > _ALIKE * step:
            self._cuts.append(cut)

    def _pairs(self, cut: int) -> Iterator[tuple[int, int]]:
        for before in range(max(0, cut - _FLASH - 1), cut):
            for after in range(cut, min(self.count, before + _FLASH + 2)):
                yield before, after


def _difference(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).mean())
