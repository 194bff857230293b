"""Writes one picture file: everything as it was read, but for samples that were painted; and reads it again.

What is painted is `painting`'s affair.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813 - its documentation's name for it

from w2l_studio import atomic
from w2l_studio.errors import MediaError, OutputError, Unsupported
from w2l_studio.media.images.still import FORMATS, Still, read

#: Written again, these would change what nobody touched.
_LOSSY = ("dwaa", "dwab", "b44", "b44a", "pxr24", "jpeg")
_LOSSLESS = "zip"
#: How hard PNG is packed: in 0.4 of the time of level 6, the default, for 3 % more bytes.
_PNG_LEVEL, _QUICK = "png:compressionLevel", 3
#: SMPTE 268M: where a file's own name stands in its header, and in how many bytes.
_DPX_NAME = (36, 100)


def write(path: Path, stills: Sequence[Still], labels: Mapping[str, str], shown: Path) -> None:
    """Write a picture file and read it again.

    Args:
        stills: all its parts, in order.
        labels: what the file says of itself; formats without room for free text hold `comment` alone,
            as the software that made it.
        shown: the file's final name, told in errors.

    Raises:
        OutputError: it cannot be written.
        Unsupported: what was written reads as something else.
    """
    _write(path, stills, labels, shown)
    if shown.suffix.lower() == ".dpx":
        with atomic.refusals(shown):
            _name_dpx(path, shown.name)
    try:
        again = read(path, whole=True)
    except MediaError as error:
        # Of a PNG, OpenImageIO does not say that it did not get onto the disk.
        raise _refusal(shown, f"{error.message}, as it was written", stills) from error
    if not all(_same(one, other) for one, other in zip(stills, again, strict=True)):
        raise Unsupported(
            f"{shown.suffix[1:].upper()} of this kind is not written as it was read",
            hint="convert the plate to EXR, or to DPX of 10 or 16 bits without alpha",
            where=shown.name,
        )


def _write(path: Path, stills: Sequence[Still], labels: Mapping[str, str], shown: Path) -> None:
    specs = [_labelled(still.spec, labels) for still in stills]
    out: Any = oiio.ImageOutput.create(FORMATS[shown.suffix.lower()])
    done = out.open(str(path), specs[0] if len(specs) == 1 else tuple(specs))
    for number, still in enumerate(stills):
        done = done and (number == 0 or out.open(str(path), specs[number], "AppendSubimage"))
        done = done and out.write_image(still.samples)
    told = out.geterror()
    if not (out.close() and done):
        raise _refusal(shown, told or out.geterror(), stills)


def _name_dpx(path: Path, name: str) -> None:
    """Write a file's final name into its header, where OpenImageIO writes the way to where it was made."""
    start, length = _DPX_NAME
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.fsencode(name)[: length - 1].ljust(length, b"\0"))


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


def _refusal(path: Path, told: str, stills: Sequence[Still]) -> OutputError:
    """Tell a full disk, of which OpenImageIO has no number, by the room that is left."""
    folder = next(one for one in path.parents if one.exists())
    full = shutil.disk_usage(folder).free < sum(still.samples.nbytes for still in stills)
    return atomic.refusal(path, errno.ENOSPC if full else None, " ".join(told.split()) or "no reason told")
