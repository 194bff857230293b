import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2l_studio.composite import colour, matte, paste, planes
from w2l_studio.composite.colour import ColourMatch
from w2l_studio.composite.layout import layout, legal
from w2l_studio.faces import crop
from w2l_studio.terms import ColourTags, Matte, Planes

P = 96
SAME = colour.identity()
MATTE = matte.mouth(P)
HD = ColourTags(1, 1, 1, 1)
FORMATS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuva444p12le",
           "gbrp10le", "gray", "yuvj420p", "yuv411p"]  # fmt: skip
TAGS = [
    HD,
    ColourTags(matrix=6, range=1),
    ColourTags(9, 16, 9, 1),
    ColourTags(matrix=1, range=2),
    ColourTags(),
]


def affine(x=160.0, y=120.0, side=200.0, roll=0.0):
    return crop.affines(np.array([[x, y, side, roll]]), P)[0]


def shown(picture, tags, to_crop):
    """Return the crop as the generator sees it, before rounding to 8 bit."""
    height, width = picture.planes[0].shape
    return crop.sample(planes.region_bgr(picture, tags, (0, 0, width, height)), to_crop, P)


def other_mouth(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (P, P, 3)).astype(np.uint8)


def far_from_matte(plane, index, stored, to_crop):
    """Return the samples whose own place lies a crop pixel off the matte, worked out point by point."""
    rows, columns = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]].astype(float)
    if 0 < index < stored.colours:
        columns, rows = columns * stored.sub_x, rows * stored.sub_y + (stored.sub_y - 1) / 2
    x, y = (row[0] * columns + row[1] * rows + row[2] for row in to_crop)
    inside = np.argwhere(MATTE.alpha > 0)
    (top, left), (bottom, right) = inside.min(0), inside.max(0)
    return (x < left - 1.1) | (x > right + 1.1) | (y < top - 1.1) | (y > bottom + 1.1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pix_fmt=st.sampled_from(FORMATS),
    tags=st.sampled_from(TAGS),
    x=st.floats(-80, 400),
    y=st.floats(-80, 320),
    side=st.floats(20, 400),
    roll=st.floats(-3.1, 3.1),
    stretch=st.floats(0.7, 1.5),
    gain=st.floats(0.01, 1),
    seed=st.integers(0, 99),
)
def test_outside_the_matte_every_sample_is_the_same(
    make_plate, coverage, pix_fmt, tags, x, y, side, roll, stretch, gain, seed
):
    picture = make_plate(pix_fmt, tags)
    before = [plane.copy() for plane in picture.planes]
    to_crop = affine(x, y, side, roll) @ np.diag([stretch, 1, 1])
    new = paste.paste(picture, tags, other_mouth(seed), to_crop, MATTE, gain=gain, colour=SAME)
    stored, covered = layout(pix_fmt), coverage(picture, to_crop, MATTE)
    assert new.pix_fmt == pix_fmt
    assert len(new.planes) == len(before) == len(covered)
    for i, (old, kept, made, may) in enumerate(zip(before, picture.planes, new.planes, covered, strict=True)):
        assert np.array_equal(old, kept), "the picture handed in is not changed"
        assert made.dtype == old.dtype
        assert np.array_equal(made[~may], old[~may])
        far = far_from_matte(old, i, stored, to_crop)
        assert not may[far].any()
        assert np.array_equal(made[far], old[far])
        if stored.alpha and i == 3:
            assert not may.any()


@pytest.mark.parametrize("pix_fmt", FORMATS)
def test_under_the_matte_it_does_change(make_plate, coverage, pix_fmt):
    picture = make_plate(pix_fmt, HD)
    mouth = np.full((P, P, 3), (180, 60, 90), np.uint8)
    new = paste.paste(picture, HD, mouth, affine(), MATTE, gain=1, colour=SAME)
    # Around the lips a picture so unlike the plate is no face, and is left out (composite.silhouette).
    lips = Matte(np.where(matte.lips(P) > 0.9, MATTE.alpha, np.float32(0)))
    for i, may in enumerate(coverage(picture, affine(), lips)[: layout(pix_fmt).colours]):
        changed = new.planes[i] != picture.planes[i]
        assert changed[may].mean() > 0.9
        assert may.sum() > 0.015 * may.size


@pytest.mark.parametrize(("gain", "alpha"), [(0.0, MATTE), (1.0, Matte(np.zeros((P, P), np.float32)))])
def test_no_gain_or_no_matte_is_the_plate(make_plate, coverage, gain, alpha):
    picture = make_plate("yuv422p10le", HD)
    new = paste.paste(picture, HD, other_mouth(), affine(), alpha, gain=gain, colour=SAME)
    for old, made in zip(picture.planes, new.planes, strict=True):
        assert np.array_equal(old, made)
    if not alpha.alpha.any():
        assert not any(may.any() for may in coverage(picture, affine(), alpha))


@pytest.mark.parametrize("pix_fmt", FORMATS)
@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize(("side", "roll"), [(60.0, 0.0), (130.0, -0.3), (310.0, 0.2)])
def test_an_unchanged_mouth_gives_the_plate_back(make_plate, pix_fmt, tags, side, roll):
    picture = make_plate(pix_fmt, tags)
    to_crop = affine(161.3, 97.6, side, roll)
    new = paste.paste(picture, tags, shown(picture, tags, to_crop), to_crop, MATTE, gain=1, colour=SAME)
    level = 1 << (layout(pix_fmt).bits - 8)
    for old, made in zip(picture.planes, new.planes, strict=True):
        difference = np.abs(made.astype(int) - old)
        assert difference.max() <= 2 * level
        assert difference.mean() <= 0.1 * level


def test_fine_lines_of_chroma_come_back_where_it_is_halved_along_one_axis():
    cb = np.full((240, 160), 512, np.uint16)
    cb[::2] += 60
    picture = Planes((np.full((240, 320), 500, np.uint16), cb, np.full_like(cb, 560)), "yuv422p10le")
    to_crop = affine(161.3, 97.6)
    new = paste.paste(picture, HD, shown(picture, HD, to_crop), to_crop, MATTE, gain=1, colour=SAME)
    assert np.abs(new.planes[1].astype(int) - cb).max() <= 1


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p10le"])
def test_rounding_the_mouth_to_8_bit_costs_at_most_a_level(make_plate, pix_fmt):
    picture, to_crop = make_plate(pix_fmt, HD), affine()
    mouth = np.clip(np.rint(shown(picture, HD, to_crop)), 0, 255).astype(np.uint8)
    new = paste.paste(picture, HD, mouth, to_crop, MATTE, gain=1, colour=SAME)
    level = 1 << (layout(pix_fmt).bits - 8)
    for old, made in zip(picture.planes, new.planes, strict=True):
        assert np.abs(made.astype(int) - old).max() <= 2 * level


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le"])
def test_a_cast_is_matched_back_and_leaves_no_seam(make_plate, coverage, pix_fmt):
    picture, to_crop = make_plate(pix_fmt, HD), affine()
    seen = np.clip(np.rint(shown(picture, HD, to_crop)), 0, 255).astype(np.uint8)
    wrong = np.clip(seen * np.array([0.94, 0.97, 1.04]) + [7, -8, 10], 0, 255).astype(np.uint8)
    match = colour.measure(seen[None], wrong[None], matte.skin(P))
    level = 1 << (layout(pix_fmt).bits - 8)

    def off(colour_match):
        new = paste.paste(picture, HD, wrong, to_crop, MATTE, gain=1, colour=colour_match)
        covered = coverage(picture, to_crop, MATTE)
        pairs = zip(new.planes, picture.planes, covered, strict=True)
        return [abs(float((made.astype(int) - old)[may].mean())) / level for made, old, may in pairs]

    assert max(off(match)) < 0.8
    assert max(off(SAME)) > 3


def test_the_step_across_the_mattes_edge_is_the_plates(make_plate):
    """A uniform error of 12 levels fades in: no neighbouring samples differ by more than a level of it."""
    picture, to_crop = make_plate("yuv444p", HD, grain=0), affine(side=300.0)
    mouth = shown(picture, HD, to_crop) + np.float32(12)
    new = paste.paste(picture, HD, mouth, to_crop, MATTE, gain=1, colour=SAME)
    added = new.planes[0].astype(float) - picture.planes[0]
    assert added.max() > 8
    assert np.abs(np.diff(added, axis=0)).max() <= 2
    assert np.abs(np.diff(added, axis=1)).max() <= 2


def drawn_face(opening):
    """Return a lit face with dark lips of one opening, at the size of the plate: ``float32[h, w, 3]``."""
    y, x = np.mgrid[0:240, 0:320].astype(np.float32)
    face = np.dstack([100 + 0.1 * (x - 160), 120 + 0.1 * (y - 120), 165 + 0 * x])
    # The mouth of a window of 200 px at (160, 120) lies 0.16 of it below the centre.
    lips = np.hypot((x - 160) / 34, (y - 152) / opening) < 1
    face[lips] = (30, 25, 60)
    return cv2.GaussianBlur(face.astype(np.float32), (0, 0), 0.7)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le"])
@pytest.mark.parametrize(("old", "new"), [(18, 3), (3, 18)])
def test_old_lips_do_not_shine_through(store, pix_fmt, old, new):
    picture = store(drawn_face(old), pix_fmt, HD, 1.0)
    wanted = store(drawn_face(new), pix_fmt, HD, 0.0)
    to_crop = affine()
    mouth = np.clip(np.rint(shown(wanted, HD, to_crop)), 0, 255).astype(np.uint8)
    made = paste.paste(picture, HD, mouth, to_crop, MATTE, gain=1, colour=SAME)
    level = 1 << (layout(pix_fmt).bits - 8)
    old_y, new_y, made_y = (p.planes[0].astype(float) / level for p in (picture, wanted, made))
    old_edge = (np.abs(cv2.Laplacian(old_y, cv2.CV_64F, ksize=3)) > 30) & (
        cv2.GaussianBlur(np.abs(new_y - cv2.GaussianBlur(new_y, (0, 0), 3)), (0, 0), 2) < 1
    )
    old_edge[:130] = old_edge[175:] = False
    assert old_edge.sum() > 20
    assert np.abs(made_y - new_y)[old_edge].mean() < 3
    assert np.abs(old_y - new_y)[old_edge].mean() > 10


def test_grain_goes_on_within_new_lips(store):
    picture = store(drawn_face(18), "yuv444p10le", HD, 2.0)
    wanted = store(drawn_face(3), "yuv444p10le", HD, 0.0)
    mouth = np.clip(np.rint(shown(wanted, HD, affine())), 0, 255).astype(np.uint8)
    made = paste.paste(picture, HD, mouth, affine(), MATTE, gain=1, colour=SAME)
    inside, beside = np.s_[158:164, 140:180], np.s_[60:66, 140:180]

    def grain(plane, part):
        fine = plane.astype(np.float32) - cv2.GaussianBlur(plane.astype(np.float32), (3, 3), 0)
        return float(fine[part].std())

    assert grain(made.planes[0], inside) == pytest.approx(grain(picture.planes[0], beside), rel=0.35)


@pytest.mark.parametrize("tags", [HD, ColourTags(matrix=1, range=2)])
@pytest.mark.parametrize("value", [0, 255])
def test_new_values_are_legal(make_plate, tags, value):
    picture = make_plate("yuv422p10le", tags, grain=0)
    wild = ColourMatch(np.full(3, 1.5, np.float32), np.full(3, -60, np.float32), -np.inf)
    new = paste.paste(
        picture, tags, np.full((P, P, 3), value, np.uint8), affine(), MATTE, gain=1, colour=wild
    )
    for i, plane in enumerate(new.planes):
        low, high = legal(layout("yuv422p10le"), tags, i)
        assert plane.min() >= low
        assert plane.max() <= high
    assert new.planes[0].min() == legal(layout("yuv422p10le"), tags, 0)[0] or value == 255


def test_superwhite_of_the_plate_is_not_cut():
    white = Planes(tuple(np.full((240, 320), v, np.uint16) for v in (1000, 512, 512)), "yuv444p10le")
    mouth = shown(white, HD, affine())
    new = paste.paste(white, HD, mouth, affine(), MATTE, gain=1, colour=SAME)
    for old, made in zip(white.planes, new.planes, strict=True):
        assert np.abs(made.astype(int) - old).max() <= 1


@settings(max_examples=20, deadline=None)
@given(gain=st.floats(0.05, 0.95))
def test_gain_is_a_fade(make_plate, gain):
    picture = make_plate("yuv444p10le", HD)
    mouth = np.full((P, P, 3), (180, 60, 90), np.uint8)
    full = paste.paste(picture, HD, mouth, affine(), MATTE, gain=1, colour=SAME)
    part = paste.paste(picture, HD, mouth, affine(), MATTE, gain=gain, colour=SAME)
    for old, all_, some in zip(picture.planes, full.planes, part.planes, strict=True):
        expected = old + gain * (all_.astype(float) - old)
        assert np.abs(some - expected).max() <= 1.01


def test_a_face_outside_the_picture_is_no_face(make_plate, coverage):
    picture = make_plate("yuv420p", HD)
    new = paste.paste(picture, HD, other_mouth(), affine(-900, -900), MATTE, gain=1, colour=SAME)
    assert all(np.array_equal(a, b) for a, b in zip(new.planes, picture.planes, strict=True))
    assert not any(may.any() for may in coverage(picture, affine(-900, -900), MATTE))


def test_a_mouth_lands_where_it_was_cut(store):
    """Turned and enlarged: a dot on the crop is met at its place on the plate, in luma and chroma."""
    grey = store(np.full((240, 320, 3), 120, np.float32), "yuv420p", HD)
    to_crop = affine(150.4, 110.7, 220.0, 0.4)
    mouth = np.full((P, P, 3), 120, np.float32)
    y, x = np.mgrid[0:P, 0:P]
    mouth += 100 * np.exp(-((x - 44.0) ** 2 + (y - 70.0) ** 2) / 8)[..., None] * np.float32([0, 0.2, 1])
    new = paste.paste(grey, HD, mouth.astype(np.float32), to_crop, MATTE, gain=1, colour=SAME)
    expected = cv2.invertAffineTransform(to_crop) @ (44.0, 70.0, 1)
    for i, sub in ((0, 1), (2, 2)):
        weight = np.abs(new.planes[i].astype(float) - grey.planes[i])
        weight[weight < 4] = 0
        rows, columns = np.mgrid[0 : weight.shape[0], 0 : weight.shape[1]]
        at = [float((weight * axis).sum() / weight.sum()) for axis in (columns, rows)]
        assert at[0] * sub == pytest.approx(expected[0], abs=0.2)
        assert at[1] * sub + (sub - 1) / 2 == pytest.approx(expected[1], abs=0.2)
