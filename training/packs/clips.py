"""Makes clips of one video: crops of its only face, the sound that belongs to them, what is known of both.

Which videos is told by `prepare`; a video is read three times.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from training.packs import footage, offsets
from training.packs.data import ELSEWHERE, FRAME_PX, LEAST_FRAMES, MARGIN, write_array
from training.packs.offsets import Finding, Meter
from training.packs.splits import Video
from w2l_studio import atomic
from w2l_studio.faces import crop, smooth
from w2l_studio.media.sound import read_mono
from w2l_studio.terms import FaceTrack, Floats, FramesBGR
from w2l_studio.terms.sound import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME
from w2l_studio.timing import FrameRange

#: Longest clip; longer stretches of a shot become several.
_LONGEST_FRAMES = 10 * FPS

Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """A video that clips are made of.

    Args:
        sound: ``float32[S]``, 16 kHz.
        pictures: how many it has, at 25 a second.
        meter: what measures offsets; None = they are kept.
    """

    video: Video
    sound: Floats
    pictures: int
    meter: Meter | None


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A clip whose pictures are written and whose sound is not yet.

    Args:
        start, stop: its pictures, counted from the video's begin.
        distances: as from `offsets.Meter`; None where its offset is not measured.
    """

    folder: Path
    start: int
    stop: int
    distances: Floats | None


def make(video: Video, pack: Path, meter: Meter | None, outcome: Outcome) -> None:
    """Make the clips of a video and count them.

    Args:
        meter: what measures offsets; None = sound stays where it is.
        outcome: as `prepare.prepare` returns it; it is added to.

    Raises:
        StudioError: the video or its sound cannot be read.
        OutputError: a clip cannot be written.
    """
    sound = read_mono(video.path, SAMPLE_RATE)
    found = footage.cuts(video.path)
    film = _Film(video, sound, found[-1].frames.stop, meter)
    looking, cutting = footage.pictures(video.path), footage.pictures(video.path)
    for shot in found:
        length = len(shot.frames)
        face = footage.one_face(islice(looking, length), shot)
        if isinstance(face, str):
            outcome["dropped"].append(face)
            for _ in islice(cutting, length):
                pass
            continue
        stretch = islice(cutting, face.frames.start - shot.frames.start, None)
        names = (
            f"{video.id}__{shot.index}_{part}" if len(found) > 1 or part else video.id for part in count()
        )
        cuts = list(_cuts(film, face, stretch, (pack / name for name in names)))
        for _ in islice(stretch, shot.frames.stop - face.frames.stop):
            pass
        for cut, finding in zip(cuts, _findings(cuts, meter), strict=True):
            _finish(film, cut, finding, outcome)


def _parts(frames: FrameRange) -> list[tuple[int, int]]:
    """Split a stretch evenly into clips of ten seconds at most."""
    count = -(-len(frames) // _LONGEST_FRAMES)
    edges = np.linspace(frames.start, frames.stop, count + 1).astype(int).tolist()
    return list(pairwise(edges))


def _cuts(
    film: _Film, face: FaceTrack, pictures: Iterator[FramesBGR], folders: Iterator[Path]
) -> Iterator[_Cut]:
    """Write the pictures of a track's clips, and measure them."""
    meter, windows = film.meter, smooth.windows(face.points, face.present, footage.RATE)
    maps = crop.affines(windows, FRAME_PX, margin=MARGIN)
    places = meter.places(face, windows) if meter else maps
    for (start, stop), folder in zip(_parts(face.frames), folders, strict=False):
        asked = meter if meter and stop - start >= meter.least_frames else None
        crops, seen = [], []
        for row in range(start - face.frames.start, stop - face.frames.start):
            picture = next(pictures)
            crops.append(crop.sample(picture, maps[row], FRAME_PX))
            if asked:
                seen.append(asked.look(picture, places[row]))
        with atomic.refusals(folder, ELSEWHERE):
            folder.mkdir(exist_ok=True)
        # Until the new sound is there, the clip is no clip.
        (folder / "meta.json").unlink(missing_ok=True)
        write_array(folder / "frames.npy", np.stack(crops))
        distances = asked.distances(np.stack(seen), _heard(film.sound, start, stop)) if asked else None
        yield _Cut(folder, start, stop, distances)


def _findings(cuts: Sequence[_Cut], meter: Meter | None) -> Sequence[Finding | None]:
    """Conclude from a track's clips; None for those not measured: all are, or the only one is too short."""
    curves = [cut.distances for cut in cuts if cut.distances is not None]
    if meter is None or not curves:
        return [None] * len(cuts)
    return offsets.findings(meter, curves, [cut.stop - cut.start for cut in cuts])


def _finish(film: _Film, cut: _Cut, finding: Finding | None, outcome: Outcome) -> None:
    """Give a clip its sound, or drop it."""
    offset = finding.offset if finding else 0
    # Pictures whose sound lies before or after the recording are left out.
    start, stop = max(cut.start, offset), min(cut.stop, film.pictures + offset)
    doubt = finding.doubt if finding else ""
    if not doubt and stop - start < LEAST_FRAMES:
        doubt = "too short"
    if doubt:
        shutil.rmtree(cut.folder)
        outcome["dropped"].append(doubt)
        return
    if (start, stop) != (cut.start, cut.stop):
        crops = np.load(cut.folder / "frames.npy")
        write_array(cut.folder / "frames.npy", crops[start - cut.start : stop - cut.start])
    write_array(cut.folder / "audio.npy", _heard(film.sound, start - offset, stop - offset))
    _write_meta(film, cut.folder, finding)
    outcome["clips"] += 1
    outcome["frames"] += stop - start
    if film.meter and not finding:
        outcome["noted"].append(f"offset not measured, shorter than {film.meter.least_frames} pictures")
    elif offset:
        how = "led" if offset > 0 else "was late"
        outcome["noted"].append(f"sound {how} by {abs(offset)}, moved")


def _heard(sound: Floats, start: int, stop: int) -> Floats:
    """Return the sound of some pictures, padded with silence at its end."""
    samples = np.zeros((stop - start) * SAMPLES_PER_FRAME, np.float32)
    heard = sound[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME]
    samples[: len(heard)] = heard
    return samples


def _write_meta(film: _Film, folder: Path, finding: Finding | None) -> None:
    video = film.video
    meta: dict[str, Any] = {
        "speaker": video.speaker,
        "split": video.split,
        "licence": video.licence,
        "source": f"{video.source} {video.path.parent.name}/{video.path.name}".strip(),
    }
    if film.meter:
        offset, confidence = (finding.offset, finding.confidence) if finding else (None, None)
        meta["sync"] = {"judge": film.meter.name, "offset": offset, "confidence": confidence}
    atomic.write_text(folder / "meta.json", json.dumps(meta), ELSEWHERE)
