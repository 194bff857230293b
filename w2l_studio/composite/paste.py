"""Puts a mouth on its plate, in the plate's own planes, and nowhere but under the matte.

The plate is never converted: the mouth is, at crop size, and each plane takes it on its own grid at
its own siting. Written is ``plate + alpha * (upscaled mouth + the plate's texture - plate)``, rounded
once, so an unchanged mouth gives the plate back, and samples without matte are the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2l_studio.composite import matte as mattes
from w2l_studio.composite import planes as conversion
from w2l_studio.composite import silhouette, teeth, texture, warp
from w2l_studio.composite.colour import ColourMatch
from w2l_studio.composite.layout import layout, legal, to_luma
from w2l_studio.terms import ColourTags, Doubles, Floats, FramesBGR, Matte, Plane, Planes
from w2l_studio.terms.pixels import PixelFormat


def paste(  # noqa: PLR0913 - one picture, one mouth, where, and how; a bundle would only hide the list
    picture: Planes,
    tags: ColourTags,
    mouth: FramesBGR | Floats,
    affine: Doubles,
    matte: Matte,
    *,
    gain: float,
    colour: ColourMatch,
    lips: Floats | None = None,
    own_teeth: teeth.Teeth | None = None,
) -> Planes:
    """Return the picture with the mouth on it; the picture handed in is not changed.

    Planes that nothing falls on are shared with it. PQ and HLG plates are blended as code values, by
    differences that are seen.

    Args:
        picture: planes in native code values.
        tags: matrix and range of the stream.
        mouth: ``uint8[P, P, 3]`` (or ``float32``, 0..255) BGR.
        affine: ``float64[2, 3]``, plate pixel -> crop pixel; carries roll, pixel aspect and rotation.
        matte: ``float32[P, P]``.
        gain: strength of the whole, 0..1.
        colour: mouth -> plate.
        lips: ``float32[P, P]`` as from `matte.lips`; None = where a frontal face has them.
        own_teeth: the shot's, as from `teeth.measure`; None = the mouth's colours stay.

    Raises:
        Unsupported: pixel format or matrix that is not composited.
    """
    stored = layout(picture.pix_fmt)
    covered = warp.region(matte.alpha)
    if gain <= 0 or covered is None:
        return picture
    size = len(matte.alpha)
    height = picture.planes[0].shape[0]
    lips = mattes.lips(size) if lips is None else lips
    toned = colour.apply(mouth)
    if own_teeth is not None:
        toned = teeth.whitened(toned, own_teeth, lips)
    codes = conversion.to_codes(toned, tags, stored, height)
    maps = [_to_crop(stored, i, affine) for i in range(stored.colours)]
    lows = [warp.crop(picture.planes[i], maps[i], size, covered) for i in range(stored.colours)]
    apart = conversion.apart(codes, lows, tags, stored, height)
    alpha = matte.alpha * silhouette.inside(np.stack(apart).astype(np.float32), lips)
    codes = _textured(codes, lows, apart[0], warp.bordered(covered, size))
    keep = texture.agreement(conversion.apart(codes, lows, tags, stored, height)[0], lips)
    out = list(picture.planes)
    for i in range(stored.colours):
        onto = warp.patch(out[i].shape, maps[i], covered)
        if onto is not None:
            moved = np.dstack([codes[i], lows[i]])
            out[i] = _blend(out[i], moved, keep, alpha, gain, onto, legal(stored, tags, i))
    return Planes(tuple(out), picture.pix_fmt)


def _textured(
    codes: Sequence[Floats], lows: Sequence[Floats], apart: Floats, sampled: tuple[int, int, int, int]
) -> list[Floats]:
    """Return a mouth's planes with the plate's texture where both show the same at large."""
    left, top, right, bottom = sampled
    part, size = np.s_[top:bottom, left:right], len(apart)
    share = texture.alike(apart[part], size)
    textured = [plane.copy() for plane in codes]
    for new, low in zip(textured, lows, strict=True):
        new[part] = texture.regained(new[part], low[part], share, size)
    return textured


def _to_crop(stored: PixelFormat, plane: int, affine: Doubles) -> Doubles:
    return np.asarray(np.asarray(affine, np.float64) @ to_luma(stored, plane), np.float64)


def _blend(
    plane: Plane,
    moved: Floats,
    keep: Floats,
    alpha: Floats,
    gain: float,
    onto: warp.Patch,
    limits: tuple[int, int],
) -> Plane:
    """Return a copy of the plane with ``moved[..., 0]`` (new) in place of ``moved[..., 1]`` (its own).

    Both come from the crop by one interpolation, so that its faults cancel where they are alike.
    """
    plate = np.asarray(plane[onto.rows, onto.columns], np.float32)
    raised = warp.picture(moved, onto)
    new, low = raised[..., 0], raised[..., 1]
    share = warp.mask(alpha, onto)
    new = new + texture.detail(plate, low, warp.mask(keep, onto), share)
    blended = plate + np.float32(min(gain, 1.0)) * share * (new - plate)
    # Whites and blacks beyond the nominal range stay where the plate has them, and are not made anew.
    low_limit, high_limit = (np.float32(v) for v in limits)
    blended = np.clip(blended, np.minimum(plate, low_limit), np.maximum(plate, high_limit))
    out = plane.copy()
    out[onto.rows, onto.columns] = np.rint(blended)
    return out
