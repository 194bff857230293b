"""The one door to FFmpeg: local files of known containers, never a URL, a playlist or a pattern.

Decodes nothing; what stands in a file is the affair of `probe`, `decode` and `sound`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

from w2l_studio import inputs
from w2l_studio.errors import MediaError, SourceError

#: Demuxers that are allowed: containers that hold their own samples. Playlists (hls, concat, dash) and
#: picture sequences by pattern would let a file's text open other files or sockets.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mxf,wav,w64,aiff,flac,mp3,ogg,mpegts"
#: What every file is opened with.
OPTIONS: dict[str, str] = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}


def local(path: Path, kind: type[SourceError] = MediaError) -> str:
    """Return the name by which FFmpeg gets a file: absolute, and marked as a file (``file:``).

    Args:
        path: any spelling; ``http:x %03d.mp4`` is a file name like another.
        kind: error to raise.

    Raises:
        MediaError: (or ``kind``) there is no such file, it is a folder, or may not be read.
    """
    try:
        inputs.check_regular(path, kind)
    except (FileNotFoundError, NotADirectoryError):
        raise kind(
            "the file does not exist", hint="relink or copy it to this place", where=str(path)
        ) from None
    except OSError as error:
        raise kind(
            f"the file cannot be reached ({error.strerror})", hint="check its path", where=str(path)
        ) from error
    if path.is_dir():
        raise kind("this is a folder, not a media file", hint="give the file in it", where=str(path))
    if not os.access(path, os.R_OK):
        raise kind("the file may not be read", hint="check its permissions", where=str(path))
    return f"file:{path.absolute()}"


@contextmanager
def opened(path: Path, kind: type[SourceError] = MediaError) -> Iterator[InputContainer]:
    """Open a file for reading; what FFmpeg says then and while the block lasts becomes one sentence.

    Raises:
        MediaError: (or ``kind``) no such file, or not of a container that is read, or damaged.
    """
    name = local(path, kind)
    if path.stat().st_size == 0:
        raise kind("the file is empty", hint="copy or export it again", where=str(path))
    try:
        container = av.open(name, options=dict(OPTIONS), metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        # An argument error is what FFmpeg says of a container that is not on the list.
        refused = isinstance(error, av.error.ArgumentError)
        cause = "its container is not an allowed one" if refused else plain(error)
        raise kind(
            f"this is no media file that can be read ({cause})",
            hint="use MOV, MP4, MKV, MXF, MPEG-TS, WAV, AIFF or FLAC",
            where=str(path),
        ) from error
    with container:
        try:
            yield container
        except av.FFmpegError as error:
            raise kind(f"it is damaged ({plain(error)})", hint="export it again", where=str(path)) from error


def plain(error: BaseException) -> str:
    """Return FFmpeg's words without Python's number and file name around them."""
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)
