"""An interlaced plate through the whole chain: every field has the lips of its own moment, all else stays."""

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig, EditConfig, ScoreConfig
from w2l_studio.dub import run
from w2l_studio.dub.score import Score, score
from w2l_studio.events import Advanced, Event, Warned
from w2l_studio.media import decode, fields
from w2l_studio.media.encode import ProRes
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import read_mono
from w2l_studio.terms import Plane, Planes

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
FILM, STEM = EXAMPLE / "media" / "A001C001.mov", EXAMPLE / "stems" / "ANNA.fr.wav"
#: The film's 24 pictures a second are the fields of 12 frames; Anna's stem begins with the edit.
RATE, FIRST, FRAMES, HANDLES = 24, 32, 44, 4
RT, TR = otio.opentime.RationalTime, otio.opentime.TimeRange


@pytest.fixture(scope="module")
def dubbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any], list[Event]]:
    """Return what the report tells of the interlaced plate, and of the same pictures as progressive ones."""
    folder = tmp_path_factory.mktemp("interlaced")
    stored = probe(FILM)
    woven = replace(
        stored, path=folder / "woven.mov", rate=Fraction(12), field_order="bottom", timecode="10:00:00:00"
    )
    with ProRes().open(woven.path, woven, 0, {}) as sink:
        for first, second in pairs(pictures(FILM, FIRST, FIRST + 2 * (FRAMES + 2 * HANDLES))):
            sink.write(fields.woven(first, second, "bottom"))
    events: list[Event] = []
    found = []
    for name, path, start, each in (("woven", woven.path, 0, 1), ("film", FILM, FIRST, 2)):
        media = otio.schema.ExternalReference(str(path))
        shown = TR(RT(start + 2 * HANDLES, RATE), RT(2 * FRAMES, RATE))
        clip = otio.schema.Clip(name, media, shown)
        clip.markers.append(otio.schema.Marker("w2l", TR(shown.start_time, RT(0, RATE))))
        edit = otio.schema.Timeline(name, global_start_time=RT(3600 * RATE + 22, RATE))
        edit.tracks.append(otio.schema.Track("V1", [clip], kind="Video"))
        otio.adapters.write_to_file(edit, str(folder / f"{name}.otio"))
        config = DubConfig(edit=EditConfig(handles=each * HANDLES))
        out = folder / f"{name}.w2l"
        assert run.dub(folder / f"{name}.otio", [str(STEM)], out, config, events.append) == 0
        (entry,) = json.loads((out / "report.json").read_text(encoding="utf-8"))["ranges"]
        found.append(entry)
    return found[0], found[1], events


def pictures(path: Path, start: int = 0, stop: int | None = None, *, by_fields: bool = False) -> list[Planes]:
    plate = probe(path)
    plate = plate.in_fields if by_fields else plate
    with decode.open_plate(plate) as reader:
        return list(reader.read(start, plate.frames if stop is None else stop))


def pairs(moments: list[Planes]) -> Iterator[tuple[Planes, Planes]]:
    yield from zip(moments[::2], moments[1::2], strict=True)


def luma(path: Path, *, by_fields: bool = False) -> list[Plane]:
    return [picture.planes[0].astype(np.int32) for picture in pictures(path, by_fields=by_fields)]


def test_the_take_is_interlaced_as_the_plate(dubbed: Any) -> None:
    entry, _, events = dubbed
    take, plate = probe(Path(entry["take"])), probe(Path(entry["media"]))
    assert (take.field_order, take.rate, take.frames) == ("bottom", Fraction(12), FRAMES + 2 * HANDLES)
    assert (take.width, take.height, take.tags) == (plate.width, plate.height, plate.tags)
    assert take.timecode == "10:00:00:00"
    assert (entry["frames"], entry["synced"], entry["passed"]) == (FRAMES, FRAMES, [])
    # The edit counts 24 a second of what has 12.
    told = {event.code for event in events if isinstance(event, Warned)}
    assert told == {"stem-placed", "count-assumed"}


def test_progress_counts_frames(dubbed: Any) -> None:
    *_, events = dubbed
    total = 4 * (FRAMES + 2 * HANDLES)
    steps = [event.done for event in events if isinstance(event, Advanced) and event.total == total]
    assert steps == list(range(1, total + 1))


def test_each_field_has_the_lips_of_its_moment(dubbed: Any) -> None:
    """They are those that a progressive plate of the same moments gets, not those of the field beside."""
    entry, film, _ = dubbed
    made, plate = luma(Path(film["take"])), luma(FILM)[FIRST:]
    near: list[list[float]] = []
    for n, field in enumerate(luma(Path(entry["take"]), by_fields=True)):
        if not 6 < n < len(made) - 6:
            continue
        rows = np.s_[1 - n % 2 :: 2]
        drawn = np.abs(made[n] - plate[n]) > 40
        if drawn.any():
            by_shift = [np.abs(field - made[n + shift])[rows][drawn[rows]].mean() for shift in (-2, 0, 2)]
            near.append([float(apart) for apart in by_shift])
    before, here, after = np.median(near, axis=0)
    assert here < 0.7 * before
    assert here < 0.7 * after


def test_outside_of_the_mouth_the_take_is_the_plate(dubbed: Any) -> None:
    entry, *_ = dubbed
    for new, old in zip(luma(Path(entry["take"])), luma(Path(entry["media"])), strict=True):
        assert np.abs(new - old)[:240].max() < 24


def test_the_judge_hears_it_in_time(dubbed: Any, with_sound: Any, tmp_path: Path) -> None:
    entry, *_ = dubbed
    silence = np.zeros(16000 * HANDLES // 12, np.float32)
    heard = np.concatenate([silence, read_mono(STEM, 16000)[: 16000 * FRAMES // 12], silence])
    scored = with_sound(Path(entry["take"]), (heard * 32767).astype(np.int16), tmp_path / "scored.mov")
    (one,) = score([scored], ScoreConfig())
    assert isinstance(one, Score)
    assert abs(one.figures.offset_frames) <= 1
    assert one.first_frame < FRAMES
    assert entry["offset_frames"] == 0


def test_progressive_pictures_carried_as_fields_stay_whole(tmp_path: Path) -> None:
    """25p in 50i: two moments of the lips in one frame would be a comb where the plate has none."""
    from w2l_studio.dub import scan
    from w2l_studio.timing import FrameRange

    stored = probe(FILM)
    carried = replace(stored, path=tmp_path / "psf.mov", field_order="top")
    with ProRes().open(carried.path, carried, 0, {}) as sink:
        for picture in pictures(FILM, FIRST, FIRST + 24):
            sink.write(picture)
    plate = probe(carried.path)
    assert plate.field_order == "top"
    assert not scan.by_fields(plate, FrameRange(0, 24, plate.rate))
    assert not scan.by_fields(stored, FrameRange(0, 24, stored.rate))
