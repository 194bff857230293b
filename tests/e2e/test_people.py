"""The whole chain on real people: two speakers, two stems, shot and reverse shot, a faceless shot between."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig, EditConfig
from w2l_studio.dub import run
from w2l_studio.media.decode import open_plate
from w2l_studio.media.probe import probe

schema = otio.schema
NTSC = 30000 / 1001
#: The edit starts at 01:00:00;00 in drop frame, and the stems with it.
START = 107892
FIRST_SAMPLE = 107892 * 1001 * 48000 // 30000
ANNA, BEN = "cspan_obama_720p_2997fps.mp4", "talking_with_cutaways_720p_30fps.mov"
#: name, file, first frame, frames, rate, mark.
SHOTS = (
    ("anna 1", ANNA, 300, 24, NTSC, "w2l ANNA"),
    ("ben", BEN, 60, 24, 30.0, "w2l BEN"),
    ("graphic", BEN, 345, 16, 30.0, "w2l BEN"),
    ("anna 2", ANNA, 360, 24, NTSC, "w2l ANNA"),
    ("left alone", ANNA, 1200, 12, NTSC, None),
)
pytestmark = [pytest.mark.shared, pytest.mark.slow]


def span(start: float, frames: float, rate: float) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, rate), time(frames, rate))


def cut_sound(source: Path, path: Path, start_s: int, seconds: int) -> Path:
    """Write a piece of a film's sound as a stem with a time reference."""
    with av.open(str(source)) as film:
        resampler = av.AudioResampler("s16", "mono", 48000)
        parts = [out.to_ndarray() for frame in film.decode(audio=0) for out in resampler.resample(frame)]
    samples = np.concatenate(parts, axis=1)[:, start_s * 48000 : (start_s + seconds) * 48000]
    with av.open(str(path), "w", options={"write_bext": "1"}) as sound:
        sound.metadata["time_reference"] = str(FIRST_SAMPLE)
        stream = sound.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "s16", "mono")
        frame.rate, frame.pts = 48000, 0
        sound.mux(stream.encode(frame))
        sound.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def dubbed(shared: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("people")
    talking = shared("media/talking")
    timeline = schema.Timeline("scene", global_start_time=otio.opentime.RationalTime(START, NTSC))
    timeline.tracks.append(schema.Track("V1", kind="Video"))
    for name, file, first, frames, rate, mark in SHOTS:
        media = schema.ExternalReference(str(talking / file), span(0, probe(talking / file).frames, rate))
        clip = schema.Clip(name, media, span(first, frames, rate))
        if mark:
            clip.markers.append(schema.Marker(mark, span(first, 0, rate)))
        timeline.tracks[0].append(clip)
    otio.adapters.write_to_file(timeline, str(folder / "scene.otio"))
    stems = [
        f"ANNA={cut_sound(talking / ANNA, folder / 'ANNA.fr.wav', 20, 6)}",
        f"BEN={cut_sound(talking / 'latentsync_demo3_vertical_hevc_30fps.mp4', folder / 'BEN.fr.wav', 2, 6)}",
    ]
    config = DubConfig(edit=EditConfig(handles=4))
    assert run.dub(folder / "scene.otio", stems, folder / "out", config, lambda _: None) == 0
    return folder, json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))


def test_each_speaker_is_dubbed_and_the_faceless_shot_says_why_not(dubbed: Any) -> None:
    _, report = dubbed
    told = [(entry["clip"], entry["character"], entry["synced"]) for entry in report["ranges"]]
    assert told == [("anna 1", "ANNA", 24), ("ben", "BEN", 24), ("graphic", "BEN", 0), ("anna 2", "ANNA", 24)]
    assert [why["code"] for why in report["ranges"][2]["passed"]] == ["no-face"]
    assert {stem["placed_by"] for stem in report["stems"]} == {"time-reference"}


def test_the_edit_comes_back_with_its_cut_and_two_stem_tracks(dubbed: Any) -> None:
    folder, _ = dubbed
    before = otio.adapters.read_from_file(str(folder / "scene.otio"))
    after = otio.adapters.read_from_file(str(folder / "out" / "scene.fr.otio"))
    # The stems' tracks count in the timeline's rate, which the longest track of mixed rates does not.
    assert round(after.duration().rescaled_to(NTSC).value) == 100
    assert after.global_start_time == before.global_start_time
    old, new = (one.video_tracks()[0] for one in (before, after))
    assert [(c.name, c.source_range) for c in new] == [(c.name, c.source_range) for c in old]
    active = [clip.active_media_reference_key for clip in new]
    assert active == ["w2l_fr", "w2l_fr", "DEFAULT_MEDIA", "w2l_fr", "DEFAULT_MEDIA"]
    sounds = [(track.name, next(item.duration() for item in track).value) for track in after.audio_tracks()]
    assert [name for name, _ in sounds] == ["W2L fr ANNA", "W2L fr BEN"]


def test_only_the_mouth_changes_and_it_does(dubbed: Any) -> None:
    """After encoding: far from the face within the codec's error, at the mouth beyond it."""
    _, report = dubbed
    taken = [entry for entry in report["ranges"] if entry["take"] is not None]
    assert taken
    for entry in taken:
        plate, take = probe(Path(entry["media"])), probe(Path(entry["take"]))
        assert (take.rate, take.frames) == (plate.rate, entry["frames"] + 8)
        assert take.rate in (Fraction(30000, 1001), Fraction(30))
        with open_plate(plate) as old, open_plate(take) as new:
            first = entry["take_start"]
            pairs = list(zip(old.read(first + 10, first + 30), new.read(10, 30), strict=True))
        errors = [np.abs(before.planes[0].astype(int) * 4 - after.planes[0]) for before, after in pairs]
        assert max(np.median(error) for error in errors) <= 4
        # Not in every picture, but in most: old lips and new ones are shut at times.
        assert np.median([(error > 40).sum() for error in errors]) > 100
