"""Opens weights files of others safely: tensors only, never code, with errors that say what is wrong.

Which network they belong to is found by their keys; building it is `nets.weights`' affair.
"""

from __future__ import annotations

import io
import lzma
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2l_studio import atomic
from w2l_studio.errors import WeightsError
from w2l_studio.nets.meta import KINDS

if TYPE_CHECKING:
    from torch import Tensor, nn

#: Key (or its beginning) -> kind; the first line that fits counts.
_SIGNS = (
    ("face_decoder_blocks.", "generator"),
    ("binary_pred.", "critic"),
    ("face_encoder.", "expert"),
    ("netcnnlip.", "syncnet"),
    ("LandmarkHead.", "retinaface"),
    ("head.3.", "opening"),
    ("lips.", "lips"),
)
_NOT_WEIGHTS = ((b"<", "a web page"), (b"version https://git-lfs", "a Git LFS pointer"), (b"{", "JSON"))
#: What torch, its unpickler and zipfile raise of bytes that are damaged, or of another kind of file. Any byte
#: is an instruction to them, so that a sound file ends as an IndexError.
_BROKEN = (
    *(RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError, AssertionError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
_BUFFER = "num_batches_tracked"
_PREFIX = "module."
#: Bytes of the file in a parcel, unpacked: the largest networks published here have 0.5 GB.
_MOST_UNPACKED = 4 << 30


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        WeightsError: it cannot be read.
    """
    with _reading(path):
        return atomic.sha256(path)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors of a safetensors file or of a torch checkpoint.

    Args:
        path: ``.safetensors``; or ``.pth``/``.pt``, also zipped, holding a state dict or a dict with
            ``state_dict`` in it, with or without the ``module.`` prefix of DataParallel.

    Returns:
        The tensors, floats as fp32 whatever they are stored as; and the header (empty but in safetensors).

    Raises:
        WeightsError: missing, incomplete, or no weights; names the first tensor that is none of a network.
    """
    said = header(path)
    return {_bare(key): value for key, value in tensors(path).items()}, said


def tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file as `read` does, by the names that stand in it.

    Raises:
        WeightsError: as `read`.
    """
    _is_there(path)
    state = _safetensors(path) if _is_safetensors(path) else _torch(path)
    return {key: _number(key, value, path) for key, value in state.items()}


def header(path: Path) -> dict[str, str]:
    """Return the header of a safetensors file, nothing of its tensors; empty for every other file.

    Raises:
        WeightsError: missing or incomplete.
    """
    _is_there(path)
    return _safetensors_header(path) if _is_safetensors(path) else {}


def kind_of(path: Path) -> str:
    """Find out what a weights file is for, by its content.

    Returns:
        One of `meta.KINDS`, or ``yunet``.

    Raises:
        WeightsError: none of these, or unreadable.
    """
    if path.is_file() and path.suffix == ".onnx":
        with _reading(path):
            content = path.read_bytes()
        if all(output in content for output in (b"cls_8", b"obj_16", b"kps_32")):
            return "yunet"
        raise WeightsError("this ONNX file is not YuNet", where=str(path))
    said = header(path).get("kind")
    if said in KINDS:
        return said
    if said:
        raise WeightsError(
            f"its header says that it is a {said!r}, which is not known here",
            hint="update the engine",
            where=str(path),
        )
    state, _ = read(path)
    for sign, kind in _SIGNS:
        if any(key.startswith(sign) for key in state):
            return kind
    raise WeightsError(
        f"its keys belong to no network that is known here (first: {next(iter(state), 'none')})",
        hint="generator, expert, SyncNet, RetinaFace and YuNet files are",
        where=str(path),
    )


def fill(module: nn.Module, state: Mapping[str, Tensor], where: Path) -> None:
    """Copy a state into a module; every name and shape must fit.

    ``num_batches_tracked`` may be missing, as in files of torch before 0.4.1.

    Raises:
        WeightsError: names the first key that is missing, too many, or of another shape.
    """
    wanted = module.state_dict()
    for key, tensor in wanted.items():
        if key not in state:
            if key.endswith(_BUFFER):
                continue
            raise WeightsError(f"{key} is missing", hint="this file is for another network", where=str(where))
        if state[key].shape != tensor.shape:
            shapes = f"{list(state[key].shape)} instead of {list(tensor.shape)}"
            raise WeightsError(
                f"{key} has the shape {shapes}", hint="this file is for another network", where=str(where)
            )
    surplus = next((key for key in state if key not in wanted), None)
    if surplus is not None:
        raise WeightsError(
            f"{surplus} belongs to no layer", hint="this file is for another network", where=str(where)
        )
    module.load_state_dict(dict(state), strict=False)


def _is_there(path: Path) -> None:
    if path.is_dir():
        raise WeightsError(
            "this is a folder, not a weights file", hint="give the file in it", where=str(path)
        )
    if not path.is_file():
        raise WeightsError("there is no such file", hint="check the path", where=str(path))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong on a disk into one sentence."""
    try:
        yield
    except OSError as error:
        raise WeightsError(f"cannot be read ({error.strerror})", where=str(path)) from error


def _head(path: Path) -> bytes:
    with _reading(path), path.open("rb") as file:
        return file.read(64)


def _is_safetensors(path: Path) -> bool:
    """Tell by the file's begin: eight bytes of length, then JSON."""
    return _head(path)[8:9] == b"{"


def _safetensors_header(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with _whole(path), safe_open(path, framework="numpy") as file:
        return dict(file.metadata() or {})


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    with _whole(path):
        return dict(load_file(path))


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Turn what safetensors says of a file that is not whole into one sentence."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise _broken(path, "an incomplete safetensors file") from error


def _torch(path: Path) -> Mapping[str, Tensor]:
    import torch

    head = _head(path).lstrip()
    for sign, what in _NOT_WEIGHTS:
        if head.startswith(sign):
            raise _broken(path, f"{what}, not weights")
    try:
        # By a file's name, torch takes it for safetensors as well.
        with _whole(path):
            content = torch.load(_unzipped(path), map_location="cpu", weights_only=True)  # noqa: TID251 - the one place
    except pickle.UnpicklingError as error:
        raise _broken(path, "incomplete, or holds more than tensors") from error
    except _BROKEN as error:
        raise _broken(path, "incomplete or not a torch checkpoint") from error
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(
        isinstance(value, torch.Tensor) for value in content.values()
    ):
        raise _broken(path, "a checkpoint without a state dict")
    return content


def _unzipped(path: Path) -> Any:
    """Return what torch is to read: a zip that holds one file is a parcel, a checkpoint's holds several."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parcel:
            if len(parcel.filelist) == 1:
                (packed,) = parcel.filelist
                if packed.file_size > _MOST_UNPACKED:
                    raise _broken(path, f"a parcel of {packed.file_size / 1e9:.0f} GB, too large for weights")
                return io.BytesIO(parcel.read(packed))
    return path


def _number(key: object, value: Tensor, path: Path) -> Tensor:
    """Return a tensor as networks take it, floats as fp32.

    Raises:
        WeightsError: its key is no name; it is sparse, nested, quantized, complex or boolean, or claims more
            numbers than are stored; it holds infinity or NaN, with which a network is silently wrong.
    """
    import torch

    if (
        not isinstance(key, str)
        or value.layout is not torch.strided
        or value.is_nested
        or value.is_meta
        or value.is_quantized
        or value.is_complex()
        or value.dtype is torch.bool
        or value.numel() * value.element_size() > value.untyped_storage().nbytes()
    ):
        raise _broken(path, f"a checkpoint in which {key!r} is no plain tensor with a name")
    if not value.is_floating_point():
        return value
    whole = value.float()
    # One that is not finite makes the sum so, in a twentieth of the time that asking each takes.
    if not whole.sum().isfinite():
        raise _broken(path, f"damaged: {key} holds infinity or NaN")
    return whole


def _bare(key: str) -> str:
    return key.removeprefix(_PREFIX)


def _broken(path: Path, what: str) -> WeightsError:
    return WeightsError(f"it is {what}", hint="download it again", where=str(path))
