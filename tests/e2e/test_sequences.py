"""An EXR sequence through the whole chain: lips as on a film of the same pictures, all else untouched."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813 - its documentation's name for it
import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig, EditConfig
from w2l_studio.dub import run
from w2l_studio.errors import MediaError
from w2l_studio.events import Event, PassedThrough, TakeReady, Warned
from w2l_studio.media import decode
from w2l_studio.media.images import light
from w2l_studio.media.probe import probe
from w2l_studio.terms import sequence_of

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
FILM, STEM = EXAMPLE / "media" / "A001C001.mov", EXAMPLE / "stems" / "ANNA.fr.wav"
FIRST, FRAMES, NUMBER, RATE, HANDLES = 50, 30, 1001, 24, 4
RT, TR = otio.opentime.RationalTime, otio.opentime.TimeRange
CONFIG = DubConfig(edit=EditConfig(handles=HANDLES))


def edit(folder: Path, name: str, media: Any, shown: Any) -> Path:
    """Write an edit of one marked clip with which Anna's stem begins."""
    clip = otio.schema.Clip("sh010", media, shown)
    clip.markers.append(otio.schema.Marker("w2l", TR(shown.start_time, RT(0, RATE))))
    made = otio.schema.Timeline(name, global_start_time=RT(RATE * 3600 + 22, RATE))
    made.tracks.append(otio.schema.Track("V1", [clip], kind="Video"))
    path = folder / f"{name}.otio"
    otio.adapters.write_to_file(made, str(path))
    return path


def written(folder: Path) -> None:
    """Write the film's pictures as light, with a lamp far brighter than white and a depth beside them."""
    with decode.open_plate(probe(FILM)) as reader:
        pictures = reader.read(FIRST - HANDLES, FIRST + FRAMES + HANDLES)
        for n, picture in enumerate(pictures):
            rgb = in_rgb(picture)
            number = NUMBER + n
            spec = oiio.ImageSpec(rgb.shape[1], rgb.shape[0], 4, "half")
            spec.channelnames = ("R", "G", "B", "Z")
            spec.attribute("shot", "sh010")
            bright = rgb.copy()
            bright[:40, :40] = 9.0
            samples = np.dstack([bright, np.full(rgb.shape[:2], number)]).astype(np.float16)
            out = oiio.ImageOutput.create("openexr")
            assert out.open(str(folder / f"sh010.{number}.exr"), spec)
            assert out.write_image(samples)
            assert out.close()


def in_rgb(picture: Any) -> Any:
    """Return a film's picture as scene-linear light ``[h, w, 3]``."""
    from w2l_studio.composite import planes

    height, width = picture.planes[0].shape
    bgr = planes.region_bgr(picture, probe(FILM).tags, (0, 0, width, height)).clip(0, 255)
    codes = np.rint(bgr[..., ::-1] / 255 * (219 << 8) + (16 << 8)).astype(np.uint16)
    return light.to_light(codes)


@pytest.fixture(scope="module")
def dubbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event], dict[str, Any]]:
    """Return the folder, the events and the one range of a dubbed sequence."""
    folder = tmp_path_factory.mktemp("sequence")
    written(folder)
    whole = TR(RT(NUMBER, RATE), RT(FRAMES + 2 * HANDLES, RATE))
    media = otio.schema.ImageSequenceReference(
        "", "sh010.", ".exr", NUMBER, 1, RATE, 4, available_range=whole
    )
    events: list[Event] = []
    path = edit(folder, "exr", media, TR(RT(NUMBER + HANDLES, RATE), RT(FRAMES, RATE)))
    assert run.dub(path, [str(STEM)], folder / "out", CONFIG, events.append) == 0
    (entry,) = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))["ranges"]
    return folder, events, entry


def test_the_take_is_a_sequence_with_the_plates_numbers(
    dubbed: tuple[Path, list[Event], dict[str, Any]],
) -> None:
    folder, events, entry = dubbed
    (ready,) = (event for event in events if isinstance(event, TakeReady))
    take = sequence_of(Path(ready.path))
    assert take is not None
    assert (entry["take"], entry["synced"], entry["offset_frames"]) == (ready.path, FRAMES, 0)
    assert (take.first, len(take)) == (NUMBER, FRAMES + 2 * HANDLES)
    new = otio.adapters.read_from_file(str(folder / "out" / "exr.fr.otio"))
    (clip,) = new.video_tracks()[0].find_clips()
    shown = clip.media_reference
    assert isinstance(shown, otio.schema.ImageSequenceReference)
    first = clip.source_range.start_time - shown.available_range.start_time
    url = shown.target_url_for_image_number(int(first.value))
    assert (folder / "out" / url) == take.file(HANDLES)
    assert f'href="{Path(take.folder).relative_to(folder / "out")}"' in (
        folder / "out" / "report.html"
    ).read_text(encoding="utf-8")


def test_nothing_but_the_mouth_has_changed(dubbed: tuple[Path, list[Event], dict[str, Any]]) -> None:
    folder, _, entry = dubbed
    take = sequence_of(Path(entry["take"]))
    assert take is not None
    for n in (0, HANDLES, HANDLES + FRAMES // 2):
        (new, told), (old, _) = (
            samples_of(path) for path in (take.file(n), folder / f"sh010.{NUMBER + n}.exr")
        )
        changed = (new != old).any(2)
        rows, columns = np.nonzero(changed)
        height, width = changed.shape
        assert 0.005 < changed.mean() < 0.06
        assert columns.max() - columns.min() < width * 0.3
        assert rows.max() - rows.min() < height * 0.45
        assert np.array_equal(new[..., 3], old[..., 3])
        assert told["shot"] == "sh010"
        assert "Synthetic" in told["Software"]


def test_its_lips_are_those_of_a_film_of_the_same_pictures(
    dubbed: tuple[Path, list[Event], dict[str, Any]],
) -> None:
    folder, _, entry = dubbed
    media = otio.schema.ExternalReference(str(FILM), TR(RT(0, RATE), RT(314, RATE)))
    path = edit(folder, "film", media, TR(RT(FIRST, RATE), RT(FRAMES, RATE)))
    assert run.dub(path, [str(STEM)], folder / "film", CONFIG, lambda _: None) == 0
    (as_film,) = json.loads((folder / "film" / "report.json").read_text(encoding="utf-8"))["ranges"]
    assert entry["sync_distance"] == pytest.approx(as_film["sync_distance"], abs=0.02)
    take = sequence_of(Path(entry["take"]))
    assert take is not None
    plate = probe(FILM)
    with (
        decode.open_plate(probe(Path(as_film["take"]))) as film,
        decode.open_plate(plate) as reader,
    ):
        for n in (HANDLES + 8, HANDLES + 22):
            (before,) = reader.read(FIRST - HANDLES + n, FIRST - HANDLES + n + 1)
            (after,) = film.read(n, n + 1)
            new, _ = samples_of(take.file(n))
            old = in_rgb(before)
            moved = np.abs(in_display(in_rgb(after)) - in_display(old)).max(2) > 8
            apart = np.abs(in_display(new[..., :3]) - in_display(in_rgb(after))).max(2)
            assert moved.sum() > 200
            # Chroma of the film is coarser, and its face lies a part of a pixel elsewhere.
            assert np.median(apart[moved]) < 6
            assert np.median(apart[~moved]) < 1


def test_a_second_run_takes_it_up_and_a_lost_file_is_made_again(
    dubbed: tuple[Path, list[Event], dict[str, Any]],
) -> None:
    folder, _, entry = dubbed
    take = sequence_of(Path(entry["take"]))
    assert take is not None
    for lost in (False, True):
        if lost:
            take.file(7).unlink()
        events: list[Event] = []
        assert run.dub(folder / "exr.otio", [str(STEM)], folder / "out", CONFIG, events.append) == 0
        (ready,) = (event for event in events if isinstance(event, TakeReady))
        assert ready.reused is not lost
    assert take.file(7).exists()


def test_missing_files_cost_handles_or_the_shot_and_are_named(
    dubbed: tuple[Path, list[Event], dict[str, Any]],
) -> None:
    folder, _, _ = dubbed
    kept = folder / "kept"
    kept.mkdir()
    for number, told in ((NUMBER + 1, Warned), (NUMBER + HANDLES + 12, PassedThrough)):
        gone = folder / f"sh010.{number}.exr"
        gone.rename(kept / gone.name)
        events: list[Event] = []
        run.dub(folder / "exr.otio", [str(STEM)], folder / f"gone{number}", CONFIG, events.append)
        (kept / gone.name).rename(gone)
        codes = [getattr(event, "code", type(event).__name__) for event in events]
        assert "files-missing" in codes[:3], "before the work"
        messages = [event.message for event in events if isinstance(event, told)]
        assert any(f"the picture sh010.{number}.exr is missing" in message for message in messages)
        assert any(isinstance(event, TakeReady) for event in events) is (told is Warned)
    with pytest.raises(MediaError):
        probe(folder / "sh020.[1001-1030].exr")


def samples_of(path: Path) -> tuple[Any, dict[str, Any]]:
    file = oiio.ImageInput.open(str(path))
    try:
        spec = file.spec()
        return file.read_image("half"), {one.name: one.value for one in spec.extra_attribs}
    finally:
        file.close()


def in_display(rgb: Any) -> Any:
    """Return light as a display shows it, 0..255."""
    return (light.to_codes(rgb).astype(np.float32) - 4096) / (219 << 8) * 255
