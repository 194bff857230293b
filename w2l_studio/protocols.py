"""The four seams of the engine, small enough for a ten-line fake each.

Holds contracts only; `dub.wiring` is the one place that constructs what fulfils them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from w2l_studio.terms import Crops, Faces, Floats, FramesBGR, Planes, Plate, Verdict, Voice
from w2l_studio.timing import FrameRange


class Detector(Protocol):
    """Finds faces in pictures."""

    name: str

    def detect(self, frames: FramesBGR) -> list[Faces]:
        """Find all faces.

        Args:
            frames: ``uint8[N, H, W, 3]`` BGR, upright, square pixels.

        Returns:
            One `Faces` per picture, boxes and points in its pixels, best first.
        """
        ...


class Generator(Protocol):
    """Makes mouths."""

    name: str
    #: Side of the crops in pixels.
    face_px: int
    #: By how much a mel window of 16 columns starts after the picture's begin; negative = before.
    lead_ms: float
    #: Mel columns that a picture is drawn from; more than 16 lie evenly around these.
    columns: int

    def listen(self, mel: Floats, samples: Floats) -> Floats:
        """Return what it hears of a sound, of which windows are cut: the spectrogram, or more.

        Args:
            mel: ``float32[80, M]`` as from `sound.mel.spectrogram`.
            samples: ``float32[S]`` at 16 kHz, of which that was made.

        Returns:
            ``float32[B, M]``, a column for each of the spectrogram's; -4 in all B means silence.
        """
        ...

    def speak(self, crops: Crops, references: FramesBGR, voice: Voice) -> FramesBGR:
        """Draw the lower face of every crop so that it says what the voice says.

        Args:
            crops: T crops of ``face_px``.
            references: ``uint8[T, P, P, 3]`` BGR, the same person with another mouth.
            voice: T windows of `columns`, cut out of what `listen` returned.

        Returns:
            ``uint8[T, P, P, 3]`` BGR; rows above the middle equal the crop's.
        """
        ...


class Judge(Protocol):
    """Says how well lips follow a sound."""

    name: str

    def score(self, crops: FramesBGR, voice: Voice) -> Verdict:
        """Compare T crops at 25 frames a second with their sound.

        Args:
            crops: ``uint8[T, P, P, 3]`` BGR.
            voice: T mel windows that begin with their picture (lead 0).

        Returns:
            The verdict.

        Raises:
            ValueError: fewer pictures than the network's window and 3 more.
        """
        ...

    def follow(self, crops: FramesBGR, voice: Voice) -> float:
        """Tell how much better lips fit the sound in place than out of place (about 0 = not at all).

        Args:
            crops: as in `score`.
            voice: as in `score`.

        Raises:
            ValueError: fewer pictures than the network's window.
        """
        ...


class FrameSink(Protocol):
    """An open file that takes pictures in order."""

    def write(self, picture: Planes) -> None:
        """Append one picture."""
        ...


class Encoder(Protocol):
    """Writes takes: a film, or a file for every picture where the plate is an image sequence."""

    def name(self, stem: str, plate: Plate, frames: FrameRange) -> str:
        """Return what a take is called, relative to the folder of takes.

        Args:
            stem: nobody else's, without an ending.
            plate: whose take it is.
            frames: of the plate.
        """
        ...

    def open(
        self, path: Path, plate: Plate, first_frame: int, labels: dict[str, str]
    ) -> AbstractContextManager[FrameSink]:
        """Open a file that carries the plate's rate, size, aspect, rotation, tags, reel and timecode.

        The file appears under its name only when the block ends without an error.

        Args:
            path: the file to make, called as `name` says.
            plate: whose properties it takes over.
            first_frame: plate frame with which the file begins; moves the timecode.
            labels: container metadata (slate, "synthetic" label).
        """
        ...
