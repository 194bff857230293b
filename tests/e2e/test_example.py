"""The whole chain on the example edit: detector, generator, compositor, ProRes encoder, OTIO."""

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.composite import matte
from w2l_studio.config import DubConfig
from w2l_studio.dub import cutting, listening, plan, render, run, sounds, take, wiring
from w2l_studio.dub.spool import Spool
from w2l_studio.events import Event, JobFinished, TakeReady
from w2l_studio.media.decode import open_plate
from w2l_studio.media.probe import probe
from w2l_studio.timing import FrameRange

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
STEMS = [f"{name}={EXAMPLE / 'stems' / f'{name}.fr.wav'}" for name in ("ANNA", "BEN")]


@pytest.fixture(scope="module")
def dubbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("two voices é")
    shutil.copytree(EXAMPLE, folder / "edit")
    events: list[Event] = []
    out = folder / "out"
    code = run.dub(folder / "edit" / "two_voices.otio", STEMS, out, DubConfig(), events.append)
    assert code == 0
    return folder, events, json.loads((out / "report.json").read_text(encoding="utf-8"))


def clips(path: Path) -> list[Any]:
    return list(otio.adapters.read_from_file(str(path)).find_clips())


def test_every_marked_range_is_dubbed_or_says_why(
    dubbed: tuple[Path, list[Event], dict[str, Any]],
) -> None:
    _, events, report = dubbed
    assert isinstance(events[-1], JobFinished)
    assert len(report["ranges"]) >= 4
    for entry in report["ranges"]:
        explained = entry["synced"] + sum(why["frames"] for why in entry["passed"])
        assert explained == entry["frames"], entry
    assert report["frames"]["synced"] > 0.9 * sum(entry["frames"] for entry in report["ranges"])
    assert {rule for entry in report["ranges"] for rule in entry["speaker_by"]} >= {"only-face"}


def test_the_edit_comes_back_with_the_same_cut(dubbed: tuple[Path, list[Event], dict[str, Any]]) -> None:
    folder, _, _ = dubbed
    before = otio.adapters.read_from_file(str(folder / "edit" / "two_voices.otio"))
    after = otio.adapters.read_from_file(str(folder / "out" / "two_voices.fr.otio"))
    assert after.duration() == before.duration()
    assert after.global_start_time == before.global_start_time
    old = [clip for track in before.video_tracks() for clip in track.find_clips()]
    new = [clip for track in after.video_tracks() for clip in track.find_clips()]
    assert [(c.name, c.source_range) for c in new] == [(c.name, c.source_range) for c in old]
    touched = [clip for clip in new if clip.active_media_reference_key == "w2l_fr"]
    assert touched
    for clip in touched:
        assert clip.metadata["w2l_studio"]["synthetic"] is True
        assert "DEFAULT_MEDIA" in clip.media_references()
        available = clip.media_reference.available_range
        assert available.start_time <= clip.source_range.start_time
        assert available.end_time_exclusive() >= clip.source_range.end_time_exclusive()


def test_takes_carry_rate_size_timecode_and_label(
    dubbed: tuple[Path, list[Event], dict[str, Any]],
) -> None:
    _, _, report = dubbed
    for entry in report["ranges"]:
        plate, new = probe(Path(entry["media"])), probe(Path(entry["take"]))
        assert (new.rate, new.width, new.height, new.tags, new.pixel_aspect) == (
            plate.rate, plate.width, plate.height, plate.tags, plate.pixel_aspect,
        )  # fmt: skip
        assert (new.codec, new.bits) == ("prores", 10)
        assert plate.rate == Fraction(24)
        assert new.timecode is not None


def test_outside_the_matte_every_sample_is_the_plates(
    dubbed: tuple[Path, list[Event], dict[str, Any]], tmp_path: Path, coverage: Any
) -> None:
    folder, _, _ = dubbed
    config = DubConfig()
    job = plan.make(folder / "edit" / "two_voices.otio", STEMS, config)
    studio = wiring.build(config, wiring.identify(config))
    segment = min(job.segments, key=lambda one: len(one.render_range))
    assert changed_under_the_matte(job, segment, studio, config, tmp_path, coverage) > 1000


def test_so_it_is_in_ten_bit_422(tmp_path: Path, talking_film: Any, spoken_stem: Any, coverage: Any) -> None:
    film = talking_film(tmp_path / "a.mov", rate=Fraction(24), frames=24)
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    length = otio.opentime.TimeRange(otio.opentime.RationalTime(2, 24), otio.opentime.RationalTime(20, 24))
    clip = otio.schema.Clip("a", otio.schema.ExternalReference(str(film)), length)
    clip.markers.append(otio.schema.Marker("w2l", length))
    timeline = otio.schema.Timeline("scene")
    timeline.tracks.append(otio.schema.Track("V1", kind="Video", children=[clip]))
    otio.adapters.write_to_file(timeline, str(tmp_path / "scene.otio"))
    config = DubConfig()
    job = plan.make(tmp_path / "scene.otio", [str(stem)], config)
    (segment,) = job.segments
    assert (segment.plate.pix_fmt, segment.plate.bits) == ("yuv422p10le", 10)
    studio = wiring.build(config, wiring.identify(config))
    assert changed_under_the_matte(job, segment, studio, config, tmp_path, coverage) > 1000


def changed_under_the_matte(
    job: Any, segment: Any, studio: Any, config: DubConfig, folder: Path, coverage: Any
) -> int:
    """Hold every sample outside the matte against the plate's, and count those that changed."""
    stems = [job.stem(line) for line in segment.lines]
    changed = 0
    with Spool(folder) as spool:
        performance = take.perform(segment, stems, (), studio, config, spool, lambda _: None)
        assert performance.spoken
        for n, (plate, new) in enumerate(render.composed(performance), segment.render_range.start):
            covered = covered_by(performance, plate, n, coverage)
            for old, fresh, mask in zip(plate.planes, new.planes, covered, strict=True):
                np.testing.assert_array_equal(old[~mask], fresh[~mask])
                changed += int((old != fresh).sum())
    return changed


def covered_by(performance: take.Performance, plate: Any, n: int, coverage: Any) -> list[Any]:
    """Tell which samples of frame n any matte reaches, per plane."""
    covered = [np.zeros(p.shape, np.bool_) for p in plate.planes]
    for spoken in performance.spoken:
        if n in spoken.rows:
            yaw = round(float(spoken.piece.yaw_deg[n - spoken.piece.frames.start]))
            shape = matte.mouth(spoken.mouths.px, float(yaw))
            reached = coverage(plate, spoken.maps[spoken.rows[n]], shape)
            for mask, part in zip(covered, reached, strict=True):
                mask |= part
    return covered


def test_a_second_run_renders_nothing_and_a_touched_take_is_made_again(
    dubbed: tuple[Path, list[Event], dict[str, Any]],
) -> None:
    folder, _, report = dubbed
    out, edit = folder / "out", folder / "edit" / "two_voices.otio"
    first = (out / "two_voices.fr.otio").read_bytes()
    events: list[Event] = []
    run.dub(edit, STEMS, out, DubConfig(), events.append)
    assert all(event.reused for event in events if isinstance(event, TakeReady))
    assert (out / "two_voices.fr.otio").read_bytes() == first
    shortest = min(report["ranges"], key=lambda entry: entry["frames"])["take"]
    Path(shortest).write_bytes(b"cut off")
    events.clear()
    run.dub(edit, STEMS, out, DubConfig(), events.append)
    made = [event.path for event in events if isinstance(event, TakeReady) and not event.reused]
    assert made == [shortest]
    assert probe(Path(shortest)).frames > 0


def test_sources_are_never_written_to(dubbed: tuple[Path, list[Event], dict[str, Any]]) -> None:
    folder, _, _ = dubbed
    for original in EXAMPLE.rglob("*"):
        if original.is_file():
            assert (folder / "edit" / original.relative_to(EXAMPLE)).read_bytes() == original.read_bytes()


def test_takes_decode_frame_for_frame(dubbed: tuple[Path, list[Event], dict[str, Any]]) -> None:
    _, _, report = dubbed
    path = Path(min(report["ranges"], key=lambda entry: entry["frames"])["take"])
    plate = probe(path)
    with open_plate(plate) as reader:
        assert sum(1 for _ in reader.read(0, plate.frames)) == plate.frames


def test_new_lips_follow_the_stem_like_lips_that_were_filmed_with_it(
    dubbed: tuple[Path, list[Event], dict[str, Any]], tmp_path: Path
) -> None:
    """The expert hears the takes nearer to a synced plate (its own language) than to an unsynced one."""
    folder, _, _ = dubbed
    config = DubConfig()
    job = plan.make(folder / "edit" / "two_voices.otio", STEMS, config)
    studio = wiring.build(config, wiring.identify(config))
    alone = sorted((one for one in job.segments if len(one.lines) == 1), key=lambda one: len(one.plate_range))
    with Spool(tmp_path) as spool:
        scores = np.mean([followed(one, job, studio, config, spool) for one in alone[:2]], axis=0)
    take_score, unsynced, synced = scores
    assert synced > unsynced
    assert take_score - unsynced > synced - take_score


def followed(
    segment: Any, job: Any, studio: Any, config: DubConfig, spool: Spool
) -> tuple[float, float, float]:
    """Score the take against the stem, the plate against the stem, and the plate against its own sound."""
    stem = job.stem(segment.lines[0])
    performance = take.perform(segment, [stem], job.edit.sounds, studio, config, spool, lambda _: None)
    spoken = max(performance.spoken, key=lambda one: len(one.rows))
    piece = spoken.piece
    windows = cutting.Windows(piece.frames, piece.maps, piece.dubbed)
    plate = cutting.cut(segment.plate, [windows], studio.generator.face_px, lambda _: None).pixels
    shown = listening.at_expert_rate(len(plate), segment.plate.rate)
    frames = FrameRange(min(spoken.rows), max(spoken.rows) + 1, segment.plate.rate)
    first_s = segment.record_start_s + (frames.start - segment.plate_range.start) / frames.rate
    dub = sounds.heard(stem, first_s, len(shown), listening.EXPERT_RATE).voice()
    own = listening.production_sound(segment, frames, job.edit.sounds)
    assert own is not None
    original = sounds.hear(own, Fraction(0), len(shown), listening.EXPERT_RATE).voice()
    follow = studio.judge.follow
    return follow(spoken.mouths[shown], dub), follow(plate[shown], dub), follow(plate[shown], original)


def test_lips_follow_the_stem_in_time(dubbed: tuple[Path, list[Event], dict[str, Any]]) -> None:
    _, _, report = dubbed
    offsets = [entry["offset_frames"] for entry in report["ranges"] if entry["offset_frames"] is not None]
    assert offsets
    assert abs(float(np.median(offsets))) <= 1
