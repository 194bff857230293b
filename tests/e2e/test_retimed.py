"""A retimed clip through the whole chain: what the edit shows of its take is in sync with the stem."""

import json
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig, ScoreConfig
from w2l_studio.dub import run
from w2l_studio.dub.score import Score, score
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import read_mono

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
PLATE, STEM = EXAMPLE / "media" / "A001C001.mov", EXAMPLE / "stems" / "ANNA.fr.wav"
SPEED, FRAMES, FIRST = Fraction(5, 4), 120, 40
RT, RATE, SAMPLES = otio.opentime.RationalTime, 24, 48000


@pytest.fixture(scope="module")
def dubbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Return the result of 120 frames at 125 %, in which Anna's stem begins with the edit."""
    folder = tmp_path_factory.mktemp("retimed")
    media = otio.schema.ExternalReference(str(PLATE), otio.opentime.TimeRange(RT(0, RATE), RT(314, RATE)))
    shown = otio.opentime.TimeRange(RT(FIRST, RATE), RT(FRAMES, RATE))
    clip = otio.schema.Clip("1A ANNA", media, shown)
    clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(SPEED)))
    clip.markers.append(otio.schema.Marker("w2l", otio.opentime.TimeRange(shown.start_time, RT(0, RATE))))
    # The stem's time reference.
    edit = otio.schema.Timeline("retimed", global_start_time=RT(RATE * 3600 + 22, RATE))
    edit.tracks.append(otio.schema.Track("V1", [clip], kind="Video"))
    otio.adapters.write_to_file(edit, str(folder / "edit.otio"))
    out = folder / "out"
    assert run.dub(folder / "edit.otio", [str(STEM)], out, DubConfig(), lambda _: None) == 0
    (entry,) = json.loads((out / "report.json").read_text(encoding="utf-8"))["ranges"]
    return folder, entry


def test_the_take_is_as_the_plate_and_the_clip_stays_retimed(dubbed: tuple[Path, dict[str, Any]]) -> None:
    folder, entry = dubbed
    assert (entry["speed"], entry["media_start"], entry["synced"]) == (1.25, FIRST, 150)
    take, plate = probe(Path(entry["take"])), probe(PLATE)
    assert (take.rate, take.frames, take.width) == (plate.rate, 150 + 2 * 12, plate.width)
    before = otio.adapters.read_from_file(str(folder / "edit.otio"))
    after = otio.adapters.read_from_file(str(folder / "out" / "edit.fr.otio"))
    (old,), (new,) = (list(one.video_tracks()[0].find_clips()) for one in (before, after))
    assert new.source_range == old.source_range
    assert [effect.time_scalar for effect in new.effects] == [1.25]
    first = new.media_reference.available_range.start_time
    assert first.rescaled_to(RATE).value == pytest.approx(entry["take_start"])


def test_as_the_edit_shows_it_it_is_in_sync(dubbed: tuple[Path, dict[str, Any]]) -> None:
    """And nearer than the same frames played at the plate's own speed, which these lips are not for."""
    folder, entry = dubbed
    first = FIRST - entry["take_start"]
    shown = [first + int(frame * SPEED) for frame in range(FRAMES)]
    for name, frames in (("at_speed.mov", shown), ("as_filmed.mov", range(first, first + FRAMES))):
        conform(Path(entry["take"]), frames, folder / name)
    at_speed, as_filmed = score([folder / "at_speed.mov", folder / "as_filmed.mov"], ScoreConfig())
    assert isinstance(at_speed, Score)
    assert isinstance(as_filmed, Score)
    assert abs(at_speed.figures.offset_frames) <= 1
    assert at_speed.figures.distance is not None
    assert as_filmed.figures.distance is not None
    assert at_speed.figures.distance < as_filmed.figures.distance


def conform(take: Path, frames: Any, out: Path) -> None:
    """Write frames of a take, and the stem from its beginning on, as a film."""
    with av.open(str(take)) as source, av.open(str(out), "w") as film:
        pictures = [p.to_ndarray(format="yuv420p") for p in islice(source.decode(video=0), max(frames) + 1)]
        stream = film.add_stream("mpeg4", rate=RATE)
        sound = film.add_stream("pcm_s16le", rate=SAMPLES)
        rows, stream.width = pictures[0].shape
        stream.height, stream.pix_fmt, stream.bit_rate = rows * 2 // 3, "yuv420p", 20_000_000
        for n, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(pictures[frame], format="yuv420p")
            picture.pts = n
            film.mux(stream.encode(picture))
        film.mux(stream.encode(None))
        heard = read_mono(STEM, SAMPLES, Fraction(0), Fraction(len(frames), RATE))
        samples = av.AudioFrame.from_ndarray((heard * 32767).astype(np.int16)[None], "s16", "mono")
        samples.sample_rate = SAMPLES
        film.mux(sound.encode(samples))
        film.mux(sound.encode(None))
