"""How far a face is turned, from five points.

An estimate for limits and for like poses, not a head pose solver; limits live in the config.
"""

from __future__ import annotations

import numpy as np

from w2l_studio.faces import crop
from w2l_studio.terms import Floats

#: How far the tip of the nose stands before the plane through eyes and mouth, and how wide the mouth is,
#: in distances between the eyes.
_NOSE, _MOUTH = 0.52, 0.8


def yaw(points: Floats) -> Floats:
    """Estimate how far faces are turned sideways.

    Seen from afar, a head turned by ``a`` shows the eyes ``e cos a`` apart and the tip of the nose
    ``n e sin a`` beside the face's axis (middle of the eyes to middle of the mouth), so
    ``a = atan(offset / (n * width))``; n is `_NOSE`. The mouth counts as a second pair of eyes.

    Args:
        points: ``float32[T, 5, 2]``, order as in `terms.Faces`.

    Returns:
        ``float32[T]`` degrees, > 0 = the nose points to the right of the picture.
    """
    points = np.asarray(points, np.float64)
    eyes, down = crop.axis(points)
    down /= np.maximum(crop.length(points), 1e-6)[:, None]
    across = np.column_stack([down[:, 1], -down[:, 0]])
    wide = (points[:, 1] - points[:, 0] + (points[:, 4] - points[:, 3]) / _MOUTH) / 2
    width = np.maximum((wide * across).sum(1), 0)
    offset = ((points[:, 2] - eyes) * across).sum(1)
    degrees: Floats = np.degrees(np.arctan2(offset, _NOSE * width)).astype(np.float32)
    return degrees
