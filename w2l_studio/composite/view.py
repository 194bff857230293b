"""How HDR's values (PQ, HLG) and those of cameras' log look: as an SDR display would show them, and back.

Networks know faces as displays show them; such curves make them flat. Values of other curves stay.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from w2l_studio.terms import ColourTags, Doubles, Floats
from w2l_studio.terms.curves import HLG, LOGS, PQ, light_of_hlg, light_of_pq, srgb
from w2l_studio.terms.pixels import BLACK, LUMA_SPAN

_LIGHT = {PQ: light_of_pq, HLG: light_of_hlg}
_FULL_RANGE = 2
#: Entries of the table for each of 255 levels; between two of them lies less than a code value of 12 bits.
_STEPS = 16


def as_displayed(tags: ColourTags) -> bool:
    """Tell whether values are what an SDR display shows, so that nothing has to be done."""
    return not tags.log and tags.transfer not in _LIGHT


def seen(bgr: Floats, tags: ColourTags) -> Floats:
    """Return what a display shows of a plate's values.

    White (HDR's reference white, BT.2408; of log, what gives back all light) becomes 255; what is brighter
    lies above it.

    Args:
        bgr: ``float32``, 0..255 where the plate is legal.
        tags: which curve the values have.
    """
    if as_displayed(tags):
        return bgr
    table: Floats = _shown(tags)
    at = np.clip(bgr * _STEPS + 0.5, 0, len(table) - 1).astype(np.uint16)
    shown: Floats = table[at]
    return shown


def stored(bgr: Floats, tags: ColourTags) -> Floats:
    """Return the plate's values of what a display is to show; the inverse of `seen` between 0 and 255."""
    if as_displayed(tags):
        return bgr
    table = _shown(tags)
    values = np.arange(len(table), dtype=np.float64) / _STEPS
    return np.interp(bgr, table, values).astype(np.float32)


def light(values: Doubles, tags: ColourTags) -> Doubles:
    """Return the light of a plate's values, 0..1 where the plate is legal; its curve is HDR's or log."""
    if not tags.log:
        return _LIGHT[tags.transfer](values)
    curve = LOGS[tags.log]
    if curve.as_code and tags.range != _FULL_RANGE:
        # Its maker counts codes from 0, where the plate counts from black to white.
        values = (4 * BLACK + 4 * LUMA_SPAN * values) / 1023
    return curve.light(values)


@lru_cache(maxsize=4)
def _shown(tags: ColourTags) -> Floats:
    """Return what a display shows of each sixteenth of a level, rising."""
    values = np.arange(255 * _STEPS + 1) / (255 * _STEPS)
    return (255 * srgb(light(values, tags))).astype(np.float32)
