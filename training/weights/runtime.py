"""Networks as ONNX for studios' own runtimes, each file checked against torch before it may stay.

Needs the packages ``onnx``, ``onnxscript`` and ``onnxruntime`` (extra ``training``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from w2l_studio import atomic
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.nets.fuse import fold
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import WIDTH
from w2l_studio.nets.meta import Meta
from w2l_studio.terms.sound import BANDS

if TYPE_CHECKING:
    import onnxruntime

#: Largest difference that stays, of a range of 0..1 or -1..1: fp32 sums in another order.
_TOLERANCE = 1e-3


def write(net: nn.Module, meta: Meta, path: Path) -> float:
    """Write a generator or a sync expert as ONNX, in fp32, for any number of rows.

    A generator takes ``audio`` ``[N, 1, 80, C]`` of its C columns, one that listens ``[N, 1, 112, C]``, and
    ``face`` ``[N, 6, P, P]``, and gives ``drawn`` ``[N, 3, P, P]`` (`Generator.forward`); an expert takes
    ``face`` ``[N, 3 T, 48, 96]`` and gives ``heard`` and ``seen``. `Meta` stands in the model's properties.

    Returns:
        The largest difference to torch over two batches.

    Raises:
        UsageError: a package is missing, or the network is neither.
        WeightsError: the file would not give what torch gives; none is left.
    """
    if meta.kind not in ("generator", "expert"):
        raise UsageError(f"ONNX is for generators and experts, not for {meta.kind}")
    try:
        import onnx  # noqa: F401 - what torch exports with
        import onnxruntime
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error.name} is not installed", hint="pip install '.[training]' in the repository"
        ) from error
    folded = fold(net.cpu())
    rows = torch.export.Dim("rows", min=1, max=4096)
    program = torch.onnx.export(
        folded,
        _inputs(net, meta, 2),
        dynamo=True,
        input_names=["audio", "face"],
        output_names=["drawn"] if isinstance(net, Generator) else ["heard", "seen"],
        dynamic_shapes=({0: rows}, {0: rows}),
        verbose=False,
    )
    assert program is not None
    program.model.metadata_props.update(meta.to_header())
    with atomic.written(path) as part:
        program.save(str(part))
        session = onnxruntime.InferenceSession(str(part), providers=["CPUExecutionProvider"])
        worst = max(_difference(session, folded, _inputs(net, meta, count)) for count in (2, 3))
        if not worst < _TOLERANCE:
            raise WeightsError(
                f"its ONNX form differs from torch by {worst:.2g}", hint="use the safetensors file"
            )
    return worst


def _inputs(net: nn.Module, meta: Meta, count: int) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(count)
    columns = net.columns if isinstance(net, Generator) else 16
    bands = WIDTH if meta.listens else BANDS
    audio = 8 * torch.rand(count, 1, bands, columns, generator=chance) - 4
    size = (
        (6, meta.face_px, meta.face_px)
        if isinstance(net, Generator)
        else (3 * meta.frames, FACE_PX // 2, FACE_PX)
    )
    return audio, torch.rand(count, *size, generator=chance)


@torch.inference_mode()
def _difference(
    session: onnxruntime.InferenceSession, net: nn.Module, inputs: tuple[Tensor, Tensor]
) -> float:
    wanted = net(*inputs)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    given = dict(zip(("audio", "face"), (x.numpy() for x in inputs), strict=True))
    made = session.run(None, given)
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(made, wanted, strict=True))
