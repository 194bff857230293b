"""FID: the distance on known normal distributions, the network against a published one."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from training.measure import fid, inception
from w2l_studio.errors import WeightsError


@given(
    seed=st.integers(0, 99),
    features=st.integers(1, 6),
    more=st.tuples(st.integers(2, 40), st.integers(2, 40)),
)
def test_the_distance_is_that_of_the_definition(seed, features, more):
    random = np.random.default_rng(seed)
    one, other = (
        random.normal(random.normal(), 1, (features + n, features))
        @ random.normal(0, 1, (features, features))
        for n in more
    )
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (one, other))
    root = sqrtm(first @ second).real
    wanted = np.square(one.mean(0) - other.mean(0)).sum() + np.trace(first + second - 2 * root)
    assert fid.distance(one, other) == pytest.approx(wanted, abs=1e-5, rel=1e-5)
    assert fid.distance(one, one) == pytest.approx(0, abs=1e-9)


def test_fewer_faces_than_features_are_no_harm():
    random = np.random.default_rng(0)
    one, other = random.normal(0, 1, (5, 20)), random.normal(1, 2, (4, 20))
    first, second = (x - x.mean(0) for x in (one, other))
    # By the definition on the few dimensions that the faces span, where no covariance is singular to scipy.
    basis = np.linalg.svd(np.concatenate([one, other]), full_matrices=False)[2]
    little = 1e-10 * np.eye(len(basis))
    covariances = [basis @ (x.T @ x / (len(x) - 1)) @ basis.T + little for x in (first, second)]
    wanted = np.square(one.mean(0) - other.mean(0)).sum()
    wanted += np.trace(sum(covariances) - 2 * sqrtm(covariances[0] @ covariances[1]).real)
    assert fid.distance(one, other) == pytest.approx(wanted, rel=1e-3)


def test_normal_distributions_with_known_moments_are_as_far_apart_as_they_should_be():
    random = np.random.default_rng(0)
    spreads, moved = (np.array([1.0, 2.0, 0.5]), np.array([2.0, 1.0, 0.5])), np.array([0.0, 1.0, 2.0])
    one, other = (random.standard_normal((20_000, 3)) * spread for spread in spreads)
    # Independent features: the distance is that of the means and of the deviations.
    assert fid.distance(one, other + moved) == pytest.approx(5 + 2, rel=0.05)


def test_the_network_has_the_published_names_and_size():
    with torch.device("meta"):
        net = inception.Inception()
    keys = [key for key in net.state_dict() if not key.endswith("num_batches_tracked")]
    # torchvision's Inception v3 without its second head has 23,834,568 parameters; here are 8 classes more.
    assert sum(one.numel() for one in net.parameters()) == 23_834_568 + 8 * 2049
    assert len(keys) == 94 * 5 + 2
    shapes = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    assert shapes["Conv2d_1a_3x3.conv.weight"] == (32, 3, 3, 3)
    assert shapes["Mixed_5b.branch_pool.conv.weight"] == (32, 192, 1, 1)
    assert shapes["Mixed_6e.branch7x7dbl_5.conv.weight"] == (192, 192, 1, 7)
    assert shapes["Mixed_7a.branch7x7x3_4.bn.running_var"] == (192,)
    assert shapes["Mixed_7c.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert shapes["fc.weight"] == (1008, 2048)


def seeded(net):
    """Fill a network from numpy's chance: the same everywhere."""
    random, state = np.random.default_rng(0), net.state_dict()
    for key in sorted(state):
        shape = tuple(state[key].shape)
        if not shape:
            continue
        value = random.random(shape, np.float32)
        if key.endswith("conv.weight"):
            value = (value - 0.5) * np.sqrt(24 / np.prod(shape[1:]))
        elif key.endswith(("running_mean", "bias")):
            value = 0.4 * value - 0.2
        elif ".bn." in key:
            value = 0.5 + value
        state[key] = torch.from_numpy(value.astype(np.float32))
    return state


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("inception") / "pt_inception-2015-12-05-6726825d.pth"
    state = seeded(inception.Inception())
    torch.save({key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}, path)
    return path


def test_it_computes_what_a_published_network_does(weights):
    """The numbers are of torch-fidelity 0.4.0 (Apache-2.0), with the same weights: no bit differed."""
    net = inception.load(weights)
    picture = np.random.default_rng(1).integers(0, 256, (1, 3, 299, 299), np.uint8)
    with torch.inference_mode():
        # torch-fidelity maps 0..255 to -1..0.992, pytorch-fid to -1..1; undone here.
        found = net((torch.from_numpy(picture).float() - 128) / 256 + 0.5)[0]
    wanted = [1.0442301, 0.16880777, 21.093195, 9.2245178, 0.08895532, 7.1088843, 0.52602464, 0.28060502]
    assert found[::256].tolist() == pytest.approx(wanted, rel=1e-3)
    assert float(found.norm()) == pytest.approx(469.6579, rel=1e-4)


def test_every_fifth_face_is_described_in_its_colours(weights):
    net = inception.load(weights)
    faces = np.zeros((11, 96, 96, 3), np.uint8)
    faces[5:, ..., 0], faces[10:, ..., 2] = 255, 90
    found = fid.features(net, faces)
    assert found.shape == (3, 2048)
    with torch.inference_mode():
        blue = net(torch.tensor([0.0, 0.0, 1.0])[None, :, None, None].expand(1, 3, 96, 96))
    assert np.allclose(found[1], blue[0].numpy(), atol=1e-3)
    assert not np.allclose(found[1], found[2], atol=1e-2)


def test_another_file_is_refused_by_name(tmp_path, weights):
    path = tmp_path / "half.pth"
    state = dict(torch.load(weights, weights_only=True))  # noqa: TID251 - what was written above
    del state["Mixed_6a.branch3x3.conv.weight"]
    torch.save(state, path)
    with pytest.raises(WeightsError, match=r"Mixed_6a\.branch3x3\.conv\.weight is missing"):
        inception.load(path)
    with pytest.raises(WeightsError, match="no such file"):
        inception.load(tmp_path / "gone.pth")
