"""Asks the sync expert which face follows a sound: for the choice of the speaker, and for the verdict.

Brings pictures of any rate to the expert's 25 frames a second by exact time; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from w2l_studio.dub import cutting, scan, sounds
from w2l_studio.dub.geometry import View
from w2l_studio.dub.spool import Rows
from w2l_studio.errors import StemError
from w2l_studio.faces import crop, smooth
from w2l_studio.media.sound import read_mono
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.protocols import Judge
from w2l_studio.sound import speech
from w2l_studio.terms import Bools, FaceTrack, Floats, FramesBGR, Ints, Segment, SoundUse, Verdict, Voice
from w2l_studio.terms.sound import FPS, SAMPLE_RATE
from w2l_studio.timing import FrameRange, floor_frame, nearest_frame

EXPERT_RATE = Fraction(FPS)
#: Shorter ranges say too little: one second of pictures.
LEAST_FRAMES = FPS
#: The judge compares every picture with every sound: a minute of pictures is enough.
_MOST_FRAMES = 60 * FPS


@dataclass(frozen=True, slots=True, eq=False)
class ProductionScores:
    """Scores faces of a segment against its production sound."""

    segment: Segment
    production: Sequence[SoundUse]
    judge: Judge
    view: View

    def __call__(self, tracks: Sequence[FaceTrack]) -> list[float] | None:
        """Score tracks over the same frames; None where there is no speech to ask, or too little."""
        frames = tracks[0].frames
        samples = asked(self.segment, frames, self.production)
        if samples is None:
            return None
        shown = at_expert_rate(len(frames), frames.rate)
        heard = sounds.hear(samples, Fraction(0), len(shown), EXPERT_RATE)
        part = busiest(heard.voiced)
        shown, voice = shown[part], heard.of(part).voice()
        seen = FrameRange(frames.start + int(shown[0]), frames.start + int(shown[-1]) + 1, frames.rate)
        faces = [windows(self.view, scan.within(track, seen)) for track in tracks]
        joined = cutting.cut(self.segment.plate, faces, FACE_PX, scan.quiet)
        return [
            self.judge.follow(crops.pixels[shown - shown[0]], voice) if track.present.mean() > 1 / 3 else -1.0
            for crops, track in zip(cutting.parted(joined, faces), tracks, strict=True)
        ]


def windows(view: View, track: FaceTrack) -> cutting.Windows:
    """Return where the expert's crops of a track lie; every frame is wanted."""
    window = smooth.windows(track.points, track.present, track.frames.rate)
    maps = view.crop_maps(crop.affines(window, FACE_PX))
    return cutting.Windows(track.frames, maps, np.ones(len(track.frames), np.bool_))


def asked(segment: Segment, frames: FrameRange, production: Sequence[SoundUse]) -> Floats | None:
    """Return the production sound of a range; None where it is too short, or silent, to choose a speaker."""
    if len(at_expert_rate(len(frames), frames.rate)) < LEAST_FRAMES:
        return None
    return production_sound(segment, frames, production)


def production_sound(segment: Segment, frames: FrameRange, production: Sequence[SoundUse]) -> Floats | None:
    """Return 16 kHz sound of a range of the plate: its own, else what the edit lays under it.

    Sound that does not decode or in which nobody speaks says nothing: then the next is asked. None where
    none is left.
    """
    under = sounds_under(segment, frames, production)
    return next((samples for samples in under if speech.voiced(samples).any()), None)


def sounds_under(segment: Segment, frames: FrameRange, production: Sequence[SoundUse]) -> Iterator[Floats]:
    """Yield the 16 kHz sounds of a range of the plate that may be asked, in this order; none is empty."""
    if segment.plate.has_audio:
        yield from _read(segment.plate.path, frames.start_s, frames.stop_s)
    start_s = segment.record_s(frames.start)
    for use in production:
        begin = start_s - use.first_sample_s
        for samples in _read(use.media, begin, begin + len(frames) / frames.rate):
            # Handles may reach before the sound's first sample, at the head of a timeline always.
            before = np.zeros(nearest_frame(max(-begin, Fraction(0)), Fraction(SAMPLE_RATE)), np.float32)
            yield np.concatenate([before, samples])


def _read(path: Path, begin_s: Fraction, stop_s: Fraction) -> Iterator[Floats]:
    """Yield the sound of a file between two times, where the file has any that decodes."""
    if stop_s <= 0:
        return
    with suppress(StemError):
        samples = read_mono(path, SAMPLE_RATE, max(begin_s, Fraction(0)), stop_s)
        if len(samples):
            yield samples


def judged(judge: Judge, mouths: FramesBGR | Rows, rate: Fraction, voice: Voice) -> Verdict | None:
    """Let the judge score mouths against their voice; None where the take is too short to say.

    Args:
        mouths: ``uint8[T, P, P, 3]`` BGR at ``rate``, in memory or in a spool.
        voice: one window per picture **at the expert's rate**, lead 0.
    """
    shown = at_expert_rate(len(mouths), rate)[: len(voice.windows)]
    if len(shown) < LEAST_FRAMES:
        return None
    part = busiest(voice.voiced[: len(shown)])
    return judge.score(mouths[shown[part]], Voice(voice.windows[part], voice.voiced[part]))


def busiest(voiced: Bools) -> slice:
    """Return the minute with the most speech, all where there is less: more of it would tell no more.

    >>> busiest(np.arange(2000) >= 400)
    slice(400, 1900, None)
    """
    if len(voiced) <= _MOST_FRAMES:
        return slice(0, len(voiced))
    before = np.concatenate([[0], np.cumsum(voiced)])
    start = int(np.argmax(before[_MOST_FRAMES:] - before[:-_MOST_FRAMES]))
    return slice(start, start + _MOST_FRAMES)


def at_expert_rate(frames: int, rate: Fraction) -> Ints:
    """Return which of ``frames`` pictures is on screen in the middle of each picture at 25 a second.

    >>> at_expert_rate(6, Fraction(50)).tolist()
    [1, 3, 5]
    """
    count = floor_frame(frames / rate, EXPERT_RATE)
    middles = [floor_frame((i + Fraction(1, 2)) / EXPERT_RATE, rate) for i in range(count)]
    return np.array(middles, np.int64)


def expert_frames(frames: FrameRange) -> tuple[int, Ints]:
    """Return which pictures at 25 a second, counted from the film's begin, show a range of the film.

    Returns:
        The number k of the first one, which begins at k / 25 seconds, and ``int64[N]``: the film's frame
        that is on screen in the middle of each.

    >>> first, shown = expert_frames(FrameRange(100, 106, Fraction(50)))
    >>> first, shown.tolist()
    (50, [101, 103, 105])
    """
    up, down = frames.rate.numerator, 2 * frames.rate.denominator * EXPERT_RATE.numerator
    begin, end = (-((up - down * frame) // (2 * up)) for frame in (frames.start, frames.stop))
    return begin, (2 * np.arange(begin, end, dtype=np.int64) + 1) * up // down
