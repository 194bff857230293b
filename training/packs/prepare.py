"""Makes a pack of a folder of videos: shots, one face, calm crops at 25 a second, 16 kHz sound in sync.

Goes through videos in several processes and tells what became of them; `clips` makes them, the engine's
judges say whether the sound is the lips' own (`offsets`). Trains nothing.
"""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from training.packs import clips, offsets
from training.packs.clips import Outcome
from training.packs.data import ELSEWHERE, manifest, read_entry
from training.packs.splits import Video
from w2l_studio import atomic
from w2l_studio.errors import MediaError, OutputError, StudioError, UsageError
from w2l_studio.terms.sound import FPS

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".mxf", ".ts", ".m4v")
_DONE = ".videos"

_Task = tuple[Video, Path, str | None]


def films(source: Path) -> list[Path]:
    """Find the videos under a folder.

    Raises:
        UsageError: there is none.
    """
    found = [path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES]
    if not found:
        raise UsageError(
            f"there is no film in it: none ends in {', '.join(SUFFIXES)}",
            hint="convert others first, e.g. by ffmpeg",
            where=str(source),
        )
    return found


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
        UsageError: the pack has another film of a video's name, or was made by other rules.
        OutputError: the pack cannot be written; what is finished is kept.
        WeightsError: the judge is missing, or measures no offsets.
    """
    _refuse_another(videos, pack, judge)
    if judge is not None:
        offsets.meter(judge)
    with atomic.refusals(pack / _DONE, ELSEWHERE):
        (pack / _DONE).mkdir(parents=True, exist_ok=True)
    tasks: list[_Task] = [(video, pack, judge) for video in videos]
    outcomes = []
    for outcome in _outcomes(tasks, jobs):
        outcomes.append(outcome)
        tick()
    entries = (read_entry(meta.parent) for meta in pack.glob("*/meta.json"))
    atomic.write_text(pack / "manifest.tsv", manifest(entries), ELSEWHERE)
    return outcomes


def _refuse_another(videos: Sequence[Video], pack: Path, judge: str | None) -> None:
    """Refuse films that only share a name with one of the pack, or were made by other rules."""
    for video in videos:
        note = pack / _DONE / f"{video.id}.json"
        if not note.exists():
            continue
        # Packs that were begun before these were noted have none.
        told = {"bytes": _size(video), "rules": _rules(video, judge), **_noted(note)}
        if told["bytes"] != _size(video):
            raise UsageError(
                f"{pack} already has clips of another film named {video.id}",
                hint="rename the film, or prepare it into a pack of its own",
                where=str(video.path),
            )
        if told["rules"] != _rules(video, judge):
            raise UsageError(
                f"{pack} was made by another --split, --judge or --keep-offsets, and its clips would stay",
                hint="give the same ones, or another pack",
                where=str(video.path),
            )


def _rules(video: Video, judge: str | None) -> dict[str, str | None]:
    """Return what decides about a video's clips, as its note tells it."""
    told = {name: getattr(video, name) for name in ("speaker", "split", "licence", "source", "drop")}
    return {**told, "judge": judge}


def _size(video: Video) -> int:
    return video.path.stat().st_size


def _outcomes(tasks: Sequence[_Task], jobs: int) -> Iterator[Outcome]:
    if jobs <= 1:
        yield from map(_video, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield from pool.map(_video, tasks, chunksize=4)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return what was made, what was done to its sound, and what was dropped, and why."""
    made, frames = (sum(outcome[key] for outcome in outcomes) for key in ("clips", "frames"))
    # Packs that were begun before offsets were measured have no notes.
    noted = Counter(note for outcome in outcomes for note in outcome.get("noted", ()))
    reasons = Counter(reason for outcome in outcomes for reason in outcome["dropped"])
    rows = [f"{len(outcomes):6} videos", f"{made:6} clips, {frames / FPS / 60:.1f} min"]
    rows += [f"{count:6} kept: {note}" for note, count in noted.most_common()]
    rows += [f"{count:6} dropped: {reason}" for reason, count in reasons.most_common()]
    return "\n".join(rows)


def _noted(note: Path) -> Outcome:
    """Read what is noted of a video.

    Raises:
        MediaError: the note is damaged.
    """
    try:
        outcome = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        outcome = None
    if not isinstance(outcome, dict):
        raise MediaError(
            "this note of a finished video is damaged",
            hint="delete it, and its video is prepared again",
            where=str(note),
        )
    return outcome


def _video(task: _Task) -> Outcome:
    """Make the clips of one video; in a process of the pool."""
    video, pack, judge = task
    note = pack / _DONE / f"{video.id}.json"
    if note.exists():
        return _noted(note)
    outcome: Outcome = {
        **{"video": video.id, "bytes": _size(video), "rules": _rules(video, judge)},
        **{"clips": 0, "frames": 0, "dropped": [], "noted": []},
    }
    if video.drop:
        outcome["dropped"].append(video.drop)
    else:
        try:
            clips.make(video, pack, offsets.meter(judge) if judge is not None else None, outcome)
        except OutputError:
            raise  # the disk's trouble, not the video's: it is made when the run goes on
        except StudioError as error:
            outcome["dropped"].append(error.message)
    atomic.write_text(note, json.dumps(outcome), ELSEWHERE)
    return outcome
