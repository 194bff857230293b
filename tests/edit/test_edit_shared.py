import json
from pathlib import Path

import opentimelineio as otio
import pytest

from w2l_studio.edit import marks, timeline
from w2l_studio.errors import EditError

SHARED = Path(__file__).resolve().parents[3] / "shared"
EDITS = sorted((SHARED / "timelines").rglob("*.otio"))
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not EDITS, reason="needs the shared folder with timelines beside the checkout"),
]


@pytest.mark.parametrize("path", EDITS, ids=lambda path: path.stem)
def test_read_and_written_back_is_the_same_json(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    try:
        timeline_as_it_is = otio.core.deserialize_json_from_string(text)
    except otio.exceptions.UnsupportedSchemaError:
        with pytest.raises(EditError, match=rf"{path.name}: .*is written in Marker\.3"):
            timeline.read(path)
        return
    edit = timeline.read(path)
    timeline.write(edit.otio, tmp_path / "out.otio")
    normal = otio.core.serialize_json_to_string(timeline_as_it_is)
    assert canonical((tmp_path / "out.otio").read_text(encoding="utf-8")) == canonical(normal)


def canonical(text):
    """JSON text with sorted keys: two NaN are equal in it."""
    return json.dumps(json.loads(text), sort_keys=True)


@pytest.mark.parametrize("path", EDITS, ids=lambda path: path.stem)
def test_every_edit_lies_inside_its_timeline(path):
    try:
        edit = timeline.read(path)
    except EditError:
        assert "marker3" in path.name
        return
    assert all(0 <= clip.record.start < clip.record.stop <= edit.frames for clip in edit.clips)
    assert all(0 <= m.record.start <= m.record.stop <= edit.frames for m in marks.find(edit, "RED"))


def test_what_the_samples_hold():
    folder = SHARED / "timelines" / "otio"
    nested = timeline.read(folder / "nested_example.otio")
    assert sorted({clip.retime for clip in nested.clips}) != [1]
    assert len({len(clip.path) for clip in nested.clips}) > 1
    premiere = timeline.read(folder / "premiere_example.otio")
    assert (premiere.rate, premiere.drop) == (30, False)
    meridian = timeline.read(folder / "raven_Meridian_UHD4k5994_HDR_P3PQ.otio")
    assert (len(meridian.clips), meridian.drop) == (83, True)
