"""Reading Sphinx's files: written here in their format, read back, and refused when they are others."""

import numpy as np
import pytest

from training import sphinx
from w2l_studio.errors import WeightsError
from w2l_studio.nets.phones import CEPSTRA, DENSITIES, PHONES, STATES, STREAMS

SHAPE = (len(PHONES), STREAMS, DENSITIES, CEPSTRA)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of random numbers, with two states that have a context after those that have none."""
    folder, random = tmp_path_factory.mktemp("en us"), np.random.default_rng(0)
    numbers = {"means": random.normal(0, 1, SHAPE), "variances": random.uniform(0, 1, SHAPE)}
    numbers["variances"][0, 0, 0, 0] = 0
    for name, values in numbers.items():
        head = np.array([0x11223344, *SHAPE[:3], *(CEPSTRA,) * STREAMS, values.size], "<i4")
        (folder / name).write_bytes(
            b"s3\nversion 1.0\nendhdr\n" + head.tobytes() + values.astype("<f4").tobytes() + bytes(4)
        )
    states = len(PHONES) * STATES + 2
    told = random.integers(0, 256, (STREAMS, DENSITIES, states), np.uint8)
    title = b"feature_count 3\0"
    start = np.array(len(title), "<i4").tobytes() + title + bytes(4)
    (folder / "sendump").write_bytes(start + np.array([DENSITIES, states], "<i4").tobytes() + told.tobytes())
    return folder, numbers, told


def test_a_model_becomes_a_network(model):
    folder, numbers, told = model
    net = sphinx.network(folder)
    np.testing.assert_allclose(net.means, numbers["means"], rtol=1e-6)
    np.testing.assert_allclose(net.precisions, 1 / np.maximum(numbers["variances"], 1e-4), rtol=1e-5)
    for stream, phone, density, state in ((0, 0, 0, 0), (2, 41, 127, 2), (1, 8, 5, 1)):
        byte = int(told[stream, density, phone * STATES + state])
        assert float(net.mixtures[stream, phone, density, state]) == pytest.approx(
            -byte * 1024 * np.log(1.0001), rel=1e-5
        )


@pytest.mark.parametrize("name", ["means", "variances", "sendump"])
def test_other_files_are_refused(model, tmp_path, name):
    for path in model[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-2000])
    with pytest.raises(WeightsError, match="no model of Sphinx's"):
        sphinx.network(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(WeightsError, match=name):
        sphinx.network(tmp_path)
