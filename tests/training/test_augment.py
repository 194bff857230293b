import cv2
import numpy as np
import pytest
import torch

from training.packs.data import read_pack
from training.variety import augment, recordings
from w2l_studio.faces import crop
from w2l_studio.nets.contrast import grey_mouth


@pytest.fixture
def clip(pack):
    return read_pack([pack])[0]


def lag(one, other, reach=6):
    """Columns by which ``other`` runs behind ``one``."""
    one, other = one - one.mean(), other - other.mean()
    match = [np.sum(one[reach:-reach] * np.roll(other, -k)[reach:-reach]) for k in range(-reach, reach + 1)]
    return int(np.argmax(match)) - reach


@pytest.mark.parametrize(("packed_px", "face_px"), [(128, 96), (240, 192), (240, 96)])
def test_the_place_at_rest_is_the_window_that_the_engine_cuts(packed_px, face_px):
    picture = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 4)
    window = np.array([[150.0, 140.0, 96.0, 0.1]])
    packed = crop.cut(picture[None], crop.affines(window, packed_px, margin=1.25), packed_px).pixels[0]
    engine = crop.cut(picture[None], crop.affines(window, face_px), face_px).pixels[0]
    placed = augment.place(np.random.default_rng(0), packed_px, face_px=face_px)
    ours = augment.face(packed, placed, face_px)
    assert np.abs(ours.astype(int) - engine).max() <= 6


def test_parts_of_a_face_are_its_pixels(clip):
    placed = augment.place(np.random.default_rng(4), 128, augment.STRONG)
    whole, lower = augment.face(clip.frames[7], placed), augment.lower(clip.frames[7], placed)
    assert np.abs(whole[48:].astype(int) - lower).max() <= 1
    grey = grey_mouth(torch.from_numpy(lower).permute(2, 0, 1)[None].float())[0, 0].numpy()
    assert np.abs(grey - augment.mouth(clip.frames[7], placed)).max() <= 2


@pytest.mark.parametrize("side", [128, 240])
def test_a_mouth_is_the_same_in_what_is_near_it(side):
    """Also at the picture's edges, which are repeated, and half a pixel beside the place."""
    random = np.random.default_rng(side)
    picture = cv2.GaussianBlur(random.integers(0, 255, (side, side, 3), np.uint8), (0, 0), 2)
    for _ in range(30):
        placed = augment.place(random, side, augment.Jitter(12.0, 0.2, 0.3))
        near, moved = augment.near_mouth(picture[None], placed)
        for aside in (np.zeros((2, 3)), np.array([[0, 0, 0.5], [0, 0, -0.5]])):
            whole = augment.mouth(picture, placed + aside).astype(int)
            assert np.abs(augment.mouth(near[0], moved + aside) - whole).max() <= 1
    near, _ = augment.near_mouth(picture[None], augment.place(random, side))
    assert near.size < 0.4 * picture.size


def test_another_voice_keeps_its_time(clip):
    random = np.random.default_rng(0)
    before = clip.mel.mean(0)
    for _ in range(20):
        other = recordings.voice(random, clip.mel)
        assert other.shape == clip.mel.shape
        assert other.dtype == np.float32
        assert -4 <= other.min() <= other.max() <= 4
        assert lag(before, other.mean(0)) == 0


def test_another_camera_keeps_pictures_apart_and_in_order(clip):
    random = np.random.default_rng(0)
    still = augment.place(random, 128)
    mouths = np.stack([augment.mouth(frame, still) for frame in clip.frames])
    before = mouths[:, 10:28, 20:44].mean((1, 2))
    for _ in range(20):
        changed = augment.camera(random)(mouths, random)
        assert changed.shape == mouths.shape
        assert changed.dtype == np.uint8
        assert np.corrcoef(before, changed[:, 10:28, 20:44].mean((1, 2)))[0, 1] > 0.9


def test_blur_does_not_bleed_into_the_next_picture():
    mouths = np.zeros((3, *augment.MOUTH_PX), np.uint8)
    mouths[1] = 200
    blurred = augment.Camera(False, 1.0, 1.2, 0.0, 0)(mouths, np.random.default_rng(0))
    assert np.array_equal(blurred, mouths)


def test_mouths_of_any_width_are_compressed_one_below_another():
    mouths = np.random.default_rng(0).integers(0, 256, (2, 8, 32), np.uint8)
    changed = augment.Camera(False, 1.0, 0.0, 0.0, 50)(mouths, np.random.default_rng(0))
    _, coded = cv2.imencode(".jpg", mouths.reshape(16, 32), [cv2.IMWRITE_JPEG_QUALITY, 50])
    assert np.array_equal(changed.reshape(16, 32), cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))


def test_a_look_stays_within_0_and_1_and_may_flip(clip):
    random = np.random.default_rng(0)
    looks = [augment.look(random, faults=True) for _ in range(20)]
    assert {look.flip for look in looks} == {True, False}
    for look in looks:
        picture = look(clip.frames[0], random)
        assert picture.dtype == np.float32
        assert 0 <= picture.min() <= picture.max() <= 1


def test_a_compressed_look_is_another_picture_of_the_same_lips(clip):
    plain = augment.Look(False, np.ones(3), 0.0, 0.0, 0.0, 0)
    coded = augment.Look(False, np.ones(3), 0.0, 0.0, 0.0, 25)
    picture = clip.frames[0]
    told = [look(picture, np.random.default_rng(0)) for look in (plain, coded)]
    assert np.array_equal(told[0], np.float32(picture / np.float32(255)))
    assert 0.2 < np.abs(told[1] - told[0]).mean() * 255 < 8
    drawn = [augment.look(np.random.default_rng(seed), faults=True).quality for seed in range(40)]
    assert 0 < np.mean(np.array(drawn) > 0) < 0.5
    assert not any(augment.look(np.random.default_rng(seed), faults=False).quality for seed in range(40))


def test_a_clean_stem_has_digital_silence_in_its_pauses_and_no_background(clip):
    quiet = clip.mel.max(0) < recordings._PAUSE
    assert 0 < quiet.sum() < len(quiet)
    for seed in range(6):
        clean = recordings.recording(np.random.default_rng(seed), clip.mel, 1.0)
        plain = recordings.voice(np.random.default_rng(seed), clip.mel)
        assert (clean[:, quiet] == -4).all()
        assert np.array_equal(clean[:, ~quiet], plain[:, ~quiet])


def test_a_background_fills_pauses_and_leaves_what_is_louder(clip):
    """So often as told; the loudest stays, and the time of nothing changes."""
    filled = 0
    for seed in range(60):
        other = recordings.recording(np.random.default_rng(seed), clip.mel, 0.0)
        plain = recordings.voice(np.random.default_rng(seed), clip.mel)
        assert other.dtype == np.float32
        assert -4 <= other.min() <= other.max() <= 4
        if np.array_equal(other, plain):
            continue
        filled += 1
        assert (other >= plain - 1e-5).all()
        assert other.max() - plain.max() < 0.1
        assert lag(clip.mel.mean(0), other.mean(0)) == 0
    assert 9 <= filled <= 27


def test_powers_add_up():
    """Twice the same is 3 dB more, a quarter of a step of 12.5 dB."""
    assert recordings.mixed(np.zeros(3), np.zeros(3)) == pytest.approx(np.log10(2) / 1.25)
    assert recordings.mixed(np.zeros(3), np.full(3, -4.0)) == pytest.approx(0, abs=1e-4)


def test_softened_pictures_keep_light_and_place_and_lose_detail(clip):
    frame = np.random.default_rng(0).integers(0, 255, clip.frames[0].shape, np.uint8)
    soft = augment.soften(frame, 3.0)
    assert soft.shape == frame.shape
    assert abs(soft.mean() - frame.mean()) < 1.5
    assert soft.std() < 0.5 * frame.std()
    sharp = clip.frames[0]
    assert np.abs(augment.soften(sharp, 1.5).astype(int) - sharp).mean() < 3
