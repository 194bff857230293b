"""An image sequence as a plate: what stands in it, and its pictures by frame number.

Says nothing of a rate, which only the edit knows; the files themselves are read by `still`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction

from w2l_studio import inputs
from w2l_studio.errors import MediaError, Unsupported
from w2l_studio.media.images import painting, still
from w2l_studio.terms import ColourTags, ImageSequence, Planes, Plate
from w2l_studio.terms.pixels import PIXEL_FORMATS

#: H.273: R'G'B', and sRGB's curve, which light is brought to.
_GBR, _SRGB, _UNTOLD = 0, 13, 2
_LIMITED, _FULL = 1, 2


def probe(sequence: ImageSequence, rate: Fraction) -> Plate:
    """Look at the first file of an image sequence that is there.

    Args:
        rate: at which the edit plays it.

    Raises:
        MediaError: none of its files is there, or the first is damaged.
        Unsupported: another kind of file, or one whose pictures are not composited.
    """
    kind = sequence.path.suffix.lower()
    if kind not in still.FORMATS:
        raise Unsupported(
            f"image sequences of {kind} are not read",
            hint="give EXR, DPX, TIFF or PNG, which lose nothing when they are written again",
            where=str(sequence.path),
        )
    path = next(filter(inputs.there, sequence.files()), None)
    if path is None:
        raise MediaError(
            "no file of the image sequence is there", hint="copy it to this place", where=str(sequence.path)
        )
    # Every part: one that could not be written again is to be told before the work.
    first = still.read(path, whole=True)[0]
    picture = painting.planes(first, path)
    tags = ColourTags(matrix=_GBR, transfer=_UNTOLD, range=_FULL)
    if first.linear:
        tags = ColourTags(matrix=_GBR, transfer=_SRGB, range=_LIMITED)
    aspect = Fraction(first.spec.get_float_attribute("PixelAspectRatio", 1.0)).limit_denominator(10_000)
    width, height = first.size_px
    return Plate(
        path=sequence.path,
        width=width,
        height=height,
        rate=rate,
        frames=len(sequence),
        codec=still.FORMATS[kind],
        pix_fmt=picture.pix_fmt,
        bits=PIXEL_FORMATS[picture.pix_fmt].bits,
        tags=tags,
        # FFmpeg writes 0 into DPX where nothing is known.
        pixel_aspect=aspect if aspect > 0 else Fraction(1),
    )


class SequenceReader:
    """The pictures of an image sequence; as `decode.PlateReader`.

    Args:
        plate: as probed.
        sequence: its files.
    """

    def __init__(self, plate: Plate, sequence: ImageSequence) -> None:
        self._plate = plate
        self._sequence = sequence

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def read(self, start: int, stop: int) -> Iterator[Planes]:
        """Yield the pictures ``start <= n < stop``, frame 0 being the first number of the sequence.

        Yields:
            G, B and R in code values, ``uint8[h, w]`` or ``uint16[h, w]``; light as `light.to_codes` has it.

        Raises:
            ValueError: the range is not one of this plate.
            MediaError: a file is missing or damaged, or its pictures are unlike the others.
        """
        if not 0 <= start <= stop <= self._plate.frames:
            raise ValueError(f"frames {start}..{stop} of {self._plate.frames} in {self._plate.path}")
        for n in range(start, stop):
            path = self._sequence.file(n)
            picture = painting.planes(still.read(path)[0], path)
            height, width = picture.planes[0].shape
            if (width, height, picture.pix_fmt) != (
                self._plate.width,
                self._plate.height,
                self._plate.pix_fmt,
            ):
                raise MediaError(
                    f"the picture {path.name} has another size or depth than the others",
                    hint="export it again, or end the clip before it",
                    where=str(path),
                )
            yield picture

    def digest(self, start: int, stop: int) -> str:
        """Return the SHA-256 of the files of the pictures ``start <= n < stop``, 64 hex digits.

        Raises:
            MediaError: a file is gone or unreadable.
        """
        digest = hashlib.sha256()
        for n in range(start, stop):
            path = self._sequence.file(n)
            try:
                data = path.read_bytes()
            except OSError as error:
                raise still.unreachable(path, error) from error
            digest.update(f"{len(data)} ".encode())
            digest.update(data)
        return digest.hexdigest()
