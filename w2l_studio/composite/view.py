"""How HDR's values look: PQ and HLG as an SDR display would show them, and back.

Networks know faces as displays show them; HDR's curves make them flat. Values of other curves stay.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from w2l_studio.terms import ColourTags, Floats
from w2l_studio.terms.curves import HLG, PQ, light_of_hlg, light_of_pq, srgb

_LIGHT = {PQ: light_of_pq, HLG: light_of_hlg}
#: Entries of the table for each of 255 levels; between two of them lies less than a code value of 12 bits.
_STEPS = 16


def is_hdr(tags: ColourTags) -> bool:
    """Tell whether values are PQ's or HLG's."""
    return tags.transfer in _LIGHT


def seen(bgr: Floats, tags: ColourTags) -> Floats:
    """Return what a display shows of a plate's values.

    Reference white (BT.2408) becomes 255; what is brighter lies above it.

    Args:
        bgr: ``float32``, 0..255 where the plate is legal.
        tags: whose transfer says whether it is HDR.
    """
    if not is_hdr(tags):
        return bgr
    table: Floats = _shown(tags.transfer)
    at = np.clip(bgr * _STEPS + 0.5, 0, len(table) - 1).astype(np.uint16)
    shown: Floats = table[at]
    return shown


def stored(bgr: Floats, tags: ColourTags) -> Floats:
    """Return the plate's values of what a display is to show; the inverse of `seen` between 0 and 255."""
    if not is_hdr(tags):
        return bgr
    table = _shown(tags.transfer)
    values = np.arange(len(table), dtype=np.float64) / _STEPS
    return np.interp(bgr, table, values).astype(np.float32)


@lru_cache(maxsize=2)
def _shown(transfer: int) -> Floats:
    """Return what a display shows of each sixteenth of a level, rising."""
    values = np.arange(255 * _STEPS + 1) / (255 * _STEPS)
    return (255 * srgb(_LIGHT[transfer](values))).astype(np.float32)
