"""The three networks of MTCNN and the reader of their published weights.

Holds no picture pyramid and no boxes (`rival_mtcnn`); never imports the package that carries the weights.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from pathlib import Path
from typing import TypeAlias

import joblib
import torch
from torch import Tensor
from torch.nn import functional as F

from w2l_studio.errors import WeightsError

Layers: TypeAlias = tuple[Tensor, ...]

#: SHA-256 of the files inside the wheel ``mtcnn==1.0.0``. They are pickles: nothing else is ever loaded.
SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
_HINT = "install the carrier of the weights, and what reads it: pip install --no-deps mtcnn==1.0.0 lz4"


def weights_folder() -> Path:
    """Return where the installed ``mtcnn`` wheel keeps its weights; the package is not imported.

    Raises:
        WeightsError: the package is not installed.
    """
    spec = importlib.util.find_spec("mtcnn")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError("the face detector's weights are missing (package mtcnn)", hint=_HINT)
    return Path(spec.submodule_search_locations[0]) / "assets" / "weights"


def read_layers(path: Path, sha256: str) -> Layers:
    """Read one network's arrays in layer order, after their digest was found right.

    Args:
        path: a ``.lz4`` file of joblib.
        sha256: what the file's digest has to be.

    Returns:
        float32 tensors; kernels as ``[out, in, h, w]``, dense weights as ``[in, out]``.

    Raises:
        WeightsError: missing or altered.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError("face detector weights cannot be read", hint=_HINT, where=str(path)) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError("face detector weights are not the published ones", hint=_HINT, where=str(path))
    arrays = (torch.from_numpy(array) for array in joblib.load(io.BytesIO(data)))
    return tuple(a.permute(3, 2, 0, 1).contiguous() if a.dim() == 4 else a for a in arrays)


def proposals(x: Tensor, layers: Layers) -> tuple[Tensor, Tensor]:
    """P-Net (MTCNN paper, figure 2): fully convolutional, stride 2, 12 px field.

    Args:
        x: ``[N, 3, H, W]`` RGB, -1..1.
        layers: 13 tensors.

    Returns:
        Box corrections ``[N, 4, h, w]`` in parts of the field and face probability ``[N, h, w]``.
    """
    x = _pool(_conv(x, layers[0:3]), 2, same=True)
    x = _conv(_conv(x, layers[3:6]), layers[6:9])
    scores = F.conv2d(x, layers[11], layers[12]).softmax(1)
    return F.conv2d(x, layers[9], layers[10]), scores[:, 1]


def refine(x: Tensor, layers: Layers) -> tuple[Tensor, Tensor]:
    """R-Net: ``[N, 3, 24, 24]`` -> corrections ``[N, 4]`` and probability ``[N]``."""
    x = _pool(_conv(x, layers[0:3]), 3, same=True)
    x = _pool(_conv(x, layers[3:6]), 3, same=False)
    x = _dense(_conv(x, layers[6:9]), layers[9:12])
    return x @ layers[12] + layers[13], (x @ layers[14] + layers[15]).softmax(1)[:, 1]


def landmarks(x: Tensor, layers: Layers) -> tuple[Tensor, Tensor, Tensor]:
    """O-Net: ``[N, 3, 48, 48]`` -> corrections ``[N, 4]``, points ``[N, 10]`` (x5, y5), probability."""
    x = _pool(_conv(x, layers[0:3]), 3, same=True)
    x = _pool(_conv(x, layers[3:6]), 3, same=False)
    x = _pool(_conv(x, layers[6:9]), 2, same=True)
    x = _dense(_conv(x, layers[9:12]), layers[12:15])
    score = (x @ layers[19] + layers[20]).softmax(1)[:, 1]
    return x @ layers[15] + layers[16], x @ layers[17] + layers[18], score


def _conv(x: Tensor, layer: Layers) -> Tensor:
    kernel, bias, slope = layer
    return F.prelu(F.conv2d(x, kernel, bias), slope.flatten())


def _dense(x: Tensor, layer: Layers) -> Tensor:
    weight, bias, slope = layer
    # The published dense layers read the map column by column: W, H, C.
    return F.prelu(x.permute(0, 3, 2, 1).flatten(1) @ weight + bias, slope.flatten())


def _pool(x: Tensor, size: int, *, same: bool) -> Tensor:
    if same:  # the odd pixel of "same" padding lies right and below
        height, width = ((-(-n // 2) - 1) * 2 + size - n for n in x.shape[2:])
        x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2), value=-torch.inf)
    return F.max_pool2d(x, size, 2)
