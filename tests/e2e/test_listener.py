"""A cue sheet of everything that is said, over a shot of one who speaks, listens and speaks again."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.config import DubConfig
from w2l_studio.dub import run
from w2l_studio.media.decode import open_plate
from w2l_studio.media.probe import probe

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
STEMS = [f"{name}={EXAMPLE / 'stems' / f'{name}.fr.wav'}" for name in ("ANNA", "BEN")]
TAKE = EXAMPLE / "media" / "A001C001.mov"
#: What BEN says off screen, in frames of the edit (examples/two_voices/scene.yaml).
BEN = (96, 147)
#: Frames of the clip, and before it in the plate.
COUNT, HANDLES = 200, 16
CUES = """1
00:00:00,900 --> 00:00:03,000
ANNA: Tu as décalé ma coupe de deux images.

2
00:00:04,000 --> 00:00:06,100
BEN: Personne ne verra jamais deux images.

3
00:00:07,200 --> 00:00:08,200
ANNA: Ma mère, si.
"""


def span(start: int, stop: int) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, 24), otio.opentime.RationalTime(stop - start, 24)
    )


def edited(folder: Path, marker: bool, production: bool) -> Path:
    """Write an edit of one clip, and a sheet of its lines beside it."""
    plate = probe(TAKE)
    assert plate.timecode is not None
    begin = int(otio.opentime.RationalTime.from_timecode(plate.timecode, 24).value)
    media = otio.schema.ExternalReference(str(TAKE), span(begin, begin + plate.frames))
    shown = begin + HANDLES
    clip = otio.schema.Clip("A", media, span(shown, shown + COUNT))
    timeline = otio.schema.Timeline("listening", global_start_time=otio.opentime.RationalTime(86400, 24))
    timeline.tracks.append(otio.schema.Track("V1", kind="Video", children=[clip]))
    if marker:
        timeline.tracks.markers.append(otio.schema.Marker("w2l BEN", span(*BEN)))
    if production:
        sound = otio.schema.ExternalReference(str(EXAMPLE / "media" / "production.flac"))
        spoken = otio.schema.Clip("sound", sound, span(0, COUNT))
        timeline.tracks.append(otio.schema.Track("A1", kind="Audio", children=[spoken]))
    (folder / "lines.srt").write_text(CUES, encoding="utf-8")
    otio.adapters.write_to_file(timeline, str(folder / "edit.otio"))
    return folder / "edit.otio"


def changed(take: Path, first: int) -> list[float]:
    """Return by how much the luma of each shown frame differs from the plate's at most, smoothed."""
    plate = probe(TAKE)
    with open_plate(plate) as old, open_plate(probe(take)) as new:
        pairs = zip(old.read(first, first + COUNT), new.read(12, 12 + COUNT), strict=True)
        return [
            float(np.abs(cv2.GaussianBlur(b.planes[0].astype(np.float32) - a.planes[0], (0, 0), 3)).max())
            for a, b in pairs
        ]


@pytest.mark.parametrize(
    ("marker", "production"), [(False, False), (False, True), (True, True)], ids=["alone", "heard", "marker"]
)
def test_who_listens_keeps_the_plates_lips_unless_a_marker_says_otherwise(
    tmp_path: Path, marker: bool, production: bool
) -> None:
    edit, out = edited(tmp_path, marker, production), tmp_path / "out"
    config = DubConfig(cues=tmp_path / "lines.srt")
    assert run.dub(edit, STEMS, out, config, lambda _: None) == 0
    rows = json.loads((out / "report.json").read_text(encoding="utf-8"))["ranges"]
    assert [row["character"] for row in rows] == ["ANNA", "BEN", "ANNA"]
    codes = [[why["code"] for why in row["passed"]] for row in rows]
    assert codes == [[], [] if marker else ["lips-still"], []]
    assert [row["synced"] for row in rows] == [50, BEN[1] - BEN[0] if marker else 0, 24]
    assert all(row["synced"] + sum(why["frames"] for why in row["passed"]) == row["frames"] for row in rows)
    (take,) = {row["take"] for row in rows}
    apart = changed(Path(take), HANDLES)
    still, spoken = apart[BEN[0] + 6 : BEN[1] - 6], apart[30:60]
    assert np.median(spoken) > 30
    assert (np.median(still) > 30) == marker
    if not marker:
        assert max(still) < 8  # the take's codec
