"""The paper's tables 1 and 3 for generators of ours: dubs by a list of pairs, judged by our own judge.

By the paper's protocol (the same picture as reference and pose prior) and by ours (one with closed lips).
Beside them stand what no generator made: the real video, the video with the other sound, and shut lips.
Draws no pairs (`lists`); its judge is not SyncNet, so its numbers are no LSE. FID is `fid`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import cv2
import numpy as np
import numpy.typing as npt

from training.measure import fid, redub
from training.measure.inception import Inception
from training.measure.lists import Pair
from training.measure.resampling import bounds, whole_people
from training.packs.data import Clip, hear, read_audio
from training.packs.prepare import SUFFIXES
from training.variety import augment
from w2l_studio.errors import UsageError
from w2l_studio.judge import mfcc
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.terms import Bools, Crops, Floats, FramesBGR, Voice
from w2l_studio.terms.sound import SAMPLES_PER_FRAME

PROTOCOLS = ("paper", "ours")
#: A mel window with nothing louder than this is silence.
_SILENT = -1.0
_REAL = "real video"


@dataclass(frozen=True, slots=True)
class Row:
    """What the judge says of one method on one pair.

    Args:
        distance: 1 - cosine at the best offset; no LSE.
        confidence: median over offsets less the distance.
        features: ``float32[K, 2048]`` of the faces, for FID; None where there are no Inception weights.
    """

    method: str
    protocol: str
    speaker: str
    distance: float
    confidence: float
    offset: int
    features: Floats | None = field(default=None, compare=False, repr=False)


def rows(
    clips: Sequence[Clip],
    pairs: Sequence[Pair],
    generators: Sequence[Wav2Lip],
    judge: SlimJudge,
    opening: Openness,
    inception: Inception | None = None,
) -> Iterator[Row]:
    """Dub every pair by every generator, and judge; describe the faces for FID where there is a network.

    Raises:
        UsageError: a pair names a clip that is not there, or one of several.
    """
    named = {clip.name: clip for clip in clips}
    for pair in pairs:
        video, sound = (_listed(name, named) for name in (pair.video, pair.sound))
        for row, shown in _pair(video, sound, generators, judge, opening):
            yield replace(row, features=fid.features(inception, shown)) if inception else row


def _listed(name: str, named: Mapping[str, Clip]) -> Clip:
    """Return the clip that a list means: by a clip's own name, or by the film's as published lists have it.

    Clips are named by their film's folder and stem (`packs.splits`), lists by the way to the film, with or
    without a suffix, or by its name alone.
    """
    way = PurePosixPath(name)
    stem = way.stem if way.suffix.lower() in (*SUFFIXES, ".wav") else way.name
    for spelled in (name, "__".join([*way.parts[-2:-1], stem])):
        if spelled in named:
            return named[spelled]
    ends = [clip for title, clip in named.items() if title.endswith(f"__{stem}")]
    if len(ends) != 1:
        found = f"{len(ends)} clips are of that name" if ends else "no pack holds it"
        raise UsageError(f"the list names {name}, and {found}", hint="give its pack, or its folder as well")
    return ends[0]


def _pair(
    video: Clip, sound: Clip, generators: Sequence[Wav2Lip], judge: SlimJudge, opening: Openness
) -> Iterator[tuple[Row, FramesBGR]]:
    """Yield what is said of each method's faces, and the faces at the judge's size."""
    count = min(len(video.frames), len(sound.frames))
    own, other = (pcm(clip)[: count * SAMPLES_PER_FRAME] for clip in (video, sound))
    pixels = augment.faces(video.frames, FACE_PX)[:count]
    closed = redub.closed(pixels, opening)
    shut = pixels.copy()
    shut[:, FACE_PX // 2 :] = pixels[closed][:, FACE_PX // 2 :]
    still = {_REAL: (pixels, own), "unsynced original": (pixels, other), "shut lips": (shut, other)}
    for method, (shown, heard) in still.items():
        yield _row(method, "-", video, judge, shown, heard), shown
    for generator in generators:
        large = augment.faces(video.frames, generator.face_px)[:count]
        voice = _voice(sound, count, generator)
        for protocol in PROTOCOLS:
            references = large if protocol == "paper" else large[closed]
            drawn = small(generator.speak(Crops(large, np.zeros((count, 2, 3))), references, voice))
            yield _row(generator.name, protocol, video, judge, drawn, other), drawn


def _row(
    method: str,
    protocol: str,
    video: Clip,
    judge: SlimJudge,
    shown: FramesBGR,
    heard: npt.NDArray[np.int16],
) -> Row:
    said = judge.score(shown, heard)
    return Row(method, protocol, video.speaker, said.distance, said.confidence, said.offset_frames)


def small(faces: FramesBGR) -> FramesBGR:
    """Make faces as small as the judge reads them."""
    if faces.shape[1] == FACE_PX:
        return faces
    size = (FACE_PX, FACE_PX)
    return np.stack([cv2.resize(face, size, interpolation=cv2.INTER_AREA) for face in faces])


def _voice(clip: Clip, count: int, generator: Wav2Lip) -> Voice:
    windows = redub.heard(generator, clip, count, int(generator.lead_ms))
    return Voice(windows, voiced(hear(clip.mel, np.arange(count))))


def voiced(windows: Floats) -> Bools:
    """Tell in which mel windows ``float32[T, 80, C]`` somebody speaks, ``bool[T]``."""
    loud: Bools = windows.max((1, 2)) > _SILENT
    return loud


def pcm(clip: Clip) -> npt.NDArray[np.int16]:
    """Read a clip's sound as the judge hears it."""
    return mfcc.pcm(read_audio(clip.folder))


def table(found: Sequence[Row], judge: str) -> str:
    """Return the figures as text: means over pairs, bounds of 95 in 100 resamplings of people.

    FID is of all faces of a method against all real ones, so it has no bounds.
    """
    head = (
        f"| method | protocol | pairs | distance ({judge}) | confidence ({judge}) | offset within 1 | FID |"
    )
    lines = [head, "|---|---|---|---|---|---|---|"]
    real = _features([row for row in found if row.method == _REAL])
    for method, protocol in dict.fromkeys((row.method, row.protocol) for row in found):
        mine = [row for row in found if (row.method, row.protocol) == (method, protocol)]
        values = np.array([(row.distance, row.confidence, abs(row.offset) <= 1) for row in mine], float)
        low, high = bounds(values, whole_people([row.speaker for row in mine]))
        figures = [f"{m:.3f} [{a:.3f}-{b:.3f}]" for m, a, b in zip(values.mean(0), low, high, strict=True)]
        seen = _features(mine)
        figures.append("-" if real is None or seen is None else f"{fid.distance(seen, real):.1f}")
        lines.append(f"| {method} | {protocol} | {len(mine)} | {' | '.join(figures)} |")
    lines.append(f"\n{judge} is not SyncNet: these numbers are no LSE-D and LSE-C.")
    if real is None:
        lines.append("FID is empty: its network's weights are not ours to ship, give them by --inception.")
    return "\n".join(lines)


def _features(found: Sequence[Row]) -> Floats | None:
    parts = [row.features for row in found if row.features is not None]
    return np.concatenate(parts) if parts else None
