"""From a run's checkpoint to weights that the engine ships: safetensors with their origin in the header.

Trains and measures nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from training.run import checkpoint
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.faces.retinaface_net import RetinaFace
from w2l_studio.nets import checkpoint as files
from w2l_studio.nets import registry, weights
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.lips import Lips
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening
from w2l_studio.nets.points import SIDE_PX, Points
from w2l_studio.nets.registry import Entry
from w2l_studio.nets.sharpener import FACE_PX, Sharpener
from w2l_studio.nets.syncnet import SLIM, SyncNet
from w2l_studio.sound.windows import COLUMNS

State: TypeAlias = dict[str, Tensor]


def network(state: State, where: Path, columns: int | None = None) -> tuple[nn.Module, Meta]:
    """Build the network that a state belongs to, filled, with what its shape tells about it.

    Args:
        columns: mel columns that a generator hears, which the state of one that listens does not tell.

    Raises:
        WeightsError: it belongs to none that is known here.
    """
    if "face_encoder_blocks.0.0.conv_block.0.weight" in state:
        net, meta = _generator(state, columns)
    else:
        build = next((build for sign, build in _BUILDERS if sign in state), None)
        if build is None:
            raise WeightsError("this is no network of ours", hint="give a run's folder", where=str(where))
        net, meta = build(state)
    net.load_state_dict(state)
    return net.eval(), meta


def _generator(state: State, columns: int | None) -> tuple[nn.Module, Meta]:
    width, sub_pixels = _width(state, "face_decoder_blocks.0.0"), _sub_pixels(state)
    side = _side(state) * sub_pixels
    columns = columns or _columns(state)
    # A state does not tell whether it draws from its reference, but for one that warps it.
    warps = "flow_block.1.weight" in state
    net = Generator(
        width,
        side,
        from_reference=warps,
        warps=warps,
        sub_pixels=sub_pixels,
        columns=columns,
        listens="listener.outer.weight" in state,
    )
    return net, Meta("generator", width=width, face_px=side, sub_pixels=sub_pixels, columns=columns)


def _expert(state: State) -> tuple[nn.Module, Meta]:
    frames = state["face_encoder.0.conv_block.0.weight"].shape[1] // 3
    width = _width(state, "face_encoder.14")
    return Expert(width, frames), Meta("expert", width=width, frames=frames, recipe="paper")


def _judge(_: State) -> tuple[nn.Module, Meta]:
    return SyncNet(SLIM), Meta("judge", width=SLIM.width, recipe="SyncNet slim, contrast")


def _sharpener(_: State) -> tuple[nn.Module, Meta]:
    return Sharpener(), Meta("sharpener", frames=1, face_px=FACE_PX, recipe="truth laid over")


def _points(_: State) -> tuple[nn.Module, Meta]:
    return Points(), Meta("points", frames=1, face_px=SIDE_PX, recipe="portraits of performers")


def _detector(_: State) -> tuple[nn.Module, Meta]:
    return RetinaFace(resnet=False), Meta("retinaface", frames=1, recipe="crowds of performers")


#: A key of a network's state, and what builds that network; the first one that is there counts. Published
#: files are told by `nets.checkpoint`'s signs: one more network means both.
_BUILDERS: tuple[tuple[str, Callable[[State], tuple[nn.Module, Meta]]], ...] = (
    ("face_encoder.0.conv_block.0.weight", _expert),
    ("face_encoder.0.0.weight", lambda _: (Contrast(), Meta("expert", recipe="contrast"))),
    ("netcnnlip.0.weight", _judge),
    ("coarse.0.first.weight", _sharpener),
    ("out.weight", _points),
    ("body.0.0.weight", lambda _: (Opening(), Meta("opening", frames=1))),
    ("body.stage1.0.0.weight", _detector),
    ("lips.weight", lambda _: (Lips(), Meta("lips", frames=0))),
)


def _width(state: State, layer: str) -> float:
    """Return the width of a network from a layer that has 512 channels at width 1."""
    return state[f"{layer}.conv_block.0.weight"].shape[0] / 512


def _sub_pixels(state: State) -> int:
    """Return how many pixels stand side by side in the input of a generator: 6 channels for each."""
    return round(math.sqrt(state["face_encoder_blocks.0.0.conv_block.0.weight"].shape[1] / 6))


def _columns(state: State) -> int:
    """Return how many mel columns a generator hears: a last kernel of 3 spans 16, each more another 6."""
    return COLUMNS + 6 * (state["audio_encoder.11.conv_block.0.weight"].shape[-1] - 3)


def _side(state: State) -> int:
    """Return the side of the pictures inside a generator by its stages and its bottleneck's kernel."""
    if "face_encoder_blocks.7.0.conv_block.0.weight" in state:
        return 192
    return {3: 96, 4: 128}[state["face_encoder_blocks.6.0.conv_block.0.weight"].shape[-1]]


def from_run(run: Path, *, best: bool = False) -> tuple[nn.Module, Meta]:
    """Read the network of a run: the moving average of its weights, where there is one.

    Args:
        run: folder with ``checkpoint.pt`` and ``manifest.tsv``.
        best: as of the best measurement (``best.pt``), not of the last step.

    Returns:
        The network, and its meta with steps and the manifest's hash.

    Raises:
        WeightsError: no checkpoint of a trainer.
        UsageError: ``best`` of a run that was never measured.
    """
    path = run / ("best.pt" if best else "checkpoint.pt")
    if best and not path.exists():
        raise UsageError("this run was never measured", hint="leave out --best", where=str(run))
    saved = checkpoint.load(path)
    trainee = saved["trainee"]
    told = trainee.get("meta", {})
    net, meta = network(trainee.get("average") or trainee["net"], path, told.get("columns"))
    meta = replace(meta, **told)
    if isinstance(net, Generator):
        net.from_reference = meta.from_reference
    listed = run / "manifest.tsv"
    manifest = files.sha256(listed) if listed.exists() else ""
    return net, replace(meta, steps=saved["step"], manifest=manifest)


def opened(source: Path) -> tuple[nn.Module, Meta]:
    """Read a network from a run's folder or from a weights file, the published ``.pth`` among them.

    Raises:
        WeightsError: neither, or for no network that is known here.
    """
    if source.is_dir():
        return from_run(source)
    if files.kind_of(source) == "generator":
        return weights.load_generator(source)
    state, header = files.read(source)
    net, meta = network(state, source)
    return net, Meta.from_header(header) if header else meta


def mean(parts: Sequence[tuple[nn.Module, Meta]]) -> tuple[nn.Module, Meta]:
    """Return the mean of the weights of networks that began alike, which is often better than each.

    Runs that began with the same weights end in one basin (arXiv 2203.05482); others do not, and their mean
    is worth nothing.

    Args:
        parts: at least one, as from `opened`. The first is changed.

    Raises:
        UsageError: they are not of one shape.
    """
    net, meta = parts[0]
    states = [part.state_dict() for part, _ in parts]
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    if any(other.kind != meta.kind for _, other in parts) or any(shape != shapes[0] for shape in shapes):
        raise UsageError(
            "networks of different shapes have no mean", hint="give runs that began with the same weights"
        )
    net.load_state_dict(
        {
            name: torch.stack([state[name].double() for state in states]).mean(0).to(value.dtype)
            if value.is_floating_point()
            else value
            for name, value in states[0].items()
        }
    )
    manifests = sorted({other.manifest for _, other in parts})
    together = manifests[0] if len(manifests) == 1 else sha256("\n".join(manifests).encode()).hexdigest()
    return net, replace(meta, steps=sum(other.steps for _, other in parts), manifest=together)


def named(name: str) -> tuple[nn.Module, Meta]:
    """Read a network by the name of weights, by their file, or by a run's folder.

    Raises:
        WeightsError: there is none.
    """
    return from_run(Path(name)) if Path(name).is_dir() else opened(weights.find(name).path)


def generator(name: str) -> tuple[Generator, Meta]:
    """Read a generator by the name of weights, by their file, or by a run's folder.

    Raises:
        UsageError: the run trained something else.
        WeightsError: there is none.
    """
    net, meta = named(name)
    if not isinstance(net, Generator):
        raise UsageError(f"this is for {meta.kind}, not a generator", where=name)
    return net, meta


def ship(net: nn.Module, meta: Meta, folder: Path, name: str) -> Path:
    """Write weights into a folder of shipped ones and list them there; an older file of the name goes.

    Args:
        folder: with or without ``weights.json``.
        name: by which the engine finds them.

    Returns:
        The file written.
    """
    path = folder / f"{name}.safetensors"
    weights.save(net, path, meta)
    entry = Entry(
        name=name,
        kind=meta.kind,
        path=path,
        sha256=files.sha256(path),
        licence=meta.licence,
        commercial=meta.commercial,
        description=meta.description,
        built_in=False,
    )
    registry.enter(folder, entry)
    return path
