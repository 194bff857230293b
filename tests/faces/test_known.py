import numpy as np
import pytest

from w2l_studio.faces import known
from w2l_studio.faces.detect_retinaface import RetinaFace
from w2l_studio.nets import weights
from w2l_studio.terms import Faces


class Says:
    name = "says"

    def __init__(self, faces):
        self.faces = faces

    def detect(self, frames):
        return [self.faces for _ in frames]


@pytest.fixture(scope="module")
def right():
    ours = RetinaFace(weights.load_state(weights.find("w2l-faces").path))
    return ours.detect(known.picture()[None])[0]


def test_the_picture_shows_one_face(right):
    assert known.picture().shape == (180, 320, 3)
    assert len(right.scores) == 1
    assert known.found_by(Says(right))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f: Faces(f.boxes[:0], f.points[:0], f.scores[:0]),
        lambda f: Faces(f.boxes + 40, f.points, f.scores),
        lambda f: Faces(f.boxes, f.points[:, [1, 0, 2, 4, 3]], f.scores),
        lambda f: Faces(f.boxes, f.points + np.float32([0, 15]), f.scores),
    ],
    ids=["nothing", "elsewhere", "mirrored", "low"],
)
def test_a_face_that_is_not_where_it_is_counts_for_nothing(right, wrong):
    assert not known.found_by(Says(wrong(right)))


@pytest.mark.shared
def test_weights_in_the_network_of_the_other_family_find_nothing(shared):
    state = weights.load_state(shared("weights/retinaface_mobilenet0.25_Final.pth"))
    detector = RetinaFace(state)
    assert known.found_by(detector)
    detector.imagenet = True
    assert not known.found_by(detector)
