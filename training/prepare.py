"""Makes a pack of a folder of videos: shots, one face, calm crops, 25 pictures a second, 16 kHz sound.

Uses the engine's own detector, tracks and windows, so that networks are trained on what they will be given.
Trains nothing. A video is read three times and never held whole.
"""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from training.data import FPS, FRAME_PX, LEAST_FRAMES, MARGIN, SAMPLES_PER_FRAME
from training.splits import Video
from w2l_studio.errors import MediaError, StudioError
from w2l_studio.faces import crop, shots, smooth, track
from w2l_studio.faces.detect_mtcnn import Mtcnn
from w2l_studio.media.files import opened
from w2l_studio.media.index import picture_stream
from w2l_studio.media.sound import read_mono
from w2l_studio.sound.mel import SAMPLE_RATE
from w2l_studio.terms import Doubles, FaceTrack, FramesBGR, Shot
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
_detector: list[Mtcnn] = []


def prepare(
    videos: Sequence[Video], pack: Path, *, jobs: int, tick: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """Make a pack, going on where an earlier run was stopped.

    Args:
        videos: from `splits.assign`.
        pack: folder to make; each clip gets one in it, ``meta.json`` last.
        jobs: processes.
        tick: called after each video.

    Returns:
        One outcome per video: ``{"video", "clips", "frames", "dropped": [reason, ...]}``.
    """
    (pack / _DONE).mkdir(parents=True, exist_ok=True)
    tasks = [(video, pack) for video in videos]
    outcomes = []
    if jobs <= 1:
        results: Iterator[Outcome] = map(_video, tasks)
        for outcome in results:
            outcomes.append(outcome)
            tick()
        return outcomes
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for outcome in pool.map(_video, tasks, chunksize=4):
            outcomes.append(outcome)
            tick()
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """Return what was made and what was dropped, and why."""
    clips, frames = (sum(outcome[key] for outcome in outcomes) for key in ("clips", "frames"))
    reasons = Counter(reason for outcome in outcomes for reason in outcome["dropped"])
    rows = [f"{len(outcomes):6} videos", f"{clips:6} clips, {frames / FPS / 60:.1f} min"]
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


def _video(task: tuple[Video, Path]) -> Outcome:
    """Make the clips of one video; in a process of the pool."""
    video, pack = task
    note = pack / _DONE / f"{video.id}.json"
    if note.exists():
        outcome: Outcome = json.loads(note.read_text("utf-8"))
        return outcome
    outcome = {"video": video.id, "clips": 0, "frames": 0, "dropped": []}
    if video.drop:
        outcome["dropped"].append(video.drop)
    else:
        try:
            _clips(video, pack, outcome)
        except StudioError as error:
            outcome["dropped"].append(error.message)
    note.write_text(json.dumps(outcome), encoding="utf-8")
    return outcome


def _clips(video: Video, pack: Path, outcome: Outcome) -> None:
    sound = read_mono(video.path, SAMPLE_RATE)
    found = shots.split((_reduced(picture)[0] for picture in pictures(video.path)), _RATE)
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
        for part, (start, stop) in enumerate(_parts(face.frames)):
            rows = slice(start - face.frames.start, stop - face.frames.start)
            crops = _cut(islice(stretch, stop - start), _windows(face)[rows])
            name = f"{video.id}__{shot.index}_{part}" if len(found) > 1 or part else video.id
            _write(pack / name, crops, sound[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME], video)
            outcome["clips"] += 1
            outcome["frames"] += len(crops)
        for _ in islice(stretch, shot.frames.stop - face.frames.stop):
            pass


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


def _cut(frames: Iterator[FramesBGR], windows: Doubles) -> FramesBGR:
    maps = crop.affines(windows, FRAME_PX, margin=MARGIN)
    return np.stack(
        [crop.sample(frame, matrix, FRAME_PX) for frame, matrix in zip(frames, maps, strict=True)]
    )


def _write(folder: Path, crops: FramesBGR, sound: np.ndarray, video: Video) -> None:
    """Write one clip; the sound is padded with silence at its end."""
    folder.mkdir(exist_ok=True)
    samples = np.zeros(len(crops) * SAMPLES_PER_FRAME, np.float32)
    samples[: len(sound)] = sound
    np.save(folder / "frames.npy", crops)
    np.save(folder / "audio.npy", samples)
    meta = {
        "speaker": video.speaker,
        "split": video.split,
        "licence": video.licence,
        "source": f"{video.source} {video.path.parent.name}/{video.path.name}".strip(),
    }
    unfinished = folder / "meta.unfinished"
    unfinished.write_text(json.dumps(meta), encoding="utf-8")
    unfinished.replace(folder / "meta.json")
