"""One picture file as it is read: its header, and the samples of its colour or of everything.

Knows no meaning of samples, which is `painting`'s affair, and of no next picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenImageIO as oiio  # noqa: N813 - its documentation's name for it

from w2l_studio import inputs
from w2l_studio.errors import MediaError, Unsupported

Samples = npt.NDArray[Any]

#: Endings that are read, and OpenImageIO's names of what they hold.
FORMATS = {".exr": "openexr", ".dpx": "dpx", ".tif": "tiff", ".tiff": "tiff", ".png": "png"}
#: Names of the channels that are drawn on.
COLOUR = ("R", "G", "B")
#: Types of samples, and those of which one file may hold several.
_TYPES = {"uint8", "uint16", "half", "float"}
_LIGHT = {"half", "float"}
#: Bits of a code value.
_DEPTHS = (8, 10, 12, 14, 16)
#: SMPTE 268M: how a file begins whose words are big-endian.
_DPX_BIG = b"SDPX"


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """What one part of a file holds; most files have one.

    Args:
        spec: OpenImageIO's, with everything that the header says.
        samples: ``[h, w, channels]`` of the data window, in the file's own type.
        first: which of the file's channels is the first of the samples'.
    """

    spec: Any
    samples: Samples
    first: int = 0

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
        """Return the type, as numpy calls it, in which the file holds one of the samples' channels.

        Samples are finer where another channel is.
        """
        told = self.spec.channelformats
        return "float16" if told and str(told[self.first + channel]) == "half" else str(self.samples.dtype)

    @property
    def linear(self) -> bool:
        """Whether the file holds scene-linear light."""
        return self.samples.dtype in (np.float16, np.float32)


def read(path: Path, *, whole: bool = False) -> list[Still]:
    """Read a picture file.

    Args:
        whole: every channel of every part; else what lies from the first to the last channel of the colour,
            in the first part: renders carry dozens of others.

    Raises:
        MediaError: not there, damaged, or not what its ending says.
        Unsupported: nothing that could be written again as it is.
    """
    file = _opened(path)
    try:
        stills = [_read(file, path, whole)]
        while whole and file.seek_subimage(len(stills), 0):
            stills.append(_read(file, path, whole))
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


def _read(file: Any, path: Path, whole: bool) -> Still:
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
    colour = [n for n, name in enumerate(spec.channelnames) if name in COLOUR and not whole]
    first, stop = min(colour, default=0), max(colour, default=spec.nchannels - 1) + 1
    samples = file.read_image(file.current_subimage(), 0, first, stop, spec.format)
    if samples is None:
        raise _damaged(path, file.geterror())
    still = Still(spec, samples.reshape(spec.height, spec.width, stop - first), first)
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
