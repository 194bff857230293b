"""ONNX files give what torch gives, and published checkpoints become files of ours."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training import runtime
from training.__main__ import cli
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.nets import weights
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening

WIDTH = 0.0625


@pytest.fixture
def _onnx():
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)


@pytest.mark.usefixtures("_onnx")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("net", "meta"),
    [
        (
            lambda: Generator(WIDTH, from_reference=True),
            Meta("generator", width=WIDTH, from_reference=True, lead_ms=-75.0),
        ),
        (lambda: Expert(WIDTH, 3), Meta("expert", width=WIDTH, frames=3)),
    ],
    ids=["generator", "expert"],
)
def test_onnx_gives_what_torch_gives(tmp_path, net, meta):
    import onnx
    import onnxruntime

    torch.manual_seed(0)
    made, path = net().eval(), tmp_path / "net.onnx"
    assert runtime.write(made, meta, path) < 1e-3
    told = {row.key: row.value for row in onnx.load(path).metadata_props}
    assert Meta.from_header(told) == meta
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    shapes = {node.name: [5, *node.shape[1:]] for node in session.get_inputs()}
    given = {name: np.random.default_rng(0).random(shape, np.float32) for name, shape in shapes.items()}
    wanted = made(*(torch.from_numpy(given[name]) for name in ("audio", "face")))
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    for one, other in zip(session.run(None, given), wanted, strict=True):
        assert np.abs(one - other.detach().numpy()).max() < 1e-3


@pytest.mark.usefixtures("_onnx")
def test_a_file_that_differs_does_not_stay(tmp_path, monkeypatch):
    class Program:
        def __init__(self):
            self.model = type("Model", (), {"metadata_props": {}})()

        def save(self, path):
            (tmp_path / "net.onnx").write_bytes(b"")

    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: Program())
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: None)
    monkeypatch.setattr(runtime, "_difference", lambda *_: 0.5)
    with pytest.raises(WeightsError, match=r"differs from torch by 0\.5"):
        runtime.write(Generator(WIDTH), Meta("generator", width=WIDTH), tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


def test_other_networks_have_no_onnx_form(tmp_path):
    with pytest.raises(UsageError, match="not for opening"):
        runtime.write(Opening(), Meta("opening"), tmp_path / "net.onnx")


def test_published_checkpoints_become_files_of_ours(tmp_path):
    torch.manual_seed(0)
    nets = {"wav2lip": Generator(), "lipsync_expert": Expert()}
    for name, net in nets.items():
        state = {f"module.{key}": value for key, value in net.state_dict().items()}
        torch.save({"state_dict": state, "optimizer": {}, "global_step": 1}, tmp_path / f"{name}.pth")
        command = ["export", str(tmp_path / f"{name}.pth"), str(tmp_path / "ours"), "--name", name]
        done = CliRunner().invoke(cli, [*command, "--licence", "research only"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    rows = json.loads((tmp_path / "ours" / "weights.json").read_text())
    assert [(row["name"], row["kind"], row["commercial"]) for row in rows] == [
        ("wav2lip", "generator", False),
        ("lipsync_expert", "expert", False),
    ]
    net, meta = weights.load_generator(tmp_path / "ours" / "wav2lip.safetensors")
    assert (meta.lead_ms, meta.licence, meta.recipe) == (-40.0, "research only", "published format")
    for key, value in nets["wav2lip"].state_dict().items():
        assert torch.allclose(net.state_dict()[key].float(), value.float(), atol=1e-3), key
