"""Reads sound of any file as 16 kHz mono, exact to the sample, and what a sound file says of its place.

Places nothing on a timeline and knows no speech.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from w2l_studio.errors import StemError
from w2l_studio.media.files import opened, plain
from w2l_studio.media.index import picture_stream
from w2l_studio.terms import Floats
from w2l_studio.terms.sound import SAMPLE_RATE
from w2l_studio.timing import nearest_frame

#: Sound read on both sides of a range, so that the resampler's filter and a codec's overlap have settled.
_SETTLE_S = Fraction(1, 5)
#: Recordings that may begin anywhere: with pictures that lack those which they refer to.
_CUT_ANYWHERE = ("mpegts",)
#: Samples per second: with less there is no speech, and nothing records more.
_RATES = range(1000, 1_000_001)
#: The most that may be missing from a file's sound: a time that a damaged file tells would fill the memory.
_MOST_MISSING_S = 3600
#: The loudest sample that is meant, full scale being 1: 32-bit integers that are written as floats lie below.
_LOUDEST = 1e10
#: A time reference is a number of 64 bits.
_DIGITS = 20
#: Full scale of FFmpeg's integer samples (24 bits arrive in the upper bits of 32).
_FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What a sound file says of itself.

    Args:
        rate: samples per second.
        samples: per channel.
        time_reference: first sample's place in samples since midnight (EBU Tech 3285), None where untold.
    """

    path: Path
    rate: int
    samples: int
    time_reference: int | None


def probe_sound(path: Path) -> SoundInfo:
    """Look at a sound file (or at the first sound of a film).

    Raises:
        StemError: missing, unreadable, without sound, or empty.
    """
    with opened(path, StemError) as container:
        stream = _sound_stream(container, path)
        samples = _told_samples(stream, path)
        if samples is None:
            samples = sum(frame.samples for frame in _decoded(container, stream, path))
        if samples == 0:
            raise StemError("the file holds no sound", hint="export it again", where=str(path))
        told = container.metadata.get("time_reference", "")
        return SoundInfo(
            path=path,
            rate=stream.rate,
            samples=samples,
            time_reference=int(told) if told.isdecimal() and len(told) <= _DIGITS else None,
        )


def read_mono(
    path: Path, rate: int = SAMPLE_RATE, start_s: Fraction | None = None, stop_s: Fraction | None = None
) -> Floats:
    """Read sound, mixed to one channel by the mean and resampled (soxr HQ, no delay).

    Args:
        path: sound file, or film of which the first sound is read; time 0 is then its first picture.
        rate: samples per second that are wanted.
        start_s: where to begin, default 0; on the grid of ``rate`` (rounded to the nearest sample).
        stop_s: where to end, default the file's end.

    Returns:
        ``float32[S]``, nominally -1..1; sample k of the whole file lies at k / rate seconds, so that a
        range equals the same samples of the whole. Shorter where the file ends before ``stop_s``.

    Raises:
        StemError: missing, unreadable, without sound, empty, with an hour missing, or holding NaN,
            infinity or what is no sample.
    """
    first = 0 if start_s is None else max(0, _sample(start_s, rate))
    last = None if stop_s is None else max(first, _sample(stop_s, rate))
    with opened(path, StemError) as container:
        stream = _sound_stream(container, path)
        grid = Fraction(stream.rate, rate)
        # The first sample read lies on both grids: a multiple of the period after which they meet.
        settle = _sample(_SETTLE_S, rate)
        begin = max(0, first - settle) // grid.denominator * grid.denominator
        end = None if last is None else (last + settle) * grid
        pieces = _mono(container, stream, path, int(begin * grid), None if end is None else end.__ceil__())
        samples = _resampled(pieces, stream.rate, rate)
    if not np.isfinite(samples).all():
        raise StemError(
            "the sound holds samples that are no numbers", hint="export it again", where=str(path)
        )
    if np.abs(samples).max(initial=0) > _LOUDEST:
        raise StemError(
            "the sound holds samples beyond ten billion times full scale",
            hint="export it again",
            where=str(path),
        )
    if len(samples) == 0 and begin == 0 and last != first:
        raise StemError("the file holds no sound", hint="export it again", where=str(path))
    return samples[first - begin : None if last is None else last - begin]


def _sample(seconds: Fraction, rate: int) -> int:
    return nearest_frame(seconds, Fraction(rate))


def _sound_stream(container: InputContainer, path: Path) -> AudioStream:
    if not container.streams.audio:
        raise StemError("the file holds no sound", hint="choose a sound file", where=str(path))
    stream = container.streams.audio[0]
    rate = getattr(stream.codec_context, "rate", 0)
    if not rate:
        raise StemError("no decoder for this sound", hint="convert it to WAV", where=str(path))
    if rate not in _RATES:
        raise StemError(f"the sound has {rate} samples a second", hint="export it at 48000", where=str(path))
    return stream


def _told_samples(stream: AudioStream, path: Path) -> int | None:
    """Return the length that an uncompressed file tells, where the file is long enough for it."""
    name = stream.codec_context.name
    if not name.startswith("pcm_") or stream.duration is None or stream.time_base is None:
        return None
    samples = _sample(stream.duration * stream.time_base, stream.rate)
    # pcm_s24le, pcm_f32be, ... name their bits; A-law and mu-law have 8.
    bits = int("".join(filter(str.isdigit, name)) or 8)
    return samples if samples * stream.channels * bits // 8 <= path.stat().st_size else None


def _mono(
    container: InputContainer, stream: AudioStream, path: Path, begin: int, end: int | None
) -> Iterator[Floats]:
    """Yield the samples ``begin <= n < end`` at the file's own rate, without holes, mixed to one channel."""
    frames = _placed(container, stream, path, begin)
    cursor, missing = begin, 0
    for position, frame in frames:
        if end is not None and cursor >= end:
            return
        if position > cursor:
            hole = position - cursor if end is None else min(position, end) - cursor
            missing += hole
            if missing > _MOST_MISSING_S * stream.rate:
                raise StemError(
                    f"{hole / stream.rate / 3600:.1f} hours of its sound are missing,"
                    f" {cursor / stream.rate:.1f} s after its beginning",
                    hint="export it again",
                    where=str(path),
                )
            cursor += hole
            for rest in range(hole, 0, -stream.rate):
                yield np.zeros(min(rest, stream.rate), np.float32)
        samples = _mixed(frame)[max(0, cursor - position) :]
        if end is not None:
            samples = samples[: end - cursor]
        cursor += len(samples)
        yield samples


def _placed(
    container: InputContainer, stream: AudioStream, path: Path, begin: int
) -> Iterator[tuple[int, AudioFrame]]:
    """Yield decoded sound with the number of its first sample, from ``begin`` or before it.

    Where the container counts time in samples, times are trusted (and holes seen); elsewhere only the
    first is, and samples are counted from there.
    """
    if stream.time_base is None:
        raise StemError("the sound carries no time", hint="convert it to WAV", where=str(path))
    base, rate, zero_s = stream.time_base, stream.rate, _zero_s(container, stream, path)
    exact = base == Fraction(1, rate)
    frames = _decoded(container, stream, path)
    if exact and begin:
        container.seek(begin + _sample(zero_s, rate), stream=stream, backward=True)
        first = next(frames, None)
        if first is None or first.pts is None or _sample(first.pts * base - zero_s, rate) > begin:
            container.seek(stream.start_time or 0, stream=stream, backward=True)
            frames = _decoded(container, stream, path)
        else:
            frames = itertools.chain([first], frames)
    cursor: int | None = None
    for frame in frames:
        if frame.pts is not None and (exact or cursor is None):
            cursor = _sample(frame.pts * base - zero_s, rate)
        cursor = cursor or 0
        yield cursor, frame
        cursor += frame.samples


def _zero_s(container: InputContainer, stream: AudioStream, path: Path) -> Fraction:
    """Return where time 0 lies: at a film's first picture that decodes, else at the sound's first sample."""
    film = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if film and container.format.name in _CUT_ANYWHERE:
        with opened(path, StemError) as again:
            first = next(again.decode(picture_stream(again, path)), None)
            if first is not None and first.pts is not None and first.time_base is not None:
                return first.pts * first.time_base
    leader = film[0] if film else stream
    return (leader.start_time or 0) * (leader.time_base or Fraction(0))


def _decoded(container: InputContainer, stream: AudioStream, path: Path) -> Iterator[AudioFrame]:
    try:
        yield from container.decode(stream)
    except av.FFmpegError as error:
        raise StemError(
            f"the sound does not decode ({plain(error)})", hint="export it again", where=str(path)
        ) from error


def _mixed(frame: AudioFrame) -> Floats:
    """Return one frame as ``float32[S]``, the mean of its channels."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    kind = frame.format.packed.name
    if kind == "u8":
        samples = samples.astype(np.float64) - 128
    mixed = samples.mean(axis=0, dtype=np.float64) / _FULL_SCALE.get(kind, 1.0)
    return np.asarray(mixed, np.float32)


def _resampled(pieces: Iterator[Floats], rate: int, wanted: int) -> Floats:
    if rate == wanted:
        parts = list(pieces)
    else:
        resampler = soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="HQ")
        parts = [resampler.resample_chunk(piece) for piece in pieces]
        parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
