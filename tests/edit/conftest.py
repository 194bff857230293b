"""Edits, plates and takes made in memory for the tests of `edit`."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import opentimelineio as otio
import pytest

from w2l_studio.edit import timeline
from w2l_studio.terms import Plate, Slate, Take

schema, opentime = otio.schema, otio.opentime


def span(start, frames, rate):
    return opentime.TimeRange(
        opentime.RationalTime(float(start), float(rate)), opentime.RationalTime(float(frames), float(rate))
    )


def clip(start, frames, rate, *, url="plate.mov", available=(0, 1000), name="c", **more):
    """A clip of a movie; `available` None = the edit says nothing."""
    media = schema.ExternalReference(url, span(*available, rate) if available else None)
    return schema.Clip(name, media, span(start, frames, rate), **more)


def marker(name, start, frames, rate, **more):
    return schema.Marker(name, span(start, frames, rate), **more)


def track(*children, kind="Video", name="V1"):
    return schema.Track(name, children=list(children), kind=kind)


def edit_of(folder, *tracks, start=None, name="film.otio"):
    """Write the tracks as an edit into a folder and read it."""
    made = schema.Timeline("film", global_start_time=start)
    made.tracks.extend(tracks)
    path = Path(folder) / name
    timeline.write(made, path)
    return timeline.read(path)


def plate(edit_clip, rate, *, frames=1000, timecode=None):
    return Plate(edit_clip.media, 64, 48, rate, frames, "prores", "yuv422p10le", 10, timecode=timecode)


def take(segment, folder, lang="fr"):
    slate = Slate(segment.id, "k" + segment.id, "0.1", "wav2lip", "ab", {"ANNA": "cd"}, lang)
    path = Path(folder) / f"{segment.id} {lang}.mov"
    return Take(
        segment,
        path,
        slate,
        tuple(len(x.plate_range) for x in segment.lines),
        tuple(() for _ in segment.lines),
    )


def as_json(made):
    return json.loads(otio.core.serialize_json_to_string(made))


@pytest.fixture(scope="session")
def build():
    return SimpleNamespace(
        span=span, clip=clip, marker=marker, track=track, edit=edit_of, plate=plate, take=take, json=as_json
    )


@pytest.fixture(scope="session")
def rates():
    """The rates of issue 8; 29.97 and 59.94 count in drop frame."""
    return [
        Fraction(24000, 1001),
        Fraction(24),
        Fraction(25),
        Fraction(30000, 1001),
        Fraction(50),
        Fraction(60000, 1001),
    ]
