"""The way from a weights file to a network and back: the face of `checkpoint`, `registry` and `meta`.

Builds networks; runs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from w2l_studio import atomic
from w2l_studio.errors import OutputError, WeightsError
from w2l_studio.nets import checkpoint
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.registry import Entry, add, entries, fetch, find, verified

if TYPE_CHECKING:
    from torch import Tensor, nn

    from w2l_studio.nets.contrast import Contrast
    from w2l_studio.nets.expert import Expert
    from w2l_studio.nets.generator import Generator
    from w2l_studio.nets.lips import Lips
    from w2l_studio.nets.opening import Opening
    from w2l_studio.nets.points import Points
    from w2l_studio.nets.sharpener import Sharpener
    from w2l_studio.nets.syncnet import SyncNet

_N = TypeVar("_N", bound="nn.Module")

__all__ = [
    "Entry",
    "Meta",
    "add",
    "ears_of",
    "entries",
    "fetch",
    "find",
    "load_ear",
    "load_expert",
    "load_generator",
    "load_judge",
    "load_lips",
    "load_opening",
    "load_points",
    "load_sharpener",
    "load_state",
    "load_syncnet",
    "save",
]

#: Published generators learned their pictures against sound that begins one picture (at 25 a second)
#: earlier; see docs/glossary.md, lead.
_PUBLISHED_LEAD_MS = -40.0
#: Statistics of batch norms: their range is beyond fp16 in rare layers, and they are few.
_STATISTICS = ("running_mean", "running_var")


def load_generator(path: Path) -> tuple[Generator, Meta]:
    """Load a generator of ours (safetensors) or a published one (``wav2lip.pth``, ``wav2lip_gan.pth``).

    A delta of `training.generators.adapt` is added to its base, which must be among the registered weights.

    Raises:
        WeightsError: unreadable, or for another network; names the first key that does not fit.
    """
    from w2l_studio.nets.generator import Generator

    state, header = checkpoint.read(path)
    published = Meta("generator", lead_ms=_PUBLISHED_LEAD_MS, recipe="published format")
    meta = _meta(header, path) if header else published
    _expect("generator", meta.kind, path)
    if meta.base:
        state = _upon_base(state, meta.base, path)
    try:
        net = Generator(
            meta.width,
            meta.face_px,
            from_reference=meta.from_reference,
            warps=meta.warps,
            sub_pixels=meta.sub_pixels,
            columns=meta.columns,
            listens=bool(meta.listens),
        )
    except ValueError as error:
        raise WeightsError(str(error), hint="update the engine", where=str(path)) from error
    checkpoint.fill(net, state, path)
    return net.eval(), meta


def ears_of(generator: Entry) -> Entry | None:
    """Return the weights from sound to lips that a generator hears through, None where its own ears do.

    Raises:
        WeightsError: these weights are not here, or a header is damaged.
    """
    header = checkpoint.header(generator.path)
    return _ear(_meta(header, generator.path), generator.path) if header else None


def load_ear(meta: Meta, where: Path) -> Lips | None:
    """Load what a generator hears through, by what its weights say; None where its own ears do.

    Raises:
        WeightsError: it is not here, or unreadable.
    """
    ear = _ear(meta, where)
    return load_lips(ear.path) if ear else None


def load_expert(path: Path) -> Contrast | Expert:
    """Load a sync expert: the paper's (ours or ``lipsync_expert.pth``), or our contrast expert.

    Returns:
        A module ``(audio [N, 1, 80, 16], faces [N, 3 * frames, 48, 96])`` -> two embeddings.

    Raises:
        WeightsError: unreadable, or for another network.
    """
    from w2l_studio.nets.contrast import Contrast
    from w2l_studio.nets.expert import Expert

    state, header = checkpoint.read(path)
    meta = _meta(header, path) if header else Meta("expert")
    _expect("expert", meta.kind, path)
    net: Contrast | Expert
    if any(key.startswith("face_encoder.0.conv_block.") for key in state):
        net = Expert(meta.width, meta.frames)
    else:
        net = Contrast()
    checkpoint.fill(net, state, path)
    return net.eval()


def load_opening(path: Path) -> Opening:
    """Load the lip-opening network.

    Raises:
        WeightsError: unreadable, or for another network.
    """
    from w2l_studio.nets.opening import Opening

    return _filled(Opening(), path)


def load_points(path: Path) -> Points:
    """Load the network that finds a face's five points.

    Raises:
        WeightsError: unreadable, or for another network.
    """
    from w2l_studio.nets.points import Points

    return _filled(Points(), path)


def load_sharpener(path: Path) -> Sharpener:
    """Load the network that makes drawn lips crisp.

    Raises:
        WeightsError: unreadable, or for another network.
    """
    from w2l_studio.nets.sharpener import Sharpener

    return _filled(Sharpener(), path)


def load_lips(path: Path) -> Lips:
    """Load the network from sound to face units.

    Raises:
        WeightsError: unreadable, or for another network.
    """
    from w2l_studio.nets.lips import Lips

    return _filled(Lips(), path)


def load_syncnet(path: Path) -> SyncNet:
    """Load the published ``syncnet_v2.model``.

    Raises:
        WeightsError: unreadable, or for another network.
    """
    from w2l_studio.nets.syncnet import SyncNet

    return _filled(SyncNet(), path)


def load_judge(path: Path) -> SyncNet:
    """Load our own judge: SyncNet's layers, slim.

    Raises:
        WeightsError: unreadable, or for another network.
    """
    from w2l_studio.nets.syncnet import SLIM, SyncNet

    return _filled(SyncNet(SLIM), path)


def load_state(path: Path) -> dict[str, Tensor]:
    """Load tensors by name for a network that lives elsewhere (face detectors), floats as fp32.

    Names are as in the file: with ``module.`` or without tells one family of RetinaFace's from the other.

    Raises:
        WeightsError: unreadable.
    """
    return checkpoint.tensors(path)


def save(module: nn.Module, path: Path, meta: Meta) -> None:
    """Write weights as safetensors: fp16, batch norms' statistics fp32, bytes as they are, `meta` as header.

    The file appears whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    import torch

    def kept(key: str, value: Tensor) -> Tensor:
        bare = value.detach().cpu().contiguous()
        if not value.is_floating_point():
            return bare
        return bare.to(torch.float32 if key.endswith(_STATISTICS) else torch.float16)

    tensors = {
        key: kept(key, value)
        for key, value in module.state_dict().items()
        if value.is_floating_point() or value.dtype == torch.uint8
    }
    write(tensors, path, meta.to_header())


def write(tensors: Mapping[str, Tensor], path: Path, header: dict[str, str]) -> None:
    """Write tensors as they are; the file appears whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        with atomic.written(path) as part:
            save_file(dict(tensors), part, header)
            part.chmod(0o644)  # safetensors writes for the owner alone
    except (OSError, SafetensorError) as error:
        raise OutputError(f"weights cannot be written ({error})", where=str(path)) from error


def _filled(net: _N, path: Path) -> _N:
    state, _ = checkpoint.read(path)
    checkpoint.fill(net, state, path)
    return net.eval()


def _upon_base(changes: dict[str, Tensor], base: str, where: Path) -> dict[str, Tensor]:
    """Add a delta (`training.generators.adapt`) to the weights that it was made from, found by their hash."""
    entry = _with_sha256(base, "that it is a delta upon", where)
    state, _ = checkpoint.read(entry.path)
    foreign = next(
        (key for key in changes if state.get(key, changes[key][None]).shape != changes[key].shape), None
    )
    if foreign is not None:
        raise WeightsError(
            f"{foreign} is not in {entry.name}", hint="this delta is damaged", where=str(where)
        )
    return {**state, **{key: state[key] + change for key, change in changes.items()}}


def _ear(meta: Meta, where: Path) -> Entry | None:
    return _with_sha256(meta.listens, "that it hears through", where) if meta.listens else None


def _with_sha256(sha256: str, what_for: str, where: Path) -> Entry:
    entry = next((entry for entry in entries() if entry.sha256 == sha256), None)
    if entry is None:
        raise WeightsError(
            f"the weights {what_for} are not here (SHA-256 {sha256})",
            hint="add their file with `w2l-studio weights add FILE`",
            where=str(where),
        )
    return verified(entry)


def _meta(header: dict[str, str], path: Path) -> Meta:
    try:
        return Meta.from_header(header)
    except ValueError as error:
        raise WeightsError(
            f"its header cannot be read ({error})", hint="download it again", where=str(path)
        ) from error


def _expect(wanted: str, kind: str, path: Path) -> None:
    if kind != wanted:
        raise WeightsError(f"it is for another network: {kind}, not {wanted}", where=str(path))
