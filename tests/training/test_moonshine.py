"""Reading Moonshine's published encoder: written here as it is, read back, refused where it is another."""

import numpy as np
import pytest
import torch

from training.speech import moonshine
from w2l_studio.errors import WeightsError
from w2l_studio.nets.moonshine import LAYERS, WIDTH

PARTS = {"self_attn/q_proj": 1, "self_attn/k_proj": 1, "self_attn/v_proj": 1, "self_attn/dense": 1}
PARTS |= {"mlp/fc1": 4, "mlp/fc2": 0.25}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """An encoder with one layer too many, its weights and the file."""
    onnx = pytest.importorskip("onnx", reason="needs the extra [training]")
    random, held, nodes = np.random.default_rng(0), {}, []
    shapes = {"conv1": (WIDTH, 1, 127), "conv2": (2 * WIDTH, WIDTH, 7), "conv3": (WIDTH, 2 * WIDTH, 3)}
    for name, shape in shapes.items():
        held[f"{name}.weight_quantized"] = random.integers(-128, 128, shape, np.int8)
        held[f"{name}.weight_scale"] = np.array([0.01], np.float32)
        held[f"{name}.weight_zero_point"] = np.array([0.02], np.float32)
        if name != "conv1":
            held[f"{name}.bias"] = random.normal(size=shape[0]).astype(np.float32)
    for kind, name in (("Mul", "onnx::Mul_1"), ("Add", "onnx::Add_1")):
        held[name] = random.normal(size=(WIDTH, 1)).astype(np.float32)
        nodes.append(onnx.helper.make_node(kind, ["x", name], [f"g{kind}"], f"/groupnorm/{kind}"))
    for layer in range(LAYERS + 1):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            held[f"layers.{layer}.{norm}.weight"] = random.normal(size=WIDTH).astype(np.float32)
        for part, wider in PARTS.items():
            inputs = 4 * WIDTH if wider < 1 else WIDTH
            outputs = int(inputs * wider)
            weight = f"onnx::MatMul_{len(held)}"
            held[f"{weight}_quantized"] = random.integers(0, 256, (inputs, outputs), np.uint8)
            held[f"{weight}_scale"] = np.array(0.02, np.float32)
            held[f"{weight}_zero_point"] = np.array(121, np.uint8)
            if part.startswith("mlp"):
                held[f"layers.{layer}.{part.replace('/', '.')}.bias"] = random.normal(size=outputs).astype(
                    np.float32
                )
            name = f"/layers.{layer}/{part}/MatMul_quant"
            nodes.append(
                onnx.helper.make_node("MatMulInteger", ["x", f"{weight}_quantized"], [f"y{len(held)}"], name)
            )
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in held.items()]
    path = tmp_path_factory.mktemp("moon shine") / "encoder_model.onnx"
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [value], [], tensors)), path)
    return held, path


def test_a_published_encoder_becomes_a_network(published):
    held, path = published
    net = moonshine.network(path)
    for name in ("conv1", "conv2"):
        wanted = held[f"{name}.weight_quantized"] * np.float32(0.01) + np.float32(0.02)
        np.testing.assert_allclose(getattr(net, name).weight(), wanted, atol=1e-6)
    np.testing.assert_array_equal(net.groupnorm.bias.detach(), held["onnx::Add_1"][:, 0])
    layer = net.layers[3]
    np.testing.assert_array_equal(layer.fc2.bias.detach(), held["layers.3.mlp.fc2.bias"])
    np.testing.assert_array_equal(
        layer.input_layernorm.weight.detach(), held["layers.3.input_layernorm.weight"]
    )
    fitting = [held[name] for name in held if held[name].shape == (4 * WIDTH, WIDTH)]
    wanted = (fitting[3].T.astype(np.float32) - 121) * np.float32(0.02)
    np.testing.assert_allclose(layer.fc2.weight(), wanted, atol=1e-6)
    assert all(torch.isfinite(value).all() for value in net.state_dict().values())


def test_other_files_are_refused(published, tmp_path):
    import onnx

    _, path = published
    (tmp_path / "half.onnx").write_bytes(path.read_bytes()[:-2000])
    (tmp_path / "page.onnx").write_bytes(b"<html>")
    other = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
    onnx.save(other, tmp_path / "other.onnx")
    for name in ("half", "page", "other", "none"):
        with pytest.raises(WeightsError, match="no encoder of Moonshine"):
            moonshine.network(tmp_path / f"{name}.onnx")
