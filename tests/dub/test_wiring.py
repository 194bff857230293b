"""What a job works with: the detector that dubs is the one that inspects and scores."""

import numpy as np
import pytest

from w2l_studio.config import DubConfig, FaceConfig
from w2l_studio.dub import wiring
from w2l_studio.errors import WeightsError
from w2l_studio.faces import known
from w2l_studio.faces.detect_retinaface import RetinaFace
from w2l_studio.nets import weights


def test_every_job_finds_faces_with_ours_and_their_points_with_our_other_network():
    config = DubConfig()
    entries = wiring.identify(config)
    assert (entries["detector"].name, entries["points"].name) == ("w2l-faces", "w2l-points")
    picture = known.picture()[None]
    dubs, looks = (
        one.detect(picture)[0]
        for one in (wiring.build(config, entries).detector, wiring.detector(FaceConfig()))
    )
    (bare,) = RetinaFace(weights.load_state(entries["detector"].path)).detect(picture)
    np.testing.assert_array_equal(dubs.points, looks.points)
    np.testing.assert_array_equal(dubs.boxes, bare.boxes)
    assert np.abs(dubs.points - bare.points).max() > 0.5


def test_what_finds_no_faces_is_no_detector():
    with pytest.raises(WeightsError, match="w2l-192 finds no faces: generator"):
        wiring.identify(DubConfig(faces=FaceConfig(detector="w2l-192")))
