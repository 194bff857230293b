"""Writes takes of image sequences: every file as the plate's own, but for what is drawn anew.

Headers, timecode, other channels and every sample that did not change are the plate's, whatever its depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from w2l_studio import atomic
from w2l_studio.media.images import painting, still, writing
from w2l_studio.protocols import FrameSink
from w2l_studio.terms import ImageSequence, Planes, Plate, sequence_of
from w2l_studio.timing import FrameRange


class Images:
    """A folder of files in the plate's own format, with the plate's own numbers."""

    def name(self, stem: str, plate: Plate, frames: FrameRange) -> str:
        """Return ``STEM/STEM.[FIRST-LAST].exr``, numbered as the plate is."""
        own = _sequence(plate.path)
        first, last = own.first + frames.start, own.first + frames.stop - 1
        # The ending alone: what some plates have behind their number, not every host reads.
        made = ImageSequence(Path(stem), f"{stem}.", first, last, own.digits, own.path.suffix)
        return made.path.as_posix()

    @contextmanager
    def open(self, path: Path, plate: Plate, first_frame: int, labels: dict[str, str]) -> Iterator[FrameSink]:
        """Open a folder of files that carry everything that the plate's do.

        Args:
            path: called as `name` says; its folder appears, or is replaced, when the block ends.
            plate: the plate, whose files have to be there.
            first_frame: plate frame of the first file.
            labels: what every file says of itself, as far as its format has room for it.

        Yields:
            The sink; pictures are as `SequenceReader` yields them.

        Raises:
            OutputError: no room, no permission.
            MediaError: a file of the plate is gone.
            Unsupported: files of this kind cannot be written without changing what nobody touched.
        """
        with atomic.filled(path.parent) as part:
            yield _Sink(part, _sequence(path), _sequence(plate.path), first_frame, labels)


class _Sink:
    """Files that are written one after the other."""

    def __init__(
        self, part: Path, made: ImageSequence, plate: ImageSequence, first: int, labels: Mapping[str, str]
    ) -> None:
        self._part = part
        self._made = made
        self._plate = plate
        self._next = first
        self._labels = labels

    def write(self, picture: Planes) -> None:
        """Write the next picture's file."""
        source = self._plate.file(self._next)
        first, *others = still.read(source, whole=True)
        shown = self._made.file(self._plate.first + self._next - self._made.first)
        stills = [painting.painted(first, picture, source), *others]
        writing.write(self._part / shown.name, stills, self._labels, shown)
        self._next += 1


def _sequence(path: Path) -> ImageSequence:
    sequence = sequence_of(path)
    if sequence is None:
        raise ValueError(f"{path.name} stands for no image sequence")
    return sequence
