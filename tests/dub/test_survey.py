"""What `inspect` foresees of who speaks, over a film with two faces."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig
from w2l_studio.dub import plan, scan, survey
from w2l_studio.terms import FaceTrack, Plate, Shot

RATE = Fraction(25)
schema = otio.schema


@pytest.fixture(autouse=True)
def _two_faces(monkeypatch: pytest.MonkeyPatch, face_points: Any) -> None:
    """Two faces in every shot, whatever the film shows: how they are found is told elsewhere."""

    def tracks(plate: Plate, shot: Shot, *_: Any) -> tuple[FaceTrack, ...]:
        count = len(shot.frames)
        corners = [np.float32([x, 25]) for x in (4, 160)]
        return tuple(
            FaceTrack(
                shot.frames,
                np.tile(np.concatenate([corner + 20, corner + 130]), (count, 1)),
                np.tile(np.float32(face_points * 150 + corner), (count, 1, 1)),
                np.ones(count, np.float32),
                np.ones(count, np.bool_),
            )
            for corner in corners
        )

    monkeypatch.setattr(scan, "tracks", tracks)


def span(start: int, frames: int) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, 25), time(frames, 25))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, talking_film: Any) -> Path:
    folder = tmp_path_factory.mktemp("two")
    film: Path = talking_film(folder / "two.mov", rate=RATE, frames=30, faces=())
    return film


def problem(
    folder: Path, film: Path, spoken_stem: Any, settings: dict[str, Any], *, sound: bool
) -> str | None:
    used = schema.Clip("two", schema.ExternalReference(str(film), span(0, 30)), span(0, 30))
    used.markers.append(schema.Marker("w2l ANNA", span(0, 0), metadata={"w2l_studio": settings}))
    timeline = schema.Timeline("scene")
    timeline.tracks.append(schema.Track("V1", kind="Video", children=[used]))
    if sound:
        heard = schema.ExternalReference(str(spoken_stem(folder / "production.wav", 2)), span(0, 50))
        clips = [schema.Clip("production", heard, span(0, 30))]
        timeline.tracks.append(schema.Track("A1", kind="Audio", children=clips))
    otio.adapters.write_to_file(timeline, str(folder / "scene.otio"))
    stems = [f"{name}={spoken_stem(folder / f'{name}.wav', 2)}" for name in ("ANNA", "BEN")]
    job = plan.make(folder / "scene.otio", stems, DubConfig())
    assert [stem["used"] for stem in survey.stems(job)] == [True, False]
    (row,) = survey.rows(job, DubConfig(), look=True)
    assert (row["shots"], row["faces"]) == (1, 2)
    told: str | None = row["problem"]
    return told


@pytest.mark.parametrize(
    ("settings", "sound", "begin"),
    [
        ({}, False, "speaker-unclear: there are 2 faces and no production sound"),
        ({}, True, "speaker-unclear, unless the production sound tells"),
        ({"face": [0.75, 0.5]}, True, None),
        ({"face": [0.5, 0.02]}, True, "speaker-unclear: the mark's face hint"),
    ],
    ids=["silent", "sound", "hint", "wrong hint"],
)
def test_who_will_be_chosen_by_what(
    settings: dict[str, Any], sound: bool, begin: str | None, two: Path, tmp_path: Path, spoken_stem: Any
) -> None:
    told = problem(tmp_path, two, spoken_stem, settings, sound=sound)
    assert told is None if begin is None else told is not None and told.startswith(begin)
