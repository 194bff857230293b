"""What every Detector promises, over all of them and a fake."""

import cv2
import numpy as np
import pytest

from w2l_studio.errors import WeightsError
from w2l_studio.faces.detect_retinaface import RetinaFace
from w2l_studio.faces.detect_yunet import YuNet
from w2l_studio.nets import weights

DETECTORS = {
    "ours": None,
    "retinaface": "weights/retinaface_mobilenet0.25_Final.pth",
    "retinaface-retrained": "weights/retinaface_mobilenet0.25_sglee487_retrain.pth",
    "yunet": "weights/face_detection_yunet_2023mar.onnx",
    "yunet-n": "weights/yunet_n_dynamic.onnx",
    "fake": None,
}
SIDE, LEFT, TOP = 240, 200, 60


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=pytest.mark.shared if p else ()) for n, p in DETECTORS.items()],
)
def detector(request, shared, spot_detector):
    path = shared(DETECTORS[request.param]) if DETECTORS[request.param] else None
    if request.param == "fake":
        return spot_detector
    if path is None:
        return RetinaFace(weights.load_state(weights.find("w2l-faces").path), name="w2l-faces")
    if path.suffix == ".onnx":
        return YuNet(path)
    return RetinaFace(weights.load_state(path))


@pytest.fixture(scope="module")
def picture(draw_face, face_points, detector):
    """Our drawn face on grey; with spots for the fake, which knows nothing else."""
    frame = np.full((360, 640, 3), 90, np.uint8)
    frame[TOP : TOP + SIDE, LEFT : LEFT + SIDE] = draw_face(SIDE)
    if detector.name == "spots":
        colours = [(0, 255, 0), (0, 255, 0), (255, 255, 255), (0, 0, 255), (0, 0, 255)]
        for (x, y), colour in zip(face_points * SIDE + [LEFT, TOP], colours, strict=True):
            cv2.circle(frame, (round(float(x)), round(float(y))), 8, colour, -1)
    return frame


def truth(face_points, scale=1.0):
    return (face_points * SIDE + [LEFT, TOP]) * scale


def test_it_finds_the_face_and_tells_all_in_the_pictures_pixels(detector, picture, face_points):
    (faces,) = detector.detect(picture[None])
    assert len(faces.scores) == 1
    assert (faces.boxes.shape, faces.points.shape) == ((1, 4), (1, 5, 2))
    assert faces.boxes.dtype == faces.points.dtype == faces.scores.dtype == np.float32
    assert 0.6 < faces.scores[0] <= 1
    left, top, right, bottom = faces.boxes[0]
    assert LEFT < left < right < LEFT + SIDE
    assert TOP < top < bottom < TOP + SIDE
    off = np.linalg.norm(faces.points[0] - truth(face_points), axis=1)
    assert off.max() < 0.14 * SIDE, "in parts of the head's height"


def test_left_is_left_in_the_picture_and_eyes_are_above_the_mouth(detector, picture):
    (faces,) = detector.detect(picture[None])
    left_eye, right_eye, nose, left_corner, right_corner = faces.points[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_corner[0] < right_corner[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_corner[1], right_corner[1])


def test_a_mirrored_picture_mirrors_the_points(detector, picture):
    here, there = detector.detect(np.stack([picture, picture[:, ::-1]]))
    mirrored = here.points[0] * [-1, 1] + [picture.shape[1] - 1, 0]
    off = np.linalg.norm(there.points[0] - mirrored[[1, 0, 2, 4, 3]], axis=1)
    assert off.max() < 0.09 * SIDE


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_pictures_of_any_size(detector, picture, face_points, scale):
    size = (round(640 * scale), round(360 * scale))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    (faces,) = detector.detect(scaled[None])
    off = np.linalg.norm(faces.points[0] - truth(face_points, scale), axis=1)
    assert off.max() < 0.16 * SIDE * scale


def test_one_answer_per_picture_none_where_there_is_no_face(detector, picture):
    empty = np.full_like(picture, 90)
    found = detector.detect(np.stack([empty, picture, empty]))
    assert [len(faces.scores) for faces in found] == [0, 1, 0]
    assert found[0].boxes.shape == (0, 4)
    assert found[0].points.shape == (0, 5, 2)
    assert detector.detect(picture[None][:0]) == []


def test_it_changes_nothing_and_says_the_same_twice(detector, picture):
    before = picture.copy()
    (one,), (two,) = detector.detect(picture[None]), detector.detect(picture[None])
    assert np.array_equal(picture, before)
    assert np.array_equal(one.points, two.points)


def test_it_has_a_name(detector):
    assert detector.name == detector.name.lower()


def test_weights_of_another_network_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="not RetinaFace's"):
        RetinaFace({"face_encoder.0.weight": np.zeros(1)})
    (tmp_path / "a.onnx").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="YuNet"):
        YuNet(tmp_path / "a.onnx")
    with pytest.raises(WeightsError, match="missing"):
        YuNet(tmp_path / "b.onnx")
