"""Tracks: who is who, what flow carries, gaps, ends, and what is no face."""

from fractions import Fraction

import numpy as np
import pytest

from w2l_studio.faces import flow, recheck, track
from w2l_studio.terms import Faces, Shot
from w2l_studio.timing import FrameRange

RATE = Fraction(24)


def shot(count, start=100):
    return Shot(3, FrameRange(start, start + count, RATE))


def straight(count, x=110.0, y=110.0, dx=1.7, dy=0.3):
    return np.column_stack([x + dx * np.arange(count), y + dy * np.arange(count)])


def pictures(stage, *paths, hidden=()):
    """Draw a picture per row; a row with NaN shows no such face, one in ``hidden`` no spots."""
    for n, places in enumerate(zip(*paths, strict=True)):
        yield stage.draw([at for at in places if np.isfinite(at).all()], spots=n not in hidden)


def off(found, path, spot_points):
    """How far a track is from where the face was drawn, pixels, ``[T, 5]``."""
    rows = path[found.frames.start - 100 : found.frames.stop - 100]
    return np.linalg.norm(found.points - (spot_points + rows[:, None]), axis=2)


def test_a_moving_face_is_followed_to_the_sub_pixel_with_few_detections(stage, spots, spot_points):
    path, detector = straight(60), spots()
    (found,) = track.link(pictures(stage, path), detector, shot=shot(60), every=4)
    assert (found.frames, found.present.all()) == (FrameRange(100, 160, RATE), True)
    assert off(found, path, spot_points).mean() < 0.3
    assert (found.scores > 0.8).all()
    assert detector.calls < 60 / 4 + 2 + 3 * 11, "every fourth picture, and second looks"
    corners = np.concatenate([found.points.min(1), found.points.max(1)], 1)
    np.testing.assert_allclose(found.boxes, corners + np.array([-15, -15, 15, 15]), atol=3)


def test_flow_carries_between_detections_without_lag(stage, spots, spot_points):
    """The detector sees every fourth picture only; a face that speeds up is where it is in all others."""
    t = np.arange(48)
    path = np.column_stack([110 + 0.06 * t**2, 110 + 8 * np.sin(t / 5)])
    hidden = [n for n in range(48) if n % 4 and n != 47]
    (found,) = track.link(pictures(stage, path, hidden=hidden), spots(), shot=shot(48), every=4)
    error = off(found, path, spot_points)
    assert error.mean() < 0.5
    assert error.max() < 2.5


def test_noise_of_the_detector_is_calmed(stage, spots, spot_points):
    path = straight(80, dx=0.5, dy=0.0)
    (found,) = track.link(pictures(stage, path), spots(noise_px=1.5), shot=shot(80), every=4)
    error = off(found, path, spot_points)
    assert error.mean() < 0.9, "of 1.9 pixels in each detection"
    shake = np.abs(np.diff(found.points, 2, axis=0))
    assert np.median(shake) < 0.3, "of 3.7"
    along = (found.points - (spot_points + path[:, None]))[..., 0]
    assert abs(along.mean()) < 0.4, "neither behind nor ahead"


def test_two_faces_keep_their_names(stage, spots, spot_points):
    left, right = straight(48, x=100, dx=1.5), straight(48, x=310, dx=-1.5, dy=-0.4)
    found = track.link(pictures(stage, left, right), spots(), shot=shot(48), every=4)
    assert len(found) == 2
    one, other = sorted(found, key=lambda each: each.points[0, 0, 0])
    assert off(one, left, spot_points).mean() < 0.4
    assert off(other, right, spot_points).mean() < 0.4


def test_a_face_that_comes_and_goes_between_detections_has_its_exact_ends(stage, spots):
    path = straight(60)
    path[:14] = path[45:] = np.nan
    (found,) = track.link(pictures(stage, path), spots(), shot=shot(60), every=4)
    assert found.frames == FrameRange(114, 145, RATE)
    assert found.present.all()


def test_a_short_gap_is_bridged_and_says_so(stage, spots, spot_points):
    path = straight(60)
    hole = path.copy()
    hole[25:33] = np.nan
    (found,) = track.link(pictures(stage, hole), spots(), shot=shot(60), every=4)
    assert found.present.all()
    assert off(found, path, spot_points).max() < 3
    assert (found.scores[26:32] == 0).all()
    assert (found.scores[:24] > 0).all()
    assert (found.scores[34:] > 0).all()


def test_a_long_gap_stays_open_but_it_is_the_same_face(stage, spots):
    path = straight(72, dx=0.2, dy=0.0)
    path[20:45] = np.nan
    (found,) = track.link(pictures(stage, path), spots(), shot=shot(72), every=4)
    assert found.frames == FrameRange(100, 172, RATE)
    assert not found.present[21:44].any()
    assert found.present[:19].all()
    assert found.present[46:].all()


def test_somebody_else_after_a_gap_is_another_face(stage, spots):
    path = straight(72, dx=0.0, dy=0.0)
    path[20:45] = np.nan
    path[45:] += [180, 0]
    found = track.link(pictures(stage, path), spots(), shot=shot(72), every=4)
    assert sorted((t.frames.start, t.frames.stop) for t in found) == [(100, 120), (145, 172)]


def test_nothing_is_carried_out_of_its_shot(stage, spots):
    """A track begins and ends with the pictures handed in, whatever came before."""
    path = straight(30)
    list(track.link(pictures(stage, path), spots(), shot=shot(30), every=4))
    (found,) = track.link(pictures(stage, path[::-1]), spots(), shot=shot(30, start=130), every=4)
    assert found.frames == FrameRange(130, 160, RATE)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_shortest_shots(stage, spots, count):
    path = straight(count)
    (found,) = track.link(pictures(stage, path), spots(), shot=shot(count), every=4)
    assert len(found.frames) == count
    assert found.present.all()


def test_no_face_no_picture(stage, spots):
    assert track.link(iter([stage.draw([])] * 9), spots(), shot=shot(9), every=4) == ()
    assert track.link(iter([]), spots(), shot=shot(0), every=4) == ()


def test_what_flickers_is_no_face(stage, spots):
    path = straight(80, dx=0.0)
    hidden = [n for n in range(80) if n % 16]
    assert track.link(pictures(stage, path, hidden=hidden), spots(), shot=shot(80), every=4) == ()


class Vase:
    """Sees a face in every picture of one size, and in no other."""

    name = "vase"

    def detect(self, frames):
        points = np.array([[[80, 80], [120, 80], [100, 105], [84, 130], [116, 130]]], np.float32)
        face = Faces(np.array([[70, 60, 130, 150]], np.float32), points, np.full(1, 0.9, np.float32))
        none = Faces(face.boxes[:0], face.points[:0], face.scores[:0])
        return [face if frame.shape[:2] == (220, 400) else none for frame in frames]


def test_what_is_never_found_again_is_no_face(stage):
    assert track.link(iter([stage.draw([])] * 40), Vase(), shot=shot(40), every=4) == ()


def test_second_looks(stage, spots, spot_points):
    picture = stage.draw([(200, 130)])
    assert recheck.again(spots(), picture, spot_points + np.array([200, 130])) == (True, True)
    assert recheck.again(spots(), picture, spot_points + np.array([240, 130])) == (False, False)
    assert recheck.again(Vase(), picture, spot_points + np.array([200, 130])) == (False, False)


def test_the_real_detector_on_our_drawn_face(draw_face, face_points):
    from w2l_studio.faces.detect_retinaface import RetinaFace
    from w2l_studio.nets import weights

    ours = RetinaFace(weights.load_state(weights.find("w2l-faces").path))
    face = draw_face(120)
    frames = []
    for n in range(16):
        frame = np.full((180, 320, 3), 90, np.uint8)
        frame[30:150, 40 + 5 * n : 160 + 5 * n] = face
        frames.append(frame)
    (found,) = track.link(iter(frames), ours, shot=shot(16), every=4)
    assert found.present.all()
    wanted = 40 + 5 * np.arange(16) + face_points[:, 0].mean() * 120
    assert np.abs(found.points[..., 0].mean(1) - wanted).max() < 5
    assert abs(np.diff(found.points[..., 0].mean(1)).mean() - 5) < 0.1


def test_flow_tells_where_points_went_and_when_it_does_not_know(stage, spot_points):
    one, two = (stage.draw([(x, 130)])[..., 1] for x in (200, 203.5))
    moved, held = flow.carry(one, two, spot_points + np.array([200, 130]))
    assert held
    assert np.abs(moved - spot_points - [203.5, 130]).max() < 0.3
    elsewhere = np.random.default_rng(0).integers(0, 256, one.shape).astype(np.uint8)
    assert not flow.carry(one, elsewhere, spot_points + np.array([200, 130]))[1]
