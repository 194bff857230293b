"""What a user should know of a plan before it is carried out; `dub` emits it, `inspect` prints it.

Decodes the sound of stems, and no picture; looks whether files of image sequences are there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from w2l_studio import inputs
from w2l_studio.config import DubConfig
from w2l_studio.dub import production
from w2l_studio.dub.plan import DubPlan
from w2l_studio.edit import conform, marks, timeline, urls
from w2l_studio.events import Warned
from w2l_studio.terms import Stem, sequence_of
from w2l_studio.timing import nearest_frame


def of(job: DubPlan, config: DubConfig) -> Iterator[Warned]:
    """Yield how stems were placed, and what of them, of the edit and of the options is odd."""
    yield from _stems(job)
    yield from _assumed(job)
    yield from _missing(job)
    for told, hint in _unused_options(job, config):
        yield Warned("option-unused", told, hint)
    unsigned = {one.clip.name: None for one in job.segments if sequence_of(one.plate.path)}
    if config.sign is not None and unsigned:
        told = f"takes of image sequences are not signed ({', '.join(unsigned)}): each file says what it is"
        yield Warned("unsigned", told, "for signed takes, render the plates to films and relink them")
    if config.lang is None and len(job.languages) > 1:
        told = f"the stems are named for several languages ({', '.join(job.languages)}), {job.lang} is taken"
        yield Warned("stem-languages", told, "give --lang, or take away the stem that is not meant")


def _stems(job: DubPlan) -> Iterator[Warned]:
    for stem in job.stems:
        at = timeline.timecode(job.edit, nearest_frame(stem.first_sample_s, job.edit.rate))
        yield Warned("stem-placed", f"{stem.path.name} begins at {at} ({stem.placed_by})")
        if elsewhere := _elsewhere(job, stem):
            told = (
                f"pieces of {stem.path.name} are moved against each other in the edit: lips follow the one"
                f" that begins it at {at}, not at {elsewhere[0]} as others do"
            )
            yield Warned("stem-pieces", told, "bounce the pieces to one file")
    for stem in job.unused:
        told = f"no mark names {stem.character}: {stem.path.name} is laid into the edit and no lips follow it"
        yield Warned("stem-unused", told, f"write `w2l {stem.character}` where it speaks, or leave it out")
    for stem in job.silent():
        told = f"nobody is heard in {stem.path.name} under its marks: the lips stay shut"
        yield Warned("stem-silent", told, "check the file, its channels and where it begins")


def _elsewhere(job: DubPlan, stem: Stem) -> list[str]:
    """Return where else the edit lets a stem begin that it places, a frame apart or more."""
    if stem.placed_by != "edit":
        return []
    begins = sorted(use.first_sample_s for use in production.placing(job.edit.sounds, stem.path))
    apart = [first_s for first_s in begins if abs(first_s - stem.first_sample_s) * job.edit.rate >= 1]
    found = (timeline.timecode(job.edit, nearest_frame(first_s, job.edit.rate)) for first_s in apart)
    return list(dict.fromkeys(found))


def _assumed(job: DubPlan) -> Iterator[Warned]:
    sentences = (
        told for segment in job.segments for told in conform.assumed(job.edit, segment.clip, segment.plate)
    )
    for told in dict.fromkeys(sentences):
        yield Warned("count-assumed", told, "compare the take's first frame with the edit; docs/marks.md")


def _missing(job: DubPlan) -> Iterator[Warned]:
    """Yield whose image sequences lack files that a take needs, which is else told when it is their turn."""
    for segment in job.segments:
        sequence, needed = sequence_of(segment.plate.path), segment.render_range
        if sequence is None:
            continue
        files = itertools.islice(sequence.files(), needed.start, needed.stop)
        gone = [file for file in files if not inputs.there(file)]
        if gone:
            told = (
                f"{segment.clip.name}: {len(gone)} of {len(needed)} files are not there, {gone[0].name} first"
            )
            yield Warned("files-missing", told, "copy them; a take that lacks handles alone is made without")


def _unused_options(job: DubPlan, config: DubConfig) -> Iterator[tuple[str, str]]:
    """Yield options that change nothing in this edit, in a sentence each, and what to do."""
    color = config.marker_color
    if color is not None and len(marks.find(job.edit, color)) == len(marks.find(job.edit)):
        yield f"--marker-color {color} adds no mark", "check how the edit names the colours of its markers"
    media = [clip.media for clip in job.edit.clips if clip.media] + [use.media for use in job.edit.sounds]
    for old, new in config.media_roots:
        folder = urls.to_path(str(Path(new).absolute()), job.edit.folder)
        if folder is None or not any(path.is_relative_to(folder) for path in media):
            yield f"--media-root {old}={new}: no media of the edit lies there", "write OLD as the edit does"
