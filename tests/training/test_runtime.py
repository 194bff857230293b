"""ONNX files give what torch gives, or do not stay."""

import warnings
from dataclasses import replace

import pytest
import torch

from training.weights import runtime
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening

GENERATOR = Meta("generator", width=0.0625, face_px=192, from_reference=True, sub_pixels=2, licence="CC0")


def written(net, meta, path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, which differ between versions of torch
        return runtime.write(net, meta, path)


def test_a_generator_is_the_same_in_another_runtime_and_keeps_its_header(lively, tmp_path):
    net = lively(Generator(0.0625, 192, from_reference=True, sub_pixels=2))
    path = tmp_path / "one.onnx"
    assert written(net, GENERATOR, path) < 1e-4
    import onnx

    properties = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert (properties["licence"], properties["sub_pixels"]) == ("CC0", "2")


def test_so_is_one_that_warps(lively, tmp_path):
    net = lively(Generator(0.0625, 192, from_reference=True, warps=True, sub_pixels=2))
    torch.nn.init.normal_(net.flow_block[1].weight, 0, 0.3)
    assert written(net, replace(GENERATOR, warps=True), tmp_path / "one.onnx") < 1e-3


def test_so_is_one_that_listens(lively, tmp_path):
    net = lively(Generator(0.0625, 192, from_reference=True, sub_pixels=2, columns=40, listens=True))
    meta = replace(GENERATOR, columns=40, listens="ab" * 32)
    assert written(net, meta, tmp_path / "one.onnx") < 1e-4


def test_an_expert_is_the_same_in_another_runtime(lively, tmp_path):
    assert written(lively(Contrast()), Meta("expert"), tmp_path / "one.onnx") < 1e-4


def test_a_file_that_differs_does_not_stay(lively, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "_difference", lambda *_: float("nan"))
    with pytest.raises(WeightsError, match="differs from torch"):
        written(lively(Generator(0.0625)), Meta("generator", width=0.0625), tmp_path / "one.onnx")
    assert list(tmp_path.iterdir()) == []


def test_nor_does_one_whose_check_was_killed(lively, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runtime, "_difference", killed)
    with pytest.raises(KeyboardInterrupt):
        written(lively(Generator(0.0625)), Meta("generator", width=0.0625), tmp_path / "one.onnx")
    assert list(tmp_path.iterdir()) == []


def test_other_networks_are_refused(tmp_path):
    with pytest.raises(UsageError, match="not for opening"):
        runtime.write(Opening(), Meta("opening"), tmp_path / "one.onnx")
