"""Takes violet out of new mouths: unsure of teeth, a slim generator paints them bluer than any light does.

Teeth are about as white as the light; skin, which is measured, is redder than both. Where a plate's own
mouth shows more blue than that (painted lips, creatures), it is the limit. Measures crops; knows no planes.
"""

from __future__ import annotations

import numpy as np

from w2l_studio.terms import Floats, FramesBGR

#: Luma of BGR (ITU-R BT.709).
_LUMA = np.array([0.0722, 0.7152, 0.2126], np.float32)
#: Teeth beside skin: so much more blue and green for the same red, and at least so much of both (ivory).
_PALER, _PALEST = np.array([1.15, 1.1, 1.0]), np.array([0.8, 0.93, 1.0])
#: Blue over red, in parts of the limit's: from here on a colour is drawn to white, wholly after the width.
_BEGIN, _WIDTH = 0.9, 0.15
#: What is darker than this part of the skin is the depth of a mouth: noise and bounced light.
_DARK = 0.5
_BLUEST_PERCENT = 99.0


def white(plate_crops: FramesBGR, skin: Floats, lips: Floats) -> Floats:
    """Return the colour of teeth in the light of a shot.

    Args:
        plate_crops: ``uint8[T, P, P, 3]`` BGR.
        skin: ``float32[P, P]``, where skin shows (`matte.skin`).
        lips: ``float32[P, P]``, where lips may be (`matte.lips`).

    Returns:
        ``float32[3]`` BGR of luma 1.
    """
    seen = plate_crops.astype(np.float32).mean(0) if len(plate_crops) else np.ones((*skin.shape, 3))
    of_skin = (seen * skin[..., None]).sum((0, 1)) / max(float(skin.sum()), 1e-6)
    found = np.maximum(of_skin / max(float(of_skin[2]), 1.0) * _PALER, _PALEST)
    own = plate_crops[:, lips > 0.5].reshape(-1, 3).astype(np.float32)
    own = own[(own @ _LUMA >= _DARK * float(of_skin @ _LUMA)) & (own[:, 2] >= 1)]
    if len(own):
        found[0] = max(found[0], float(np.percentile(own[:, 0] / own[:, 2], _BLUEST_PERCENT)))
    return np.asarray(found / (found @ _LUMA), np.float32)


def whitened(mouth: Floats, white: Floats, lips: Floats) -> Floats:
    """Return a mouth in which nothing is bluer than ``white``; luma stays.

    Args:
        mouth: ``float32[P, P, 3]`` BGR.
        white: as from `white`.
        lips: ``float32[P, P]`` as from `matte.lips`: nothing changes elsewhere.
    """
    blue = mouth[..., 0] / np.maximum(mouth[..., 2], 1.0) / (white[0] / white[2])
    share = np.clip((blue - _BEGIN) / _WIDTH, 0, 1) * np.clip(2 * lips, 0, 1)
    return np.asarray(mouth + share[..., None] * ((mouth @ _LUMA)[..., None] * white - mouth), np.float32)
