"""One picture file: read whole, written again with everything that its header says.

Knows no colour, which is `painting`'s affair, and of no next picture.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenImageIO as oiio  # noqa: N813 - its documentation's name for it

from w2l_studio import atomic, inputs
from w2l_studio.errors import MediaError, OutputError, Unsupported

Samples = npt.NDArray[Any]

#: Endings that are read, and OpenImageIO's names of what they hold.
FORMATS = {".exr": "openexr", ".dpx": "dpx", ".tif": "tiff", ".tiff": "tiff", ".png": "png"}
#: Types of samples, and those of which one file may hold several.
_TYPES = {"uint8", "uint16", "half", "float"}
_LIGHT = {"half", "float"}
#: Bits of a code value.
_DEPTHS = (8, 10, 12, 14, 16)
#: Written again, these would change what nobody touched.
_LOSSY = ("dwaa", "dwab", "b44", "b44a", "pxr24", "jpeg")
_LOSSLESS = "zip"
#: How hard PNG is packed: in 0.4 of the time of level 6, the default, for 3 % more bytes.
_PNG_LEVEL, _QUICK = "png:compressionLevel", 3
#: SMPTE 268M: how a file begins whose words are big-endian; where its own name stands, and in how many bytes.
_DPX_BIG, _DPX_NAME = b"SDPX", (36, 100)


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """What one part of a file holds; most files have one.

    Args:
        spec: OpenImageIO's, with everything that the header says.
        samples: ``[h, w, channels]`` of the data window, in the file's own type.
    """

    spec: Any
    samples: Samples

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture that is shown: the display window."""
        return self.spec.full_width, self.spec.full_height

    @property
    def bits(self) -> int:
        """Bits of a code value; 16 where the file holds light, which becomes codes of as many."""
        if self.samples.dtype != np.uint16:
            return 8 if self.samples.dtype == np.uint8 else 16
        return int(self.spec.get_int_attribute("oiio:BitsPerSample", 16) or 16)

    def type_of(self, channel: int) -> str:
        """Return the type, as numpy calls it, in which the file holds a channel: `samples` may be finer."""
        told = self.spec.channelformats
        return "float16" if told and str(told[channel]) == "half" else str(self.samples.dtype)

    @property
    def linear(self) -> bool:
        """Whether the file holds scene-linear light."""
        return self.samples.dtype in (np.float16, np.float32)


def read(path: Path, *, whole: bool = False) -> list[Still]:
    """Read a picture file.

    Args:
        whole: every part of a multi-part EXR, not just the first, which holds the picture.

    Raises:
        MediaError: not there, damaged, or not what its ending says.
        Unsupported: nothing that could be written again as it is.
    """
    file = _opened(path)
    try:
        stills = [_read(file, path)]
        while whole and file.seek_subimage(len(stills), 0):
            stills.append(_read(file, path))
    finally:
        file.close()
    return stills


def unsupported(what: str, path: Path) -> Unsupported:
    """Say of a picture that it is of no kind that is dubbed."""
    return Unsupported(
        f"{what} are not dubbed", hint="give EXR, DPX, TIFF or PNG with channels R, G and B", where=str(path)
    )


def unreachable(path: Path, error: OSError) -> MediaError:
    """Say of a picture file that the system does not give it: which one, reports have from here alone."""
    missing = isinstance(error, FileNotFoundError)
    told = "is missing" if missing else f"cannot be reached ({error.strerror})"
    hint = "copy it to this place, or end the clip before it"
    return MediaError(f"the picture {path.name} {told}", hint=hint, where=str(path))


def write(path: Path, stills: Sequence[Still], labels: Mapping[str, str], shown: Path) -> None:
    """Write a picture file and read it again.

    Args:
        labels: what the file says of itself; formats without room for free text hold `comment` alone,
            as the software that made it.
        shown: the file's final name, told in errors.

    Raises:
        OutputError: it cannot be written.
        Unsupported: what was written reads as something else.
    """
    specs = [_labelled(still.spec, labels) for still in stills]
    form = FORMATS[shown.suffix.lower()]
    out: Any = oiio.ImageOutput.create(form)
    opened = out.open(str(path), specs[0]) if len(specs) == 1 else out.open(str(path), tuple(specs))
    done = opened
    for number, still in enumerate(stills):
        done = done and (number == 0 or out.open(str(path), specs[number], "AppendSubimage"))
        done = done and out.write_image(still.samples)
    told = out.geterror()
    closed = out.close()
    size = sum(still.samples.nbytes for still in stills)
    if not (done and closed):
        raise _refusal(shown, told or out.geterror(), size)
    if form == "dpx":
        with atomic.refusals(shown):
            _name_dpx(path, shown.name)
    again = _again(path, shown, size)
    if not all(_same(one, other) for one, other in zip(stills, again, strict=True)):
        raise Unsupported(
            f"{shown.suffix[1:].upper()} of this kind is not written as it was read",
            hint="convert the plate to EXR, or to DPX of 10 or 16 bits without alpha",
            where=shown.name,
        )


def _name_dpx(path: Path, name: str) -> None:
    """Write a file's final name into its header, where OpenImageIO writes the way to where it was made."""
    start, length = _DPX_NAME
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.fsencode(name)[: length - 1].ljust(length, b"\0"))


def _again(path: Path, shown: Path, size: int) -> list[Still]:
    try:
        return read(path, whole=True)
    except MediaError as error:
        # Of a PNG, OpenImageIO does not say that it did not get onto the disk.
        raise _refusal(shown, f"{error.message}, as it was written", size) from error


def _opened(path: Path) -> Any:
    try:
        inputs.check_regular(path, MediaError)
    except OSError as error:
        raise unreachable(path, error) from error
    # Alpha that is not multiplied into the colour stays so.
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    file = oiio.ImageInput.open(str(path), config)
    if file is None:
        raise _damaged(path, oiio.geterror())
    if file.format_name() != FORMATS.get(path.suffix.lower()):
        found = file.format_name()
        file.close()
        raise MediaError(
            f"the file is called {path.suffix} and holds {found}", hint="export it again", where=str(path)
        )
    return file


def _read(file: Any, path: Path) -> Still:
    spec = file.spec()
    if spec.deep:
        raise unsupported("deep pictures", path)
    told = {str(form) for form in spec.channelformats} or {str(spec.format)}
    if not told <= (_TYPES if len(told) == 1 else _LIGHT):
        raise unsupported(f"samples of the type {' and '.join(sorted(told))}", path)
    if spec.get_int_attribute("Orientation", 1) not in (0, 1):
        raise unsupported("pictures that are to be turned", path)
    if _breaks(spec, file.format_name()):
        raise unsupported("DPX of 10 bits with alpha", path)
    if space := _no_rgb(spec):
        raise unsupported(f"pictures in {space}", path)
    if spec.get_int_attribute("oiio:miplevels", 1) > 1:
        raise unsupported("pictures with smaller ones of themselves (mip levels)", path)
    if file.format_name() == "dpx":
        spec.attribute("oiio:Endian", _endian(path))
    samples = file.read_image(file.current_subimage(), 0, 0, spec.nchannels, spec.format)
    if samples is None:
        raise _damaged(path, file.geterror())
    still = Still(spec, samples.reshape(spec.height, spec.width, spec.nchannels))
    if still.bits not in _DEPTHS:
        raise unsupported(f"samples of {still.bits} bits", path)
    return still


def _breaks(spec: Any, form: str) -> bool:
    """Tell of pictures whose last pixel of each row OpenImageIO takes for another (seen in 3.2.2).

    Three samples of 10 bits share a word, and here the last word of a row is not full.
    """
    ten = spec.get_int_attribute("oiio:BitsPerSample") == 10
    return form == "dpx" and ten and spec.width * spec.nchannels % 3 != 0


def _endian(path: Path) -> str:
    """Return how a DPX orders its bytes, which OpenImageIO does not tell, and asks when it writes."""
    with path.open("rb") as file:
        return "big" if file.read(len(_DPX_BIG)) == _DPX_BIG else "little"


def _no_rgb(spec: Any) -> str:
    """Return what colours are called that OpenImageIO turns into R'G'B', and back only nearly."""
    space = str(spec.get_string_attribute("tiff:ColorSpace"))
    described = str(spec.get_string_attribute("dpx:ImageDescriptor"))
    return space or (described if described.startswith("Cb") else "")


def _damaged(path: Path, told: str) -> MediaError:
    line = " ".join(told.split()) or "no reason told"
    return MediaError(
        f"the picture {path.name} is damaged ({line})", hint="copy or export it again", where=str(path)
    )


def _labelled(spec: Any, labels: Mapping[str, str]) -> Any:
    made = oiio.ImageSpec(spec)
    # Without it half floats of a TIFF become floats.
    if str(made.format) == "half":
        made.attribute("tiff:half", 1)
    if made.get_string_attribute("compression").partition(":")[0] in _LOSSY:
        made.attribute("compression", _LOSSLESS)
    made.attribute(_PNG_LEVEL, _QUICK)
    for name, text in labels.items():
        made.attribute(name, text)
    if "comment" in labels:
        made.attribute("Software", labels["comment"])
    return made


def _same(one: Still, other: Still) -> bool:
    """Compare bytes: what is no number equals itself; how words of fewer bits are filled up is no matter."""
    if one.samples.shape != other.samples.shape or one.samples.dtype != other.samples.dtype:
        return False
    first, second = (
        still.samples if still.bits in (8, 16) else still.samples >> np.uint16(16 - still.bits)
        for still in (one, other)
    )
    return first.tobytes() == second.tobytes()


def _refusal(path: Path, told: str, size: int) -> OutputError:
    """Tell a full disk, of which OpenImageIO has no number, by the room that is left."""
    folder = next(one for one in path.parents if one.exists())
    full = shutil.disk_usage(folder).free < size
    return atomic.refusal(path, errno.ENOSPC if full else None, " ".join(told.split()) or "no reason told")
