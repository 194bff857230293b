"""Reads the encoder of Moonshine Tiny from its makers' npm package, and makes `nets.moonshine` of it.

Trains nothing. The file is ``dist/model/tiny/quantized/encoder_model.onnx`` of @moonshine-ai/moonshine-js.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from w2l_studio.errors import WeightsError
from w2l_studio.nets.moonshine import LAYERS, Moonshine

_CONVOLUTIONS = ("conv1", "conv2", "conv3")
#: Signed bytes become unsigned ones.
_SHIFT = 128


def network(path: Path) -> Moonshine:
    """Return its first layers as a network.

    Raises:
        WeightsError: not that model.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(path).graph
        state = _state(graph)
        net = Moonshine()
        net.load_state_dict(state)
    except (OSError, DecodeError, KeyError, RuntimeError, ValueError) as error:
        raise WeightsError(f"it is no encoder of Moonshine Tiny ({error})", where=str(path)) from error
    return net.eval()


def _state(graph: Any) -> dict[str, Tensor]:
    from onnx import numpy_helper

    held = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    nodes = {node.name: node for node in graph.node}
    found = {
        "groupnorm.weight": held[nodes["/groupnorm/Mul"].input[1]].ravel(),
        "groupnorm.bias": held[nodes["/groupnorm/Add"].input[1]].ravel(),
    }
    for name in _CONVOLUTIONS:
        levels, step = held[f"{name}.weight_quantized"], held[f"{name}.weight_scale"]
        found[f"{name}.levels"] = (levels.astype(np.int16) + _SHIFT).astype(np.uint8)
        found[f"{name}.step"] = step
        found[f"{name}.zero"] = _SHIFT - held[f"{name}.weight_zero_point"] / step
        if f"{name}.bias" in held:
            found[f"{name}.bias"] = held[f"{name}.bias"]
    for node in (node for node in graph.node if node.op_type == "MatMulInteger"):
        # Nodes are named like /layers.0/self_attn/q_proj/MatMul_quant; input 1 is the weight.
        _, layer, _, part, _ = node.name.split("/")
        weight = node.input[1].removesuffix("_quantized")
        found[f"{layer}.{part}.levels"] = held[f"{weight}_quantized"].T
        found[f"{layer}.{part}.step"] = held[f"{weight}_scale"].reshape(1)
        found[f"{layer}.{part}.zero"] = held[f"{weight}_zero_point"].reshape(1).astype(np.float32)
    for name in (name for name in held if name.startswith("layers.")):
        found[name.replace(".mlp", "")] = held[name]
    kept = {name: value for name, value in found.items() if _kept(name)}
    return {name: torch.from_numpy(np.array(value)) for name, value in kept.items()}


def _kept(name: str) -> bool:
    return not name.startswith("layers.") or int(name.split(".")[1]) < LAYERS
