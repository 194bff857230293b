"""Puts takes and stems into a copy of an edit.

Writes no file (see `timeline.write`) and never changes the edit that it is given.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from w2l_studio.edit import layout, sequences, settings, stem_tracks, urls
from w2l_studio.edit.layout import OURS, Placed, seconds
from w2l_studio.edit.settings import SLATE
from w2l_studio.edit.timeline import Edit, frames
from w2l_studio.errors import EditError, OutputError
from w2l_studio.terms import Stem, Take, sequence_of
from w2l_studio.terms.results import METADATA_KEY
from w2l_studio.timing import nearest_frame, snap_rate

_VERSION = 1
_Path = tuple[int, ...]


def apply(edit: Edit, takes: Sequence[Take], *, stems: Sequence[Stem], lang: str, out_path: Path) -> Any:
    """Return the edit with new shots and stems in it.

    A whole-clip take becomes the active media reference ``w2l_<lang>`` of its clip, the others stay
    beside it. A clip with partial takes is razored around them. What an earlier patch of the same
    language left is replaced, so applying twice equals applying once.

    Args:
        edit: as read; the takes were cut from it, or from the edit that it was patched from.
        takes: rendered segments.
        stems: laid onto new audio tracks.
        lang: language tag, e.g. ``fr``.
        out_path: where the result will lie; media URLs are told from there.

    Raises:
        OutputError: ``out_path`` is the source edit.
        EditError: a take's clip is not in this edit.
    """
    if out_path.resolve() == edit.path.resolve():
        raise OutputError(
            "the source edit is never written to", hint="give another name", where=str(out_path)
        )
    timeline = edit.otio.deepcopy()
    folder = out_path.absolute().parent
    items = list(layout.walk(timeline))
    groups = _by_target(edit, takes, items, lang)
    for item in items:
        if item.is_clip:
            _reset(item.item, lang)
            _rebase(item.item, edit.folder, folder)
    placed = {item.path: item for item in items}
    # From the last path to the first: a razored clip moves only what follows it in its track.
    for path in sorted(groups, reverse=True):
        _replace_clip(timeline.tracks, placed[path], _pieces(placed[path], groups[path], edit, lang, folder))
    stem_tracks.replace(timeline.tracks, stems, lang=lang, frames=edit.frames, rate=edit.rate, folder=folder)
    timeline.metadata[METADATA_KEY] = {
        **settings.told(timeline),
        "v": _VERSION,
        "lang": lang,
        "synthetic": True,
    }
    return timeline


def _by_target(
    edit: Edit, takes: Sequence[Take], items: Sequence[Placed], lang: str
) -> dict[_Path, list[Take]]:
    """Group takes by the clip that they belong to now, each group in order of time."""
    clips = {item.path: item for item in items if item.is_clip and item.kind == "video"}
    slates = {
        (slate.get("segment"), slate.get("lang")): path
        for path, placed in clips.items()
        if (slate := settings.told(placed.item))
    }
    groups: dict[_Path, list[Take]] = {}
    for take in sorted(takes, key=lambda take: take.segment.plate_range):
        segment = take.segment
        path: _Path | None = segment.clip.path
        if path not in clips or frames(clips[path].window, edit.rate) != segment.clip.record:
            path = slates.get((segment.id, lang))
        if path is None:
            raise EditError(
                f"the clip {segment.clip.name!r} of the take {segment.id} is not where it was",
                hint="run dub again on this edit",
                where=edit.path.name,
            )
        groups.setdefault(path, []).append(take)
    return groups


def _reset(clip: Any, lang: str) -> None:
    """Take a language's earlier dub off a clip: its reference and its slate."""
    references, key = dict(clip.media_references()), f"{OURS}{lang}"
    if key in references:
        kept = {name: media for name, media in references.items() if name != key}
        active = clip.active_media_reference_key
        if active == key:
            active = layout.reference_key(clip) or next(iter(kept), "")
        if kept:
            clip.set_media_references(kept, active)
    ours = settings.told(clip)
    if ours.get("lang") == lang:
        rest = {name: value for name, value in ours.items() if name not in SLATE}
        clip.metadata.pop(METADATA_KEY)
        if rest:
            clip.metadata[METADATA_KEY] = rest


def _rebase(clip: Any, old: Path, new: Path) -> None:
    """Keep relative media URLs true when the edit moves to another folder."""
    if old == new:
        return
    for media in clip.media_references().values():
        if isinstance(media, otio.schema.ExternalReference) and media.target_url:
            media.target_url = urls.rebase(media.target_url, old, new)
        elif isinstance(media, otio.schema.ImageSequenceReference):
            media.target_url_base = urls.rebase(media.target_url_base, old, new)


def _replace_clip(top: Any, placed: Placed, pieces: Sequence[Any]) -> None:
    parent = top
    for index in placed.path[:-1]:
        parent = parent[index]
    at = placed.path[-1]
    if len(pieces) > 1 and not isinstance(parent, otio.schema.Track):
        parent[at] = otio.schema.Track(placed.item.name, kind=otio.schema.TrackKind.Video)
        parent, at = parent[at], 0
        parent.extend(pieces)
        return
    parent[at] = pieces[0]
    for shift, piece in enumerate(pieces[1:], 1):
        parent.insert(at + shift, piece)


def _pieces(placed: Placed, takes: Sequence[Take], edit: Edit, lang: str, folder: Path) -> list[Any]:
    """Return the clip as pieces whose source ranges add up to its own; dubbed ones carry their take."""
    start, duration = layout.span(placed.item)
    used = [_used(placed, take, edit) for take in takes]
    dubbed = {first: take for (first, _), take in zip(used, takes)}
    cuts = sorted({start, start + duration, *itertools.chain.from_iterable(used)})
    pieces = []
    for first, last in itertools.pairwise(cuts):
        piece = placed.item.deepcopy()
        # A retimed piece begins with the media that is seen there, and lasts as long as it is seen.
        media_s = placed.media_s(first + placed.offset)
        if len(cuts) > 2 or piece.source_range is None:
            piece.source_range = _range(piece, media_s, media_s + last - first)
        if first in dubbed:
            _dub(piece, placed, dubbed[first], lang, folder)
        # Markers outside of what the clip uses stay with its first or last piece.
        after = first if first > start else None
        before = last if last < start + duration else None
        _keep_markers(piece, after, before, media_s - first)
        pieces.append(piece)
    return pieces


def _keep_markers(piece: Any, after: Fraction | None, before: Fraction | None, later: Fraction) -> None:
    """Leave a piece the markers that begin in ``after <= time < before``, moved; None = no limit."""
    for index in reversed(range(len(piece.markers))):
        at = seconds(piece.markers[index].marked_range.start_time)
        if (after is not None and at < after) or (before is not None and at >= before):
            del piece.markers[index]
        elif later:
            piece.markers[index].marked_range = _moved(piece.markers[index].marked_range, later)


def _moved(time: Any, later: Fraction) -> Any:
    rate = time.start_time.rate
    return otio.opentime.TimeRange(
        time.start_time + otio.opentime.RationalTime(float(later * snap_rate(rate)), rate), time.duration
    )


def _used(placed: Placed, take: Take, edit: Edit) -> tuple[Fraction, Fraction]:
    """Return what of a clip a take replaces, in its own seconds; inner cuts lie on frames of the edit.

    At the edges of what is seen, it reaches as far as transitions show the clip.
    """
    segment, shown = take.segment, frames(placed.window, edit.rate)
    length = len(segment.plate_range) / segment.plate_range.rate
    first = nearest_frame(segment.record_start_s, edit.rate)
    last = nearest_frame(segment.record_start_s + length, edit.rate)
    head, tail = placed.window[0] - placed.extra[0], placed.window[1] + placed.extra[1]
    # A picture that lasts longer than a frame of the timeline may begin, or end, well inside the clip's edge.
    half_s = Fraction(1, 2) / segment.plate_range.rate
    at_head = first <= shown.start or segment.record_start_s - half_s <= placed.window[0]
    at_tail = last >= shown.stop or segment.record_start_s + length + half_s > placed.window[1]
    begin = head if segment.whole_clip or at_head else first / edit.rate
    end = tail if segment.whole_clip or at_tail else last / edit.rate
    start, length_of_clip = layout.span(placed.item)
    return max(begin - placed.offset, start), min(end - placed.offset, start + length_of_clip)


def _dub(piece: Any, placed: Placed, take: Take, lang: str, folder: Path) -> None:
    """Make a take the active media of a clip, its slate the clip's metadata."""
    render, segment = take.segment.render_range, take.segment
    rate = segment.plate.take_rate
    first = placed.media_s(segment.record_start_s) - (segment.plate_range.start - render.start) / rate
    key = f"{OURS}{lang}"
    sequence = sequence_of(take.path)
    if sequence is None:
        media = otio.schema.ExternalReference(urls.to_url(take.path, folder))
    else:
        # Frames are found by both rates, which differ where an edit rounds (23.98).
        written = _written_rate(piece)
        told = written if snap_rate(written) == rate else float(rate)
        media = sequences.reference(sequence, layout.reference(piece), folder, told)
    media.available_range = _range(piece, first, first + len(render) / rate)
    media.name = take.path.name
    media.metadata[METADATA_KEY] = {
        **{"segment": segment.id, "key": take.slate.key, "lang": lang, "synthetic": True},
        "beside": layout.reference_key(piece),
    }
    piece.set_media_references({**piece.media_references(), key: media}, key)
    piece.metadata[METADATA_KEY] = {**settings.told(piece), **take.slate.to_json(), "passed": _passed(take)}


def _passed(take: Take) -> list[dict[str, Any]]:
    return [
        {
            "mark": line.mark.id,
            "frames": entry.frames,
            "code": entry.code,
            "message": urls.as_text(entry.message),
        }
        for line, entries in zip(take.segment.lines, take.passed)
        for entry in entries
    ]


def _written_rate(clip: Any) -> float:
    """Return the rate at which the clip's source range is written, as the edit spells it."""
    written = clip.source_range or layout.reference(clip).available_range
    return float(written.duration.rate)


def _range(clip: Any, first: Fraction, last: Fraction) -> Any:
    """Return own seconds as a TimeRange at the rate in which the clip's source is written."""
    rate = _written_rate(clip)
    begin, end = (float(time * snap_rate(rate)) for time in (first, last))
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(begin, rate), time(end - begin, rate))
