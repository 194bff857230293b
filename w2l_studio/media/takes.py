"""How takes are written: as their plates are stored, as films or as image sequences.

Chooses only; films are written by `encode`, image sequences by `images.take`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from w2l_studio.media import codecs
from w2l_studio.media.encode import ProRes
from w2l_studio.media.images.take import Images
from w2l_studio.protocols import Encoder, FrameSink
from w2l_studio.terms import Plate, sequence_of
from w2l_studio.timing import FrameRange


def check(plate: Plate) -> None:
    """Refuse a plate of which no take can be made.

    Raises:
        Unsupported: ProRes does not hold it.
    """
    if sequence_of(plate.path) is None:
        codecs.target(plate)


class AsPlate:
    """ProRes for films, files like the plate's own for image sequences."""

    def __init__(self) -> None:
        self._film: Encoder = ProRes()
        self._images: Encoder = Images()

    def name(self, stem: str, plate: Plate, frames: FrameRange) -> str:
        """Return what a take is called, relative to the folder of takes."""
        return self._for(plate).name(stem, plate, frames)

    def open(
        self, path: Path, plate: Plate, first_frame: int, labels: dict[str, str]
    ) -> AbstractContextManager[FrameSink]:
        """Open a file, or a folder of them; see `ProRes.open` and `Images.open`."""
        return self._for(plate).open(path, plate, first_frame, labels)

    def _for(self, plate: Plate) -> Encoder:
        return self._film if sequence_of(plate.path) is None else self._images
