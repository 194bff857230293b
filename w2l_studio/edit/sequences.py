"""Image sequences as edits name them: OTIO's reference, and patterns in the URL of a plain one.

Lists a folder where the edit does not tell the numbers; opens no picture.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import opentimelineio as otio

from w2l_studio import inputs
from w2l_studio.edit import urls
from w2l_studio.terms import ImageSequence, sequence_of
from w2l_studio.timing import FrameRange

#: ``shot.%04d.exr``, ``shot.%d.exr`` and ``shot.####.exr``.
_PATTERN = re.compile(
    r"(?P<prefix>.*?)(?:%(?:0(?P<width>[1-9]))?d|(?P<hashes>#+))(?P<suffix>[^%#]*\.\w+)", re.DOTALL
)
#: ``shot.1001.exr``, by which some hosts name all that follow.
_FIRST = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]{1,9})(?P<suffix>\.\w+)", re.DOTALL)


def refusal(media: Any) -> str:
    """Say why an image sequence cannot be followed, or nothing."""
    if media.frame_step != 1:
        return f"its numbers go up by {media.frame_step}, not by 1"
    if media.start_frame < 0:
        return "its numbers begin below 0"
    if sequence_of(Path(f"[1-1]{media.name_suffix}")) is None:
        return f"its files end in {media.name_suffix or 'a number'}"
    return ""


def located(media: Any, available: FrameRange | None, folder: Path, roots: urls.Roots) -> Path | None:
    """Return what stands for an image sequence that an edit names; None where it cannot be followed.

    Args:
        media: an ImageSequenceReference.
        available: the whole of it as the edit counts it; its length is the number of files.
        folder, roots: as of `urls.to_path`.
    """
    if refusal(media):
        return None
    first = urls.to_path(_file_url(media), folder, roots)
    if first is None:
        return None
    suffix, start, digits = media.name_suffix, media.start_frame, media.frame_zero_padding
    # The disk's spelling of it, which the edit's may be another one of.
    prefix = first.name.removesuffix(suffix).removesuffix(_number(media))
    last = (
        start + len(available) - 1
        if available
        else max(_numbers(first.parent, prefix, suffix, digits), default=start)
    )
    return ImageSequence(first.parent, prefix, start, max(start, last), digits, suffix).path


def patterned(path: Path, available: FrameRange | None) -> Path:
    """Return what stands for an image sequence of which a path is name, pattern or first file; else the path.

    Args:
        available: the whole of it as the edit counts it. Where it lies within the numbers of the files, or
            they within it, the edit counts by them and tells which files there are to be.
    """
    sequence = sequence_of(path) or _on_disk(path)
    if sequence is None:
        return _followed(path, available)
    if available and available.start >= 0:
        first, last = available.start, available.stop - 1
        inside = sequence.first <= first and last <= sequence.last
        if inside or (first <= sequence.first and sequence.last <= last):
            sequence = replace(sequence, first=first, last=last)
    return sequence.path


def _on_disk(path: Path) -> ImageSequence | None:
    """Return the image sequence that is there by a path's pattern."""
    named = _PATTERN.fullmatch(path.name)
    if named is None or inputs.there(path):
        return None
    digits = len(named["hashes"] or "") or int(named["width"] or 1)
    numbers = _numbers(path.parent, named["prefix"], named["suffix"], digits)
    if not numbers:
        return None
    made = ImageSequence(path.parent, named["prefix"], numbers[0], numbers[-1], digits, named["suffix"])
    return sequence_of(made.path) and made


def _followed(path: Path, available: FrameRange | None) -> Path:
    """Return what stands for a numbered picture and those that follow it; a still that is held is a file."""
    named = _FIRST.fullmatch(path.name)
    if named is None or available is None or len(available) < 2:
        return path
    first = int(named["number"])
    last, digits = first + len(available) - 1, len(named["number"])
    made = ImageSequence(path.parent, named["prefix"], first, last, digits, named["suffix"])
    return made.path if sequence_of(made.path) and inputs.there(made.file(1)) else path


def reference(take: ImageSequence, beside: Any, folder: Path, rate: float) -> Any:
    """Return the media reference of a take, of the plate's kind: a host reads the one as it wrote the other.

    Args:
        take: its files.
        beside: the plate's reference.
        folder: where the edit will lie.
        rate: pictures a second of the take, as its ranges spell it.
    """
    if not isinstance(beside, otio.schema.ImageSequenceReference):
        return otio.schema.ExternalReference(_url_like(beside.target_url, take, folder))
    return otio.schema.ImageSequenceReference(
        target_url_base=f"{urls.to_url(take.folder, folder)}/",
        name_prefix=take.prefix,
        name_suffix=take.suffix,
        start_frame=take.first,
        frame_step=1,
        rate=rate,
        frame_zero_padding=take.digits,
    )


def _url_like(plate: str, take: ImageSequence, folder: Path) -> str:
    """Return a take's URL with its numbers as the plate's URL has them."""
    name = re.split(r"[\\/]", plate)[-1]
    pattern = _PATTERN.fullmatch(name)
    if pattern is None:
        whole = sequence_of(Path(unquote(name)))
        return urls.to_url(take.file(0) if whole is None else take.path, folder)
    padded = f"%0{take.digits}d" if pattern["width"] else "%d"
    number = "#" * take.digits if pattern["hashes"] else padded
    around = (quote(os.fsencode(part)) for part in (take.prefix, take.suffix))
    return f"{urls.to_url(take.folder, folder)}/{number.join(around)}"


def _file_url(media: Any) -> str:
    base = media.target_url_base
    slash = "" if base.endswith("/") or not base else "/"
    return f"{base}{slash}{media.name_prefix}{_number(media)}{media.name_suffix}"


def _number(media: Any) -> str:
    return f"{media.start_frame:0{media.frame_zero_padding}}"


def _numbers(folder: Path, prefix: str, suffix: str, digits: int) -> list[int]:
    """Return the numbers of a folder's files that are named so, filled up to as many digits, in order."""
    try:
        names = [one.name for one in folder.iterdir()]
    except OSError:
        return []
    middles = (
        name[len(prefix) : len(name) - len(suffix)]
        for name in names
        if name.startswith(prefix) and name.endswith(suffix) and len(name) > len(prefix) + len(suffix)
    )
    numbers = {middle: int(middle) for middle in middles if middle.isascii() and middle.isdigit()}
    return sorted(number for middle, number in numbers.items() if middle == f"{number:0{digits}}")
