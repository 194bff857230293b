"""The colour of one picture file as planes, and back into its own samples where it changed.

Pure arithmetic on what `still` has read; every sample that did not change stays as it is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from w2l_studio.media.images import light
from w2l_studio.media.images.still import COLOUR, Samples, Still, unsupported
from w2l_studio.terms import Plane, Planes

#: Which of R, G and B the planes hold, in their order.
_GBR = (1, 2, 0)


def planes(still: Still, path: Path) -> Planes:
    """Return the colour of a picture: G, B and R of its display window, black where there is no data.

    Raises:
        Unsupported: it has no channels R, G and B.
    """
    rows, columns, inner = _window(still)
    name = "gbrp" if still.bits == 8 else f"gbrp{still.bits}le"
    width, height = still.size_px
    black = _codes(np.zeros(1, still.samples.dtype), still)[0]
    made: list[Plane] = []
    channels = _channels(still, path)
    for channel in _GBR:
        plane = np.full((height, width), black)
        plane[rows, columns] = _codes(still.samples[(*inner, channels[channel])], still)
        made.append(plane)
    return Planes(tuple(made), name)


def painted(still: Still, picture: Planes, path: Path) -> Still:
    """Return a still with another picture's colour where that differs; every other sample is the same.

    Args:
        picture: as `planes` returns it of this still, some of it drawn anew.

    Raises:
        Unsupported: it has no channels R, G and B.
    """
    rows, columns, inner = _window(still)
    samples = still.samples.copy()
    own = planes(still, path)
    channels = _channels(still, path)
    for channel, old, new in zip(_GBR, own.planes, picture.planes, strict=True):
        changed = new[rows, columns] != old[rows, columns]
        index = channels[channel]
        drawn = _samples(new[rows, columns][changed], still)
        samples[(*inner, index)][changed] = drawn.astype(still.type_of(index))
    return Still(still.spec, samples)


def _channels(still: Still, path: Path) -> list[int]:
    names = list(still.spec.channelnames)
    if not set(COLOUR) <= set(names):
        raise unsupported(f"pictures with the channels {', '.join(names)}", path)
    return [names.index(name) - still.first for name in COLOUR]


def _window(still: Still) -> tuple[slice, slice, tuple[slice, slice]]:
    """Return where in the display window the data lies, and which rows and columns of the data that are."""
    spec = still.spec
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    first, last = max(left, 0), min(left + spec.width, spec.full_width)
    upper, lower = max(top, 0), min(top + spec.height, spec.full_height)
    inner = slice(upper - top, max(lower, upper) - top), slice(first - left, max(last, first) - left)
    return slice(upper, max(lower, upper)), slice(first, max(last, first)), inner


def _codes(samples: Samples, still: Still) -> Plane:
    if still.linear:
        return light.to_codes(samples)
    # OpenImageIO fills words up from the left.
    codes: Plane = samples if still.bits in (8, 16) else samples >> np.uint16(16 - still.bits)
    return codes


def _samples(codes: Plane, still: Still) -> Samples:
    if still.bits == 8:
        return codes
    words = codes.astype(np.uint16)
    if still.linear:
        return light.to_light(words)
    if still.bits == 16:
        return words
    return words << np.uint16(16 - still.bits) | words >> np.uint16(2 * still.bits - 16)
