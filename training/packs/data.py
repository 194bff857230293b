"""The pack that every trainer reads: one folder per clip, and how clips are drawn from it.

Cuts and changes no pixels (`augment`); makes no pack (`prepare` and the performers do).

A clip's folder holds ``frames.npy`` (``uint8[T, P, P, 3]`` BGR at 25 a second, the crop window enlarged by
1.25), ``audio.npy`` (``float32[640 * T]``, 16 kHz), ``meta.json`` (speaker, split, licence, source, and
``sync`` where `prepare` measured it), and where it is known exactly ``opening.npy`` (``float32[T]``, as
`nets.opening` measures).
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from w2l_studio import atomic
from w2l_studio.errors import MediaError, UsageError
from w2l_studio.sound import mel, windows
from w2l_studio.sound.windows import COLUMNS
from w2l_studio.terms import Floats, FramesBGR, Ints
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, FPS, SAMPLES_PER_FRAME

#: Side of the pictures that are made: a 192-pixel face with its margin. Others are read as well.
FRAME_PX = 240
#: The pack's window is larger than the networks' by this factor, so that it can be moved and turned.
MARGIN = 1.25
#: Pictures in the expert's window (the paper's Tv).
WINDOW = 5
SPLITS = ("train", "heldout", "unseen", "wild")
#: A clip needs this many pictures: eight windows and a reference far from its target.
LEAST_FRAMES = 30
#: What to do where a pack cannot be written.
ELSEWHERE = "give another folder for the pack"


class Entry(NamedTuple):
    """A clip's line in a manifest; ``source`` is where it comes from."""

    group: str
    name: str
    speaker: str
    split: str
    licence: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One face with its sound.

    Args:
        frames: ``uint8[T, P, P, 3]`` BGR, mapped from the file.
        mel: ``float32[80, M]``.
        opening: ``float32[T]``, or None where nobody knows it.
        group: which pack it lies in; shares are given by group.
        source: where it comes from, "" where nobody says.
        folder: where it lies.
    """

    name: str
    group: str
    speaker: str
    split: str
    licence: str
    source: str
    frames: FramesBGR
    mel: Floats
    opening: Floats | None
    folder: Path

    @property
    def entry(self) -> Entry:
        """Its line in the manifest."""
        return Entry(self.group, self.name, self.speaker, self.split, self.licence, self.source)

    @property
    def windows(self) -> int:
        """How many windows of 5 pictures have their whole sound."""
        heard: int = (self.mel.shape[1] - COLUMNS) * FPS // COLUMNS_PER_SECOND
        return max(0, min(len(self.frames) - WINDOW + 1, heard + 1))


def read_clip(folder: Path) -> Clip:
    """Read one clip.

    Raises:
        MediaError: a file is missing or does not hold what a pack holds; the message names it.
    """
    entry = read_entry(folder)
    frames = _array(folder / "frames.npy", mmap_mode="r")
    audio = read_audio(folder)
    path = folder / "opening.npy"
    opening = _array(path).astype(np.float32) if path.exists() else None
    wrong = _faults(frames, audio, opening, entry.split)
    if wrong:
        raise MediaError(wrong, hint=_HINT, where=str(folder))
    spectrum = mel.spectrogram(audio)
    return Clip(**entry._asdict(), frames=frames, mel=spectrum, opening=opening, folder=folder)


def read_audio(folder: Path) -> Floats:
    """Read a clip's sound ``float32[640 T]``, 16 kHz.

    Raises:
        MediaError: it cannot be read.
    """
    return _array(folder / "audio.npy")


def read_entry(folder: Path) -> Entry:
    """Read a clip's line of the manifest alone.

    Raises:
        MediaError: its ``meta.json`` is missing or damaged.
    """
    path = folder / "meta.json"
    try:
        meta = json.loads(path.read_text("utf-8"))
        told = (
            meta.get("group", group(folder.parent)),
            folder.name,
            meta["speaker"],
            meta["split"],
            meta["licence"],
            meta.get("source", ""),
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise _damaged(path, error) from error
    return Entry(*map(str, told))


def group(pack: Path) -> str:
    """Return the name of a pack's folder, also where it is given as ``.``; links keep theirs."""
    return Path(os.path.abspath(pack)).name  # noqa: PTH100 - resolve() follows links


def _array(path: Path, mmap_mode: Literal["r"] | None = None) -> npt.NDArray[Any]:
    """Read an array; of what, only `_faults` tells."""
    try:
        array = np.load(path, mmap_mode=mmap_mode)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error
    if not isinstance(array, np.ndarray):
        raise _damaged(path, ValueError("it is an archive of arrays, not one"))
    return array


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array of a clip, as ``.npy``.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        np.save(path, array)
    except OSError as error:
        # Where a disk takes only a part, numpy passes no reason on.
        told = error.strerror or str(error)
        raise atomic.refusal(path, error.errno or errno.ENOSPC, told, ELSEWHERE) from error


def _damaged(path: Path, error: Exception) -> MediaError:
    return MediaError(
        f"not a clip of a pack, {path.name} cannot be read: {error}", hint=_HINT, where=str(path.parent)
    )


_HINT = "make the clip again with `python -m training prepare`"


def _faults(frames: FramesBGR, audio: Floats, opening: Floats | None, split: str) -> str:
    square = frames.ndim == 4 and frames.shape[1:] == (frames.shape[1],) * 2 + (3,)
    if frames.dtype != np.uint8 or not square or not frames.size:
        return f"frames.npy holds {frames.dtype}{list(frames.shape)}, not uint8[T, P, P, 3]"
    count = len(frames)
    heard = count * SAMPLES_PER_FRAME
    if audio.dtype.kind != "f" or audio.shape != (heard,):
        held = f"{audio.dtype}{list(audio.shape)}"
        return f"audio.npy holds {held}, not float32[{heard}] for {count} pictures"
    if not np.isfinite(audio).all():
        return "audio.npy holds values that are not numbers"
    if opening is not None and (opening.shape != (count,) or not np.isfinite(opening).all()):
        return f"opening.npy does not hold {count} numbers"
    if split not in SPLITS:
        return f"meta.json says split {split!r}, not one of {', '.join(SPLITS)}"
    return ""


def read_pack(roots: Iterable[Path]) -> list[Clip]:
    """Read every clip under some packs, sorted by name; unfinished clips (no meta.json) are passed over.

    Raises:
        MediaError: a clip is broken, or a pack has none.
    """
    folders = []
    for root in roots:
        metas = sorted(root.glob("*/meta.json"))
        if not metas:
            hint = "give a folder that `python -m training prepare` made"
            raise MediaError("no clip found", hint=hint, where=str(root))
        folders += [meta.parent for meta in metas]
    return [read_clip(folder) for folder in folders]


def manifest(entries: Iterable[Entry]) -> str:
    """Return a line per clip, fields parted by tabs. Its hash names the data of a network."""
    # A file's name may hold tabs and line breaks.
    rows = sorted(tuple(" ".join(field.split()) for field in entry) for entry in entries)
    return "".join("\t".join(row) + "\n" for row in rows)


class Sampler:
    """Draws clips: first the group by its share, then a speaker, then a clip of the speaker.

    So one man with a thousand clips weighs no more than another with ten (README of the data).

    Args:
        clips: only those of the split ``train`` that are long enough are drawn.
        shares: relative weight by group; a group that is not named weighs 1.

    Raises:
        MediaError: nothing to draw.
        UsageError: every group weighs 0.
    """

    def __init__(self, clips: Sequence[Clip], shares: dict[str, float] | None = None) -> None:
        self._groups: dict[str, dict[str, list[Clip]]] = {}
        for clip in clips:
            if (
                clip.split == "train"
                and len(clip.frames) >= LEAST_FRAMES
                and clip.windows >= LEAST_FRAMES - 5
            ):
                self._groups.setdefault(clip.group, {}).setdefault(clip.speaker, []).append(clip)
        if not self._groups:
            raise MediaError(
                "no clip to train on", hint=f"clips need split train and {LEAST_FRAMES} pictures or more"
            )
        weights = np.array([(shares or {}).get(group, 1.0) for group in self._groups])
        if not weights.any():
            raise UsageError(
                "every pack with clips to draw has the share 0", hint="give one of them a --share above 0"
            )
        self._weights = weights / weights.sum()

    def draw(self, random: np.random.Generator) -> Clip:
        """Draw one clip."""
        groups = list(self._groups.values())
        speakers = list(groups[random.choice(len(groups), p=self._weights)].values())
        clips = speakers[random.integers(len(speakers))]
        return clips[random.integers(len(clips))]

    def labelled(self) -> Sampler:
        """Return a sampler over the clips whose opening is known.

        Raises:
            MediaError: there is none.
        """
        clips = [
            clip
            for speakers in self._groups.values()
            for of_speaker in speakers.values()
            for clip in of_speaker
            if clip.opening is not None
        ]
        return Sampler(clips, dict(zip(self._groups, self._weights, strict=True)))


def hear(spectrum: Floats, frames: Ints, lead_ms: int = 0, columns: int = COLUMNS) -> Floats:
    """Cut the windows of some pictures, ``float32[K, B, columns]``; beyond either end there is silence.

    Args:
        spectrum: ``float32[B, M]``.
        frames: ``int64[K]``.
        lead_ms: where a window of 16 columns begins relative to its picture.
        columns: a longer window reaches as much further back as forth.
    """
    return windows.cut(spectrum, begins(frames, lead_ms) - windows.before(columns), columns)


def begins(frames: Ints, lead_ms: int = 0) -> Ints:
    """Return the mel columns with which the windows of some pictures begin, ``int64[K]``.

    >>> begins(np.arange(4)).tolist()
    [0, 3, 6, 9]
    """
    return windows.begins(frames.tolist(), Fraction(FPS), Fraction(0), Fraction(lead_ms, 1000))
