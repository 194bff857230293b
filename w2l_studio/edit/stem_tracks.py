"""Lays stems onto new audio tracks of a timeline.

Reads no sound: the stem's place and length are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from w2l_studio.edit import settings, urls
from w2l_studio.terms import Stem
from w2l_studio.terms.results import METADATA_KEY

#: What the names of our own tracks begin with.
_OURS = "W2L "


def replace(
    stack: Any, stems: Sequence[Stem], *, lang: str, frames: int, rate: Fraction, folder: Path
) -> None:
    """Replace a language's stem tracks of a stack, in place; tracks of others of such a name stay.

    Args:
        stack: the timeline's top stack.
        stems: with their place on the timeline.
        lang: whose tracks (named ``W2L <lang>`` or ``W2L <lang> <CHARACTER>``) are replaced.
        frames: length of the timeline; what reaches beyond is trimmed.
        rate: of the timeline.
        folder: where the edit will lie.
    """
    files = {stem.path for stem in stems}
    for index in reversed(range(len(stack))):
        if _ours(stack[index], lang, files, folder):
            del stack[index]
    for stem in stems:
        track = _track(stem, lang, frames, rate, folder)
        if track is not None:
            stack.append(track)


def _ours(track: Any, lang: str, files: set[Path], folder: Path) -> bool:
    """Tell whether we laid a track: by its name, and by what each of its clips says of itself or plays.

    Hosts may lose what clips say; then it has to play one of the stems that are laid now.
    """
    if not (isinstance(track, otio.schema.Track) and track.kind == otio.schema.TrackKind.Audio):
        return False
    clips = list(track.find_clips())
    named = f"{track.name or ''} ".startswith(f"{_OURS}{lang} ")
    return bool(named and clips) and all(
        settings.is_stem(clip) or _plays(clip, folder) in files for clip in clips
    )


def _plays(clip: Any, folder: Path) -> Path | None:
    media = clip.media_reference
    external = isinstance(media, otio.schema.ExternalReference)
    return urls.to_path(media.target_url, folder) if external else None


def _track(stem: Stem, lang: str, frames: int, rate: Fraction, folder: Path) -> Any:
    """Return the track, None where the stem lies outside the timeline.

    The clip begins on a frame of the timeline; a stem that begins within a frame or before the
    timeline loses the part before that frame, so that every sample keeps its exact time.
    """
    first = stem.first_sample_s * rate
    gap = max(0, first.__ceil__())
    head = gap - first
    available = (stem.duration_s * rate).__ceil__()
    length = min((available - head).__floor__(), frames - gap)
    if length <= 0:
        return None
    media = otio.schema.ExternalReference(
        urls.to_url(stem.path, folder), available_range=_range(Fraction(0), available, rate)
    )
    media.name = urls.as_text(stem.path.name)
    clip = otio.schema.Clip(urls.as_text(stem.path.stem), media, _range(head, length, rate))
    clip.metadata[METADATA_KEY] = {"lang": lang, "stem": stem.sha256, "placed_by": stem.placed_by}
    name = f"{_OURS}{lang} {stem.character}" if stem.character else f"{_OURS}{lang}"
    track = otio.schema.Track(urls.as_text(name), kind=otio.schema.TrackKind.Audio)
    if gap:
        track.append(otio.schema.Gap(source_range=_range(Fraction(0), gap, rate)))
    track.append(clip)
    return track


def _range(start: Fraction, frames: int, rate: Fraction) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(float(start), float(rate)), time(float(frames), float(rate)))
