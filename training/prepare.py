"""Makes a pack of a folder of videos: shots, one face, calm crops at 25 a second, 16 kHz sound in sync.

Uses the engine's own detector, tracks and windows, so that networks are trained on what they will be given;
its judges say whether the sound is the lips' own (`offsets`). Trains nothing. A video is read three times
and its pictures are never held whole.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from training import offsets
from training.data import FPS, FRAME_PX, LEAST_FRAMES, MARGIN, SAMPLES_PER_FRAME, manifest, read_entry
from training.offsets import Finding, Meter
from training.splits import Video
from w2l_studio.errors import MediaError, StudioError
from w2l_studio.faces import crop, shots, smooth, track
from w2l_studio.faces.detect_mtcnn import Mtcnn
from w2l_studio.media.files import opened
from w2l_studio.media.index import picture_stream
from w2l_studio.media.sound import read_mono
from w2l_studio.sound.mel import SAMPLE_RATE
from w2l_studio.terms import Doubles, FaceTrack, Floats, FramesBGR, Shot
from w2l_studio.timing import FrameRange

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".mxf", ".ts", ".m4v")
_RATE = Fraction(FPS)
_EVERY = 4
#: Longer side of the pictures that faces are looked for in.
_LOOK_PX = 640
#: Longest clip; longer stretches of a shot become several.
_LONGEST_FRAMES = 10 * FPS
#: Windows smaller than this many pixels hold no lips that could be read.
_SMALLEST_PX = 48.0
#: Another face counts when it is at least this large beside the first, for a fifth of the shot.
_RIVAL, _RIVAL_TIME = 0.5, 0.2
_DONE = ".videos"

Outcome = dict[str, Any]
_Task = tuple[Video, Path, str | None]
_detector: list[Mtcnn] = []


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


def prepare(
    videos: Sequence[Video],
    pack: Path,
    *,
    jobs: int,
    judge: str | None,
    tick: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Make a pack and its ``manifest.tsv``, going on where an earlier run was stopped.

    Args:
        videos: from `splits.assign`.
        pack: folder to make; each clip gets one in it, ``meta.json`` last.
        jobs: processes.
        judge: weights that measure offsets, a name or a file; None = sound stays where it is.
        tick: called after each video.

    Returns:
        One outcome per video: ``{"video", "clips", "frames", "dropped": [reason, ...], "noted": [...]}``;
        noted is what was done to clips that were kept.

    Raises:
        WeightsError: the judge is missing, or measures no offsets.
    """
    if judge is not None:
        offsets.meter(judge)
    (pack / _DONE).mkdir(parents=True, exist_ok=True)
    tasks: list[_Task] = [(video, pack, judge) for video in videos]
    outcomes = []
    for outcome in _outcomes(tasks, jobs):
        outcomes.append(outcome)
        tick()
    entries = (read_entry(meta.parent) for meta in pack.glob("*/meta.json"))
    (pack / "manifest.tsv").write_text(manifest(entries), encoding="utf-8")
    return outcomes


def _outcomes(tasks: Sequence[_Task], jobs: int) -> Iterator[Outcome]:
    if jobs <= 1:
        yield from map(_video, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield from pool.map(_video, tasks, chunksize=4)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return what was made, what was done to its sound, and what was dropped, and why."""
    clips, frames = (sum(outcome[key] for outcome in outcomes) for key in ("clips", "frames"))
    # Packs that were begun before offsets were measured have no notes.
    noted = Counter(note for outcome in outcomes for note in outcome.get("noted", ()))
    reasons = Counter(reason for outcome in outcomes for reason in outcome["dropped"])
    rows = [f"{len(outcomes):6} videos", f"{clips:6} clips, {frames / FPS / 60:.1f} min"]
    rows += [f"{count:6} kept: {note}" for note, count in noted.most_common()]
    rows += [f"{count:6} dropped: {reason}" for reason, count in reasons.most_common()]
    return "\n".join(rows)


def pictures(path: Path) -> Iterator[FramesBGR]:
    """Yield pictures ``uint8[H, W, 3]`` BGR at 25 a second by time, whatever the rate of the file.

    Picture n is the one that is on screen in the middle of its 25th of a second.

    Raises:
        MediaError: unreadable, or nothing in it decodes.
    """
    with opened(path) as container:
        stream = picture_stream(container, path)
        stream.thread_type = "SLICE"
        shown: FramesBGR | None = None
        begin, last, number = Fraction(0), Fraction(0), 0
        for frame in container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                continue
            time = frame.pts * frame.time_base
            if shown is None:
                begin = time
            else:
                while (number + Fraction(1, 2)) / FPS < time - begin:
                    yield shown
                    number += 1
            last, shown = time - begin, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        if shown is None:
            raise MediaError("no picture decodes", hint="export it again", where=str(path))
        while (number + Fraction(1, 2)) / FPS < last + Fraction(1, FPS):
            yield shown
            number += 1


def _video(task: _Task) -> Outcome:
    """Make the clips of one video; in a process of the pool."""
    video, pack, judge = task
    note = pack / _DONE / f"{video.id}.json"
    if note.exists():
        outcome: Outcome = json.loads(note.read_text("utf-8"))
        return outcome
    outcome = {"video": video.id, "clips": 0, "frames": 0, "dropped": [], "noted": []}
    if video.drop:
        outcome["dropped"].append(video.drop)
    else:
        try:
            _clips(video, pack, offsets.meter(judge) if judge is not None else None, outcome)
        except StudioError as error:
            outcome["dropped"].append(error.message)
    note.write_text(json.dumps(outcome), encoding="utf-8")
    return outcome


def _clips(video: Video, pack: Path, meter: Meter | None, outcome: Outcome) -> None:
    sound = read_mono(video.path, SAMPLE_RATE)
    found = shots.split((_reduced(picture)[0] for picture in pictures(video.path)), _RATE)
    film = _Film(video, sound, found[-1].frames.stop, meter)
    looking, cutting = pictures(video.path), pictures(video.path)
    for shot in found:
        length = len(shot.frames)
        face = _one_face(islice(looking, length), shot)
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


def _reduced(picture: FramesBGR) -> tuple[FramesBGR, float]:
    """Return a picture for looking at and by how much the original is larger."""
    height, width = picture.shape[:2]
    factor = max(1.0, max(height, width) / _LOOK_PX)
    if factor == 1:
        return picture, 1.0
    small: FramesBGR = cv2.resize(
        picture, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA
    )
    return small, factor


def _one_face(frames: Iterator[FramesBGR], shot: Shot) -> FaceTrack | str:
    """Return the shot's only face in pixels of the video, or why there is none."""
    if not _detector:
        _detector.append(Mtcnn())
    factors: list[float] = []

    def looked() -> Iterator[FramesBGR]:
        for frame in frames:
            small, factor = _reduced(frame)
            factors.append(factor)
            yield small

    tracks = track.link(looked(), _detector[0], shot=shot, every=_EVERY)
    if not tracks:
        return "no face"
    first, *others = (_longest_run(found) for found in tracks)
    side = _side(first)
    if any(_side(o) > _RIVAL * side and len(o.frames) > _RIVAL_TIME * len(shot.frames) for o in others):
        return "several faces"
    if side * factors[0] < _SMALLEST_PX:
        return "face too small"
    if len(first.frames) < LEAST_FRAMES:
        return "too short"
    return FaceTrack(
        first.frames, first.boxes * factors[0], first.points * factors[0], first.scores, first.present
    )


def _side(face: FaceTrack) -> float:
    return float(np.median(crop.windows(face.points)[:, 2]))


def _longest_run(found: FaceTrack) -> FaceTrack:
    """Return the longest stretch in which the face is there throughout."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], found.present.astype(np.int8), [0]]))).reshape(-1, 2)
    start, stop = max(edges.tolist(), key=lambda edge: edge[1] - edge[0])
    rows, first = slice(start, stop), found.frames.start
    frames = FrameRange(first + start, first + stop, found.frames.rate)
    return FaceTrack(frames, found.boxes[rows], found.points[rows], found.scores[rows], found.present[rows])


def _parts(frames: FrameRange) -> list[tuple[int, int]]:
    """Split a stretch evenly into clips of ten seconds at most."""
    count = -(-len(frames) // _LONGEST_FRAMES)
    edges = np.linspace(frames.start, frames.stop, count + 1).astype(int).tolist()
    return list(pairwise(edges))


def _windows(face: FaceTrack) -> Doubles:
    return smooth.steady_windows(crop.windows(face.points), face.present, _RATE)


def _cuts(
    film: _Film, face: FaceTrack, pictures: Iterator[FramesBGR], folders: Iterator[Path]
) -> Iterator[_Cut]:
    """Write the pictures of a track's clips, and measure them."""
    meter, windows = film.meter, _windows(face)
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
        folder.mkdir(exist_ok=True)
        # Until the new sound is there, the clip is no clip.
        (folder / "meta.json").unlink(missing_ok=True)
        np.save(folder / "frames.npy", np.stack(crops))
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
        np.save(cut.folder / "frames.npy", crops[start - cut.start : stop - cut.start])
    np.save(cut.folder / "audio.npy", _heard(film.sound, start - offset, stop - offset))
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
    unfinished = folder / "meta.unfinished"
    unfinished.write_text(json.dumps(meta), encoding="utf-8")
    unfinished.replace(folder / "meta.json")
